"""The store in SQL. One method is one transaction, and transactions live nowhere else.

A refused answer is a returned value and is committed; only what the database itself refuses rolls
back. Lock order, always: the subject's ledger row, passage, challenges and enrolments in enrolment
order, a message and its tries, the source. Then what is counted: tallies, areas, and the tally that
is a number's share in them, each in the order of their names. Who holds one of these may hold the
ledger or messages besides, and asks for none of what comes before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

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
from vestibule.core.ports import Ruled
from vestibule.core.ruling import Case, Noted, Standing
from vestibule.store import (
    asking,
    cases,
    drafts,
    enrolments,
    forgetting,
    ledgers,
    obligations,
    passages,
    removing,
    rulings,
    sessions,
    suspending,
    tallies,
    telling,
    tickets,
)
from vestibule.store.booking import book, unbook
from vestibule.store.database import Database
from vestibule.store.rulings import LostRaceError
from vestibule.store.telling import tell


class SqlStore:
    """Keeps everything in a SQLite or PostgreSQL database."""

    def __init__(self, database: Database, *, locks_first: bool | None = None) -> None:
        """Keep the database; nothing is opened yet.

        `locks_first` says to lock what is ruled on before it is, and not only where it has moved on
        meanwhile. By default that is so where a database takes one writer.
        """
        self._db = database
        self._locks_first = database.takes_one_writer if locks_first is None else locks_first

    # What a request asks

    def standing(self, realm: str, subject: str | None, token_hash: bytes | None) -> Standing:
        """Return, by one statement, whether `subject` is enrolled and the passage of a token."""
        with self._db.look() as turn:
            return passages.standing(turn, realm, subject, token_hash)

    def look(self, token_hash: bytes) -> Case | None:
        """Return the passage of a token with what is asked on it; nothing is locked."""
        with self._db.look() as turn:
            return cases.seen(turn, token_hash)

    def enrolments(self, realm: str, subject: str) -> Sequence[Enrolment]:
        """Return the subject's enrolments that are not revoked, oldest first, secrets sealed."""
        with self._db.read() as connection:
            return enrolments.living(connection, realm, subject)

    def known_browser(
        self, realm: str, subject: str, hashes: Sequence[bytes]
    ) -> tuple[bytes, str] | None:
        """Return by which hash this browser is known to `subject`, and the factor it last used."""
        if not hashes:
            return None
        with self._db.read() as connection:
            return passages.known_browser(connection, realm, subject, hashes)

    def last_message(self, challenge_id: str) -> Message | None:
        """Return the message that carries the newest code of a challenge, None where none does."""
        with self._db.read() as connection:
            return telling.last(connection, challenge_id)

    def ledger(self, realm: str, subject: str, lane: Lane) -> Ledger | None:
        """Return a subject's account in a lane, None where it has none."""
        with self._db.read() as connection:
            return ledgers.found(connection, realm, subject, lane)

    # Proving

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Do what `rule` says of the passage of a token and all that hangs on it, and commit.

        A file is locked meanwhile. PostgreSQL is asked without a lock first: what was ruled is
        carried out only where every row is as it was seen and nobody's, else ruled under the lock.
        """
        first = self._decided_under_lock if self._locks_first else self._decided_as_seen
        try:
            return first(token_hash, address, rule)
        except LostRaceError:
            return self._decided_under_lock(token_hash, address, rule)

    def _decided_as_seen(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        with self._db.look() as turn:
            case, versions = cases.versioned(turn, token_hash, address)
            if case is None:
                return None
            ruling = rule(case)
            rulings.obey_if_as_seen(turn, case, versions, ruling)
        return ruling

    def _decided_under_lock(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        with self._db.turn() as turn:
            case = cases.locked(turn, token_hash, address)
            if case is None:
                return None
            ruling = rule(case)
            told = rulings.told_of(turn, ruling)
            if told:
                ruling = replace(ruling, events=(*ruling.events, *told))
            rulings.obey(turn, case, ruling)
        return ruling

    def open_passage(
        self,
        passage: Passage,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Insert a pending passage with its challenges and messages."""
        with self._db.turn() as turn:
            passages.opened(turn, passage, challenges, messages, events)

    def open_challenges(
        self,
        passage: Passage,
        purpose: Purpose,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Put `challenges` in the place of those the passage had for `purpose`."""
        # The ledger first, as everywhere: two who ask at once leave the challenges of one.
        with self._alone_with(passage.realm, passage.subject) as connection:
            asking.replace(connection, passage, purpose, challenges)
            tell(connection, events, messages)

    def end_passage(self, passage_id: str, events: Sequence[Event]) -> bool:
        """End a passage for good; say whether it was not ended before."""
        with self._db.write() as connection:
            ended = passages.end(connection, passage_id)
            if ended:
                tell(connection, events)
        return ended

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
        """Return a subject's live grants of browsers, each with what the browser called itself."""
        with self._db.read() as connection:
            return sessions.grants(
                connection, realm, subject, now, used_after=used_after, first=first, most=most
            )

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
        """End a live grant of a subject's browser; False if it is none, or `by` has ended."""
        with self._alone_with(realm, subject) as connection:
            ended = passages.is_granted(connection, by) and sessions.end(
                connection, realm, subject, passage_id, by=by, now=now
            )
            if ended:
                tell(connection, events)
        return ended

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
        """End every passage of a subject but one; nothing if that has ended."""
        with self._alone_with(realm, subject) as connection:
            if but and not passages.is_granted(connection, but):
                return None, 0
            changed, count = sessions.end_all(
                connection, realm, subject, now, used_after=used_after, but=but
            )
            if not changed:
                return None, 0
            written = event(count)
            tell(connection, [written])
        return written, count

    def redeem(
        self, realm: str, subject: str, token_hash: bytes, now: datetime, events: Sequence[Event]
    ) -> bool:
        """End a program's live grant; say whether this call was the one that did."""
        with self._db.write() as connection:
            redeemed = passages.redeem(connection, realm, subject, token_hash, now)
            if redeemed:
                tell(connection, events)
        return redeemed

    def touch(self, passage_id: str, now: datetime) -> None:
        """Note that a grant was used."""
        with self._db.write() as connection:
            passages.touch(connection, passage_id, now)

    # Sending

    def book_send(self, realm: str, booking: Booking, now: datetime) -> Booked:
        """Count one send in every respect, or return by what it is refused."""
        with self._db.write() as connection:
            return book(connection, realm, booking, now)

    def unbook_send(
        self, realm: str, booked: Booked, watch: Watch, now: datetime
    ) -> Sequence[Event]:
        """Take back a send that was booked and never written; return what was told of that."""
        with self._db.write() as connection:
            return unbook(connection, realm, booked, watch, now)

    # Who is obliged

    def obligation(self, realm: str, subject: str) -> Obligation | None:
        """Return since when a subject is obliged, None for whoever was not noted yet."""
        with self._db.read() as connection:
            return obligations.found(connection, realm, subject)

    def oblige(
        self,
        realm: str,
        subject: str,
        now: datetime,
        rule: Callable[[Obligation | None], Noted],
    ) -> Noted:
        """Note what `rule` makes of what was noted before; nothing where that stays as it was."""
        with self._alone_with(realm, subject, now) as connection:
            before = obligations.found(connection, realm, subject)
            noted = rule(before)
            if noted.obligation != before:
                obligations.note(connection, noted.obligation)
                full = noted.caps and tallies.count(connection, realm, noted.caps, now)
                tell(connection, noted.events, () if full else noted.messages)
        return noted

    def stand_in(self, enrolment: Enrolment) -> bool:
        """Insert what stands in for a way; False where the subject is enrolled."""
        realm, subject, now = enrolment.realm, enrolment.subject, enrolment.created_at
        with self._alone_with(realm, subject, now) as connection:
            if enrolments.is_enrolled(connection, realm, subject):
                return False
            enrolments.replace(connection, enrolment)
        return True

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

        One that is to be the `first` is for a subject that is not enrolled: a login that was on its
        way while its owner set up a way has come too late.
        """
        realm, subject, now = enrolment.realm, enrolment.subject, enrolment.created_at
        is_primary = enrolment.factor in primary
        with self._alone_with(realm, subject, now) as connection:
            if not drafts.make_room(connection, enrolment, first=first, most=most):
                return False
            if passage is not None:
                passages.insert(connection, passage)
            enrolments.insert(connection, enrolment, is_primary=is_primary)
            asking.add(connection, [challenge])
            tell(connection, events, messages)
        return True

    def drop_draft(self, realm: str, subject: str, enrolment_id: str) -> None:
        """Delete a draft with its challenges."""
        with self._alone_with(realm, subject) as connection:
            drafts.drop(connection, realm, subject, enrolment_id)

    def save_enrolment(
        self, enrolment: Enrolment, events: Sequence[Event], messages: Sequence[Message] = ()
    ) -> bool:
        """Replace an enrolment by its next version; False where it had moved on by itself."""
        with self._alone_with(enrolment.realm, enrolment.subject) as connection:
            saved = enrolments.save(connection, enrolment)
            if saved:
                tell(connection, events, messages)
        return saved

    def replace_enrolment(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Insert an enrolment in the place of others of its factor; False if `by` has ended."""
        realm, subject, now = enrolment.realm, enrolment.subject, enrolment.created_at
        with self._alone_with(realm, subject, now) as connection:
            if by and not passages.is_granted(connection, by):
                return False
            enrolments.replace(connection, enrolment)
            tell(connection, events, messages)
        return True

    def revoke(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        keeps_last: bool,
        event: Callable[[bool], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke an active enrolment; None if it was not active or the grant `by` has ended.

        A ticket is never revoked so: what it keeps shut would be open to the password.
        """
        with self._alone_with(enrolment.realm, enrolment.subject) as connection:
            if by and not passages.is_granted(connection, by):
                return None
            last = removing.remove(connection, enrolment, by=by, keeps_last=keeps_last)
            if last is None:
                return None
            written = event(last)
            tell(connection, [written], messages)
        return written

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
        """Suspend what `rule` makes of a subject's enrolments; nothing if `by` has ended."""
        with self._alone_with(realm, subject) as connection:
            done = suspending.suspend(connection, realm, subject, by, rule)
            written = [event(enrolment) for enrolment in done]
            if done:
                tell(connection, written, messages)
        return written

    def restore(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Take a suspended enrolment into use again; False if it or the grant `by` has ended."""
        with self._alone_with(enrolment.realm, enrolment.subject) as connection:
            restored = passages.is_granted(connection, by) and suspending.restore(
                connection, enrolment
            )
            if restored:
                tell(connection, events, messages)
        return restored

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

        Where it is `owing`, and so is not enrolled yet, False where it is.
        """
        realm, subject, now = ticket.realm, ticket.subject, ticket.created_at
        with self._alone_with(realm, subject, now) as connection:
            given = tickets.give(connection, ticket, at_once=at_once, owing=owing)
            if given:
                tell(connection, events, messages)
        return given

    def cancel_reset(
        self,
        realm: str,
        subject: str,
        *,
        only: str | None = None,
        event: Callable[[str], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke a ticket; None where there is none, or nothing else that makes one enrolled.

        Whoever sets up a new way by it has not come in yet, and does not any more.
        """
        with self._alone_with(realm, subject) as connection:
            ticket_id = tickets.take_back(connection, realm, subject, only)
            if ticket_id is None:
                return None
            written = event(ticket_id)
            tell(connection, [written], messages)
        return written

    # Operating

    def add_events(self, events: Sequence[Event]) -> None:
        """Append to the audit trail."""
        with self._db.write() as connection:
            tell(connection, events)

    def reset_limits(self, realm: str, subject: str, events: Sequence[Event]) -> None:
        """Set all counts of a subject to nothing."""
        with self._alone_with(realm, subject) as connection:
            ledgers.reset(connection, realm, subject)
            tell(connection, events)

    def forget(self, realm: str, subject: str, events: Sequence[Event]) -> bool:
        """Delete everything of a subject but the audit trail; False where there was nothing."""
        with self._alone_with(realm, subject) as connection:
            forgotten = forgetting.forget(connection, realm, subject)
            if forgotten:
                tell(connection, events)
        return forgotten

    # What is done to one subject

    @contextmanager
    def _alone_with(
        self, realm: str, subject: str, first_seen: datetime | None = None
    ) -> Iterator[Connection]:
        """Lend a transaction that is alone with everything of a subject until it ends."""
        with self._db.write() as connection:
            ledgers.lock(connection, realm, subject, first_seen)
            yield connection
