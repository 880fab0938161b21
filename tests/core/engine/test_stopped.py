"""Somebody who had the password and was stopped: the owner is told, once a run, and sees it."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.core.site import Person, Site

from vestibule.core.engine import Begun, Login
from vestibule.core.model import Purpose
from vestibule.core.verdict import Pending, Reason, Rejected
from vestibule.store import tables

FREE = 5


@pytest.fixture
def ada(site: Site) -> Person:
    """Somebody with an app, whose mail is known."""
    person = site.enrol(contact={"email": "ada@site.test"})
    person.deliver()
    site.post.sent.clear()
    return person


def warnings(person: Person) -> list[str]:
    """The mails that say that somebody knows the password."""
    while person.deliver():
        pass
    return [m.text for m in person.site.post.sent if "somebody signed in at" in m.text]


def guess(person: Person, count: int, *, known: bool = False) -> None:
    """Give the right password and wrong codes, with a pause long enough before each."""
    for _ in range(count):
        person.site.fake.move(hours=1)
        person.answer(person.login(known=known).token, person.wrong())


@pytest.mark.row("CS-05")
def test_the_owner_is_told_by_mail_once(ada: Person) -> None:
    """The fifth wrong code in a row from new browsers is told, and none after it."""
    guess(ada, FREE - 1)
    assert warnings(ada) == []

    guess(ada, 4)

    [mail] = warnings(ada)
    when = ada.site.clock.now() - timedelta(hours=3)
    assert f"On {when:%Y-%m-%d, %H:%M} UTC" in mail
    assert "Change your password" in mail


@pytest.mark.row("CS-05")
def test_each_run_is_told(ada: Person) -> None:
    """After a right answer from a new browser the next run of wrong ones is another."""
    guess(ada, FREE)
    ada.site.fake.move(hours=2)
    assert ada.answer(ada.login().token, ada.next_code()).is_accepted
    guess(ada, FREE)

    assert len(warnings(ada)) == 2


def test_ones_own_browser_is_no_stranger(ada: Person) -> None:
    """Who mistypes in a browser that is known gets no warning about himself."""
    guess(ada, FREE, known=True)

    assert warnings(ada) == []
    assert ada.site.engine.stopped_at("ada") is None


def test_a_new_way_that_is_mistyped_is_no_intruder(ada: Person) -> None:
    """Wrong codes for an app that is being added warn of nobody."""
    for _ in range(2):
        assert ada.site.draft("ada", ada.passage) is not None
        for _ in range(4):
            ada.answer(ada.token, ada.wrong(), Purpose.ENROL)

    assert warnings(ada) == []


@pytest.mark.row("CS-05")
def test_it_can_be_seen_for_thirty_days(ada: Person) -> None:
    """When somebody was stopped last is known until a new browser brought a right answer."""
    guess(ada, FREE - 1)
    assert ada.site.engine.stopped_at("ada") is None
    guess(ada, 1)
    at = ada.site.engine.stopped_at("ada")
    assert at == ada.site.clock.now()

    ada.site.fake.move(days=29)
    assert ada.site.engine.stopped_at("ada") == at
    ada.site.fake.move(days=1)
    assert ada.site.engine.stopped_at("ada") is None


def test_nobody_was_stopped_where_there_is_nobody(site: Site) -> None:
    """Of a subject without a second step nothing is known."""
    assert site.engine.stopped_at("eve") is None


def newcomer(site: Site, address: str = "ben@site.test") -> Begun:
    """Log in as somebody who must have a way and has none, at an address known for a week."""
    contact = {"email": address, "email_changed_at": None}
    owed = site.engine.owed("ben", contact)
    made = Login(subject="ben", identity="ben", contact={"email": address}, owed=owed)
    return site.engine.begin_login(made)


def mistype(site: Site, begun: Begun, count: int = 1) -> None:
    """Have a code sent, and type others."""
    [way] = begun.ways
    assert site.engine.resend(begun.token, Purpose.LOGIN, way.id).verdict == Pending()
    deliver(site)
    right = site.post.code()
    for number in range(count):
        wrong = f"{(int(right) + number + 1) % 10**6:06}"
        site.engine.verify(begun.token, Purpose.LOGIN, wrong)


def deliver(site: Site) -> None:
    """Send all there is, the copies of notices too."""
    assert site.parts.courier is not None
    while site.parts.courier.deliver_due():
        pass


def warned(site: Site) -> list[str]:
    """Where it was sent that somebody knows a password."""
    deliver(site)
    return [m.to for m in site.post.sent if "somebody signed in at" in m.text]


@pytest.mark.row("CS-05")
def test_who_has_no_way_yet_is_told_at_the_known_address(site: Site) -> None:
    """Wrong codes to the known address are told there, by the fifth in a row and once."""
    begun = newcomer(site)
    mistype(site, begun, FREE - 1)
    assert warned(site) == []

    site.fake.move(hours=1)
    mistype(site, newcomer(site))
    site.fake.move(hours=1)
    mistype(site, newcomer(site))

    assert warned(site) == ["ben@site.test"]


@pytest.mark.row("CS-05")
@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("ben@site.test", ["ben@site.test"]),
        ("old@site.test", ["ben@site.test", "old@site.test"]),
    ],
)
def test_who_had_a_way_before_is_told_at_each_address_once(
    site: Site, before: str, told: list[str]
) -> None:
    """Addresses of earlier logins are told besides, and none of them twice."""
    ben = site.enrol(subject="ben", contact={"email": before})
    assert site.engine.revoke(ben.enrolment())

    mistype(site, newcomer(site), FREE)

    assert warned(site) == told


@pytest.mark.row("CS-05")
def test_an_altered_address_keeps_no_answer_from_being_refused(site: Site) -> None:
    """Where a known address does not open, a wrong code is refused and counted as ever."""
    begun = newcomer(site)
    mistype(site, begun, FREE - 1)
    with site.parts.database.write() as connection:
        connection.execute(update(tables.enrolment).values(secret=b"altered"))

    outcome = site.engine.verify(begun.token, Purpose.LOGIN, "000000")

    assert isinstance(outcome.verdict, Rejected)
    assert outcome.verdict.reason is Reason.WRONG
    assert warned(site) == []
