"""The environment, and what a file `.env` adds to it."""

import dataclasses
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from vestibule.core.errors import ConfigurationError
from vestibule.core.registry import ALSO
from vestibule.delivery import registry as providers
from vestibule.settings import PREFIX

FILE: Final = ".env"
_NAME: Final = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=", re.MULTILINE)
_log = logging.getLogger("vestibule.start")

Reader = Callable[[Path], Mapping[str, str | None]]
"""Returns what such a file says, as python-dotenv does."""


def environment_of(application: Path | None = None) -> Mapping[str, str]:
    """Return this process's environment, and what a file `.env` adds: see `completed`."""
    if _file(os.environ, application) is None:
        return os.environ  # and what would read it is not loaded
    return completed(os.environ, application, _installed_reader())


def completed(
    given: Mapping[str, str], application: Path | None, reader: Reader | None
) -> Mapping[str, str]:
    """Return an environment with what the file `.env` adds: it never takes a place there.

    The file is looked for in the folder of the application and above it, then in the working folder
    and above that; the first one found is read and no other. Flask reads one as well, but not for
    every server and command, and none beside an application that it was not started beside.
    Without a `reader` the log says what is not read. Raises `ConfigurationError` where the file
    cannot be read.
    """
    file = _file(given, application)
    if file is None:
        return given
    try:
        if reader is None:
            _warn_of_unread(file, given)
            return given
        found = reader(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read ({type(error).__name__}): let the application's user read it, "
            "as text in UTF-8, or set FLASK_SKIP_DOTENV=1"
        ) from error
    return {name: value for name, value in found.items() if value is not None} | dict(given)


def _installed_reader() -> Reader | None:
    """Return what reads such a file; None where python-dotenv is not installed."""
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        return None
    return dotenv_values


def _file(given: Mapping[str, str], application: Path | None) -> Path | None:
    return None if given.get("FLASK_SKIP_DOTENV") else _found(application)


def _found(application: Path | None) -> Path | None:
    """Return the nearest file, as python-dotenv looks for one, beside the application first."""
    for start in filter(None, (application, _working_folder())):
        for folder in _upwards(start):
            if _is_there(folder / FILE):
                return folder / FILE
    return None


def _is_there(file: Path) -> bool:
    """Say whether there is something to read; in a folder that is closed to us there is not."""
    try:
        return file.exists() and not file.is_dir()
    except OSError:
        return False


def _upwards(start: Path) -> Iterator[Path]:
    yield start.absolute()
    yield from start.absolute().parents


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was deleted meanwhile
        return None


def _warn_of_unread(file: Path, given: Mapping[str, str]) -> None:
    """Say which of our settings stand in a file that nobody reads, where there are any."""
    named = _NAME.findall(file.read_text("utf-8")) if file.is_file() else []
    others = _names_of_carriers()
    unread = [n for n in named if n not in given and (n.startswith(PREFIX) or n in others)]
    if unread:
        _log.warning(
            "%s is not read, because python-dotenv is not installed, and %s not set: "
            "pip install python-dotenv, or set in the environment what stands there",
            file,
            f"{', '.join(unread)} {'is' if len(unread) == 1 else 'are'}",
        )


def _names_of_carriers() -> set[str]:
    """Return the names that carriers' own documents have for our settings."""
    kinds = [providers.provider_type(name) for name in providers.HOUSE]
    fields = (field for kind in kinds for field in dataclasses.fields(kind))
    return {other for field in fields if (other := field.metadata.get(ALSO))}
