"""Sites and people for tests: an installation in a database, and subjects enrolled in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.bootstrap.operate import initialise
from vestibule.core.engine import Begun, Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Passage, Purpose
from vestibule.core.ports import Clock, Random
from vestibule.store.trail import Trail, Wanted
from vestibule.testing import SoftwareAuthenticator

LETTERS: Final = "vestibule.testing.letters:Letters"
CHEAP_HASHES: Final = {
    "VESTIBULE_RECOVERY_CODES_MEMORY_KIB": 64,
    "VESTIBULE_RECOVERY_CODES_TIME_COST": 1,
}


@dataclass(frozen=True, slots=True)
class Site:
    """An installation made for production, which any number of processes may open."""

    config: Mapping[str, Any]
    instance: Path

    def opened(
        self, clock: Clock | None = None, random: Random | None = None, **extra: object
    ) -> Parts:
        """Return an engine of this process's own on the site's database."""
        return assemble(
            read_settings({**self.config, **extra}, {}),
            application="Site",
            instance=self.instance,
            clock=clock,
            random=random,
            sender=NoPost(),
        )


class NoPost:
    """A carrier that carries nothing anywhere."""

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Say that the message was handed over."""


def made_site(database_url: str, instance: Path, **extra: object) -> Site:
    """Return a site whose store and keys have just been made, as an operator makes them."""
    key_file = instance / "vestibule.keys"
    initialise(database_url, key_file)
    config = {
        "VESTIBULE_DATABASE_URL": database_url,
        "VESTIBULE_KEY_FILE": str(key_file),
        "VESTIBULE_FACTORS": ["totp", "recovery_codes", LETTERS],
        **CHEAP_HASHES,
        **extra,
    }
    return Site(config, instance)


@dataclass(slots=True)
class Person:
    """A subject, and what it holds: a grant, the browser's own cookie, apps, recovery codes."""

    subject: str
    token: str = ""
    browser: str = ""
    apps: dict[str, SoftwareAuthenticator] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    @property
    def applicant(self) -> Applicant:
        """Return the account as its owner knows it."""
        return Applicant(subject=self.subject, account=f"{self.subject}@site.test", issuer="Site")

    @property
    def app(self) -> SoftwareAuthenticator:
        """Return the first authenticator app."""
        return next(iter(self.apps.values()))

    def login(self, *, known: bool = False) -> Login:
        """Return what a right password makes, from this person's browser or from a new one."""
        browsers = (self.browser,) if known else ()
        return Login(subject=self.subject, identity="1", browsers=browsers)


def enrolled(parts: Parts, subject: str, factor: str = "totp", *, steps: int = 0) -> Person:
    """Return a person who has just proven a first factor; its app is used up to `steps`."""
    person = Person(subject)
    add(parts, person, factor, steps=steps)
    return person


def add(parts: Parts, person: Person, factor: str, *, steps: int = 0) -> str:
    """Add a factor and prove it, on the person's grant where there is one; return its id."""
    engine = parts.engine
    grant = grant_of(engine, person) if person.token else None
    kind = engine.registry[factor]
    draft = engine.begin_enrolment(kind, person.applicant, person.login(), grant)
    assert draft is not None
    token = draft.token or person.token
    app = SoftwareAuthenticator(draft.enrolment.secret)
    if kind.traits.channels:
        answer = letter(engine, token, Purpose.ENROL)
    else:
        answer = app.code(engine.now(), steps=steps)
        person.apps[draft.enrolment.id] = app
    outcome = engine.verify(token, Purpose.ENROL, answer)
    assert outcome.granted is not None, outcome.verdict
    person.token, person.browser = outcome.granted.token, outcome.granted.browser
    return draft.enrolment.id


def first_app(parts: Parts, subject: str) -> tuple[str, str]:
    """Begin a first authenticator app; return the token of its passage and the right answer."""
    person = Person(subject)
    kind = parts.engine.registry["totp"]
    draft = parts.engine.begin_enrolment(kind, person.applicant, person.login(), None)
    assert draft is not None
    assert draft.token is not None
    app = SoftwareAuthenticator(draft.enrolment.secret)
    return draft.token, app.code(parts.engine.now())


def first_letters(parts: Parts, subject: str) -> tuple[str, str]:
    """Begin a first sent-code factor; return the token of its passage and the right answer."""
    person = Person(subject)
    kind = parts.engine.registry["letters"]
    draft = parts.engine.begin_enrolment(kind, person.applicant, person.login(), None)
    assert draft is not None
    assert draft.token is not None
    return draft.token, letter(parts.engine, draft.token, Purpose.ENROL)


def next_code(parts: Parts, person: Person) -> str:
    """Return the app's code of the coming step: later than the one it was added with."""
    return person.app.code(parts.engine.now(), steps=1)


def recovery_codes(parts: Parts, person: Person) -> list[str]:
    """Give the person a new set of recovery codes and return them."""
    made = parts.engine.new_recovery_codes(person.applicant)
    person.codes = list(made.codes)
    return person.codes


def grant_of(engine: Engine, person: Person) -> Passage:
    """Return the passage that the person's cookie names."""
    passage = engine.standing(person.subject, person.token).passage
    assert passage is not None
    return passage


def waiting(parts: Parts, person: Person, count: int, *, known: bool = False) -> list[Begun]:
    """Return that many logins of one person that wait for their second step."""
    return [parts.engine.begin_login(person.login(known=known)) for _ in range(count)]


def letter(engine: Engine, token: str, purpose: Purpose) -> str:
    """Return the code that was sent last for what a token names."""
    case = engine.look(token)
    assert case is not None
    challenge = next(
        asked.challenge
        for asked in case.asked
        if asked.enrolment.factor == "letters"
        and asked.challenge.purpose is purpose
        and asked.challenge.is_open(engine.now())
    )
    return engine.context.codes.code_for(challenge, 6)


def events(parts: Parts, subject: str, name: str) -> list[dict[str, Any]]:
    """Return the facts of one kind that were written about a subject, oldest first."""
    wanted = Wanted(realm=parts.engine.context.realm, subject=subject, names=[name])
    return [dict(entry.data) for entry in Trail(parts.database).whole(wanted)]


def evaluated(parts: Parts, subject: str) -> list[dict[str, Any]]:
    """Return the refused answers that were compared with something."""
    return [fact for fact in events(parts, subject, "answer_rejected") if fact["evaluated"]]


def count(parts: Parts, query: str) -> int:
    """Return the one number that a query answers."""
    with parts.database.read() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())
