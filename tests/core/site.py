"""A site to test the engine on: its database, a clock that stands still, people who log in."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select
from tests.codes import code_in, is_code
from tests.heard import heard
from tests.stores import lay_at

from vestibule import oath
from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.core.engine import Begun, Engine, Login, Outcome
from vestibule.core.engine.enrolling import Draft
from vestibule.core.events import Event
from vestibule.core.factor import Applicant
from vestibule.core.model import Enrolment, Lane, Origin, Passage, PassageKind, Purpose
from vestibule.core.ports import Clock, Random, SendError
from vestibule.core.ruling import Case
from vestibule.core.verdict import Reason, Rejected
from vestibule.store import tables
from vestibule.store.trail import Trail, Wanted
from vestibule.testing import FakeClock, FixedRandom, SoftwareAuthenticator

LETTERS = "vestibule.testing.letters:Letters"

# The cost of a hash is the point of one test only; all others want many hashes soon.
CHEAP = {
    "VESTIBULE_RECOVERY_CODES_COUNT": "4",
    "VESTIBULE_RECOVERY_CODES_TIME_COST": "1",
    "VESTIBULE_RECOVERY_CODES_MEMORY_KIB": "8",
}


@dataclass(frozen=True)
class Sent:
    """One text as a carrier was handed it."""

    channel: str
    to: str
    subject: str | None
    text: str


@dataclass
class Post:
    """A carrier that keeps what it is handed, and fails when told to."""

    sent: list[Sent] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Keep the text, or raise the next trouble in store."""
        if self.trouble:
            raise self.trouble.pop(0)
        self.sent.append(Sent(channel, to, subject, text))

    def refuse(self, *, permanent: bool = False) -> None:
        """Fail the next text."""
        self.trouble.append(SendError("no", permanent=permanent))

    def code(self) -> str:
        """The newest code, as a person reads it who looks for it among other mail."""
        return code_in([sent.text for sent in self.sent if is_code(sent.text)][-1])


