"""Somebody who had the password and was stopped: the owner is told, once a run, and sees it."""

from datetime import timedelta

import pytest
from tests.core.site import Person, Site

from vestibule.core.model import Purpose

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
