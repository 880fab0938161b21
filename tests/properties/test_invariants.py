"""Two people with two browsers each do whatever they like, in any order, and what must hold holds.

Hypothesis picks the order. VESTIBULE_TEST_EXAMPLES=2000 makes a long run of other orders.
"""

import os
import shutil
import sqlite3
import tempfile
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.properties import rows
from tests.properties.model import PRIMARY, Door, Held, Model
from tests.races.people import CHEAP_HASHES, LETTERS, Site, made_site
from vestibule import oath
from vestibule.bootstrap import Parts
from vestibule.bootstrap.operate import after_restore, rotate_keys
from vestibule.core import limits, policy
from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.limits import CERTAIN, YEAR, Limits
from vestibule.core.model import Lane, PassageKind, PassageStatus, Purpose
from vestibule.core.ruling import Case
from vestibule.testing import FakeClock, FixedRandom

EXAMPLES: Final = int(os.environ.get("VESTIBULE_TEST_EXAMPLES", "0"))
SETTINGS: Final = settings(
    max_examples=EXAMPLES or 40,
    stateful_step_count=30,
    # A failure here is shrunk by a long run: shrinking takes longer than a test may.
    phases=set(Phase) if EXAMPLES else {Phase.generate},
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
APP_ODDS: Final = 3 * CERTAIN // 10**6
NUMBERS: Final = Limits(
    capacity=8 * APP_ODDS,
    refill_per_year=8 * APP_ODDS * 365,
    attempts=3,
    consecutive=12,
    free_failures=6,
    longest_delay=timedelta(minutes=10),
)
"""Limits small enough to be met within forty steps."""

TOKENS: Final = 12
SYMBOLS: Final = 20
SUBJECTS: Final = ("ann", "bob")
WHO = st.tuples(st.sampled_from(SUBJECTS), st.integers(0, 1))
AGAIN = st.sampled_from([Purpose.STEP_UP, Purpose.MANAGE])
AT_A_GRANT = st.sampled_from([Purpose.ENROL, Purpose.STEP_UP, Purpose.MANAGE, Purpose.LOGIN])
KINDS = st.sampled_from(
    "patient patient letter letter app recovery spent spent-code other wrong wrong no-code".split()
)
STEPS = st.sampled_from([0, 0, 0, 1, -1, 2, -2])
ANSWERS = st.lists(st.tuples(KINDS, STEPS, st.integers(0, 4)), min_size=1, max_size=4)
MEANWHILE = st.sampled_from(
    [""] * 5
    + ["late", "login", "others", "all", "session", "remove", "restart", "rotate", "purge"]
    + ["draft", "newcomer"]
)
Answers = list[tuple[str, int, int]]
Who = tuple[str, int]


@dataclass(slots=True)
class Browser:
    """What one browser holds: the way in it knows, a login that waits, and its own cookie."""

    token: str = ""
    waiting: str = ""
    cookie: str = ""
    last_answer: str = ""
    """The last right answer given here."""
    old_letter: str = ""
    """A sent code that a newer one has replaced."""


FACTORS: Final = ["totp", "recovery_codes", LETTERS]


class Houses(RuleBasedStateMachine):
    """The engine on a file of its own, driven by people who do whatever they like."""

    def __init__(self) -> None:
        """Begin where everybody has moved in."""
        super().__init__()
        self.clock, self.random = FakeClock(), FixedRandom("machine")
        self.began = self.latest = self.clock.now()
        self.model, self.rows = Model(), rows.Rows()
        self.browsers = {(s, n): Browser() for s in SUBJECTS for n in (0, 1)}
        self.backup: tuple[dict[str, Held], set[str], rows.Rows] | None = None
        self.begin()

    def begin(self) -> None:
        """Begin as a copy of one that has moved in."""
        start = moved_in()
        self.open_copy(start.place)
        self.clock.stand_at(start.clock.now())
        self.latest, self.model, self.browsers = deepcopy(
            (start.latest, start.model, start.browsers)
        )

    def open_copy(self, place: Path) -> None:
        """Open a copy of an installation's files."""
        self.place = Path(tempfile.mkdtemp(prefix="vestibule-"))
        for file in place.iterdir():
            shutil.copy(file, self.place)
        config = {
            "VESTIBULE_DATABASE_URL": f"sqlite:///{self.place / 'store.db'}",
            "VESTIBULE_KEY_FILE": str(self.place / "vestibule.keys"),
            "VESTIBULE_FACTORS": FACTORS,
            **CHEAP_HASHES,
        }
        self.site = Site(config, self.place)
        self.parts = self.opened()

    def opened(self) -> Parts:
        """Return a new engine on the file, with small numbers."""
        parts = self.site.opened(self.clock, self.random)
        house = parts.engine.house
        profile = replace(house.profile, limits=NUMBERS, enrolments_per_factor=2)
        return replace(parts, engine=Engine(replace(house, profile=profile)))

    @property
    def engine(self) -> Engine:
        """Return the engine of the moment."""
        return self.parts.engine

    @property
    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self.clock.now()

    def teardown(self) -> None:
        """Look for secrets in what rests on the disk, and clear it away."""
        self.parts.database.close()
        resting = b"".join(file.read_bytes() for file in self.place.glob("*.db*"))
        for secret in self.model.secrets:
            assert secret not in resting
        shutil.rmtree(self.place)

    # Adding and removing

    def move_in(self) -> None:
        """Begin with one person who has everything and one who has an app."""
        self.enrol(("ann", 0), "totp", proven=True)
        self.clock.move(seconds=31)
        self.enrol(("ann", 0), "letters", proven=True)
        self.renew_codes(("ann", 0))
        self.enrol(("bob", 0), "totp", proven=True)

    @rule(who=WHO, factor=st.sampled_from(sorted(PRIMARY)), proven=st.booleans(), then=MEANWHILE)
    def enrol(self, who: Who, factor: str, *, proven: bool, then: str = "") -> None:
        """Begin to add a factor and prove it, or leave that for later."""
        self.begin_enrolment(who, factor)
        self.meanwhile(who, then)
        kind = "draft" if factor == "totp" else "letter"
        if proven and self.browsers[who].token:
            self.answer(who, self.browsers[who].token, Purpose.ENROL, kind, 0, 0)

    def begin_enrolment(self, who: Who, factor: str) -> None:
        """Begin to add a factor: on a live grant, or as a first one."""
        subject, browser = who[0], self.browsers[who]
        door = self.live_door(browser)
        passage = self.engine.standing(subject, browser.token).passage if door else None
        applicant = Applicant(subject=subject, account=f"{subject}@site.test", issuer="Site")
        draft = self.engine.begin_enrolment(
            self.engine.house.registry[factor],
            applicant,
            Login(subject=subject, identity="1"),
            passage,
        )
        full = sum(h.factor == factor for h in self.model.active(subject)) >= 2
        refused = full if door else self.model.enrolled(subject)
        assert (draft is None) == refused
        if door or not self.model.enrolled(subject):
            self.model.drop_drafts(subject, factor)
        if draft is None:
            return
        held = Held(
            id=draft.enrolment.id,
            subject=subject,
            factor=factor,
            secret=draft.enrolment.secret,
            is_draft=True,
            begun_at=self.now,
        )
        self.model.held[held.id] = held
        if held.secret:
            self.model.secrets |= {held.secret, oath.base32(held.secret).encode()}
        if draft.token is not None:
            browser.token = draft.token
            case = self.engine.look(draft.token)
            assert case is not None
            self.model.opened(case.passage, draft.token, is_first=True)
        if factor == "letters":
            self.engine.resend(browser.token, held.id)

    @rule(who=WHO, which=st.integers(0, 4), everything=st.booleans())
    def remove(self, who: Who, which: int, *, everything: bool) -> None:
        """Remove a factor, or all of them, from a live session."""
        door = self.live_door(self.browsers[who])
        own = self.engine.enrolments(who[0])
        if door is None or not own:
            return
        enrolment = own[which % len(own)]
        keep = self.engine.standing(who[0], door.token).passage
        assert self.engine.revoke(enrolment, keep)
        self.model.removed(self.model.held[enrolment.id], door)
        if everything:
            self.remove(who, which, everything=True)

    @rule(who=WHO, which=st.integers(0, 4), prefer=st.booleans())
    def rename(self, who: Who, which: int, *, prefer: bool) -> None:
        """Rename or prefer a factor."""
        own = self.engine.enrolments(who[0])
        if own:
            enrolment = own[which % len(own)]
            change = self.engine.prefer if prefer else lambda e: self.engine.rename(e, "phone")
            assert change(enrolment)

    @rule(who=WHO)
    def renew_codes(self, who: Who) -> None:
        """Make a new set of recovery codes in a live session."""
        if self.live_door(self.browsers[who]) is None or not self.model.enrolled(who[0]):
            return
        made = self.engine.new_recovery_codes(Applicant(subject=who[0], account="a", issuer="S"))
        former = [h for h in self.model.active(who[0]) if h.factor == "recovery_codes"]
        self.model.drop(h.id for h in former)
        bare = {code.replace("-", "") for code in made.codes}
        self.model.held[made.enrolment.id] = Held(
            made.enrolment.id, who[0], "recovery_codes", codes=bare
        )
        self.model.secrets |= {code.encode() for code in (*made.codes, *bare)}

    # Proving

    @rule(who=WHO, known=st.booleans(), program=st.booleans(), then=MEANWHILE, answers=ANSWERS)
    def log_in(
        self, who: Who, answers: Answers, *, known: bool, program: bool = False, then: str = ""
    ) -> None:
        """Give the right password, in a browser that says who it is or does not, and answer."""
        if not self.model.enrolled(who[0]):
            return
        browser = self.browsers[who]
        cookies = (browser.cookie,) if known else ()
        kind = PassageKind.PROGRAM if program else PassageKind.BROWSER
        login = Login(subject=who[0], identity="1", browsers=cookies, kind=kind)
        begun = self.engine.begin_login(login)
        recognised = known and browser.cookie in self.model.cookies
        assert begun.passage.lane is (Lane.KNOWN if recognised else Lane.STRANGER)
        browser.waiting = begun.token
        self.model.opened(begun.passage, begun.token, is_first=False)
        self.resend(who, login=True)
        self.meanwhile(who, then)
        self.go_on(who, answers)

    def go_on(self, who: Who, answers: Answers) -> None:
        """Answer the login that waits in a browser."""
        for kind, steps, which in answers:
            if self.browsers[who].waiting:
                self.answer(who, self.browsers[who].waiting, Purpose.LOGIN, kind, steps, which)

    @rule(who=WHO, purpose=AGAIN, instead=AT_A_GRANT, then=MEANWHILE, answers=ANSWERS)
    def prove_again(
        self, who: Who, purpose: Purpose, instead: Purpose, then: str, answers: Answers
    ) -> None:
        """Ask for a fresh proof in a live session, and answer."""
        door = self.live_door(self.browsers[who])
        if door is None:
            return
        passage = self.engine.standing(who[0], door.token).passage
        assert passage is not None
        self.engine.ask_again(passage, purpose)
        self.resend(who, login=False)
        self.meanwhile(who, then)
        for number, (kind, steps, which) in enumerate(answers):
            given = instead if number == 0 else purpose
            self.answer(who, self.browsers[who].token, given, kind, steps, which)

    @rule(who=WHO, purpose=AT_A_GRANT, kind=KINDS, steps=STEPS)
    def answer_anything(self, who: Who, purpose: Purpose, kind: str, steps: int) -> None:
        """Answer for some purpose whatever was asked in a session, or at a first enrolment."""
        if self.browsers[who].token:
            self.answer(who, self.browsers[who].token, purpose, kind, steps, 0)

    @rule(who=WHO, login=st.booleans())
    def resend(self, who: Who, *, login: bool) -> None:
        """Have a code sent, or sent anew, for whatever asks for one."""
        browser = self.browsers[who]
        token = browser.waiting if login else browser.token
        case = self.engine.look(token)
        for asked in case.asked if case else ():
            if asked.enrolment.factor == "letters":
                browser.old_letter = self.letter(case, None) or browser.old_letter
                self.engine.resend(token, asked.enrolment.id)
                return

    @rule(who=WHO, other=st.sampled_from(SUBJECTS))
    def redeem(self, who: Who, other: str) -> None:
        """Hand in whatever this browser has as a program's proof."""
        token = self.browsers[who].token
        door = self.model.door_of(token)
        passage = self.engine.standing(who[0], token).passage if token else None
        is_proof = passage is not None and passage.kind is PassageKind.PROGRAM
        good = is_proof and self.model.is_live(token, self.now) and other == who[0]
        assert self.engine.redeem(token, other) == good
        if good and door is not None:
            self.model.end([door])

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
        code_for = self.engine.house.codes.code_for
        rightful = (
            {}
            if case is None or self.model.door_of(token) is None
            else self.model.rightful(case, purpose, text, self.now, code_for)
        )
        hindered = case is not None and self.is_hindered(case, purpose, text, set(rightful))
        before = len(rows.answers(self.parts, self.rows.last_event))
        outcome = self.engine.verify(token, purpose, text)
        told = len(rows.answers(self.parts, self.rows.last_event)) - before
        assert told == (1 if case is not None and case.asked else 0)
        if outcome.granted is None:
            assert not rightful or hindered, (outcome.verdict, rightful)
            return
        assert outcome.enrolment is not None
        assert outcome.enrolment.id in rightful
        held = self.model.held[outcome.enrolment.id]
        granted = outcome.granted
        self.model.accepted(granted.passage, granted.token, held, rightful[held.id])
        browser.token, browser.cookie = granted.token, granted.browser
        self.model.cookies.add(granted.browser)
        browser.last_answer = text

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
            return sorted(sets[0].codes)[0]
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
            if asked.enrolment.factor == "letters" and purpose in {None, challenge.purpose}:
                return self.engine.house.codes.code_for(challenge, 6)
        return None

    def is_hindered(self, case: Case, purpose: Purpose, text: str, ids: set[str]) -> bool:
        """Say whether a limit may refuse even a right answer."""
        registry, lane = self.engine.house.registry, case.passage.lane
        asked = [a for a in case.asked if a.challenge.purpose is purpose]
        exhausted = [
            a
            for a in asked
            if a.enrolment.id in ids
            and (
                not a.challenge.is_open(self.now)
                or (
                    purpose is not Purpose.ENROL
                    and not policy.is_usable(a.enrolment, lane, NUMBERS)
                )
            )
        ]
        guessable = [
            a
            for a in asked
            if registry[a.enrolment.factor].traits.digits
            and registry[a.enrolment.factor].reads(text)
        ]
        waits = limits.wait_until(case.ledger, self.now, NUMBERS) is not None
        charge = len(guessable) * APP_ODDS
        full = not limits.room_for(case.ledger, charge, self.now, NUMBERS)
        counted = bool(guessable) and purpose is not Purpose.ENROL
        return len(exhausted) == len(ids) or (counted and (waits or full))

    # Ending

    @rule(who=WHO, what=st.sampled_from(["session", "login", "others", "all"]))
    def end(self, who: Who, what: str) -> None:
        """Sign out, give up a login, or end the sessions elsewhere or everywhere."""
        browser = self.browsers[who]
        if what in {"others", "all"}:
            door = self.live_door(browser) if what == "others" else None
            self.engine.end_all(who[0], "elsewhere", but=door.id if door else "")
            self.model.end(d for d in self.model.of(who[0]) if d is not door)
            return
        token = browser.waiting if what == "login" else browser.token
        door = self.model.door_of(token)
        passage = self.engine.standing(who[0], token).passage if token else None
        if passage is not None and door is not None:
            self.engine.cancel(passage, "cancelled")
            self.model.end([door])

    def meanwhile(self, who: Who, what: str) -> None:
        """Let something happen between a question and its answer."""
        if what == "late":
            self.time(601)
        elif what in {"login", "others", "all", "session"}:
            self.end(who, what)
        elif what == "remove":
            self.remove((who[0], 1 - who[1]), 0, everything=False)
            self.remove(who, 0, everything=False)
        elif what == "draft":
            # A later draft of another kind, which outlives the one there is.
            self.time(400)
            self.begin_enrolment(who, "letters")
            self.time(300)
        elif what == "newcomer":
            # Whoever else has the password begins a first factor, if there is none.
            self.begin_enrolment((who[0], 1 - who[1]), "letters")
        elif what:
            self.operate(what)

    # The world around

    @rule(who=WHO, kind=st.sampled_from(["patient", "recovery"]), known=st.booleans())
    def lose_a_day(self, who: Who, kind: str, *, known: bool) -> None:
        """A backup is put back, and an answer that was used since then is given again."""
        self.back_up()
        self.log_in(who, [(kind, 0, 0)], known=known)
        used = self.browsers[who].last_answer
        self.operate("restore")
        self.browsers[who].last_answer = used
        self.log_in(who, [("spent", 0, 0)], known=known)

    @rule(by=st.sampled_from([1, 31, 31, 31, 90, 300, 601, 7200, 90_000, -1, -31, -3600]))
    def time(self, by: int) -> None:
        """Time passes, or the clock is set back."""
        self.latest = max(self.latest, self.clock.move(seconds=by))

    @rule(what=st.sampled_from(["restart", "rotate", "purge", "back up", "restore"]))
    def operate(self, what: str) -> None:
        """The operator does something."""
        if what == "restart":
            self.restart()
        elif what == "rotate":
            rotate_keys(self.parts, self.place / "vestibule.keys")
        elif what == "purge":
            self.parts.upkeep.purge(self.now)
            self.model.purged(self.now)
        elif what == "back up":
            self.back_up()
        elif self.backup is not None:
            self.restore(*deepcopy(self.backup))

    def restart(self) -> None:
        """The process ends and another begins."""
        self.parts.database.close()
        self.parts = self.opened()

    def back_up(self) -> None:
        """The operator makes a backup."""
        source = sqlite3.connect(self.place / "store.db")
        target = sqlite3.connect(self.place / "backup")
        source.backup(target)
        source.close()
        target.close()
        self.backup = deepcopy((self.model.held, self.model.cookies, self.rows))

    def restore(self, held: dict[str, Held], cookies: set[str], then: rows.Rows) -> None:
        """The operator puts the backup back, on a machine whose clock is right."""
        self.clock.stand_at(self.latest)
        self.parts.database.close()
        for file in self.place.glob("store.db*"):
            file.unlink()
        shutil.copy(self.place / "backup", self.place / "store.db")
        self.parts = self.opened()
        after_restore(self.parts)
        self.restart()
        self.model.restored(held, self.now)
        self.model.cookies = cookies
        self.rows = rows.Rows(answers=then.answers, last_event=then.last_event)

    # What must be so

    @invariant()
    def sessions_are_what_the_model_says(self) -> None:
        """Every token given out is live or dead as the model believes: the latest ones."""
        for token, door_id in list(self.model.tokens.items())[-TOKENS:]:
            door = self.model.doors[door_id]
            passage = self.engine.standing(door.subject, token).passage
            live = self.engine.is_live(passage, door.subject, "1")
            is_program = passage is not None and passage.kind is PassageKind.PROGRAM
            assert live == (self.model.is_live(token, self.now) and not is_program)
            assert not self.engine.is_live(passage, "eve", "1")
        for subject in SUBJECTS:
            enrolled = self.engine.standing(subject, None).enrolled
            assert enrolled == self.model.enrolled(subject)

    @invariant()
    def rows_only_move_on(self) -> None:
        """States, counts and grants are what the last step may have made of them."""
        before, self.rows = self.rows, rows.read(self.parts, self.rows)
        rows.check_states(before, self.rows)
        rows.check_counts(before, self.rows, NUMBERS.consecutive)
        rows.check_grants(self.rows)

    @invariant()
    def odds_stay_within_the_ledger(self) -> None:
        """Of each person, in each lane, no more was guessed at than the ledger allows."""
        drained = NUMBERS.refill_per_year * ((self.latest - self.began) / YEAR)
        for subject in SUBJECTS:
            for lane in Lane:
                spent = rows.odds_spent(self.rows, subject, lane.value)
                assert spent <= NUMBERS.capacity + drained

    def live_door(self, browser: Browser) -> Door | None:
        """Return the door of a browser that is signed in."""
        door = self.model.door_of(browser.token)
        if door is None or not self.model.is_live(browser.token, self.now):
            return None
        passage = self.engine.standing(door.subject, browser.token).passage
        assert passage is not None
        assert passage.status is PassageStatus.GRANTED
        return door


class FirstDay(Houses):
    """The day on which one person sets up everything, and one an app."""

    def begin(self) -> None:
        """Begin with nobody."""
        place = Path(tempfile.mkdtemp(prefix="vestibule-"))
        made_site(f"sqlite:///{place / 'store.db'}", place)
        self.random = FixedRandom("first day")
        self.open_copy(place)
        shutil.rmtree(place)
        self.move_in()
        self.parts.database.close()


@cache
def moved_in() -> FirstDay:
    """Return the first day, lived through once."""
    return FirstDay()


@pytest.mark.slow
@pytest.mark.row("H-9", "ATK-24", "ATK-29", "ATK-31", "ATK-76")
def test_what_must_hold_holds_in_any_order() -> None:
    """Whatever two people and their operator do, no invariant of the product is ever broken."""
    run_state_machine_as_test(Houses, settings=SETTINGS)
