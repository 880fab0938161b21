"""All that the rules ask of the world. Each port is few methods, named by what is wanted."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from vestibule.core.booking import Booked, Booking
from vestibule.core.conversion import Watch
from vestibule.core.events import Event
from vestibule.core.model import (
    Challenge,
    Enrolment,
    Lane,
    Ledger,
    Message,
    Obligation,
    Passage,
    Purpose,
)
from vestibule.core.ruling import Case, Noted, Ruling, Standing
from vestibule.core.verdict import Verdict

Ruled = TypeVar("Ruled", bound=Ruling)
"""The kind of ruling that a rule makes."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return this moment as an aware datetime in UTC."""
        ...


class Random(Protocol):
    """Draws what cannot be guessed."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class Sender(Protocol):
    """Carries one rendered message over one channel."""

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Return once the message was handed over; raise `SendError` where it was not."""
        ...


class Verifier(Protocol):
    """Judges answers to codes that a carrier made itself, and keeps."""

    def judge(self, challenge: Challenge, answer: str) -> Verdict | None:
        """Return what the carrier says of an answer; None where the code is one of ours.

        It may take seconds. Nothing is open in the database meanwhile.
        """
        ...


class SendError(Exception):
    """A message was not handed over.

    `permanent` says that trying again is of no use: it is the message or its number that the
    carrier will not have. What is the carrier's own fault (it is busy, does not answer, does not
    let us in) is not permanent. `cannot_receive` says that the number takes no text messages, as a
    landline does not: then a code may be told by a call. `blameless` says that the carrier was not
    even asked, or has enough of this one destination for now: it is not to be kept out because of
    it, else whoever has codes sent where none are taken kept everybody's from being sent.

    `unsure` says that the message may have been taken all the same: it was asked for, and no answer
    came, or one that does not say. Each further try after that is paid for, and there are few. It
    is never `permanent`: who does not say what came of it has refused nothing.

    `not_let_in` says that it is our credentials that the carrier will not have: no waiting mends
    that, and the log says so at once.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        cannot_receive: bool = False,
        blameless: bool = False,
        unsure: bool = False,
        not_let_in: bool = False,
    ) -> None:
        """Keep what the carrier said, for the operator: no code, no address, no credential."""
        super().__init__(reason)
        self.permanent = cannot_receive or (permanent and not unsure)
        self.cannot_receive = cannot_receive
        self.blameless = blameless
        self.unsure = unsure
        self.not_let_in = not_let_in


class Brake(Protocol):
    """What whoever carries messages tells the brake on fraud, and asks of it."""

    def credit_returned(self, now: datetime, tell: Callable[[Sequence[Event]], None]) -> None:
        """Count the codes that came back since the last time.

        What is written of it is told as soon as it is committed: whatever fails afterwards, it is
        not written again. To be done every few seconds; of several who do it at once each message
        is counted by one.
        """
        ...

    def put_last(self, range_: str, now: datetime) -> frozenset[str]:
        """Return the providers that come last on a route, for numbers of a range."""
        ...


class Store(Protocol):
    """Keeps everything. One method is one transaction: all of it holds, or nothing."""

    # What a request asks

    def standing(self, realm: str, subject: str | None, token_hash: bytes | None) -> Standing:
        """Return, by one statement, whether `subject` is enrolled and the passage of a token."""
        ...

    def look(self, token_hash: bytes) -> Case | None:
        """Return the passage of a token with what is asked on it; nothing is locked."""
        ...

    def enrolments(self, realm: str, subject: str) -> Sequence[Enrolment]:
        """Return the subject's enrolments that are not revoked, oldest first, secrets sealed."""
        ...

    def known_browser(
        self, realm: str, subject: str, hashes: Sequence[bytes]
    ) -> tuple[bytes, str] | None:
        """Return by which hash this browser is known to `subject`, and the factor it last used."""
        ...

    def ledger(self, realm: str, subject: str, lane: Lane) -> Ledger | None:
        """Return a subject's account in a lane, None where it has none."""
        ...

    # Proving

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Lock the passage of a token and all that hangs on it, do what `rule` says, commit.

        Returns what the rule returned; None, and calls nothing, where there is no such passage or
        nothing is asked on it.
        """
        ...

    def open_passage(
        self,
        passage: Passage,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Insert a pending passage with its challenges and messages."""
        ...

    def open_challenges(
        self,
        passage: Passage,
        purpose: Purpose,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Put `challenges` in the place of those the passage had for `purpose`."""
        ...

    def end_passage(self, passage_id: str, events: Sequence[Event]) -> bool:
        """End a passage for good; say whether it was not ended before."""
        ...

    def grants(
        self,
        realm: str,
        subject: str,
        now: datetime,
        *,
        used_after: datetime | None,
        first: str,
        most: int,
    ) -> Sequence[tuple[Passage, str]]:
        """Return a subject's live grants of browsers, each with what the browser called itself.

        One with the id `first` comes first, then the newest; at most so many. One that was not used
        after `used_after` is none. The second of a pair is empty where nobody knows.
        """
        ...

    def end_grant(
        self,
        realm: str,
        subject: str,
        passage_id: str,
        *,
        by: str,
        now: datetime,
        events: Sequence[Event],
    ) -> bool:
        """End a live grant of a subject's browser, and know the browser no more.

        False, and nothing is changed, where there is none of that id, it is `by` itself, or `by`
        names a grant that has ended.
        """
        ...

    def end_passages(
        self,
        realm: str,
        subject: str,
        now: datetime,
        *,
        used_after: datetime | None,
        but: str,
        event: Callable[[int], Event],
    ) -> tuple[Event | None, int]:
        """End every passage of a subject but one, and know no other browser any more.

        `event` says what to write down, told how many there were that lived; both are returned.
        None and nothing where there was nothing to change, or `but` names a grant that has ended.
        """
        ...

    def redeem(
        self, realm: str, subject: str, token_hash: bytes, now: datetime, events: Sequence[Event]
    ) -> bool:
        """End a program's live grant; say whether this call was the one that did."""
        ...

    def touch(self, passage_id: str, now: datetime) -> None:
        """Note that a grant was used."""
        ...

    # Sending

    def book_send(self, realm: str, booking: Booking, now: datetime) -> Booked:
        """Count one send under every cap and in every area of it, or nowhere where one refuses it.

        Writes down what that has to tell, and returns what came of it.
        """
        ...

    def unbook_send(
        self, realm: str, booked: Booked, watch: Watch, now: datetime
    ) -> Sequence[Event]:
        """Take back a send that was booked and never written: its price, and what its areas owe.

        Writes down what that has to tell, and returns it.
        """
        ...

    def last_message(self, challenge_id: str) -> Message | None:
        """Return the message that carries the newest code of a challenge, None where none does."""
        ...

    # Who is obliged

    def obligation(self, realm: str, subject: str) -> Obligation | None:
        """Return since when a subject is obliged, None for whoever was not noted yet."""
        ...

    def oblige(
        self,
        realm: str,
        subject: str,
        now: datetime,
        rule: Callable[[Obligation | None], Noted],
    ) -> Noted:
        """Note of a subject, perhaps first seen `now`, what `rule` makes of what was noted before.

        The rule is asked under the subject's lock: of two who come at once the second is given what
        the first has noted. Where it leaves that as it was nothing is written, and no message where
        one of its caps is full. Returns its answer.
        """
        ...

    def stand_in(self, enrolment: Enrolment) -> bool:
        """Insert what stands in for a way, in the place of a former one of its factor.

        False, and nothing is written, where the subject is enrolled: it is asked for nobody else.
        """
        ...

    # Enrolments

    def begin_enrolment(
        self,
        passage: Passage | None,
        enrolment: Enrolment,
        challenge: Challenge,
        *,
        first: bool,
        primary: Iterable[str],
        most: int,
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> bool:
        """Insert a draft in the place of former ones; False where there may be no more.

        A `passage` is inserted with it. One that is `first` is for a subject that is not enrolled:
        False where it is.
        """
        ...

    def drop_draft(self, realm: str, subject: str, enrolment_id: str) -> None:
        """Delete a draft with its challenges."""
        ...

    def save_enrolment(
        self, enrolment: Enrolment, events: Sequence[Event], messages: Sequence[Message] = ()
    ) -> bool:
        """Replace an enrolment by its next version; False where it had moved on by itself."""
        ...

    def replace_enrolment(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Insert an enrolment and revoke the subject's others of the same factor.

        False, and nothing is changed, where `by` names a grant that has ended.
        """
        ...

    def revoke(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        keeps_last: bool,
        event: Callable[[bool], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke an active enrolment and end all passages but the acting one, the grant `by`.

        With the last primary enrolment everything else is revoked, and `by` ends too. `event` says
        what to write down, told whether it was the last; that is returned, and None where the
        enrolment was not active or is a ticket, `by` names a grant that has ended, or it is the
        last by which an account is enrolled that `keeps_last`.
        """
        ...

    def suspend(
        self,
        realm: str,
        subject: str,
        *,
        by: str,
        rule: Callable[[Sequence[Enrolment]], Sequence[Enrolment]],
        event: Callable[[Enrolment], Event],
        messages: Sequence[Message],
    ) -> Sequence[Event]:
        """Suspend what `rule` makes of a subject's enrolments, and end all that goes on.

        `rule` is told the active ones and returns the next version of those it suspends. Every
        grant ends and every draft goes; of the logins that wait the one with the id `by` stays.
        `event` says of each what to write down. Returns that; nothing, and nothing is changed,
        where `rule` suspends none or `by` has ended.
        """
        ...

    def restore(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Replace a suspended enrolment by its next version; False where it or `by` has ended."""
        ...

    # A help desk's reset

    def reset(
        self,
        ticket: Enrolment,
        *,
        at_once: bool,
        owing: bool,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Insert a ticket in the place of a former one; False where its subject is not enrolled.

        `at_once` revokes everything else of the subject and ends all its passages. The subject is
        `owing` who must have a first way and has none yet: False where it is enrolled.
        """
        ...

    def cancel_reset(
        self,
        realm: str,
        subject: str,
        *,
        only: str | None = None,
        event: Callable[[str], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke a ticket, whose id `event` is told; None where there is none or nothing else.

        `only` is the id of the one that is meant, where it is not whichever there is.
        """
        ...

    # Operating

    def add_events(self, events: Sequence[Event]) -> None:
        """Append to the audit trail."""
        ...

    def reset_limits(self, realm: str, subject: str, events: Sequence[Event]) -> None:
        """Set all counts of a subject to nothing."""
        ...

    def forget(self, realm: str, subject: str, events: Sequence[Event]) -> bool:
        """Delete everything of a subject but the audit trail; False where there was nothing."""
        ...
