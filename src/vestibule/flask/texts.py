"""The pages' words: English as it stands; the one place where translating begins."""

from datetime import datetime


def gettext(text: str, **values: object) -> str:
    """Return `text` as it stands, in English, its `%(name)s` places filled."""
    return text % values if values else text


def clock_time(moment: datetime, now: datetime) -> str:
    """Return a moment to come as a person reads it off a clock, with its day where it is not today.

    Both are in UTC, and it says so.
    """
    far = moment.date() != now.date()
    return moment.strftime("%Y-%m-%d, %H:%M UTC" if far else "%H:%M:%S UTC")
