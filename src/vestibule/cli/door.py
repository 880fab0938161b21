"""The door of an application at hand: its own, or one put on it in memory, never a line written."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask import Flask

from vestibule.flask import Vestibule
from vestibule.flask.state import EXTENSION, State, state_of
from vestibule.settings import early


def has_door(app: Flask) -> bool:
    """Say whether the application has a Vestibule of its own."""
    return EXTENSION in app.extensions


def tells_logins(app: Flask, login_keys: Sequence[str]) -> bool:
    """Say whether it is known what a login of the application's is, without looking at its code."""
    told = login_keys or early(app.config, os.environ, "login_keys")
    return bool(told) or hasattr(app, "login_manager")


def door_of(app: Flask, login_keys: Sequence[str]) -> State:
    """Return the application's door; where it has none, one for development is put on."""
    if has_door(app):
        if login_keys:
            raise click.UsageError(
                "This application has a Vestibule: it takes VESTIBULE_LOGIN_KEYS, not --login-key."
            )
        return state_of(app)
    app.config["VESTIBULE_DEVELOPMENT"] = True
    if login_keys:
        app.config["VESTIBULE_LOGIN_KEYS"] = list(login_keys)
    Vestibule(app)
    return state_of(app)


def kept_apart(state: State, folder: Path, **others: object) -> AbstractContextManager[None]:
    """Have the door keep everything in `folder` meanwhile, in a development store of its own.

    `others` are settings to go by meanwhile. Whatever database, keys and carrier the application
    names is not touched.
    """
    own: dict[str, Any] = {"database_url": None, "key_file": None, "keys": None}
    own |= {"routes": {}, "broker_url": None}
    apart = replace(state.settings, **{**own, "development": True, **others})
    return state.kept_in(folder, apart)
