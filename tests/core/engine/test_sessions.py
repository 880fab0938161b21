"""Where somebody is signed in: what is told of it, and what an end of it ends."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.engine.test_granting import STRICT
from tests.core.site import Person, Site

from vestibule.core.engine import Login
from vestibule.core.model import Lane, Origin, Purpose
from vestibule.core.session import Session

FIREFOX = Origin(agent="Mozilla/5.0 Firefox/140.0")


def elsewhere(
    person: Person, agent: str = "another browser", *, remembered: bool = False
) -> Person:
    """The same person in another browser, signed in there a little later."""
    other = Person(person.site, person.subject, person.app, person.enrolment_id)
    begun = other.login(remembered=remembered)
    code = other.next_code()
    outcome = person.site.engine.verify(begun.token, Purpose.LOGIN, code, Origin(agent=agent))
    assert outcome.granted is not None
    other.token, other.browser = outcome.granted.token, outcome.granted.browser
    return other


def told(person: Person) -> list[Session]:
    """What is listed for a person, as seen from their own browser."""
    return list(person.site.engine.sessions(person.subject, first=person.passage.id).told)


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_every_browser_is_listed_this_one_first(site: Site) -> None:
    """The list has this browser first and then the others, the newest first."""
    ada = site.enrol()
    others = [elsewhere(ada) for _ in range(3)]

    assert [s.id for s in told(ada)] == [
        ada.passage.id,
        *(other.passage.id for other in reversed(others)),
    ]


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_what_is_told_of_a_browser(site: Site) -> None:
    """Of a browser is told since when, how, what it called itself, and whether it is remembered."""
    ada = site.enrol()
    other = elsewhere(ada, "Mozilla/5.0 Firefox/140.0", remembered=True)
    since = site.clock.now()
    site.fake.move(hours=2)
    site.engine.keep_alive(other.passage)

    [_, found] = told(ada)

    assert found == Session(
        id=other.passage.id,
        signed_in_at=since,
        last_used_at=since + timedelta(hours=2),
        remembered=True,
        factor="totp",
        agent="Mozilla/5.0 Firefox/140.0",
    )


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_no_session_is_told_with_what_opens_one(site: Site) -> None:
    """What is told of a session has no token, no cookie and no fingerprint of either."""
    ada = site.enrol()
    [found] = told(ada)
    values = [value for value in dataclasses.asdict(found).values() if isinstance(value, str)]
    hidden = [ada.token, ada.browser, ada.passage.token_hash.hex()]

    assert not any(secret in value for secret in hidden for value in values)
    assert not any(isinstance(value, bytes) for value in dataclasses.asdict(found).values())


def test_logins_at_one_moment_keep_their_own_browsers(site: Site) -> None:
    """Of two logins accepted at the very same moment each is told with its own browser's name."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    for agent, code in (("first", codes[0]), ("second", codes[1])):
        site.engine.verify(ada.login().token, Purpose.LOGIN, code, Origin(agent=agent))

    assert sorted(s.agent for s in told(ada)[1:]) == ["first", "second"]


