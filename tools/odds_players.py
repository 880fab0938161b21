"""The owner and the guesser of the played year, and what they are told to play."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log1p
from typing import Final

from vestibule.bootstrap import Parts
from vestibule.core.engine import Begun, Engine, Login, Outcome
from vestibule.core.factor import Applicant
from vestibule.core.limits import CERTAIN
from vestibule.core.model import Enrolment, Lane, PassageKind, Purpose
from vestibule.core.verdict import Reason, Rejected
from vestibule.store.trail import Trail, Wanted
from vestibule.testing import FakeClock, SoftwareAuthenticator

OWNER: Final = "owner"
STEP: Final = timedelta(seconds=31)
NEW_BROWSER: Final = 9
"""Every so many days the owner logs in from a browser that is not known."""
TYPOS: Final = (0, 1, 0, 0, 2, 0, 4)
"""How often the owner mistypes before it is right, day by day."""
LIKELIEST: Final = (2**31 // 10**6 + 1) / 2**31
"""The odds of the likeliest six digits of an app: 2^31 is no multiple of a million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the owner uses, and what else happens in the year."""

    name: str
    profile: str = "default"
    apps: int = 1
    letters: bool = False
    rebinds: bool = False
    """Every month each app is set up anew, which begins its count anew."""
    stands_aside: bool = False
    """The guesser rests before the owner's new browsers, so that they succeed in his lane."""

    @property
    def codes_of_an_app(self) -> int:
        """How many codes of an app are good at a time."""
        return 2 if self.profile == "strict" else 3


@dataclass(slots=True)
class Year:
    """What came of a year: the guesser's answers that were compared, and what they were worth."""

    scenario: Scenario
    worth: list[float] = field(default_factory=list)
    charged: list[float] = field(default_factory=list)
    """The same as the engine charged it."""
    refused: int = 0
    days_in: int = 0
    """On how many days the owner got in."""
    days_out: int = 0
    """On how many days the owner did not, with a new browser."""

    @property
    def chance(self) -> float:
        """The chance that one of the answers was right."""
        return 1 - exp(sum(log1p(-odds) for odds in self.worth))


class Owner:
    """Somebody who logs in every day, mistypes at times, and sometimes has a new browser."""

    def __init__(self, engine: Engine, clock: FakeClock, scenario: Scenario) -> None:
        """Set up every factor of the scenario."""
        self.engine, self.clock, self.scenario = engine, clock, scenario
        self.apps: dict[str, SoftwareAuthenticator] = {}
        self.token = self.browser = ""
        for _ in range(scenario.apps):
            self.add("totp")
        if scenario.letters:
            self.add("letters")

    def add(self, factor: str) -> None:
        """Add a factor, in the session there is or as the first."""
        engine, kind = self.engine, self.engine.registry[factor]
        self.clock.move(STEP)
        grant = engine.standing(OWNER, self.token).passage if self.token else None
        draft = engine.begin_enrolment(
            kind,
            Applicant(subject=OWNER, account=OWNER, issuer="Site"),
            Login(subject=OWNER, identity="1"),
            grant,
        )
        if draft is None:
            raise RuntimeError("the owner may add no more")
        token = draft.token or self.token
        if factor == "letters":
            answer = letter(engine, token, draft.enrolment.id)
        else:
            app = self.apps[draft.enrolment.id] = SoftwareAuthenticator(draft.enrolment.secret)
            answer = app.code(self.clock.now())
        self.enter(engine.verify(token, Purpose.ENROL, answer))

    def day(self, number: int) -> bool:
        """Log in, in the known browser or in a new one; say whether it worked."""
        new = number % NEW_BROWSER == 0
        login = Login(subject=OWNER, identity="1", browsers=() if new else (self.browser,))
        begun = self.engine.begin_login(login)
        for _ in range(TYPOS[number % len(TYPOS)]):
            self.engine.verify(begun.token, Purpose.LOGIN, wrong(self))
            self.clock.move(STEP)
        outcome = self.answer(begun)
        if not outcome.is_accepted:
            return False
        if not new:
            self.enter(outcome)
        return True

    def answer(self, begun: Begun) -> Outcome:
        """Give the right answer, after a short wait where one is asked for."""
        for _ in range(3):
            self.clock.move(STEP)
            app = next(iter(self.apps.values()))
            code = app.code(self.clock.now())
            outcome = self.engine.verify(begun.token, Purpose.LOGIN, code)
            retry_at = getattr(outcome.verdict, "retry_at", None)
            if retry_at is None or retry_at > begun.passage.expires_at:
                break
            self.clock.stand_at(retry_at)
        return outcome

    def renew(self) -> None:
        """Set every app up anew, and remove the former ones."""
        former = list(self.apps)
        for enrolment_id in former:
            self.add("totp")
            own = self.engine.own(OWNER, enrolment_id)
            grant = self.engine.standing(OWNER, self.token).passage
            if own is None or not self.engine.revoke(own, grant):
                raise RuntimeError("an app could not be removed")
            del self.apps[enrolment_id]

    def enter(self, outcome: Outcome) -> None:
        """Keep what the browser is given."""
        if outcome.granted is None:
            raise RuntimeError(outcome.verdict)
        self.token, self.browser = outcome.granted.token, outcome.granted.browser


