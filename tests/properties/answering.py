"""Answers of every kind, and whether what came of them is what had to."""

from typing import Final

from tests.properties import rows
from tests.properties.household import NUMBERS, ODDS, SUBJECTS, Household, Who

from vestibule import oath
from vestibule.core import limits, policy
from vestibule.core.model import Purpose
from vestibule.core.ruling import Asked, Case
from vestibule.core.verdict import Reason, Rejected

SYMBOLS: Final = 20
UNHEARD: Final = frozenset(
    {Reason.GONE, Reason.EXHAUSTED, Reason.DISABLED, Reason.DELAYED, Reason.CLOSED}
)
"""Refusals before anything is compared: the trail is told of them once in a while."""


class Answering(Household):
    """A household in which questions are answered."""

    def answer(
        self,
        who: Who,
        token: str,
        purpose: Purpose,
        kind: str,
        steps: int,
        which: int,
    ) -> None:
        """Give an answer and compare what came of it with what could have."""
        if kind == "patient":
            self.time(31)
        browser, case = self.browsers[who], self.engine.look(token)
        text = self.text(who, kind, steps, which, case, purpose)
        code_for = self.engine.context.codes.code_for
        rightful = (
            {}
            if case is None or self.model.door_of(token) is None
            else self.model.rightful(case, purpose, text, self.now, code_for)
        )
        hindered = case is not None and self.is_hindered(case, purpose, text, set(rightful))
        before = len(rows.answers(self.parts, self.rows.last_event))
        outcome = self.engine.verify(token, purpose, text)
        told = rows.answers(self.parts, self.rows.last_event)[before:]
        is_known = (
            case is not None
            and isinstance(outcome.verdict, Rejected)
            and outcome.verdict.reason in UNHEARD
            and limits.is_told(case.ledger, self.now, NUMBERS)
        )
        assert len(told) == (1 if case is not None and case.asked and not is_known else 0)
        if outcome.granted is None:
            assert not rightful or hindered, (outcome.verdict, rightful)
            self.is_charged(case, purpose, text, told)
            return
        assert outcome.enrolment is not None
        assert outcome.enrolment.id in rightful
        held = self.model.held[outcome.enrolment.id]
        granted = outcome.granted
        self.model.accepted(granted.passage, granted.token, held, rightful[held.id])
        browser.token, browser.cookie = granted.token, granted.browser
        self.model.cookies[granted.browser] = granted.passage.subject
        self.model.given[granted.browser] = granted.passage.id
        browser.last_answer = text

    def is_charged(
        self, case: Case | None, purpose: Purpose, text: str, told: list[rows.Row]
    ) -> None:
        """A wrong answer is charged what it was worth, to the last trillionth; others nothing."""
        asked = [a for a in case.asked if a.challenge.purpose is purpose] if case else []
        worth = sum(
            ODDS[a.enrolment.factor]
            for a in asked
            if case and self.is_in_use(a, case, purpose) and self.reads(a, text)
        )
        for event in told:
            compared = event["data"]["evaluated"] and purpose is not Purpose.ENROL
            assert event["data"].get("odds", 0) == (worth if compared else 0)

    def text(
        self,
        who: Who,
        kind: str,
        steps: int,
        which: int,
        case: Case | None,
        purpose: Purpose,
    ) -> str:
        """Return what a person types."""
        subject = who[0] if kind != "other" else SUBJECTS[who[0] == SUBJECTS[0]]
        mine = [h for h in self.model.held.values() if h.subject == subject]
        apps = [h for h in mine if h.factor == "totp" and h.is_draft >= (kind == "draft")]
        sets = [h for h in mine if h.factor == "recovery_codes"]
        if kind in {"app", "other", "draft", "patient"} and apps:
            step = oath.step_at(self.now.timestamp()) + steps
            return oath.hotp(apps[which % len(apps)].secret, step)
        if kind == "letter":
            return self.letter(case, purpose) or self.browsers[who].old_letter or "123456"
        if kind == "recovery" and sets and sets[0].codes:
            return min(sets[0].codes)
        if kind == "spent":
            return self.browsers[who].last_answer or "000000"
        if kind == "spent-code":
            used = sorted(str(p[1]) for p in self.model.spent if len(str(p[1])) == SYMBOLS)
            return used[which % len(used)] if used else "0" * SYMBOLS
        return "no code" if kind == "no-code" else f"{which:06d}"

    def letter(self, case: Case | None, purpose: Purpose | None) -> str | None:
        """Return the live code of a sent-code challenge, where there is one."""
        for asked in case.asked if case else ():
            challenge = asked.challenge
            wanted = asked.enrolment.factor == "letters" and challenge.is_open(self.now)
            if wanted and purpose in {None, challenge.purpose}:
                return self.engine.context.codes.code_for(challenge, 6)
        return None

    def is_hindered(self, case: Case, purpose: Purpose, text: str, ids: set[str]) -> bool:
        """Say whether a limit may refuse even a right answer."""
        asked = [a for a in case.asked if a.challenge.purpose is purpose]
        able = [a for a in asked if self.is_in_use(a, case, purpose)]
        if not ids & {a.enrolment.id for a in able}:
            return True
        if not any(ODDS[a.enrolment.factor] for a in able if self.reads(a, text)):
            return False
        charge = sum(ODDS[a.enrolment.factor] for a in able if self.reads(a, text))
        waits = limits.wait_until(case.ledger, self.now, NUMBERS) is not None
        full = not limits.room_for(case.ledger, charge, self.now, NUMBERS)
        return purpose is not Purpose.ENROL and (waits or full)

    def is_in_use(self, asked: Asked, case: Case, purpose: Purpose) -> bool:
        """Say whether a way still takes answers."""
        if not asked.challenge.is_open(self.now):
            return False
        if asked.enrolment.factor == "letters" and not asked.challenge.sends:
            return False
        return purpose is Purpose.ENROL or policy.is_usable(
            asked.enrolment, case.passage.lane, NUMBERS, self.now
        )

    def reads(self, asked: Asked, text: str) -> bool:
        """Say whether a factor reads what was typed as a code of its own."""
        return self.engine.registry[asked.enrolment.factor].reads(text) is not None
