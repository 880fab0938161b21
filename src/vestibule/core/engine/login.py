"""The first half of a login: a password was right, and what it made waits for a second proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vestibule.core import events, policy, ticket
from vestibule.core.engine import obliging, sending
from vestibule.core.engine.context import Context, lane_of
from vestibule.core.engine.obliging import Owed
from vestibule.core.engine.sending import Asking
from vestibule.core.factor import Interaction
from vestibule.core.model import (
    Enrolment,
    Json,
    Origin,
    Passage,
    PassageKind,
    PassageStatus,
    Purpose,
)
from vestibule.core.profiles import FirstEnrolment
from vestibule.core.ruling import Case
from vestibule.core.stand_in import KNOWN_ADDRESS
from vestibule.core.tokens import identity_hash, token_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that was made and must wait: whose, by which value, and all it brought along.

    `parked` is opaque to the engine; `browsers` are the values of this browser's own cookie.
    """

    subject: str
    identity: str
    parked: bytes = field(default=b"", repr=False)
    browsers: Sequence[str] = field(default=(), repr=False)
    remembered: bool = False
    password_stamp: str | None = field(default=None, repr=False)
    contact: Json | None = field(default=None, repr=False)
    kind: PassageKind = PassageKind.BROWSER
    owed: Owed | None = None
    """What is owed by somebody without a second step who is obliged to have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A waiting login: the token that names it, and the ways to finish it, first one first."""

    token: str = field(repr=False)
    passage: Passage
    ways: Sequence[Enrolment]


def begin(context: Context, login: Login, origin: Origin) -> Begun:
    """Write a pending passage with one challenge for each way, and return the token to it."""
    now = context.now()
    enrolments = _to_ask(context, login)
    known = context.store.known_browser(context.realm, login.subject, hashes(login.browsers))
    token = context.new_token()
    passage = _passage(context, with_language(login, origin), token, known[0] if known else None)
    asked = [e for e in enrolments if is_askable(context, e, passage) and context.opens(e)]
    early = [e for e in enrolments if _is_early(e, passage, now) and context.opens(e)]
    opened = [context.challenge(passage, e, Purpose.LOGIN, now) for e in (*asked, *early)]
    ways = policy.offered(asked, context.registry, last_factor=known[1] if known else None)
    challenges, messages = sending.only_way(
        context, ways, opened, Asking(now=now, origin=origin, lane=passage.lane)
    )
    fact = events.LoginPaused(passage=passage.id, lane=passage.lane, kind=passage.kind)
    told = (
        context.event(fact, login.subject, now, origin),
        *sending.sent_events(context, challenges, messages, now, origin),
    )
    context.store.open_passage(passage, challenges, messages, told)
    context.tell(told)
    return Begun(token=token, passage=passage, ways=ways)


def look(context: Context, token: str | None) -> Case | None:
    """Return a passage with what is asked on it, changing nothing; None where there is none."""
    key = token_hash(token)
    case = context.store.look(key) if key else None
    return case if case is not None and case.passage.realm == context.realm else None


def ways_of(context: Context, case: Case, purpose: Purpose) -> Sequence[Enrolment]:
    """Return the ways still open on a passage for `purpose`, the one to show first at the front."""
    now = context.now()
    open_ways = [
        asked.enrolment
        for asked in case.asked
        if asked.challenge.purpose is purpose
        and asked.challenge.is_open(now)
        and is_askable(context, asked.enrolment, case.passage)
    ]
    last = case.passage.proofs[-1].factor if case.passage.proofs else case.last_factor
    return policy.offered(open_ways, context.registry, last_factor=last)


def is_askable(context: Context, enrolment: Enrolment, passage: Passage) -> bool:
    """Say whether an enrolment can be asked on a passage."""
    if not context.can_be_used(enrolment, passage.lane):
        return False
    traits = context.registry[enrolment.factor].traits
    if traits.stands_in and passage.kind is PassageKind.PROGRAM:
        return False  # a way is set up on a page
    return traits.interaction is Interaction.CODE


def _is_early(enrolment: Enrolment, passage: Passage, now: datetime) -> bool:
    """Say whether a ticket is asked of nobody yet, but told from when it works to who types it."""
    return passage.kind is PassageKind.BROWSER and ticket.is_early(enrolment, now)


def hashes(tokens: Sequence[str]) -> list[bytes]:
    """Return the hashes of those tokens that can be ones of ours."""
    return [found for token in tokens if (found := token_hash(token)) is not None]


def _to_ask(context: Context, login: Login) -> Sequence[Enrolment]:
    """Return what can be asked of a subject; what stands in for a way, only where there is none."""
    if login.owed is None:
        found = context.store.enrolments(context.realm, login.subject)
        return [one for one in found if one.factor != KNOWN_ADDRESS]
    return obliging.stand_ins(context, login.subject, login.owed)


def _passage(context: Context, login: Login, token: str, known: bytes | None) -> Passage:
    now = context.now()
    is_open = login.owed is not None and login.owed.first is FirstEnrolment.OPEN
    passage = Passage(
        id=context.new_id(),
        realm=context.realm,
        subject=login.subject,
        status=PassageStatus.PENDING,
        kind=login.kind,
        purpose=Purpose.ENROL if is_open else Purpose.LOGIN,
        lane=lane_of(known),
        token_hash=token_hash(token) or b"",
        created_at=now,
        expires_at=now + context.profile.login_life,
        identity_hash=identity_hash(login.identity),
        browser_hash=known,
        remembered=login.remembered,
    )
    return furnished(context, passage, login)


def with_language(login: Login, origin: Origin) -> Login:
    """Return `login`, its contact with the language its owner is told things in.

    That is the host's word where it names a `locale`, else the language of this very login: once it
    is granted, nobody chooses another for the owner's notices by asking for it.
    """
    if not login.contact or not origin.locale:
        return login
    return replace(login, contact={"locale": origin.locale, **login.contact})


def furnished(context: Context, passage: Passage, login: Login) -> Passage:
    """Return `passage` with what the login brought, sealed for it."""
    vault = context.vault
    stamp, contact = login.password_stamp, login.contact
    return replace(
        passage,
        parked=vault.seal_parked(passage.id, login.parked) if login.parked else None,
        contact=vault.seal_contact(passage.id, contact) if contact else None,
        password_stamp=vault.box.stamp(stamp, use="password") if stamp is not None else None,
    )
