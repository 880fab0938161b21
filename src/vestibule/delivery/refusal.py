"""What a carrier's answer means that is no yes: whose fault it is, and whether waiting helps."""

from typing import Any, Final

from vestibule.core.ports import SendError

NOT_THE_MESSAGE: Final = frozenset({401, 402, 403, 404, 405, 407, 408, 421, 425, 429})
"""Refusals that would meet any message: not let in, not paid, not there, too busy."""
_NOT_LET_IN: Final = frozenset({401, 403})
LONGEST_ID: Final = 200


def is_refusal(status: int) -> bool:
    """Say whether a status tells that nothing was taken. Of any other nobody knows it."""
    return 400 <= status < 500  # noqa: PLR2004 - the class


def is_not_let_in(status: int) -> bool:
    """Say whether a status tells that our credentials are not taken."""
    return status in _NOT_LET_IN


def refused(status: int, code: str = "") -> SendError:
    """Return what to raise for an answer that is no yes.

    It says the status and the carrier's own `code`, and nothing else that the carrier said: its
    sentences quote numbers and texts. A redirect is never followed, it is a carrier elsewhere.
    """
    said = f"refused with status {status}" + (f", error {code}" if code else "")
    known = is_refusal(status)
    return SendError(
        said,
        permanent=known and status not in NOT_THE_MESSAGE,
        unsure=not known,
        not_let_in=is_not_let_in(status),
    )


def no_such_channel(name: str, channel: str) -> SendError:
    """Return what to raise for a message that a provider carries no messages of."""
    return SendError(f"{name} carries no {channel}", permanent=True)


def no_script() -> SendError:
    """Return what to raise for a call that could not ask for a key before it tells a code."""
    return SendError(
        "no call without an address at which the carrier asks what to say: set VESTIBULE_SITE_URL "
        "to one that it reaches, which none on this machine is",
        permanent=True,
    )


def taken_as(found: Any) -> str:
    """Return what a carrier calls a message that it took.

    Raises an unsure `SendError` where it is nothing that could be one: a page about maintenance
    comes with a success, too, and is no answer of the carrier's own.
    """
    name = named(found)
    if name is None:
        raise SendError("its answer names no message", unsure=True)
    return name


def named(found: Any) -> str | None:
    """Return what a carrier calls a message, None where it is nothing that could be one."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    name = str(found)
    return name if name.isprintable() and 0 < len(name) <= LONGEST_ID else None
