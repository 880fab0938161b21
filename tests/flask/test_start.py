"""What an application's start finds out."""

from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from sqlalchemy import URL, make_url
from tests.contracts.gate_hosts import PAGE

from vestibule.bootstrap import operate
from vestibule.core.engine import Login
from vestibule.core.errors import ConfigurationError, DeploymentError
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.testing import Inbox, SoftwareAuthenticator, deliver

LETTERS = "totp,vestibule.testing.letters:Letters"


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("VESTIBULE_PROFILE", "strict", "needs a phishing-resistant factor"),
        ("VESTIBULE_PROFILE", "lax", "is default or strict"),
        ("VESTIBULE_FACTORS", "recovery_codes", "at least one primary factor"),
        ("VESTIBULE_TOTP_DIGITS", "9", "VESTIBULE_TOTP_DIGITS is 6, 7 or 8"),
        ("VESTIBULE_DEVELOPMENT", "ture", "VESTIBULE_DEVELOPMENT is yes or no"),
    ],
)
def test_a_factor_that_cannot_be_is_refused_at_start(setting: str, value: str, said: str) -> None:
    """An application whose profile or factors cannot be does not start, and says why."""
    app = Flask("shop")
    app.testing = True
    app.config[setting] = value

    with pytest.raises(ConfigurationError, match=said):
        Vestibule(app)


def in_production(folder: Path, **settings: str) -> Flask:
    """An application set up for production, with keys and a store in `folder`."""
    key_file, url = folder / "door.keys", f"sqlite:///{folder / 'door.db'}"
    operate.initialise(url, key_file)
    app = Flask("shop")
    app.secret_key = "for tests"
    app.config.update(VESTIBULE_KEY_FILE=str(key_file), VESTIBULE_DATABASE_URL=url)
    app.config.update(settings)
    return app


def enrol(app: Flask, subject: str) -> None:
    """Give a subject an authenticator app."""
    engine = state_of(app).engine
    draft = engine.begin_enrolment(
        engine.registry["totp"],
        Applicant(subject=subject, account=subject, issuer="Shop"),
        Login(subject=subject, identity=subject),
        None,
    )
    assert draft is not None
    phone = SoftwareAuthenticator(draft.enrolment.secret)
    code = phone.next_code(engine.now())
    assert engine.verify(draft.token, Purpose.ENROL, code).is_accepted


@pytest.mark.row("ATK-69", "ATK-80")
def test_production_starts_on_its_own_store_only(tmp_path: Path) -> None:
    """With its own store an application starts; with another's, or none, it does not."""
    Vestibule(in_production(tmp_path))
    (tmp_path / "other").mkdir()
    in_production(tmp_path / "other")
    other, none = tmp_path / "other" / "door.db", tmp_path / "none.db"

    with pytest.raises(DeploymentError, match="different installations"):
        Vestibule(in_production(tmp_path, VESTIBULE_DATABASE_URL=f"sqlite:///{other}"))
    with pytest.raises(DeploymentError, match="vestibule init --database-url"):
        Vestibule(in_production(tmp_path, VESTIBULE_DATABASE_URL=f"sqlite:///{none}"))
    assert not none.exists()


class Post:
    """A sender of the application's own, that keeps what it is handed."""

    def __init__(self) -> None:
        self.handed: Queue[str] = Queue()

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Keep to whom a message goes."""
        del subject, text
        self.handed.put(f"{channel} {to}")


def add_letters(app: Flask) -> None:
    """Begin to add a way whose first code is sent at once."""
    engine = state_of(app).engine
    draft = engine.begin_enrolment(
        engine.registry["letters"],
        Applicant(
            subject="ada", account="ada", issuer="Shop", answers={"address": "ada@mail.example"}
        ),
        Login(subject="ada", identity="ada"),
        None,
    )
    assert draft is not None


def test_codes_that_nothing_carries_are_refused_in_production(tmp_path: Path) -> None:
    """With a factor whose codes are sent, production starts with a sender only."""
    app = in_production(tmp_path, VESTIBULE_FACTORS=LETTERS)

    with pytest.raises(ConfigurationError, match="codes of letters: name who does"):
        Vestibule(app)
    Vestibule(app, sender=Post())


@pytest.mark.row("ATK-56", "C16")
def in_development(folder: Path, **settings: Any) -> Flask:
    """An application on a developer's machine, in which codes are sent."""
    app = Flask("shop", instance_path=str(folder))
    app.config.update(VESTIBULE_DEVELOPMENT=True, VESTIBULE_FACTORS=LETTERS, **settings)
    return app


