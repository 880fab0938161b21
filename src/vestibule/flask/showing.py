"""What pages show of a person's ways: each in the words and with the drawing its factor brings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flask import current_app, url_for

from vestibule.core.engine.progress import Delivery, Progress, Sending
from vestibule.core.factor import Factor, Interaction
from vestibule.core.model import Challenge, Enrolment, Purpose
from vestibule.core.presentation import Presentation
from vestibule.core.ruling import Case
from vestibule.flask.addresses import address
from vestibule.flask.pages import Field, state
from vestibule.flask.texts import clock_time, gettext
from vestibule.flask.texts import gettext as _

LONGEST_ANSWER: Final = 40
STEPS: Final = {Purpose.LOGIN: "login", Purpose.FRESH: "confirm", Purpose.ENROL: "setup"}
"""What a page whose codes are sent is called in an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to confirm it's you, as a page names it."""

    id: str
    title: str
    label: str | None
    hint: str
    icon: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The buttons that have a code sent: for the first time, again, or no more.

    `buttons` are pairs of what one says and where it is posted, the usual one first; there are
    none where no more can be sent. `seconds` tells how long to wait for another.
    """

    is_sent: bool
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    seconds: int | None = None
    news: "News | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How far the newest code has come: in a word for programs, in a sentence for people.

    `url` tells the same anew, in JSON; None where nothing new is to come.
    """

    progress: Progress
    text: str
    url: str | None = None


def factor_of(enrolment: Enrolment) -> Factor:
    """Return the factor of an enrolment, which must be switched on."""
    return state().engine.registry[enrolment.factor]


def title_of(factor: Factor) -> str:
    """Return what people call a factor."""
    return gettext(factor.presentation.title)


def way_of(enrolment: Enrolment, endpoint: str | None = None) -> Way:
    """Return an enrolment as a page names it, with where choosing it leads."""
    factor = factor_of(enrolment)
    shown = factor.presentation
    hint = (endpoint and shown.choice) or shown.prompt
    return Way(
        id=enrolment.id,
        title=title_of(factor),
        label=label_of(enrolment),
        hint=gettext(hint, **_values(factor, enrolment)),
        icon=shown.icon,
        url=address(endpoint, method=enrolment.id) if endpoint else "",
    )


def label_of(enrolment: Enrolment) -> str | None:
    """Return what tells one way from others of its kind: its owner's name for it, or its own."""
    return enrolment.label or factor_of(enrolment).describe(enrolment) or None


def field_of(enrolment: Enrolment, typed: str = "") -> Field:
    """Return the field for an enrolment's answers, with what was typed wrong to be mended there."""
    factor = factor_of(enrolment)
    digits = factor.code_format(enrolment).digits
    # Long enough for any other code: one field takes them all.
    return Field(
        label=gettext(factor.presentation.label),
        inputmode="text" if digits is None else "numeric",
        digits=digits,
        maxlength=LONGEST_ANSWER,
        value=typed[:LONGEST_ANSWER],
    )


def wrong_text(typed: str, case: Case | None, purpose: Purpose) -> str:
    """Return what is said of a wrong answer that only one kind of code can be, else nothing.

    `case` and `purpose` are what it was an answer to: a recovery code may be asked of nobody there.
    """
    engine = state().engine
    readers = [
        factor
        for factor in engine.registry
        if factor.traits.interaction is Interaction.CODE and factor.reads(typed) is not None
    ]
    if len(readers) != 1:
        return ""
    asked = {way.factor for way in engine.ways(case, purpose)} if case is not None else set()
    if readers[0] is engine.registry.recovery_codes and readers[0].name not in asked:
        return _("No recovery code works here just now. Use another way, or ask for help.")
    return gettext(readers[0].presentation.wrong)


def send_of(
    enrolment: Enrolment, case: Case | None, purpose: Purpose, endpoint: str
) -> Send | None:
    """Return the buttons that have a code sent to an enrolment, None where nothing is sent to it.

    They are posted to the view called `endpoint`.
    """
    sending = sending_of(enrolment, case, purpose)
    if sending is None:
        return None
    buttons = tuple(_buttons(enrolment, endpoint, again=sending.is_sent))
    if not sending.is_sent:
        text = _("Nothing is sent before you ask for it.")
        if sending.refused is not None:
            text = _("No code was sent.")
        return Send(is_sent=False, text=text, buttons=buttons)
    news = news_of(enrolment, case, purpose)
    if sending.again_at is None:
        return Send(is_sent=True, text=_("No more codes can be sent this time."), news=news)
    now = state().engine.now()
    if sending.again_at <= now:
        text = _("No code yet? Look again, or have another one sent.")
        return Send(is_sent=True, text=text, buttons=buttons, news=news)
    text = _(
        "No code yet? Another one can be sent at %(time)s.", time=clock_time(sending.again_at, now)
    )
    seconds = max(1, round((sending.again_at - now).total_seconds()))
    return Send(is_sent=True, text=text, buttons=buttons, seconds=seconds, news=news)


