"""What people know the application by."""

from pathlib import Path

import pytest
from flask import Flask

from vestibule.flask import Vestibule
from vestibule.flask.state import state_of

ADDRESS = "https://forum.example:8443/below"


@pytest.mark.parametrize(
    ("module", "settings", "known_as"),
    [
        ("porch_light", {}, "Porch light"),
        ("shops.porchlight", {"VESTIBULE_SITE_URL": ADDRESS}, "Porchlight"),
        ("app", {}, "App"),
        ("app", {"VESTIBULE_SITE_URL": ADDRESS}, "forum.example"),
        ("forum.wsgi", {"VESTIBULE_SITE_URL": ADDRESS}, "forum.example"),
        ("app", {"VESTIBULE_SITE_URL": ADDRESS, "VESTIBULE_ISSUER": "Forum"}, "Forum"),
    ],
)
def test_a_site_has_the_best_name_that_the_settings_tell(
    tmp_path: Path, module: str, settings: dict[str, str], known_as: str
) -> None:
    """As it is named, else as its module is, unless anybody's is called so: then by its address."""
    app = Flask("host", instance_path=str(tmp_path))
    vars(app)["name"] = module
    app.config.update(SECRET_KEY="for tests", TESTING=True, **settings)
    app.config["VESTIBULE_LOGIN_KEYS"] = ["user_id"]
    Vestibule(app)

    assert state_of(app).site == known_as
    asked = app.test_client().get("/two-step/login", headers={"Host": "evil.example"})
    assert "evil.example" not in asked.text
    state_of(app).close()