@dataclass
class Site:
    """One process of a site, with the world it stands in."""

    parts: Parts
    clock: Clock
    folder: Path
    url: str
    config: Mapping[str, Any]
    post: Post
    heard: list[Event]
    processes: int = 1
    others: list["Site"] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        url: str,
        folder: Path,
        *,
        config: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        post: Post | None = None,
    ) -> Self:
        """Make a site in development mode on the database at `url`, its keys in `folder`."""
        clock, post = clock or FakeClock(), post or Post()
        heard: list[Event] = []
        settings: dict[str, Any] = {"VESTIBULE_DEVELOPMENT": True, "VESTIBULE_DATABASE_URL": url}
        settings |= dict(config or {})
        lay_at(settings["VESTIBULE_DATABASE_URL"])
        parts = assemble(
            read_settings(settings, CHEAP),
            application="Site",
            instance=folder,
            clock=clock,
            random=random or FixedRandom(),
            sender=post,
            after_commit=heard.append,
        )
        return cls(parts, clock, folder, url, settings, post, heard)

    def close(self) -> None:
        """Close every connection of this process and of those begun from it."""
        for other in self.others:
            other.close()
        self.parts.database.close()

    def process(self, clock: Clock | None = None, **config: Any) -> "Site":
        """Another process of the same site, its settings changed where `config` says so."""
        self.processes += 1
        other = Site.open(
            self.url,
            self.folder,
            config=dict(self.config) | config,
            clock=clock or self.clock,
            random=FixedRandom(f"process {self.processes}"),
            post=self.post,
        )
        self.others.append(other)
        return other

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.parts.engine

    @property
    def fake(self) -> FakeClock:
        """The clock, which stands still until it is moved."""
        if not isinstance(self.clock, FakeClock):
            raise TypeError("this site runs on another clock")
        return self.clock

    # People

    def draft(
        self,
        subject: str,
        passage: Passage | None = None,
        *,
        factor: str = "totp",
        login: Login | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> Draft | None:
        """Begin to enrol, with what the person answered to the questions of the factor."""
        return self.engine.begin_enrolment(
            self.engine.registry[factor],
            replace(applicant(subject), answers=answers or {}),
            login or Login(subject=subject, identity=subject),
            passage,
        )

    def enrol(self, subject: str = "ada", **login: Any) -> "Person":
        """A person who has just added an authenticator app and proven it."""
        made = Login(**({"subject": subject, "identity": subject} | login))
        draft = self.draft(subject, login=made)
        if draft is None or draft.token is None:
            raise AssertionError("the subject is enrolled already")
        app = SoftwareAuthenticator(draft.enrolment.secret)
        person = Person(self, subject, app, draft.enrolment.id)
        outcome = person.answer(draft.token, person.code(), Purpose.ENROL)
        if outcome.granted is None:
            raise AssertionError(outcome.verdict)
        return person

    # What stands in the database

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table."""
        query = select(tables.metadata.tables[table])
        with self.parts.database.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def change(self, table: str, where: Mapping[str, Any], **values: Any) -> None:
        """Write into a table as somebody does who has the database."""
        target = tables.metadata.tables[table]
        statement = target.update().values(values)
        for column, value in where.items():
            statement = statement.where(target.c[column] == value)
        with self.parts.database.engine.begin() as connection:
            connection.execute(statement)

    def bytes_of_all_tables(self) -> bytes:
        """Everything the database holds, numbers and texts alike, one value after the other."""
        values = [
            value
            for table in tables.metadata.tables
            for row in self.rows(table)
            for value in row.values()
        ]
        return b"\n".join(
            value if isinstance(value, bytes) else repr(value).encode() for value in values
        )

    def facts(self, subject: str | None = None) -> list[dict[str, Any]]:
        """The audit trail, oldest first."""
        wanted = Wanted(realm=self.engine.context.realm, subject=subject)
        return [asdict(entry) for entry in Trail(self.parts.database).whole(wanted)]

    def told(self, subject: str | None = None) -> list[str]:
        """The names of the events in the audit trail, oldest first."""
        return [fact["name"] for fact in self.facts(subject)]

    def statements(self) -> AbstractContextManager[list[str]]:
        """What is said to the database meanwhile, but for what begins and ends a transaction."""
        return heard(self.parts.database.engine)


@dataclass
class Person:
    """Somebody with an authenticator app and a browser."""

    site: Site
    subject: str
    app: SoftwareAuthenticator
    enrolment_id: str
    token: str = ""
    browser: str = ""
    codes: Sequence[str] = ()

    def login(self, *, known: bool = False, **login: Any) -> Begun:
        """Give the right password in a browser that is known, or in a stranger's."""
        browsers = [self.browser] if known else []
        new = {"subject": self.subject, "identity": self.subject, "browsers": browsers}
        return self.site.engine.begin_login(Login(**(new | login)))

    def program(self) -> Begun:
        """Give the right password from a program."""
        return self.login(kind=PassageKind.PROGRAM)

    def code(self, steps: int = 0) -> str:
        """The code the app shows now, or `steps` away."""
        return self.app.code(self.site.clock.now(), steps=steps)

    def next_code(self) -> str:
        """Wait until the app shows another code, and read it."""
        self.site.fake.move(seconds=30)
        return self.code()

    def answer(
        self, token: str, text: str, purpose: Purpose = Purpose.LOGIN, address: str = ""
    ) -> Outcome:
        """Type an answer; who is let in keeps the cookies."""
        outcome = self.site.engine.verify(token, purpose, text, Origin(address=address))
        if outcome.granted is not None:
            self.token, self.browser = outcome.granted.token, outcome.granted.browser
        return outcome

    def come_in(self, *, known: bool = False, **login: Any) -> Outcome:
        """Log in with password and app."""
        begun = self.login(known=known, **login)
        return self.answer(begun.token, self.next_code())

    def wrong(self, nth: int = 0) -> str:
        """A code that is right at no moment near now; another for each `nth`."""
        step = oath.step_at(self.site.clock.now().timestamp())
        near = {oath.hotp(self.app.secret, step + away) for away in range(-70, 71)}
        count = 0
        for number in range(10**6):
            code = f"{number:06}"
            if code not in near:
                if count == nth:
                    return code
                count += 1
        raise AssertionError

    def guess(self, token: str, times: int = 1, purpose: Purpose = Purpose.LOGIN) -> list[Outcome]:
        """Type wrong codes, one after the other."""
        return [self.answer(token, self.wrong(nth), purpose) for nth in range(times)]

    @property
    def passage(self) -> Passage:
        """The passage that the browser's cookie names."""
        found = self.site.engine.standing(self.subject, self.token).passage
        if found is None:
            raise AssertionError("the browser has no passage")
        return found

    @property
    def is_in(self) -> bool:
        """Whether the browser's cookie names a live grant for this login."""
        standing = self.site.engine.standing(self.subject, self.token)
        return self.site.engine.is_live(standing.passage, self.subject, self.subject)

    def ask_fresh(self, purpose: Purpose = Purpose.FRESH) -> None:
        """Be asked anew, signed in."""
        self.site.engine.ask_fresh(self.passage, purpose)

    def make_recovery_codes(self) -> Sequence[str]:
        """Get a set of recovery codes."""
        made = self.site.engine.new_recovery_codes(applicant(self.subject), self.passage)
        self.codes = made.codes
        return made.codes

    def enrolment(self, factor: str = "totp") -> Enrolment:
        """The person's own enrolment of a factor."""
        found = self.site.engine.enrolments(self.subject)
        return next(one for one in found if one.factor == factor)

    def add_letters(self, address: str = "") -> Enrolment:
        """Add a second way, whose codes are sent to an address of their own."""
        return self.add("letters", address=address)

    def add(self, factor: str, **answers: str) -> Enrolment:
        """Add a second way whose codes are sent, and prove it by the first of them."""
        draft = self.site.draft(self.subject, self.passage, factor=factor, answers=answers)
        if draft is None:
            raise AssertionError("there may be no more")
        self.deliver()
        outcome = self.answer(self.token, self.site.post.code(), Purpose.ENROL)
        if not outcome.is_accepted:
            raise AssertionError(outcome.verdict)
        return self.enrolment(factor)

    def deliver(self) -> int:
        """Let the courier do its round."""
        courier = self.site.parts.courier
        if courier is None:
            raise AssertionError("nothing carries messages here")
        return courier.deliver_due()

    def ledger(self, lane: Lane = Lane.STRANGER) -> dict[str, Any]:
        """The person's account in a lane, as it stands in the database."""
        rows = self.site.rows("ledger")
        return next(r for r in rows if (r["subject"], r["lane"]) == (self.subject, lane.value))


def applicant(subject: str) -> Applicant:
    """Who enrols."""
    return Applicant(subject=subject, account=f"{subject}@site.test", issuer="Site")


def reason(outcome: Outcome) -> Reason | None:
    """Why an answer was refused, None where it was not."""
    return outcome.verdict.reason if isinstance(outcome.verdict, Rejected) else None


def rejected(outcome: Outcome) -> Rejected:
    """The refusal an answer got."""
    if not isinstance(outcome.verdict, Rejected):
        raise TypeError(outcome.verdict)
    return outcome.verdict


def case_of(site: Site, token: str) -> Case:
    """The case a token names."""
    found = site.engine.look(token)
    if found is None:
        raise AssertionError("the token names nothing")
    return found
