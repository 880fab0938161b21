"""The pages' words: English as it stands; the one place where translating begins."""

from datetime import datetime

from flask import request


def gettext(text: str, **values: object) -> str:
    """Return `text` as it stands, in English, its `%(name)s` places filled."""
    return text % values if values else text


def locale() -> str:
    """Return the language that pages are shown in, as CLDR names it."""
    return "en"


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
    far = moment.date() != now.date()
    return moment.strftime("%Y-%m-%d, %H:%M UTC" if far else "%H:%M:%S UTC")