def news_of(enrolment: Enrolment, case: Case | None, purpose: Purpose) -> News | None:
    """Return how far the newest code of a way has come, None where none was asked for."""
    challenge = _challenge_of(enrolment, case, purpose)
    delivery = state().engine.delivery_of(challenge) if challenge else None
    if delivery is None:
        return None
    to = factor_of(enrolment).describe(enrolment)
    is_over = delivery.progress in {Progress.DELIVERED, Progress.FAILED}
    told = address("vestibule.delivery", method=enrolment.id, step=STEPS.get(purpose, ""))
    return News(
        progress=delivery.progress,
        text=_told_of(delivery, to),
        url=None if is_over else told,
    )


def _told_of(delivery: Delivery, to: str) -> str:
    if delivery.progress is Progress.DELIVERED:
        return _("The code has arrived at %(to)s.", to=to)
    if delivery.progress is Progress.FAILED:
        return _(
            "The code could not be delivered to %(to)s. Have another one sent, or use another way.",
            to=to,
        )
    if delivery.progress is Progress.SENDING:
        return _("The code is being sent to %(to)s.", to=to)
    if delivery.channel == "call":
        return _("We are calling %(to)s.", to=to)
    return _("The code was sent to %(to)s.", to=to)


def _buttons(enrolment: Enrolment, endpoint: str, *, again: bool) -> Iterator[tuple[str, str]]:
    """Return what each button says and where it leads: the usual one, and each other channel's."""
    factor = factor_of(enrolment)
    usual = _("Send another code") if again else _("Send me a code")
    yield usual, address(endpoint, method=enrolment.id)
    for channel in state().engine.context.channels(factor)[1:]:
        says = factor.presentation.instead.get(channel)
        if says:
            yield gettext(says), url_for(endpoint, method=enrolment.id, channel=channel)


def sending_of(enrolment: Enrolment, case: Case | None, purpose: Purpose) -> Sending | None:
    """Return how sending stands for an enrolment on a passage, None where nothing is sent to it."""
    return state().engine.sending_of(enrolment, _challenge_of(enrolment, case, purpose))


def _challenge_of(enrolment: Enrolment, case: Case | None, purpose: Purpose) -> Challenge | None:
    now = state().engine.now()
    challenges = (
        asked.challenge
        for asked in (case.asked if case else ())
        if asked.enrolment.id == enrolment.id
        and asked.challenge.purpose is purpose
        and asked.challenge.is_open(now)
    )
    return next(challenges, None)


def offer_of(factor: Factor, *, again: bool) -> dict[str, object]:
    """Return a factor that can be added, as a page shows it."""
    shown = factor.presentation
    return {
        "title": gettext((again and shown.another) or shown.title),
        "text": gettext(shown.offer),
        "icon": shown.icon,
        "asks": bool(shown.questions),
        "url": url_for("vestibule.begin", factor=factor.name),
    }


def template_of(factor: Factor, page: str) -> str:
    """Return the template of a factor's own for a page, else the one that serves every factor."""
    own, ours = f"vestibule/{factor.name}/{page}.html", f"vestibule/{page}.html"
    found = current_app.jinja_env.select_template([own, ours])
    return f"{factor.name}/{page}" if found.name == own else page


def texts_of(presentation: Presentation) -> Mapping[str, str]:
    """Return the texts of a presentation that hold no places to fill."""
    return {
        "title": gettext(presentation.title),
        "heading": gettext(presentation.set_up),
        "offer": gettext(presentation.offer),
        "icon": presentation.icon,
    }


def texts_of_draft(draft: Enrolment) -> Mapping[str, str]:
    """Return `texts_of` a way being set up, in the words of a move where it takes another's place.

    Then there is a `lead` besides: a sentence about what happens to the other.
    """
    texts = texts_of(factor_of(draft).presentation)
    if draft.succeeds is None:
        return texts
    lead = _("Have the new phone at hand. The old one works until you have used the new one.")
    return {**texts, "heading": _("Set up your new phone"), "lead": lead}


def _values(factor: Factor, enrolment: Enrolment) -> dict[str, object]:
    return {
        "site": state().site,
        "digits": factor.code_format(enrolment).digits,
        "to": factor.describe(enrolment),
    }