def test_codes_that_nothing_carries_are_told_of_while_one_develops(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On a developer's machine the log says once whose codes reach nobody, and what to do."""
    app = in_development(tmp_path)
    Vestibule(app)
    for _ in range(2):
        state_of(app).engine.standing("ada", None)
    state_of(app).close()

    (said,) = [one.getMessage() for one in caplog.records if one.name == "vestibule.start"]
    assert "nothing carries the codes of letters" in said
    assert "Inbox().init_app(app)" in said
    assert "VESTIBULE_ROUTES" in said


@pytest.mark.parametrize("how", ["inbox", "sender", "testing", "none is sent"])
def test_nobody_is_told_where_codes_arrive_or_nobody_waits_for_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """With an inbox, a sender, in testing mode, or without such codes the log says nothing."""
    app = in_development(tmp_path)
    app.testing = how == "testing"
    if how == "none is sent":
        app.config["VESTIBULE_FACTORS"] = "totp"
    Vestibule(app, sender=Inbox() if how == "sender" else None)
    if how == "inbox":
        Inbox().init_app(app)
    state_of(app).engine.standing("ada", None)
    state_of(app).close()

    assert not [one for one in caplog.records if one.name == "vestibule.start"]


def test_codes_to_every_country_are_refused_in_production(tmp_path: Path) -> None:
    """With phone numbers on offer production starts only where it was said in which countries."""
    for countries, said in (("", "VESTIBULE_COUNTRIES is not set"), ("UK", "did you mean GB")):
        app = in_production(tmp_path, VESTIBULE_FACTORS="phone", VESTIBULE_COUNTRIES=countries)
        with pytest.raises(ConfigurationError, match=said):
            Vestibule(app, sender=Post())
    app = in_production(tmp_path, VESTIBULE_FACTORS="phone", VESTIBULE_COUNTRIES="GB")
    Vestibule(app, sender=Post())


def test_a_sender_given_in_production_is_used_by_itself(tmp_path: Path) -> None:
    """In production the sender that was given is handed what is due, and nobody has to ask."""
    app, post = in_production(tmp_path, VESTIBULE_FACTORS=LETTERS), Post()
    Vestibule(app, sender=post)

    add_letters(app)

    assert post.handed.get(timeout=20) == "email ada@mail.example"
    state_of(app).close()


def test_a_sender_lent_in_a_test_waits_to_be_driven(tmp_path: Path) -> None:
    """In testing mode a sender that was given is handed nothing until the test says so."""
    app, post = Flask("shop", instance_path=str(tmp_path)), Post()
    app.testing = True
    app.config["VESTIBULE_FACTORS"] = LETTERS
    Vestibule(app, sender=post)

    add_letters(app)

    assert deliver(app) == 1
    assert post.handed.qsize() == 1
    state_of(app).close()


def test_a_start_leaves_nothing_open(tmp_path: Path) -> None:
    """Once the application is made nothing holds the store open: SQLite has tidied up behind it."""
    Vestibule(in_production(tmp_path))

    assert {file.name for file in tmp_path.iterdir()} == {"door.db", "door.keys"}


def test_a_store_that_is_down_is_no_reason_not_to_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An application starts while its database does not answer, and the log warns."""
    url = "postgresql://nobody@127.0.0.1:9/door"

    Vestibule(in_production(tmp_path, VESTIBULE_DATABASE_URL=url))

    assert "nobody who has a second step gets in" in caplog.text


@pytest.mark.parametrize(
    ("site", "warned"),
    [("http://shop.example", 1), ("https://shop.example", 0), ("http://localhost:5000", 0)],
)
def test_plain_http_is_pointed_out_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, site: str, warned: int
) -> None:
    """Where browsers keep no cookie of ours, the log says once why nobody gets any further."""
    app = in_production(tmp_path)

    class Person(UserMixin):  # type: ignore[misc]
        id = "ada"

    LoginManager(app).user_loader(lambda _: Person())
    app.add_url_rule("/login", view_func=lambda: str(login_user(Person())), methods=["POST"])
    Vestibule(app)
    enrol(app, "ada")

    for _ in range(2):
        app.test_client().post("/login", base_url=site, headers=PAGE)

    assert caplog.text.count("came over plain http") == warned


@pytest.mark.parametrize(
    "said",
    [
        {"SQLALCHEMY_DATABASE_URI": "sqlite+pysqlite:///{file}"},
        {"SQLALCHEMY_DATABASE_URI": make_url("sqlite:///shop.db").set(database="{file}")},
        {"SQLALCHEMY_BINDS": {"users": {"url": "sqlite:///{file}"}}},
        {"SQLALCHEMY_BINDS": {"users": "sqlite:///{file}?timeout=5"}},
    ],
    ids=["driver", "URL", "bind with options", "bind"],
)
def test_the_hosts_own_file_is_known_however_it_is_named(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    """Vestibule's file must not be the application's, in any spelling Flask-SQLAlchemy takes."""
    app = in_production(tmp_path)
    file = str(tmp_path / "door.db")
    app.config.update(_filled(said, file))

    with pytest.raises(DeploymentError, match="application's own SQLite file"):
        Vestibule(app)


def _filled(said: Any, file: str) -> Any:
    if isinstance(said, dict):
        return {name: _filled(value, file) for name, value in said.items()}
    if isinstance(said, URL):
        return said.set(database=file)
    return said.format(file=file)
