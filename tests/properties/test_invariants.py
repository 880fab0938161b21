"""Two people with two browsers each do whatever they like, in any order, and what must hold holds.

Hypothesis picks what happens and a die how. VESTIBULE_TEST_EXAMPLES=2000 makes a long run, which
is not the same every time and makes a failure small.
"""

import os
import random
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.properties import rows
from tests.properties.deeds import Deeds
from tests.properties.household import NUMBERS, SUBJECTS, Who, empty_place

from vestibule.core.model import PassageKind, Purpose
from vestibule.testing import FakeClock

EXAMPLES: Final = int(os.environ.get("VESTIBULE_TEST_EXAMPLES", "0"))
SETTINGS: Final = settings(
    max_examples=EXAMPLES or 40,
    stateful_step_count=40,
    derandomize=not EXAMPLES,
    # A failure here is made small by a long run: that takes longer than a test may.
    phases=set(Phase) if EXAMPLES else {Phase.generate},
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ASKED: Final = (Purpose.LOGIN, Purpose.ENROL, Purpose.FRESH)
"""What this household is asked for; nobody in it has a new phone, or acts as somebody."""
TOKENS: Final = 12
ROUNDING: Final = 1000
"""Trillionths."""
KINDS: Final = "patient patient letter letter app recovery spent spent-code other wrong no-code"
STEPS: Final = (0, 0, 0, 1, -1, 2, -2)
MEANWHILE: Final = (
    *[""] * 8,
    *["late", "login", "session", "remove", "restart", "rotate", "purge"],
    *["draft", "newcomer"],
)
TIMES: Final = (1, 31, 31, 31, 90, 300, 601, 7200, 90_000, 90_000, -1, -31, -3600)


def moved_in(folder: Path) -> Deeds:
    """Return a household in which one person has everything and one has an app."""
    home = Deeds(empty_place(folder), FakeClock(), "first day")
    home.move_in()
    home.parts.database.close()
    return home


class Days(RuleBasedStateMachine):
    """Days in a household, one thing after another."""

    def __init__(self, first: Deeds) -> None:
        """Begin with a copy of a household where everybody has moved in."""
        super().__init__()
        self.home = Deeds(first.place, FakeClock(first.now), "other days")
        state = deepcopy((first.latest, first.model, first.browsers))
        self.home.latest, self.home.model, self.home.browsers = state

    @initialize(seed=st.integers(0, 2**32))
    def shake(self, seed: int) -> None:
        """Shake the die."""
        self.die = random.Random(seed)

    def teardown(self) -> None:
        """Look at what rests, and clear it away."""
        self.home.cleared_away()

    # The die

    def who(self) -> Who:
        """Return somebody in a browser; mostly the one who has everything."""
        return self.die.choice((*SUBJECTS, SUBJECTS[0])), self.die.randrange(2)

    def flip(self) -> bool:
        """Return one or the other."""
        return self.die.random() < 0.5

    def answers(self) -> list[tuple[str, int, int]]:
        """Return a few things somebody may type."""
        return [self.typed() for _ in range(self.die.randint(1, 4))]

    def typed(self) -> tuple[str, int, int]:
        """Return one thing somebody may type."""
        return self.die.choice(KINDS.split()), self.die.choice(STEPS), self.die.randrange(5)

    def do(self, what: str, *arguments: Any, **named: Any) -> None:
        """Do it, and say so in case it goes wrong."""
        note(f"{what} {arguments} {named}")
        getattr(self.home, what)(*arguments, **named)

    # What happens

    @rule()
    def log_in(self) -> None:
        """Somebody logs in."""
        self.do(
            "log_in",
            self.who(),
            self.answers(),
            known=self.flip(),
            program=self.die.random() < 0.2,
            then=self.die.choice(MEANWHILE),
        )

    @rule()
    def log_in_at_last(self) -> None:
        """Somebody mistypes and gets in."""
        kinds = ["wrong"] * self.die.randrange(3) + [self.die.choice(["patient", "letter"])]
        self.do("log_in", self.who(), [(kind, 0, 0) for kind in kinds], known=self.flip())

    @rule()
    def prove_again(self) -> None:
        """Somebody is asked again."""
        instead = self.die.choice((Purpose.FRESH, Purpose.FRESH, *ASKED))
        then = self.die.choice(MEANWHILE)
        self.do("prove_again", self.who(), instead, then, self.answers())

    @rule()
    def answer_anything(self) -> None:
        """Somebody answers what may not have been asked."""
        kind, steps, _ = self.typed()
        self.do("answer_anything", self.who(), self.die.choice(ASKED), kind, steps)

    @rule()
    def enrol(self) -> None:
        """Somebody adds a factor."""
        factor = self.die.choice(("totp", "letters"))
        then = self.die.choice((*MEANWHILE, *["draft", "newcomer"] * 3))
        self.do("enrol", self.who(), factor, proven=self.die.random() < 0.8, then=then)

    @rule()
    def move(self) -> None:
        """Somebody removes everything and begins anew, or is asked two things at once."""
        if self.flip():
            self.do("move_house", self.who(), guest_first=self.flip())
        else:
            self.do("mix_up", self.who())

    @rule()
    def change(self) -> None:
        """Somebody removes, renames or renews something."""
        which, flip = self.die.randrange(5), self.flip()
        what = self.die.choice(("remove", "rename", "renew_codes", "redeem"))
        if what == "remove":
            self.do(what, self.who(), which, everything=flip)
        elif what == "rename":
            self.do(what, self.who(), which, prefer=flip)
        elif what == "redeem":
            self.do(what, self.who(), self.die.choice(SUBJECTS))
        else:
            self.do(what, self.who())

    @rule()
    def end(self) -> None:
        """Somebody ends something."""
        self.do("end", self.who(), self.die.choice(("session", "login")))

    @rule()
    def pass_time(self) -> None:
        """Time passes, or is set back."""
        self.do("time", self.die.choice(TIMES))

    @rule()
    def operate(self) -> None:
        """The operator does something."""
        what = ("restart", "rotate", "purge", "back up", "restore")
        self.do("operate", self.die.choice(what))

    @rule()
    def lose_a_day(self) -> None:
        """The operator puts a backup back."""
        kind = self.die.choice(("patient", "recovery"))
        self.do("lose_a_day", self.who(), kind, known=self.flip())

    # What must be so

    @invariant()
    def sessions_are_what_the_model_says(self) -> None:
        """Every token given out is live or dead as the model believes: the latest ones."""
        for token, door_id in list(self.home.model.tokens.items())[-TOKENS:]:
            door = self.home.model.doors[door_id]
            passage = self.home.engine.standing(door.subject, token).passage
            live = self.home.engine.is_live(passage, door.subject, "1")
            is_program = passage is not None and passage.kind is PassageKind.PROGRAM
            assert live == (self.home.model.is_live(token, self.home.now) and not is_program)
            assert not self.home.engine.is_live(passage, "eve", "1")
        for subject in SUBJECTS:
            enrolled = self.home.engine.standing(subject, None).enrolled
            assert enrolled == self.home.model.enrolled(subject)
            held = {enrolment.id for enrolment in self.home.engine.enrolments(subject)}
            assert held == {one.id for one in self.home.model.active(subject)}

    @invariant()
    def rows_only_move_on(self) -> None:
        """States, counts and grants are what the last step may have made of them."""
        before, self.home.rows = self.home.rows, rows.read(self.home.parts, self.home.rows)
        rows.check_states(before, self.home.rows)
        rows.check_counts(before, self.home.rows, NUMBERS.consecutive)
        rows.check_grants(self.home.rows)
        rows.check_tries(self.home.rows, NUMBERS.attempts)

    @invariant()
    def odds_stay_within_the_ledger(self) -> None:
        """Of each person, in each lane, as much is charged as was guessed, and never too much."""
        reckoned = rows.ledgers(self.home.rows, NUMBERS)
        for lane, row in self.home.rows.ledger.items():
            at = max(row["as_of"], reckoned.get(lane, (0, 0))[1])
            ours = rows.drained(reckoned.get(lane, (0, 0)), at, NUMBERS)[0]
            theirs = rows.drained((row["spent"], row["as_of"]), at, NUMBERS)[0]
            assert abs(ours - theirs) < ROUNDING, lane
            assert theirs <= NUMBERS.capacity


@pytest.mark.slow
@pytest.mark.timeout(0 if EXAMPLES else 120)
@pytest.mark.row("H-9", "ATK-24", "ATK-29", "ATK-31", "ATK-76")
def test_what_must_hold_holds_in_any_order(tmp_path: Path) -> None:
    """Whatever two people and their operator do, no invariant of the product is ever broken."""
    first = moved_in(tmp_path)
    machine: Any = lambda: Days(first)  # noqa: E731 - made anew for every order
    run_state_machine_as_test(machine, settings=SETTINGS)