def test_a_fresh_proof_leaves_how_it_began(site: Site) -> None:
    """A proof later on changes neither since when a browser is signed in nor by what."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    before = told(ada)
    site.fake.move(hours=1)
    ada.ask_fresh()
    ada.answer(ada.token, codes[0], Purpose.FRESH)

    [now] = told(ada)
    assert (now.signed_in_at, now.factor) == (before[0].signed_in_at, "totp")
    assert now.last_used_at == site.clock.now()


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_only_what_is_live_is_listed(site: Site) -> None:
    """Neither what has ended or waits, nor a program's, nor another person's is in the list."""
    ada, bob = site.enrol(), site.enrol("bob")
    over = elsewhere(ada)
    site.engine.end(over.passage, "logout")
    ada.login()
    program = ada.program()
    site.engine.verify(program.token, Purpose.LOGIN, ada.next_code())

    assert [s.id for s in told(ada)] == [ada.passage.id]
    assert [s.id for s in told(bob)] == [bob.passage.id]


def test_a_list_ends_with_the_grants(site: Site) -> None:
    """A grant is in the list until its time is up, to the second."""
    ada = site.enrol()
    site.fake.stand_at(ada.passage.expires_at - timedelta(seconds=1))
    assert len(site.engine.sessions("ada").told) == 1
    site.fake.move(seconds=1)

    assert site.engine.sessions("ada").told == []


def test_an_idle_grant_is_not_listed_where_it_is_none(sqlite_url: str, tmp_path: Path) -> None:
    """In the strict profile a grant is in the list until it lay idle for an hour."""
    site = Site.open(sqlite_url, tmp_path, config=STRICT)
    site.enrol()
    site.fake.move(timedelta(minutes=60) - timedelta(seconds=1))
    assert len(site.engine.sessions("ada").told) == 1
    site.fake.move(seconds=1)

    assert site.engine.sessions("ada").told == []
    site.close()


def test_the_list_is_bounded_and_says_so(small_site: Site) -> None:
    """Fifty are listed, this browser among them however old, and it says if there are more."""
    ada = small_site.enrol()
    for _ in range(49):
        elsewhere(ada)
    assert not small_site.engine.sessions("ada", first=ada.passage.id).more
    elsewhere(ada)

    found = small_site.engine.sessions("ada", first=ada.passage.id)

    assert (len(found.told), found.more) == (50, True)
    assert found.told[0].id == ada.passage.id


def test_a_list_takes_two_statements(site: Site) -> None:
    """However many sessions there are, they are listed by two statements that write nothing."""
    ada = site.enrol()
    for _ in range(3):
        elsewhere(ada)
    with site.statements() as said:
        told_now = site.engine.sessions("ada").told

    assert len(told_now) == 4
    assert [statement.split(maxsplit=1)[0] for statement in said] == ["SELECT", "SELECT"]


def test_whoever_acts_is_listed_as_such(site: Site) -> None:
    """Somebody of the site's people who is here as a user stands in the user's list, by name."""
    ada, sam = site.enrol(), site.enrol("sam")
    sam.come_in()
    site.engine.act(
        sam.passage, Login(subject="ada", identity="ada"), FIREFOX, reason="asked", tells=False
    )

    [_, acting] = told(ada)

    assert (acting.acting_by, acting.agent) == ("sam", FIREFOX.agent)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ASVS-7.4.1/7.4.2")
def test_one_session_ends_from_another(site: Site) -> None:
    """Ending another session ends that one alone, and the audit trail says so."""
    ada = site.enrol()
    one, two = elsewhere(ada), elsewhere(ada)
    ended = one.passage.id

    assert site.engine.end_session(ended, ada.passage)

    assert (one.is_in, two.is_in, ada.is_in) == (False, True, True)
    assert site.facts("ada")[-1]["data"] == {"passage": ended, "why": "signed out elsewhere"}


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_an_ended_browser_is_known_no_more(site: Site) -> None:
    """The browser of a session that was ended from elsewhere begins as a stranger."""
    ada = site.enrol()
    other = elsewhere(ada)
    assert other.login(known=True).passage.lane is Lane.KNOWN
    site.engine.end_session(other.passage.id, ada.passage)

    assert other.login(known=True).passage.lane is Lane.STRANGER


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-38")
def test_nobody_ends_what_is_not_theirs(site: Site) -> None:
    """Ids of another person, of this session, of an ended one and of none end nothing."""
    ada, bob = site.enrol(), site.enrol("bob")
    over = elsewhere(ada)
    site.engine.end(over.passage, "logout")
    before = site.rows("passage"), site.rows("event")

    for wanted in (bob.passage.id, ada.passage.id, over.passage.id, "0" * 32, ""):
        assert not site.engine.end_session(wanted, ada.passage)
    assert (site.rows("passage"), site.rows("event")) == before


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_all_others_end_with_what_waits(site: Site) -> None:
    """Ending all others ends sessions, waiting logins and programs' proofs, and keeps this one."""
    ada, bob = site.enrol(), site.enrol("bob")
    other, waits, program = elsewhere(ada), ada.login(), ada.program()
    site.engine.verify(program.token, Purpose.LOGIN, ada.next_code())
    late = ada.login()

    assert site.engine.end_others(ada.passage) == 4

    assert (ada.is_in, other.is_in, bob.is_in) == (True, False, True)
    code = ada.next_code()
    for begun in (waits, late):
        assert site.engine.verify(begun.token, Purpose.LOGIN, code).granted is None
    living = [r["id"] for r in site.rows("passage") if r["status"] != "ended"]
    assert sorted(living) == sorted([ada.passage.id, bob.passage.id])
    assert site.facts("ada")[-2]["name"] == "sessions_ended"
    assert site.facts("ada")[-2]["data"] == {
        "by": "the owner",
        "kept": ada.passage.id,
        "count": 4,
    }


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_a_session_that_has_ended_ends_no_other(site: Site) -> None:
    """Of two browsers that sign each other out the first does, and the second does nothing."""
    ada = site.enrol()
    other = elsewhere(ada)
    theirs, ours = other.passage, ada.passage
    assert site.engine.end_session(theirs.id, ours)

    assert not site.engine.end_session(ours.id, theirs)
    assert site.engine.end_others(theirs) == 0
    assert ada.is_in


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_an_operator_signs_somebody_out(site: Site) -> None:
    """An operator ends every session of one person, and the audit trail says who and why."""
    ada, bob = site.enrol(), site.enrol("bob")
    other = elsewhere(ada)

    assert site.engine.sign_out("ada", by="bea", reason="laptop stolen") == 2

    assert (ada.is_in, other.is_in, bob.is_in) == (False, False, True)
    [fact] = [f for f in site.facts("ada") if f["name"] == "sessions_ended"]
    assert fact["data"] == {"by": "bea", "reason": "laptop stolen", "count": 2}
    assert other.login(known=True).passage.lane is Lane.STRANGER


def test_who_is_signed_in_nowhere_is_written_of_nowhere(site: Site) -> None:
    """Signing out somebody who is signed in nowhere changes nothing and writes nothing."""
    assert site.engine.sign_out("nobody", by="bea", reason="a slip") == 0
    assert site.told() == []
