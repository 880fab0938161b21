"""What must be so, kept beside the engine by somebody who saw every answer.

The model knows every secret and what each was good for. It never asks the engine whether an
answer is right: it says by itself which answers could be, and remembers which were.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule import oath
from vestibule.core.model import Challenge, ChallengeStatus, Passage, PassageStatus, Purpose
from vestibule.core.ruling import Asked, Case
from vestibule.core.spelling import symbols_only

PRIMARY: Final = frozenset({"totp", "letters"})
WINDOW: Final = range(-1, 2)
LONGEST_LIFE: Final = timedelta(minutes=10)
CodeFor = Callable[[Challenge, int], str]


@dataclass(slots=True)
class Held:
    """A factor somebody holds: a draft until it was proven."""

    id: str
    subject: str
    factor: str
    secret: bytes = b""
    codes: set[str] = field(default_factory=set)
    is_draft: bool = False
    last_step: int = -1
    begun_at: datetime | None = None


@dataclass(slots=True)
class Door:
    """A way into an account, as the model believes it to stand."""

    id: str
    subject: str
    token: str
    status: PassageStatus
    is_first: bool
    expires_at: datetime


@dataclass(slots=True)
class Model:
    """Everything that is so, and everything that ever was accepted."""

    held: dict[str, Held] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """Every token ever given out, and the door it named."""
    spent: set[tuple[str, object]] = field(default_factory=set)
    """Every proof that was accepted: an app's step, a sent code's generation, a recovery code."""
    cookies: dict[str, str] = field(default_factory=dict)
    """Every browser's own cookie by which it is known, and to whom."""
    given: dict[str, str] = field(default_factory=dict)
    """The door at which each of these cookies was given."""
    secrets: set[bytes] = field(default_factory=set)
    """Every secret there ever was: none may rest in the clear."""

    # What is so

    def enrolled(self, subject: str) -> bool:
        """Say whether the subject has a proven primary factor."""
        return any(held.factor in PRIMARY for held in self.active(subject))

    def active(self, subject: str) -> list[Held]:
        """Return what the subject has proven."""
        return [h for h in self.held.values() if h.subject == subject and not h.is_draft]

    def is_live(self, token: str, now: datetime) -> bool:
        """Say whether a token is a live grant."""
        door = self.doors[self.tokens[token]]
        return (
            door.token == token and door.status is PassageStatus.GRANTED and now < door.expires_at
        )

    def door_of(self, token: str) -> Door | None:
        """Return the door that a token names now."""
        door = self.doors.get(self.tokens.get(token, ""))
        return door if door is not None and door.token == token else None

    # Which answers could be right

    def rightful(
        self, case: Case, purpose: Purpose, answer: str, now: datetime, code_for: CodeFor
    ) -> dict[str, tuple[str, object]]:
        """Return, by enrolment, the proofs that an answer is for a purpose at a door."""
        door = self.doors.get(case.passage.id)
        if door is None or not _may_answer(door, purpose, now):
            return {}
        found = {}
        for asked in case.asked:
            held = self.held.get(asked.enrolment.id)
            if held is not None and _is_asked(asked, held, purpose, now):
                proof = _proof(asked.challenge, held, answer, now, code_for)
                if proof is not None and proof not in self.spent:
                    found[held.id] = proof
        return found

    # What happened

    def opened(self, passage: Passage, token: str, *, is_first: bool) -> None:
        """A door waits for a proof."""
        self.tokens[token] = passage.id
        self.doors[passage.id] = Door(
            passage.id, passage.subject, token, passage.status, is_first, passage.expires_at
        )

    def accepted(self, passage: Passage, token: str, held: Held, proof: tuple[str, object]) -> None:
        """A proof was accepted at a door; the door has a new token."""
        door = self.doors[passage.id]
        first = door.is_first and door.status is PassageStatus.PENDING
        assert proof not in self.spent
        self.spent.add(proof)
        self.tokens[token] = door.id
        door.token, door.status, door.expires_at = token, PassageStatus.GRANTED, passage.expires_at
        if held.factor == "totp":
            assert isinstance(proof[1], int)
            held.last_step = proof[1]
        elif held.factor == "recovery_codes":
            held.codes.discard(str(proof[1]))
        if held.is_draft:
            held.is_draft = False
            if first:
                self.lose(held.subject, door)

    def of(self, subject: str) -> list[Door]:
        """Return all doors of a subject."""
        return [door for door in self.doors.values() if door.subject == subject]

    def end(self, doors: Iterable[Door]) -> None:
        """Doors were closed for good."""
        for door in doors:
            door.status = PassageStatus.ENDED

    def lose(self, subject: str, but: Door | None) -> None:
        """All doors of a subject but one were closed, and their browsers are known no more."""
        self.end(door for door in self.of(subject) if door is not but)
        kept = but.id if but is not None else ""
        self.cookies = {
            cookie: who
            for cookie, who in self.cookies.items()
            if who != subject or self.given.get(cookie) == kept
        }

    def drop(self, ids: Iterable[str]) -> None:
        """Factors are gone."""
        for one in list(ids):
            self.held.pop(one, None)

    def drop_drafts(self, subject: str, factor: str) -> None:
        """A former draft of a factor made room."""
        self.drop(
            h.id
            for h in list(self.held.values())
            if h.is_draft and (h.subject, h.factor) == (subject, factor)
        )

    def removed(self, held: Held, by: Door) -> None:
        """A factor was removed at a door: with the last primary one goes everything."""
        self.drop([held.id])
        everything = not self.enrolled(held.subject)
        if everything:
            self.drop([h.id for h in self.held.values() if h.subject == held.subject])
        self.lose(held.subject, None if everything else by)

    def purged(self, now: datetime) -> None:
        """What was over for an hour is gone."""
        hour_ago = now - timedelta(hours=1)
        for door in list(self.doors.values()):
            if door.status is not PassageStatus.GRANTED and door.expires_at < hour_ago:
                door.status = PassageStatus.ENDED
        self.drop(
            h.id
            for h in list(self.held.values())
            if h.is_draft and h.begun_at is not None and h.begun_at < hour_ago
        )

    def restored(self, to: dict[str, Held], now: datetime) -> None:
        """A backup was put back: what was proven then is so again, and nothing is fresh."""
        self.end(self.doors.values())
        self.held = {
            one.id: replace(one, codes=set(), last_step=oath.step_at(now.timestamp()) + 1)
            for one in to.values()
            if not one.is_draft
        }


