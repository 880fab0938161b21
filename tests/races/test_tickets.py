"""A ticket and what its owner does meanwhile, in either order: never is the password enough."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.races.people import Person, Site, enrolled, first_app, grant_of, made_site, next_code
from tests.races.turns import Answer, answering, one_after_the_other, second_during

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.model import Purpose
from vestibule.store import tables
from vestibule.testing import FakeClock, SoftwareAuthenticator

pytestmark = [pytest.mark.postgresql, pytest.mark.row("ATK-39", "ATK-24")]


@pytest.fixture
def clock() -> FakeClock:
    """The clock of both processes."""
    return FakeClock()


@pytest.fixture
def site(postgresql_url: str, tmp_path: Path) -> Site:
    """An installation on PostgreSQL."""
    return made_site(postgresql_url, tmp_path)


@pytest.fixture
def parts(site: Site, clock: FakeClock) -> Iterator[Parts]:
    """The engine of the test itself."""
    opened = site.opened(clock=clock)
    yield opened
    opened.database.close()


@pytest.fixture
def other(site: Site, clock: FakeClock) -> Iterator[Parts]:
    """A second engine on the same database, as another process has it."""
    opened = site.opened(clock=clock)
    yield opened
    opened.database.close()


@pytest.fixture
def ann(parts: Parts) -> Person:
    """Somebody with an app."""
    return enrolled(parts, "ann")


@pytest.fixture
def ticket(parts: Parts, ann: Person, clock: FakeClock) -> str:
    """A ticket of hers that is in effect."""
    made = parts.engine.reset(ann.subject, by="bea", reason="lost")
    assert made is not None
    clock.move(timedelta(days=1, hours=1))
    signed_in = parts.engine.begin_login(ann.login())
    outcome = parts.engine.verify(signed_in.token, Purpose.LOGIN, next_code(parts, ann))
    assert outcome.granted is not None
    ann.token = outcome.granted.token
    return made.ticket


def using(parts: Parts, ann: Person, ticket: str) -> Answer:
    """What opens a login by the ticket."""
    return answering(parts.engine.begin_login(ann.login()).token, ticket)


def says(act: Callable[[Engine], bool]) -> Answer:
    """What does something, and says in a word whether it was done."""
    return lambda engine: "done" if act(engine) else "refused"


def set_ups(parts: Parts) -> int:
    """How many logins of anybody's may set up a first way."""
    table = tables.passage
    query = select(func.count()).where(table.c.purpose == "enrol", table.c.status == "pending")
    with parts.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def test_two_uses_of_a_ticket(parts: Parts, ann: Person, ticket: str) -> None:
    """Of two logins that bring a ticket one may set up a way."""
    one, two = using(parts, ann, ticket), using(parts, ann, ticket)

    assert one_after_the_other(parts, one, two) == ("accepted", "replayed")


def test_cancelled_while_it_is_used(parts: Parts, ann: Person, ticket: str) -> None:
    """An objection that comes while the ticket is used ends the set-up, and the app stays."""
    cancel = says(lambda engine: engine.cancel_reset("ann", by="the owner"))

    words = one_after_the_other(parts, using(parts, ann, ticket), cancel)

    assert words == ("accepted", "done")
    assert parts.engine.standing("ann", None).enrolled
    assert set_ups(parts) == 0


def test_used_while_it_is_cancelled(parts: Parts, other: Parts, ann: Person, ticket: str) -> None:
    """A ticket that is brought while it is cancelled lets nobody in, and the app stays."""
    use = using(parts, ann, ticket)

    def cancel(engine: Engine) -> bool:
        return engine.cancel_reset("ann", by="the owner")

    assert second_during(parts, other, cancel, use) != "accepted"
    assert [e.factor for e in parts.engine.enrolments("ann")] == ["totp"]


def test_a_way_removed_while_the_ticket_is_used(parts: Parts, ann: Person, ticket: str) -> None:
    """The last way goes with the ticket, and with the set-up that the ticket has opened."""
    grant = grant_of(parts.engine, ann)
    app = next(e for e in parts.engine.enrolments("ann") if e.factor == "totp")
    remove = says(lambda engine: engine.revoke(app, grant))

    words = one_after_the_other(parts, using(parts, ann, ticket), remove)

    assert words == ("accepted", "done")
    assert parts.engine.enrolments("ann") == []
    assert set_ups(parts) == 0


def test_a_new_way_proven_while_the_ticket_is_used(parts: Parts, ann: Person, ticket: str) -> None:
    """A way that is added meanwhile stays, and ends the ticket with the set-up that it opened."""
    grant = grant_of(parts.engine, ann)
    totp = parts.engine.registry["totp"]
    draft = parts.engine.begin_enrolment(totp, ann.applicant, ann.login(), grant)
    assert draft is not None
    code = SoftwareAuthenticator(draft.enrolment.secret).code(parts.engine.now())
    prove = answering(ann.token, code, Purpose.ENROL)

    words = one_after_the_other(parts, using(parts, ann, ticket), prove)

    assert words == ("accepted", "accepted")
    assert [e.factor for e in parts.engine.enrolments("ann")] == ["totp", "totp"]
    assert set_ups(parts) == 0


def test_a_first_way_begun_by_the_password_while_a_ticket_is_made(parts: Parts) -> None:
    """Somebody with the password who began to set up in time does not outlive a reset at once."""
    token, code = first_app(parts, "bob")
    enrolled(parts, "bob", steps=1)
    assert parts.engine.reset("bob", by="bea", reason="lost", at_once=True) is not None

    assert answering(token, code, Purpose.ENROL)(parts.engine) == "gone"
    assert [e.factor for e in parts.engine.enrolments("bob")] == ["ticket"]
