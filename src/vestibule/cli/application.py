"""The application that `flask --app …` names, for a command that asks or shows it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click
from flask import Flask
from flask.cli import ScriptInfo

from vestibule.bootstrap import started_by_operator
from vestibule.core.errors import ConfigurationError

DEVELOPMENT = "VESTIBULE_DEVELOPMENT"


class Loaded(NamedTuple):
    """An application, None where it cannot be had, and why it would not start as it is."""

    app: Flask | None
    refusal: str | None = None


def script_info(name: str) -> ScriptInfo:
    """Return what Flask knows of the application; refuse where no application was named."""
    context = click.get_current_context()
    info = context.find_object(ScriptInfo)
    if info is None:
        raise click.UsageError(f"Name your application: flask --app yours vestibule {name}")
    return info


def load_as_it_is(info: ScriptInfo) -> Loaded:
    """Load an application, if need be in development, to see what else there is to see."""
    with started_by_operator():
        try:
            return Loaded(info.load_app())
        except ConfigurationError as error:
            refusal = str(error)
        with in_development():
            try:
                return Loaded(info.load_app(), refusal)
            except ConfigurationError:
                return Loaded(None, refusal)


def load_for_development(info: ScriptInfo) -> Flask:
    """Load an application whose own Vestibule, if it has one, is to be in development."""
    with in_development():
        return info.load_app()


@contextmanager
def in_development() -> Iterator[None]:
    """Set VESTIBULE_DEVELOPMENT in this process meanwhile."""
    before = os.environ.get(DEVELOPMENT)
    os.environ[DEVELOPMENT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[DEVELOPMENT]
        else:
            os.environ[DEVELOPMENT] = before