class Guesser:
    """Somebody who has the owner's password and nothing else, and never tires."""

    def __init__(self, parts: Parts, clock: FakeClock, owner: Owner, year: Year) -> None:
        """Be ready at once."""
        self.parts, self.engine = parts, parts.engine
        self.clock, self.owner, self.year = clock, owner, year
        self.again_at: datetime = clock.now()
        self._begun: Begun | None = None
        self._count = 0
        self._sends = True
        self._sent = False

    def act(self) -> None:
        """Answer until told to wait, or until nothing is to be gained for a day."""
        while self.again_at <= self.clock.now():
            begun = self._begun or self.begin()
            if not begun.ways:
                self.rest()  # everything is off for strangers
                return
            compared = self.compared()
            outcome = self.engine.verify(begun.token, Purpose.LOGIN, wrong(self.owner))
            self.learn(outcome, compared)

    def begin(self) -> Begun:
        """Give the password, at a browser's door or at a program's, and have a code sent."""
        self._count += 1
        kind = PassageKind.PROGRAM if self._count % 2 else PassageKind.BROWSER
        self._begun = self.engine.begin_login(Login(subject=OWNER, identity="1", kind=kind))
        self._sent = self._sends and self.asked_for(self._begun)
        return self._begun

    def asked_for(self, begun: Begun) -> bool:
        """Ask for a code where one can be sent; say whether one was, now or with the password."""
        for way in begun.ways:
            if way.factor == "letters":
                self.engine.resend(begun.token, Purpose.LOGIN, way.id)
        case = self.engine.look(begun.token)
        return case is not None and any(asked.challenge.sends for asked in case.asked)

    def compared(self) -> float:
        """Return what an answer is worth now, reckoned from what the owner holds."""
        most = self.engine.profile.limits.consecutive
        open_ones = [e for e in self.engine.enrolments(OWNER) if e.failures(Lane.STRANGER) < most]
        return sum(self.worth_of(enrolment) for enrolment in open_ones)

    def worth_of(self, enrolment: Enrolment) -> float:
        """Return what an answer is worth against one enrolment."""
        if enrolment.factor == "letters":
            return 1e-6 if self._sent else 0
        return self.year.scenario.codes_of_an_app * LIKELIEST

    def learn(self, outcome: Outcome, compared: float) -> None:
        """Keep count, and know when to come back."""
        verdict = outcome.verdict
        if not isinstance(verdict, Rejected):
            raise TypeError("a wrong answer was accepted")
        if verdict.reason is Reason.WRONG:
            self.year.worth.append(compared)
            self.year.charged.append(self.charged())
            self._sends = True
            return
        self.year.refused += 1
        if verdict.reason is Reason.CLOSED and self._sends and self.owner.scenario.letters:
            self._begun, self._sends = None, False  # a cheaper answer may still be heard
        elif verdict.reason is Reason.DELAYED or verdict.reason is Reason.CLOSED:
            self._begun, self._sends = None, True
            self.again_at = verdict.retry_at or self.clock.now() + timedelta(days=1)
        elif verdict.reason in {Reason.EXHAUSTED, Reason.GONE}:
            self._begun = None
        else:
            self.rest()

    def charged(self) -> float:
        """Return what the engine charged for the last answer."""
        realm = self.engine.context.realm
        wanted = Wanted(realm=realm, subject=OWNER, names=["answer_rejected"])
        [last] = Trail(self.parts.database).newest(wanted, 1)
        return float(last.data["odds"]) / CERTAIN

    def rest(self) -> None:
        """Look again tomorrow."""
        self._begun = None
        self.again_at = self.clock.now() + timedelta(days=1)


def wrong(owner: Owner) -> str:
    """Return six digits that are wrong for every app around this moment."""
    now = owner.clock.now()
    right = {app.code(now, steps=n) for app in owner.apps.values() for n in range(-5, 6)}
    return next(code for n in range(100) if (code := f"{n:06d}") not in right)


def letter(engine: Engine, token: str, enrolment_id: str) -> str:
    """Return the code that was sent for an enrolment."""
    case = engine.look(token)
    asked = [a for a in case.asked if a.enrolment.id == enrolment_id] if case else []
    return engine.context.codes.code_for(asked[0].challenge, 6)
