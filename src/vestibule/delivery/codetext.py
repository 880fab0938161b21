"""What a code's message says: over each channel, for each purpose, and how it is kept short."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from vestibule.core.model import Purpose
from vestibule.delivery.mail import Mail
from vestibule.delivery.provider import Speech
from vestibule.delivery.segment import fits_one
from vestibule.languages import Language, marked

LONGEST_IN_TEXT: Final = 24
"""What of a site's name is told in a text message, so that all the rest fits beside it."""

_SAYS: Final[Mapping[Purpose, str]] = {
    Purpose.LOGIN: marked("%(code)s is your code to sign in at %(site)s."),
    Purpose.ENROL: marked("%(code)s is your code to set up two-step login at %(site)s."),
}
_CONFIRMS: Final = marked("%(code)s is your code to confirm that it is you at %(site)s.")
_CARE: Final = marked("Valid %(minutes)s min. Never tell anyone.")
_SHORT: Final = marked("%(code)s is your code for %(site)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCode:
    """A code that is about to be sent: what it opens, and for how many minutes it is good."""

    digits: str = field(repr=False)
    purpose: Purpose
    minutes: int


def text_message(code: LiveCode, site: str, language: Language, host: str | None) -> str:
    """Return a code as a text message of one segment.

    Its last line is what a browser fills in by (WICG, "Origin-bound one-time codes"), where the
    host of the login is known. Where a name or a host is long, or the language is not written in
    the alphabet of text messages, less is said: the code and who sends it always are.
    """
    name = site[:LONGEST_IN_TEXT].strip()
    last = f"\n@{host} #{code.digits}" if host else ""
    said = list(_ever_shorter(code, name, language))
    for end in dict.fromkeys((last, "")):
        for text, used in said:
            if fits_one(text + end):
                _warn_of_left_out(said[0][1] - used, language)
                return text + end
    return said[-1][0]


def _ever_shorter(
    code: LiveCode, site: str, language: Language
) -> Iterator[tuple[str, frozenset[str]]]:
    """Give each text with those it is put together of, as the house has them."""
    values = {"code": code.digits, "site": site}
    whole = _SAYS.get(code.purpose, _CONFIRMS)
    says = language.gettext(whole, **values)
    short = language.gettext(_SHORT, **values)
    care = language.gettext(_CARE, minutes=code.minutes)
    yield f"{says} {care}", frozenset({whole, _CARE})
    yield f"{short} {care}", frozenset({_SHORT, _CARE})
    yield short, frozenset({_SHORT})
    yield f"{site}: {code.digits}", frozenset()


def _warn_of_left_out(texts: frozenset[str], language: Language) -> None:
    """Tell an operator of words of their own for which there was no room."""
    for text in sorted(texts):
        if language.is_own(text):
            language.warn(
                text,
                "with all else they are too long for one text message, so a shorter one is sent",
            )


def mail(code: LiveCode, site: str, language: Language) -> Mail:
    """Return a code as a mail."""
    says = _SAYS.get(code.purpose, _CONFIRMS)
    one = marked("It works once, within a minute.")
    many = marked("It works once, within %(minutes)s minutes.")
    life = language.gettext(one if code.minutes == 1 else many, minutes=code.minutes)
    care = language.gettext(
        "Never tell it to anybody: the people at %(site)s will not ask you for it.", site=site
    )
    unasked = language.gettext(
        "If it was not you who asked for it, somebody may know your password: change it."
    )
    return Mail(
        subject=language.gettext("Your code for %(site)s", site=site),
        paragraphs=(
            language.gettext(says, code=code.digits, site=site),
            f"{life} {care}",
            unasked,
        ),
        shown=code.digits,
    )


def speech(code: LiveCode, site: str, language: Language) -> Speech:
    """Return a code as a call tells it: each digit alone, and all of them twice."""
    return Speech(
        ask=language.gettext(
            "Hello. You asked %(site)s for a code. Press any key to hear it.", site=site
        ),
        say=language.gettext(
            "%(digits)s is your code for %(site)s. Once more: %(digits)s. "
            "It works once. Never tell it to anybody. Goodbye.",
            site=site,
            digits=", ".join(code.digits),
        ),
        farewell=language.gettext("No key was pressed. Goodbye."),
    )


def spoken(code: LiveCode, site: str, language: Language) -> str:
    """Return the same in one piece, for a sender that knows no keys."""
    return language.gettext(
        "Hello. %(digits)s is your code for %(site)s. Once more: %(digits)s. "
        "It works once. Never tell it to anybody. Goodbye.",
        site=site,
        digits=", ".join(code.digits),
    )
