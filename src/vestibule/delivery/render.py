"""What messages say. A text is made when it is sent, so that no row holds a live code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vestibule.core.model import Message, Notice
from vestibule.delivery import codetext, testtext
from vestibule.delivery.codetext import LiveCode
from vestibule.delivery.mail import Mail
from vestibule.delivery.provider import Speech
from vestibule.languages import Language, marked

ENGLISH: Final = Language()
LONGEST_NAME: Final = 40
_LINK: Final = re.compile(r"(?<=\w)[.:/](?=\w)|www\.|://", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A text ready for a carrier; `subject` is for mail."""

    subject: str | None
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    speech: Speech | None = field(default=None, repr=False)
    """What a call says, in the parts that a carrier reads out."""


_NOTICES: Final[Mapping[str, tuple[str, str]]] = {
    Notice.ENROLMENT_CONFIRMED: (
        marked("A new way to confirm it's you was added"),
        marked("A new way to confirm it's you (%(way)s) was added to your account at %(site)s."),
    ),
    Notice.ENROLMENT_REVOKED: (
        marked("A way to confirm it's you was removed"),
        marked("A way to confirm it's you (%(way)s) was removed from your account at %(site)s."),
    ),
    Notice.ENROLMENT_SUSPENDED: (
        marked("A way to confirm it's you was suspended"),
        marked(
            "Somebody who knows your password reported that a way to confirm it's you (%(way)s) at "
            "%(site)s is not yours. It does not work until %(time)s, nor does anything that was "
            "added after it, and everybody was signed out. Change your password before then."
        ),
    ),
    Notice.ENROLMENT_RESTORED: (
        marked("A way to confirm it's you works again"),
        marked(
            "A way to confirm it's you (%(way)s) at %(site)s was suspended, and somebody who "
            "confirmed it by another one took it into use again."
        ),
    ),
    Notice.RECOVERY_CODES_MADE: (
        marked("You have new recovery codes"),
        marked(
            "You have new recovery codes for your account at %(site)s. Any from before no longer "
            "work."
        ),
    ),
    Notice.RECOVERY_CODE_USED: (
        marked("A recovery code was used"),
        marked("One of your recovery codes was used for your account at %(site)s."),
    ),
    Notice.FACTOR_DISABLED: (
        marked("Too many wrong codes"),
        marked(
            "Somebody who knows your password typed many wrong codes at %(site)s. Your %(way)s no "
            "longer answers to browsers you have not used before. Change your password."
        ),
    ),
    Notice.FACTOR_DISABLED_KNOWN: (
        marked("Too many wrong codes"),
        marked(
            "Many wrong codes were typed at %(site)s, in a browser you have used before. Your "
            "%(way)s no longer answers to such browsers."
        ),
    ),
    Notice.INTRUDER_STOPPED: (
        marked("Somebody knows your password"),
        marked(
            "On %(time)s somebody signed in at %(site)s with your password, typed several wrong "
            "codes, and was stopped. Change your password, here and wherever else you use it."
        ),
    ),
    Notice.OBLIGED: (
        marked("Two-step login is needed from %(time)s on"),
        marked(
            "From %(time)s on you sign in at %(site)s in two steps. Set it up the next time you "
            "sign in: it takes a minute."
        ),
    ),
    Notice.ADDRESS_CHANGED: (
        marked("Your account has another mail address"),
        marked(
            "Your account at %(site)s has another mail address now. You have not set up two-step "
            "login yet, and the code for that will go to the new address."
        ),
    ),
    Notice.RESET_REQUESTED: (
        marked("Your two-step login is to be set up anew"),
        marked(
            "Somebody asked the people at %(site)s to let you set up your two-step login anew. "
            "This becomes possible on %(time)s. Until then you can sign in as always and cancel it "
            "on the page where you manage your two-step login."
        ),
    ),
    Notice.RESET_AT_ONCE: (
        marked("Your two-step login was reset"),
        marked(
            "The people at %(site)s reset your two-step login. What you had set up no longer "
            "works; with the ticket they gave you it can be set up anew."
        ),
    ),
    Notice.RESET_CANCELLED: (
        marked("The reset of your two-step login was cancelled"),
        marked("The reset of your two-step login at %(site)s was cancelled. All is as it was."),
    ),
    Notice.RESET_USED: (
        marked("Your one-time ticket was used"),
        marked(
            "Somebody used your password and the one-time ticket of the people at %(site)s, to set "
            "up your two-step login anew. Once that is done, what was set up before no longer "
            "works."
        ),
    ),
    Notice.ACTING_BEGUN: (
        marked("Somebody helped you with your account"),
        marked(
            "On %(time)s somebody of the people at %(site)s began to use your account, to help "
            "you. They cannot change how you sign in."
        ),
    ),
}
_NO_ALARM: Final = frozenset({Notice.OBLIGED})
_UNASKED: Final = marked(
    "If you did not ask for help, change your password at once and tell the people at %(site)s."
)
_NOT_YOU: Final = marked(
    "If this was not you, change your password at once and tell the people at %(site)s."
)
_REPORT_IT: Final = marked(
    "If this was not you, report it on this page. It asks for your password and never for a code; "
    "what was added then stops working for seven days:"
)
_STOP_IT: Final = marked(
    "If it was not you who asked, stop it on this page. You need not sign in for that:"
)
_LEADING: Final[Mapping[str, str]] = {
    Notice.ENROLMENT_CONFIRMED: _REPORT_IT,
    Notice.RECOVERY_CODES_MADE: _REPORT_IT,
    Notice.RESET_REQUESTED: _STOP_IT,
}
"""What a notice says of the link it may have."""


