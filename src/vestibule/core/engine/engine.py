"""The engine's face: every use case by one name, decided in the module it is called from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vestibule.core.engine import (
    acting,
    enrolling,
    granting,
    login,
    managing,
    moving,
    obliging,
    progress,
    recovery,
    resetting,
    sending,
    sessions,
    suspending,
    verify,
)
from vestibule.core.engine.context import Context
from vestibule.core.factor import Applicant, Factor, Unusable
from vestibule.core.links import Errand, Link
from vestibule.core.model import (
    Challenge,
    Enrolment,
    Origin,
    Passage,
    Purpose,
)
from vestibule.core.profiles import Profile
from vestibule.core.reach import Reach
from vestibule.core.registry import Registry
from vestibule.core.ruling import Case, Standing
from vestibule.core.session import Sessions
from vestibule.core.vault import Vault

NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class Engine:
    """Two-factor authentication for one realm, without a web.

    A *token* names a passage and lives in a cookie or a program's hands; *subject* is the host's
    user id as text. What a user can get wrong comes back as a verdict, never as an exception.
    """

    context: Context

    # What it goes by

    def now(self) -> datetime:
        """Return this moment, by the clock the engine was given."""
        return self.context.now()

    @property
    def profile(self) -> Profile:
        """The numbers that hold."""
        return self.context.profile

    @property
    def registry(self) -> Registry:
        """The factors that are switched on."""
        return self.context.registry

    @property
    def reach(self) -> Reach:
        """Which numbers get codes."""
        return self.context.reach

    @property
    def vault(self) -> Vault:
        """What seals and opens."""
        return self.context.vault

    def new_token(self) -> str:
        """Return a new value for a cookie, of 256 random bits."""
        return self.context.new_token()

    def stopped_at(self, subject: str) -> datetime | None:
        """Return when somebody with the password was stopped of late, None where nobody was."""
        return managing.stopped_at(self.context, subject)

    # A help desk's reset

    def reset(
        self,
        subject: str,
        *,
        by: str,
        reason: str,
        at_once: bool = False,
        obliged: bool = False,
    ) -> resetting.Reset | None:
        """Give a subject who has lost every way a ticket, or who is obliged to set up a first."""
        return resetting.request(
            self.context, subject, by=by, reason=reason, at_once=at_once, obliged=obliged
        )

    def cancel_reset(
        self, subject: str, *, by: str, origin: Origin = NOWHERE, only: str | None = None
    ) -> bool:
        """Make a ticket that was not used worthless; say whether that was done."""
        return resetting.cancel(self.context, subject, by=by, origin=origin, only=only)

    def pending_reset(self, enrolments: Sequence[Enrolment]) -> datetime | None:
        """Return from when a ticket that was not used opens a login, None where there is none."""
        return resetting.pending(self.context, enrolments)

    # Who is obliged

    def owed(
        self, subject: str, contact: Mapping[str, Any], origin: Origin = NOWHERE
    ) -> obliging.Owed:
        """Return what an obliged subject owes that is not enrolled; note who is new."""
        return obliging.owed(self.context, subject, contact, origin)

    def grace_until(self, subject: str) -> datetime | None:
        """Return until when a password is enough of somebody obliged, None where nobody noted."""
        return obliging.grace_until(self.context, subject)

    # Links in mails

    def link(self, errand: Errand, text: str) -> Link | None:
        """Return what a link in a mail says; None where it is none of ours, or is over."""
        return suspending.read(self.context, errand, text)

    def look_at_report(self, link: Link) -> suspending.Report:
        """Return what saying "this was not me" would do, changing nothing."""
        return suspending.look(self.context, link)

    def report(self, link: Link, by: Passage, origin: Origin = NOWHERE) -> bool:
        """Suspend what a link names and all that was added since, and end every session."""
        return suspending.report(self.context, link, by, origin)

    def restore(self, enrolment: Enrolment, by: Passage, origin: Origin = NOWHERE) -> bool:
        """Take a suspended way into use again, by a proof with another one."""
        return suspending.restore(self.context, enrolment, by, origin)

    # Acting as somebody

    def act(
        self,
        by: Passage,
        new: login.Login,
        origin: Origin = NOWHERE,
        *,
        reason: str,
        tells: bool = False,
    ) -> acting.Acting | None:
        """End the grant `by` and let its owner act as another subject; None where it is not fresh.

        `tells` writes a notice to the subject.
        """
        return acting.begin(self.context, by, new, origin, reason=reason, tells=tells)

    # Logging in

    def begin_login(self, new: login.Login, origin: Origin = NOWHERE) -> login.Begun:
        """Let a password login wait for its second step."""
        return login.begin(self.context, new, origin)

    def look(self, token: str | None) -> Case | None:
        """Return what hangs on a token, changing nothing."""
        return login.look(self.context, token)

    def ways(self, case: Case, purpose: Purpose) -> Sequence[Enrolment]:
        """Return the ways still open for `purpose`, the one to show first at the front."""
        return login.ways_of(self.context, case, purpose)

    def verify(
        self, token: str | None, purpose: Purpose, answer: str, origin: Origin = NOWHERE
    ) -> verify.Outcome:
        """Judge an answer; by nothing else does a login that waits become a grant."""
        return verify.verify(self.context, token, purpose, answer, origin)

    def resend(
        self,
        token: str | None,
        purpose: Purpose,
        enrolment_id: str,
        origin: Origin = NOWHERE,
        *,
        channel: str | None = None,
    ) -> sending.Resent:
        """Send a new code for an open challenge."""
        return sending.resend(self.context, token, purpose, enrolment_id, origin, channel=channel)

    def sending_of(
        self, enrolment: Enrolment, challenge: Challenge | None
    ) -> progress.Sending | None:
        """Return how sending stands for an enrolment; None where its codes are not sent."""
        return progress.sending_of(self.context, enrolment, challenge)

    def delivery_of(self, challenge: Challenge) -> progress.Delivery | None:
        """Return how far the newest code of a challenge has come; None where none was sent."""
        return progress.delivery_of(self.context, challenge)

    # Grants

    def standing(self, subject: str | None, token: str | None) -> Standing:
        """Return what one request needs to know, by one statement."""
        return granting.standing(self.context, subject, token)

    def is_live(self, passage: Passage | None, subject: str | None, identity: str) -> bool:
        """Say whether a passage is a live grant for this very login, and of this subject if any."""
        return granting.is_live(self.context, passage, subject, identity)

    def is_waiting(self, passage: Passage | None, identity: str) -> bool:
        """Say whether a passage is this very login, waiting for its second step."""
        return granting.is_waiting(self.context, passage, identity)

    def keep_alive(self, passage: Passage) -> None:
        """Note that a grant was used."""
        granting.keep_alive(self.context, passage)

    def end(self, passage: Passage, why: str, origin: Origin = NOWHERE) -> None:
        """End one passage, whatever it is: a login that waits, a set-up, a grant."""
        granting.end(self.context, passage, why, origin)

    def redeem(self, proof: str | None, subject: str, origin: Origin = NOWHERE) -> bool:
        """Use up a program's proof."""
        return granting.redeem(self.context, proof, subject, origin)

    # Where somebody is signed in

    def sessions(
        self,
        subject: str,
        *,
        first: str = "",
        is_good: Callable[[Passage], bool] = lambda _: True,
    ) -> Sessions:
        """Return where a subject is signed in by both steps, the grant `first` first, then newest.

        `is_good` says whether a grant still is for the host, which may have a newer password.
        """
        return sessions.listed(self.context, subject, first=first, is_good=is_good)

    def end_session(self, session_id: str, by: Passage, origin: Origin = NOWHERE) -> bool:
        """End another session of whose grant `by` is; False where there is none of that id."""
        return sessions.end(self.context, session_id, by, origin)

    def end_others(self, by: Passage, origin: Origin = NOWHERE) -> int:
        """End every session and login of whose grant `by` is but that; return how many."""
        return sessions.end_others(self.context, by, origin)

    def sign_out(self, subject: str, origin: Origin = NOWHERE, *, by: str, reason: str) -> int:
        """End every session and login of a subject; return how many there were."""
        return sessions.sign_out(self.context, subject, by=by, reason=reason, origin=origin)

    # Enrolments

    def enrolments(self, subject: str) -> Sequence[Enrolment]:
        """Return a subject's active enrolments."""
        return managing.active(self.context, subject)

    def unusable(self, factor: Factor, applicant: Applicant) -> Unusable | None:
        """Return what is wrong with what an applicant answered to the questions of a factor."""
        return enrolling.unusable(self.context, factor, applicant)

    def begin_enrolment(
        self,
        factor: Factor,
        applicant: Applicant,
        new: login.Login,
        passage: Passage | None,
        origin: Origin = NOWHERE,
        *,
        succeeds: Enrolment | None = None,
    ) -> enrolling.Draft | None:
        """Begin to add a factor, or one that is to take the place of another of its kind."""
        return enrolling.begin(
            self.context, factor, applicant, new, passage, origin, succeeds=succeeds
        )

    def draft_on(self, case: Case | None) -> Enrolment | None:
        """Return the enrolment being proven on a passage, its secret open."""
        return enrolling.draft_on(self.context, case)

    def drop_draft(self, enrolment: Enrolment) -> None:
        """Forget a draft."""
        enrolling.drop(self.context, enrolment)

    def addable(self, enrolments: Sequence[Enrolment]) -> list[Factor]:
        """Return the factors a subject may add."""
        return enrolling.addable(self.context, enrolments)

    def own(self, subject: str, enrolment_id: str) -> Enrolment | None:
        """Return the subject's own active enrolment of that id."""
        return managing.own(self.context, subject, enrolment_id)

    def rename(self, enrolment: Enrolment, label: str, origin: Origin = NOWHERE) -> bool:
        """Name an enrolment."""
        return managing.rename(self.context, enrolment, label, origin)

    def prefer(self, enrolment: Enrolment, origin: Origin = NOWHERE) -> bool:
        """Make an enrolment the first to be asked."""
        return managing.prefer(self.context, enrolment, origin)

    def revoke(
        self,
        enrolment: Enrolment,
        by: Passage | None = None,
        origin: Origin = NOWHERE,
        *,
        keeps_last: bool = False,
    ) -> bool:
        """Remove an enrolment and end every other session; the last not, where it `keeps_last`."""
        return managing.remove(self.context, enrolment, by, origin, keeps_last=keeps_last)

    def is_last(self, enrolment: Enrolment) -> bool:
        """Say whether an enrolment is the subject's only one that makes the account enrolled."""
        return managing.is_last(self.context, enrolment)

    def has_one_way(self, enrolments: Sequence[Enrolment]) -> bool:
        """Say whether nothing but one way lets a subject in; False where there is none."""
        return managing.has_one_way(self.context, enrolments)

    def is_only_way(self, way: Enrolment, enrolments: Sequence[Enrolment]) -> bool:
        """Say whether a way lets its owner in, and nothing would without it."""
        return managing.is_only_way(self.context, way, enrolments)

    def ask_fresh(
        self,
        passage: Passage,
        purpose: Purpose,
        origin: Origin = NOWHERE,
        *,
        send: str = "",
        channel: str | None = None,
    ) -> bool:
        """Ask a signed-in person for a fresh proof; say whether a code was sent."""
        return managing.ask_fresh(
            self.context, passage, purpose, origin, send=send, channel=channel
        )

    def fresh_ways(self, passage: Passage) -> Sequence[Enrolment]:
        """Return the ways by which a fresh proof can be given, the one to show first first."""
        return managing.fresh_ways(self.context, passage)

    # Moving to another device

    def movable(self, enrolments: Sequence[Enrolment]) -> list[Enrolment]:
        """Return the ways that another of their kind can take the place of."""
        return moving.movable(self.context, enrolments)

    def moves(self, enrolments: Sequence[Enrolment]) -> Mapping[str, Enrolment]:
        """Return the ways whose place another takes once it has been used, by the other's id."""
        return moving.under_way(enrolments)

    def ask_new(self, passage: Passage, new: Enrolment, origin: Origin = NOWHERE) -> None:
        """Ask a signed-in person for a code of a way that is to take another's place."""
        moving.ask(self.context, passage, new, origin)

    # Recovery codes

    def new_recovery_codes(
        self,
        applicant: Applicant,
        by: Passage | None = None,
        origin: Origin = NOWHERE,
        *,
        comes_along: bool = False,
    ) -> recovery.CodeSet:
        """Make a new set; the old one is dead. One that `comes_along` is told when it is kept."""
        return recovery.renew(self.context, applicant, by, origin, comes_along=comes_along)

    def recovery_codes(self, enrolments: Sequence[Enrolment]) -> recovery.CodeSet | None:
        """Return how the subject's set stands."""
        return recovery.current(self.context, enrolments)

    def keep_recovery_codes(
        self, codes: recovery.CodeSet, origin: Origin = NOWHERE, *, kept: bool
    ) -> bool:
        """Note that the codes shown were saved, or waved off."""
        return recovery.keep(self.context, codes, origin, kept=kept)

    # Operating

    def reset_limits(self, subject: str, *, by: str, reason: str) -> None:
        """Set a subject's counts to nothing; loudly audited."""
        managing.reset_limits(self.context, subject, by=by, reason=reason)

    def forget(self, subject: str, origin: Origin = NOWHERE, *, by: str) -> bool:
        """Delete everything of a subject but the audit trail; say whether there was anything."""
        return managing.forget(self.context, subject, origin, by=by)