def _may_answer(door: Door, purpose: Purpose, now: datetime) -> bool:
    if now >= door.expires_at:
        return False
    if door.status is PassageStatus.PENDING:
        return purpose is (Purpose.ENROL if door.is_first else Purpose.LOGIN)
    return door.status is PassageStatus.GRANTED and purpose is not Purpose.LOGIN


def _is_asked(asked: Asked, held: Held, purpose: Purpose, now: datetime) -> bool:
    challenge = asked.challenge
    return (
        challenge.purpose is purpose
        and challenge.status is ChallengeStatus.OPEN
        and now < challenge.expires_at <= challenge.created_at + LONGEST_LIFE
        and held.is_draft == (purpose is Purpose.ENROL)
        and held.subject == challenge.subject
    )


def _proof(
    challenge: Challenge, held: Held, answer: str, now: datetime, code_for: CodeFor
) -> tuple[str, object] | None:
    if held.factor == "totp":
        here = oath.step_at(now.timestamp())
        steps = [here + n for n in WINDOW if oath.hotp(held.secret, here + n) == answer]
        good = [step for step in steps if step > held.last_step]
        return (held.id, good[-1]) if good else None
    if held.factor == "letters":
        known = challenge.sends > 0 and code_for(challenge, 6) == answer
        return (challenge.id, challenge.generation) if known else None
    bare = symbols_only(answer, 20)
    return (held.id, bare) if bare in held.codes else None
