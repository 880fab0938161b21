"""A proof counts for the realm, the subject, the purpose and the challenge it was made for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
from tests.core.site import LETTERS, Person, Site, case_of, reason

from vestibule.core.engine import Engine
from vestibule.core.limits import CERTAIN, Limits
from vestibule.core.model import PassageKind, Purpose
from vestibule.core.verdict import Pending, Reason
from vestibule.testing import SoftwareAuthenticator

# So that every pair can be tried without the limits getting in the way.
MANY = 10**6
BOUNDLESS = Limits(capacity=CERTAIN, attempts=MANY, consecutive=MANY, free_failures=MANY)
SIGNED_IN = ("manage", "manage elsewhere", "add")


@dataclass
class Place:
    """Somewhere a code can be typed: a passage, a purpose, and the code that was sent for it."""

    name: str
    person: Person
    token: str
    purpose: Purpose
    code: str = ""


@pytest.fixture
def letters(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site on which codes are sent."""
    site = Site.open(database_url, tmp_path, config={"VESTIBULE_FACTORS": f"{LETTERS},totp"})
    context = site.engine.context
    profile = replace(context.profile, limits=BOUNDLESS)
    site.parts = replace(site.parts, engine=Engine(replace(context, profile=profile)))
    yield site
    site.close()


def writer(site: Site, subject: str) -> Person:
    """Somebody whose only way is letters."""
    draft = site.draft(subject, factor="letters")
    assert draft is not None
    assert draft.token is not None
    person = Person(site, subject, SoftwareAuthenticator(b"none"), draft.enrolment.id)
    person.deliver()
    assert person.answer(draft.token, site.post.code(), Purpose.ENROL).is_accepted
    return person


def places_of(site: Site, subject: str) -> list[Place]:
    """Every place where a subject can be asked, each with a code of its own on its way."""
    person = writer(site, subject)
    places = []
    for number, kind in enumerate(PassageKind):
        token = person.login(kind=kind).token
        places.append(Place(f"{subject} login {number}", person, token, Purpose.LOGIN))
    for what in SIGNED_IN:
        # A browser each, so that each passage has one purpose a code can be sent for.
        begun = person.login()
        person.deliver()
        assert person.answer(begun.token, site.post.code()).is_accepted
        purpose = Purpose.ENROL if what == "add" else Purpose.FRESH
        if purpose is Purpose.ENROL:
            site.draft(subject, person.passage, factor="letters")
        else:
            person.ask_fresh(purpose)
        places.append(Place(f"{subject} {what}", person, person.token, purpose))
    for place in places:
        letters = person.enrolment("letters").id
        if not case_sends(site, place):
            assert site.engine.resend(place.token, place.purpose, letters).verdict == Pending()
        place.code = code_of(site, place)
    return places


def case_sends(site: Site, place: Place) -> int:
    """How often a code was sent for a place."""
    asked = case_of(site, place.token).asked
    return sum(a.challenge.sends for a in asked if a.challenge.purpose is place.purpose)


def code_of(site: Site, place: Place) -> str:
    """The code that its owner reads for a place."""
    codes = site.engine.context.codes
    asked = case_of(site, place.token).asked
    found = [a.challenge for a in asked if a.challenge.purpose is place.purpose]
    return codes.code_for(found[-1], 6)


@pytest.mark.row("ATK-30", "ATK-07", "ATK-08", "ASVS-6.6.2", "A2")
def test_each_code_opens_its_own_place_only(letters: Site) -> None:
    """Of all codes of two people at all their places, each opens the one place it was made for."""
    places = places_of(letters, "ada") + places_of(letters, "bob")
    assert len({place.code for place in places}) == len(places) == 10

    for place, other in product(places, places):
        if place is not other:
            outcome = letters.engine.verify(place.token, place.purpose, other.code)
            assert reason(outcome) is Reason.WRONG, (place.name, other.name)

    for place in places:
        case = case_of(letters, place.token)
        tried = {a.challenge.attempts for a in case.asked if a.challenge.purpose is place.purpose}
        assert tried == {len(places) - 1}
        assert place.person.answer(place.token, place.code, place.purpose).is_accepted, place.name


