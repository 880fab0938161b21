"""The pages' words. English stands in the code; other languages come through gettext."""

from datetime import datetime


def gettext(text: str, **values: object) -> str:
    """Return `text` in the reader's language, its `%(name)s` places filled."""
    return text % values if values else text


def clock_time(moment: datetime, now: datetime) -> str:
    """Return a moment to come as a person reads it off a clock, with its day where it is not today.

    Both are in UTC, and it says so.
    """
    far = moment.date() != now.date()
    return moment.strftime("%Y-%m-%d, %H:%M UTC" if far else "%H:%M:%S UTC")
