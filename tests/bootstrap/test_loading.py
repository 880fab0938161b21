"""What a site loads as it starts: nothing that it has no use for."""

import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = """
import sys
from flask import Flask
from vestibule.flask import Vestibule
app = Flask("shop", instance_path={folder!r})
app.config.update(SECRET_KEY="for tests", VESTIBULE_DEVELOPMENT=True, **{settings!r})
app.config["VESTIBULE_LOGIN_KEYS"] = ["user_id"]
Vestibule(app)
app.test_client().get("/two-step/")
print("\\n".join(sys.modules))
"""
NEEDLESS = {
    "celery",
    "dotenv",
    "httpx",
    "phonenumbers",
    "vestibule.delivery.courier",
}


def loaded(folder: Path, **settings: Any) -> set[str]:
    """The modules that are there once such a site has answered its first request."""
    return said(SCRIPT.format(folder=str(folder), settings=settings), folder)


def said(script: str, folder: Path) -> set[str]:
    """The words that a script says in a process of its own."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return set(done.stdout.split())


def test_a_site_that_sends_nothing_loads_nothing_that_sends(tmp_path: Path) -> None:
    """With an app and paper no carrier is loaded, and no library that one needs."""
    assert loaded(tmp_path) & NEEDLESS == set()


def test_no_database_is_loaded_before_it_is_named(tmp_path: Path) -> None:
    """What SQLAlchemy knows of PostgreSQL is not loaded with the extension."""
    script = r'import sys, vestibule.flask; print("\n".join(sys.modules))'

    assert "sqlalchemy.dialects.postgresql" not in said(script, tmp_path)


def test_a_site_that_sends_loads_what_sends(tmp_path: Path) -> None:
    """With a route what carries it is there from the start."""
    routes = {
        "VESTIBULE_ROUTES": {"sms": ["vonage"]},
        "VESTIBULE_VONAGE_API_KEY": "key",
        "VESTIBULE_VONAGE_API_SECRET": "secret",
        "VESTIBULE_VONAGE_SENDER": "Shop",
    }
    assert "vestibule.delivery.courier" in loaded(tmp_path, **routes)