@pytest.mark.row("ATK-30", "ATK-08")
def test_a_purpose_that_was_not_asked_is_refused(site: Site) -> None:
    """A right code for a purpose that nobody asked for on this passage proves nothing."""
    ada = site.enrol()
    begun = ada.login()
    for purpose in set(Purpose) - {Purpose.LOGIN}:
        assert reason(ada.answer(begun.token, ada.next_code(), purpose)) is Reason.GONE
    assert ada.answer(begun.token, ada.next_code()).is_accepted
    for purpose in Purpose:
        assert reason(ada.answer(ada.token, ada.next_code(), purpose)) is Reason.GONE


@pytest.mark.row("ATK-07", "ATK-30", "A2", "A3")
def test_nobodys_app_finishes_somebody_elses_login(site: Site) -> None:
    """Another person's right code on one's login, or one's own on theirs, is wrong and counted."""
    ada, eve = site.enrol("ada"), site.enrol("eve")
    begun = ada.login()

    outcome = eve.answer(begun.token, eve.next_code())

    assert reason(outcome) is Reason.WRONG
    assert ada.enrolment().failures_stranger == 1
    assert eve.enrolment().failures_stranger == 0
    assert ada.answer(begun.token, ada.code()).is_accepted


@pytest.mark.row("ATK-08", "A2")
def test_an_enrolment_begun_beside_a_login_finishes_no_login(site: Site) -> None:
    """Eve's enrolment in the browser in which Ada's login waits touches Ada's login in no way."""
    ada = site.enrol("ada")
    waiting = ada.login()
    draft = site.draft("eve")
    assert draft is not None
    assert draft.token is not None
    eve = Person(site, "eve", SoftwareAuthenticator(draft.enrolment.secret), draft.enrolment.id)

    assert reason(eve.answer(waiting.token, eve.code())) is Reason.WRONG
    assert reason(eve.answer(waiting.token, eve.code(), Purpose.ENROL)) is Reason.GONE
    outcome = eve.answer(draft.token, eve.code(), Purpose.ENROL)
    assert outcome.granted is not None
    assert outcome.granted.passage.subject == "eve"
    assert not site.engine.is_live(outcome.granted.passage, "ada", "ada")


@pytest.mark.row("A1", "A11", "A3")
def test_a_grant_belongs_to_the_browser_that_proved_it(site: Site) -> None:
    """Who gives the password while the owner is signed in elsewhere is not let in by that."""
    ada = site.enrol()
    eve = ada.login()

    assert ada.is_in
    passage = site.engine.standing("ada", eve.token).passage
    assert passage is not None
    assert not site.engine.is_live(passage, "ada", "ada")
    assert ada.come_in().is_accepted
    later = site.engine.standing("ada", eve.token).passage
    assert not site.engine.is_live(later, "ada", "ada")


@pytest.mark.row("ATK-30")
def test_realms_share_a_database_and_nothing_else(site: Site) -> None:
    """The same subject in two realms has its own app, counts, codes, sessions and trail in each."""
    other = site.process(VESTIBULE_REALM="other")
    here, there = site.enrol("ada"), other.enrol("ada")

    assert reason(there.answer(there.login().token, here.next_code())) is Reason.WRONG
    spent = {row["realm"]: row["spent"] for row in site.rows("ledger") if row["lane"] == "stranger"}
    assert spent["default"] == 0
    assert spent["other"] > 0
    assert here.login(browsers=[there.browser]).passage.lane.value == "stranger"
    assert site.engine.forget("ada", by="test")
    assert there.is_in
    assert not here.is_in
    assert {fact["realm"] for fact in other.facts()} == {"other"}


@pytest.mark.row("ATK-33")
def test_a_code_goes_where_it_was_to_go_when_it_was_asked_for(letters: Site) -> None:
    """An address changed after a code was asked for changes nothing about where that code goes."""
    ada = writer(letters, "ada")
    ada.login()
    letters.change("enrolment", {"id": ada.enrolment_id}, state={"to": "eve@evil.test"})
    letters.post.sent.clear()
    ada.deliver()

    assert [sent.to for sent in letters.post.sent] == ["ada@site.test"]
