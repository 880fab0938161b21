"""What every use case is handed: the ports, the factors and the numbers."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import policy
from vestibule.core.alarm import Alarm
from vestibule.core.budget import Budget
from vestibule.core.codes import SALT_BYTES, Codes
from vestibule.core.events import Event, Fact
from vestibule.core.factor import Applicant, Env, Factor, Opening
from vestibule.core.model import (
    Challenge,
    ChallengeStatus,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Message,
    Notice,
    Origin,
    Passage,
    Purpose,
)
from vestibule.core.ports import Clock, Random, Store, Verifier
from vestibule.core.profiles import Profile
from vestibule.core.reach import Reach
from vestibule.core.registry import Registry
from vestibule.core.tokens import new_id, new_token
from vestibule.core.vault import Vault
from vestibule.secretbox import SealError

NOTICE_LIFE: Final = timedelta(days=7)
"""How long a notice is worth sending: after that its carrier was away for too long."""


def carries_any(channel: str) -> bool:
    """Say that there is somebody for every channel."""
    del channel
    return True


def tell_nobody(event: Event) -> None:
    """Keep an event to the audit trail."""
    del event


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that one realm works with: made by `bootstrap`, read by the use cases, never changed."""

    realm: str
    issuer: str
    store: Store
    clock: Clock
    random: Random
    vault: Vault
    codes: Codes
    registry: Registry
    profile: Profile
    reach: Reach = field(default_factory=Reach)
    """Which numbers get codes."""
    budget: Budget = field(default_factory=Budget)
    """What sending may cost."""
    alarm: Alarm = field(default_factory=Alarm)
    """Writes what the operator must know at once into the log."""
    notifies: bool = False
    """Whether anything carries messages; without a carrier no notice is written."""
    carries: Callable[[str], bool] = carries_any
    """Whether anybody carries a channel."""
    verifier: Verifier | None = None
    """Who judges codes that a carrier made; None where every code is made here."""
    after_commit: Callable[[Event], None] = tell_nobody
    """Told of every event once it is committed; signals hang here."""

    def now(self) -> datetime:
        """Return this moment."""
        return self.clock.now()

    def new_id(self) -> str:
        """Return a new row id."""
        return new_id(self.random.bytes)

    def new_token(self) -> str:
        """Return a new token for a cookie or a handle."""
        return new_token(self.random.bytes)

    def env(
        self, now: datetime, purpose: Purpose = Purpose.LOGIN, channel: str | None = None
    ) -> Env:
        """Return what a factor may ask for at `now`."""
        return Env(
            now=now,
            random=self.random.bytes,
            code_for=self.codes.code_for,
            confirming=purpose is Purpose.ENROL,
            channel=channel,
        )

    def event(self, fact: Fact, subject: str, now: datetime, origin: Origin) -> Event:
        """Return `fact` as an event of this realm."""
        return Event(at=now, realm=self.realm, subject=subject, fact=fact, origin=origin)

    def notice(
        self, notice: Notice, subject: str, now: datetime, origin: Origin, **details: str
    ) -> tuple[Message, ...]:
        """Return the message that tells the subject of a change, none where nothing carries it."""
        if not self.notifies:
            return ()
        message = Message(
            id=self.new_id(),
            realm=self.realm,
            subject=subject,
            channel="notice",
            text=notice.value,
            created_at=now,
            not_after=now + NOTICE_LIFE,
            locale=origin.locale,
            details=details,
        )
        return (message,)

    def challenge(
        self, passage: Passage, enrolment: Enrolment, purpose: Purpose, now: datetime
    ) -> Challenge:
        """Return a new open challenge of `enrolment`; its passage bounds its life."""
        opening = self.opening(enrolment, now)
        enrolling = purpose is Purpose.ENROL
        life = self.profile.enrolment_life if enrolling else self.profile.login_life
        return Challenge(
            id=self.new_id(),
            passage_id=passage.id,
            enrolment_id=enrolment.id,
            realm=self.realm,
            subject=passage.subject,
            purpose=purpose,
            status=ChallengeStatus.OPEN,
            created_at=now,
            expires_at=min(now + life, passage.expires_at),
            max_attempts=self.profile.limits.attempts,
            salt=self.random.bytes(SALT_BYTES),
            key_version=self.codes.ring.newest(),
            memo=opening.memo,
        )

    def active(self, factor: Factor, applicant: Applicant, env: Env, now: datetime) -> Enrolment:
        """Return a new enrolment that nobody has to prove, its secret in plain."""
        data = factor.begin(applicant, env)
        return Enrolment(
            id=self.new_id(),
            realm=self.realm,
            subject=applicant.subject,
            factor=factor.name,
            status=EnrolmentStatus.ACTIVE,
            created_at=now,
            confirmed_at=now,
            state=data.state,
            secret=data.secret,
        )

    def can_be_used(self, enrolment: Enrolment, lane: Lane) -> bool:
        """Say whether a right answer of an enrolment is to be had in `lane`, and would be taken."""
        now = self.now()
        return (
            enrolment.factor in self.registry
            and policy.is_usable(enrolment, lane, self.profile.limits, now)
            and not self.registry[enrolment.factor].is_spent(enrolment, self.env(now))
        )

    def opens(self, enrolment: Enrolment) -> bool:
        """Say whether an enrolment's secret opens: an altered or moved row is not asked."""
        try:
            self.vault.opened(enrolment)
        except SealError:
            return False
        return True

    def opening(self, enrolment: Enrolment, now: datetime, channel: str | None = None) -> Opening:
        """Return what the factor says of a new challenge.

        A channel that it has not, or nobody carries, is not asked for.
        """
        factor = self.registry[enrolment.factor]
        carried = self.channels(factor)
        opened = self.vault.opened(enrolment)
        wanted = channel if channel in carried else None
        opening = factor.open(opened, self.env(now, channel=wanted))
        if opening.channel in carried or not carried:
            return opening
        return factor.open(opened, self.env(now, channel=carried[0]))

    def channels(self, factor: Factor) -> list[str]:
        """Return the channels of a factor that somebody carries, its usual one at the front."""
        return [one for one in factor.traits.channels if self.carries(one)]

    def tell(self, events: Sequence[Event]) -> None:
        """Tell the operator's log, and whoever listens, of events that are committed now."""
        for event in events:
            self.alarm.hear(event)
            self.after_commit(event)


def network_of(address: str) -> str | None:
    """Return the network an address is counted under: itself, or its /64 in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def lane_of(known: object) -> Lane:
    """Return the lane of a browser by whether it is known."""
    return Lane.KNOWN if known else Lane.STRANGER
