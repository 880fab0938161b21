"""The pages' words: the one place where translating begins, and where its language is chosen."""

from datetime import datetime
from typing import Final

from flask import current_app, has_request_context, request

from vestibule.flask.state import state_of
from vestibule.languages import Language

_NAME: Final = "_vestibule_language"


def gettext(text: str, **values: object) -> str:
    """Return `text` in the language of this request, its `%(name)s` places filled."""
    return language().gettext(text, **values)


def language() -> Language:
    """Return the language of this request: the host's choice, else the best for the browser.

    It is chosen once, so that nothing is told half in one language and half in another.
    """
    if not has_request_context():
        return state_of(current_app).languages.best(())
    chosen: Language | None = getattr(request, _NAME, None)
    if chosen is not None:
        return chosen
    state = state_of(current_app)
    accepted = (tag for tag, quality in request.accept_languages if quality > 0)
    chosen = state.languages.best(accepted)
    # Kept before the host is asked: what its loader leads to may have to say something, too.
    setattr(request, _NAME, chosen)
    named = state.loaders.locale() if state.loaders.locale is not None else None
    if named:
        chosen = state.languages.of(str(named))
        setattr(request, _NAME, chosen)
    return chosen


def locale() -> str:
    """Return the name of this request's language: `de`, `pt_BR`."""
    return language().name


def region() -> str:
    """Return the country that the browser's languages name first, by its two letters; or nothing.

    >>> from flask import Flask
    >>> with Flask("doc").test_request_context(headers={"Accept-Language": "de, fr-CH;q=0.8"}):
    ...     region()
    'CH'
    """
    for tag in request.accept_languages.values():
        for part in tag.split("-")[1:]:
            if len(part) == 2 and part.isascii() and part.isalpha():  # noqa: PLR2004 - a region
                return part.upper()
    return ""


def clock_time(moment: datetime, now: datetime) -> str:
    """Return a moment to come as a person reads it off a clock, with its day where it is not today.

    Both are in UTC, and it says so.
    """
    here = language()
    return here.moment(moment) if moment.date() != now.date() else here.time_of_day(moment)


def day_and_time(moment: datetime | None) -> str | None:
    """Return a moment that was, as a page says it."""
    return None if moment is None else language().moment(moment)
