"""What messages say. A text is made when it is sent, so that no row holds a live code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vestibule.core.model import Message, Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A text ready for a carrier; `subject` is for mail."""

    subject: str | None
    text: str


_NOTICES: Final[Mapping[str, tuple[str, str]]] = {
    Notice.ENROLMENT_CONFIRMED: (
        "A new way to confirm it's you was added",
        "A new way to confirm it's you ({way}) was added to your account at {site}.",
    ),
    Notice.ENROLMENT_REVOKED: (
        "A way to confirm it's you was removed",
        "A way to confirm it's you ({way}) was removed from your account at {site}.",
    ),
    Notice.RECOVERY_CODES_MADE: (
        "You have new recovery codes",
        "You have new recovery codes for your account at {site}. Any from before no longer work.",
    ),
    Notice.RECOVERY_CODE_USED: (
        "A recovery code was used",
        "One of your recovery codes was used for your account at {site}.",
    ),
    Notice.FACTOR_DISABLED: (
        "Too many wrong codes",
        (
            "Somebody who knows your password typed many wrong codes at {site}. Your {way} no "
            "longer answers to browsers you have not used before. Change your password."
        ),
    ),
    Notice.FACTOR_DISABLED_KNOWN: (
        "Too many wrong codes",
        (
            "Many wrong codes were typed at {site}, in a browser you have used before. Your {way} "
            "no longer answers to such browsers."
        ),
    ),
    Notice.INTRUDER_STOPPED: (
        "Somebody knows your password",
        (
            "On {time} somebody signed in at {site} with your password, typed several wrong codes, "
            "and was stopped. Change your password, here and wherever else you use it."
        ),
    ),
    Notice.RESET_REQUESTED: (
        "Your two-step login is to be set up anew",
        (
            "Somebody asked the people at {site} to let you set up your two-step login anew. This "
            "becomes possible on {time}. Until then you can sign in as always and cancel it on the "
            "page where you manage your two-step login."
        ),
    ),
    Notice.RESET_AT_ONCE: (
        "Your two-step login was reset",
        (
            "The people at {site} reset your two-step login. What you had set up no longer works; "
            "with the ticket they gave you it can be set up anew."
        ),
    ),
    Notice.RESET_CANCELLED: (
        "The reset of your two-step login was cancelled",
        "The reset of your two-step login at {site} was cancelled. All is as it was.",
    ),
    Notice.RESET_USED: (
        "You signed in with a one-time ticket",
        (
            "Somebody signed in to your account at {site} with a one-time ticket. What was set up "
            "before no longer works."
        ),
    ),
}
_NOT_YOU: Final = "If this was not you, change your password at once and tell the people at {site}."


def render(message: Message, *, site: str, code: str | None, way: str = "") -> Rendered:
    """Return what `message` says; `code` is there where the message carries one.

    One text serves the codes of every factor. `way` is what the factor of a notice is called within
    a sentence.
    """
    clean = _one_line(site)
    if code is not None and message.channel == "call":
        return Rendered(subject=None, text=_spoken(code, clean))
    if code is not None:
        return Rendered(
            subject=f"Your code for {clean}",
            text=f"{code} is your code for {clean}. It works once. Never tell it to anybody.",
        )
    subject, body = _NOTICES[message.text]
    filled = f"{body}\n\n{_NOT_YOU}".format(
        site=clean, way=way, time=message.details.get("time", "")
    )
    return Rendered(subject=f"{clean}: {subject}", text=filled)


def _spoken(code: str, site: str) -> str:
    """Return a code as a voice reads it out: each digit alone, and all of them twice."""
    digits = ", ".join(code)
    return (
        f"Hello. {digits} is your code for {site}. Once more: {digits}. "
        "It works once. Never tell it to anybody. Goodbye."
    )


def _one_line(text: str) -> str:
    """Drop what could start a line, a link or a second code inside somebody's message."""
    return "".join(c for c in text if c.isprintable() and c not in "@#<>")[:40].strip()