def render(
    message: Message,
    *,
    site: str,
    code: LiveCode | None,
    way: str = "",
    language: Language = ENGLISH,
    link: str = "",
    host: str | None = None,
) -> Rendered:
    """Return what `message` says; `code` is there where the message carries one.

    One text serves the codes of every factor. `way` is what the factor of a notice is called within
    a sentence, in English; `link` where it leads, if it leads anywhere; `host` that of the login.
    """
    clean, language = site_name(site, host), language.exact()
    if message.text == testtext.TEST:
        return _test(message.channel, clean, language)
    if code is None:
        return _as_mail(_notice(message, clean, language.gettext(way), language, link), language)
    if message.channel == "call":
        speech = codetext.speech(code, clean, language)
        return Rendered(subject=None, text=codetext.spoken(code, clean, language), speech=speech)
    if message.channel == "email":
        return _as_mail(codetext.mail(code, clean, language), language)
    host = host if message.channel == "sms" else None
    return Rendered(subject=None, text=codetext.text_message(code, clean, language, host))


def site_name(site: str, host: str | None = None) -> str:
    """Return a site's name as it stands in messages.

    Nothing in it starts a line, reads as a second code, or is made into a link by a phone; the
    site's own host is let be.
    """
    name = "".join(c for c in site if c.isprintable() and c not in "@#<>").strip()
    if name != host:
        name = _DIGITS.sub("", _LINK.sub(" ", name))
    return " ".join(name.split())[:LONGEST_NAME].strip()


def _test(channel: str, site: str, language: Language) -> Rendered:
    if channel == "email":
        return _as_mail(testtext.mail(site, language), language)
    speech = testtext.speech(site, language) if channel == "call" else None
    return Rendered(subject=None, text=testtext.text_message(site, language), speech=speech)


def _as_mail(mail: Mail, language: Language) -> Rendered:
    return Rendered(subject=mail.subject, text=mail.as_text(), html=mail.as_html(language))


def _notice(message: Message, site: str, way: str, language: Language, link: str) -> Mail:
    """Return what was done, what to do if it was not you, and where that is done."""
    subject, body = _NOTICES[message.text]
    when = _when(message, language)
    told = language.gettext(body, site=site, way=way, time=when)
    heading = f"{site}: {language.gettext(subject, time=when)}"
    if message.text in _NO_ALARM:
        return Mail(subject=heading, paragraphs=(told,))
    unasked = message.text == Notice.ACTING_BEGUN
    not_you = language.gettext(_UNASKED if unasked else _NOT_YOU, site=site)
    if not link:
        return Mail(subject=heading, paragraphs=(told, not_you))
    leading = language.gettext(_LEADING[message.text])
    return Mail(subject=heading, paragraphs=(told, leading, not_you), link=link, link_after=2)


def _when(message: Message, language: Language) -> str:
    """Return the moment that a notice speaks of, if it speaks of one."""
    written = message.details.get("time")
    return language.moment(datetime.fromisoformat(written)) if written else ""
