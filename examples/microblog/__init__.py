"""Porchlight, a microblog: an ordinary Flask application with its own users, logins and mails."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_wtf import CSRFProtect

from vestibule.flask import Vestibule

from . import api, auth, blog, logins, mail, pages, passwords, settings
from .models import User, db


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application. What `config` says goes before the environment and the defaults."""
    given = dict(config or {})
    folder = Path(given.get("INSTANCE_PATH", Path(__file__).with_name("instance")))
    app = Flask(__name__, instance_path=str(folder.absolute()))
    settings.configure(app, given)

    db.init_app(app)
    csrf = CSRFProtect(app)
    logins.init_app(app)
    passwords.init_app(app)
    mail.init_app(app)
    pages.init_app(app)

    app.register_blueprint(auth.blueprint)
    app.register_blueprint(blog.blueprint)
    app.register_blueprint(api.blueprint)
    # No cookie opens the API, so there is nothing another site could ride on.
    csrf.exempt(api.blueprint)

    vestibule = Vestibule(app)

    @vestibule.contact_loader
    def contact(user: User) -> dict[str, str]:
        return {"name": user.username, "email": user.email}

    return app
