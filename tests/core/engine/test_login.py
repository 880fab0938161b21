from datetime import timedelta

import pytest
from tests.core.site import LETTERS, Site, case_of, reason

from vestibule.core.engine import Login
from vestibule.core.model import Lane, Origin, PassageStatus, Purpose
from vestibule.core.verdict import Reason


def test_a_subject_is_enrolled_once_a_factor_is_proven(site: Site) -> None:
    """Nobody is enrolled before the first code of a new factor was right."""
    draft = site.draft("ada")

    assert draft is not None
    assert not site.engine.standing("ada", draft.token).enrolled
    site.enrol("ada")
    assert site.engine.standing("ada", None).enrolled
    assert not site.engine.standing("bob", None).enrolled
    assert not site.engine.standing(None, None).enrolled


def test_a_login_brings_back_what_was_parked(site: Site) -> None:
    """What the host's login put into its session returns with the accepted code, and once."""
    ada = site.enrol()
    begun = ada.login(parked=b"session of ada")

    outcome = ada.answer(begun.token, ada.next_code())

    assert outcome.granted is not None
    assert outcome.granted.parked == b"session of ada"
    assert outcome.granted.passage.parked is None
    assert {row["parked"] for row in site.rows("passage")} == {None}


def test_a_waiting_login_offers_each_way_of_its_subject(letters_site: Site) -> None:
    """A waiting login has a challenge for each of its subject's ways, the best one first."""
    ada = letters_site.enrol()
    ada.add_letters()
    ada.make_recovery_codes()
    letters_site.enrol("bob")

    begun = ada.login()

    assert [way.factor for way in begun.ways] == ["totp", "letters", "recovery_codes"]
    case = case_of(letters_site, begun.token)
    found = letters_site.engine.ways(case, Purpose.LOGIN)
    assert [way.id for way in found] == [way.id for way in begun.ways]
    assert {asked.challenge.subject for asked in case.asked} == {"ada"}
    assert letters_site.engine.ways(case, Purpose.FRESH) == []


def test_the_way_that_worked_last_in_this_browser_comes_first(letters_site: Site) -> None:
    """A browser in which letters worked last is shown letters first, and another is not."""
    ada = letters_site.enrol()
    ada.add_letters()
    begun = ada.login()
    letters_site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()
    ada.answer(begun.token, letters_site.post.code())

    known, stranger = ada.login(known=True), ada.login()

    assert known.ways[0].factor == "letters"
    assert stranger.ways[0].factor == "totp"
    engine = letters_site.engine
    case = case_of(letters_site, known.token)
    assert engine.ways(case, Purpose.LOGIN)[0].factor == "letters"


def test_what_worked_for_somebody_else_in_this_browser_is_not_asked_first(
    letters_site: Site,
) -> None:
    """Of two people in one browser each is shown first what they themselves used last."""
    site = letters_site
    ada = site.enrol("ada")
    site.fake.move(seconds=60)
    eve = site.enrol("eve", contact={"email": "eve@site.test"})
    eve.add_letters()
    begun = ada.login(known=True)
    site.change("passage", {"subject": "eve"}, browser_hash=begun.passage.browser_hash)

    assert eve.passage.proofs[-1].factor == "letters"
    assert case_of(site, begun.token).last_factor == "totp"


def test_a_browser_is_known_to_its_own_subject_only(site: Site) -> None:
    """The cookie of a browser that let Ada in makes it known to Ada, and to nobody else."""
    ada, bob = site.enrol("ada"), site.enrol("bob")

    assert ada.login(browsers=[ada.browser]).passage.lane is Lane.KNOWN
    assert ada.login(browsers=["nonsense", "", ada.browser]).passage.lane is Lane.KNOWN
    assert ada.login(browsers=[bob.browser]).passage.lane is Lane.STRANGER
    assert bob.login(browsers=[ada.browser]).passage.lane is Lane.STRANGER
    assert ada.login(browsers=[ada.token]).passage.lane is Lane.STRANGER


def test_a_browser_stays_known_after_logout(site: Site) -> None:
    """Logging out ends the grant, and the browser is still one its owner used."""
    ada = site.enrol()
    site.engine.end(ada.passage, "logout")

    assert ada.login(known=True).passage.lane is Lane.KNOWN


@pytest.mark.row("A18", "ASVS-6.5.5", "C4", "ATK-32")
def test_a_waiting_login_ends_after_ten_minutes(site: Site) -> None:
    """A half-finished login takes a right code a second before its ten minutes and none after."""
    ada, bob = site.enrol("ada"), site.enrol("bob")
    one, other = ada.login(), bob.login()

    site.fake.move(minutes(10) - timedelta(seconds=1))
    assert ada.answer(one.token, ada.code()).is_accepted
    site.fake.move(seconds=1)
    late = bob.answer(other.token, bob.code())
    assert reason(late) is Reason.GONE
    assert site.engine.ways(case_of(site, other.token), Purpose.LOGIN) == []


@pytest.mark.row("A18", "W14", "ATK-27")
def test_a_restart_neither_ends_nor_prolongs_a_login(site: Site) -> None:
    """A login that waits is finished in another process, and ends there at the same moment."""
    ada = site.enrol()
    one, other = ada.login(), ada.login()
    second = site.process()

    site.fake.move(minutes(5))
    assert second.engine.verify(one.token, Purpose.LOGIN, ada.code()).is_accepted
    site.fake.move(minutes(5))
    ended = second.engine.verify(other.token, Purpose.LOGIN, ada.code())
    assert reason(ended) is Reason.GONE


@pytest.mark.row("ATK-12")
def test_the_last_way_removed_in_mid_flow_kills_the_login(site: Site) -> None:
    """A login that waits is dead once the factor it waits for is removed elsewhere."""
    ada = site.enrol()
    begun = ada.login()
    site.engine.revoke(ada.enrolment(), ada.passage)

    outcome = ada.answer(begun.token, ada.next_code())

    assert reason(outcome) is Reason.GONE


@pytest.mark.row("ATK-12", "ATK-09")
def test_a_factor_switched_off_in_mid_flow_judges_nothing(letters_site: Site) -> None:
    """A login begun while a factor was allowed cannot be finished by it once it is not."""
    ada = letters_site.enrol()
    ada.add_letters()
    begun = ada.login()
    later = letters_site.process(VESTIBULE_FACTORS=f"{LETTERS},recovery_codes")

    outcome = later.engine.verify(begun.token, Purpose.LOGIN, ada.next_code())

    assert reason(outcome) is Reason.DISABLED
    case = later.engine.look(begun.token)
    assert case is not None
    assert [way.factor for way in later.engine.ways(case, Purpose.LOGIN)] == ["letters"]


@pytest.mark.row("ATK-07", "ATK-08")
def test_a_cancelled_login_is_over(site: Site) -> None:
    """A login that was given up takes no code, and giving it up twice is told once."""
    ada = site.enrol()
    begun = ada.login()
    site.engine.end(begun.passage, "another login")
    site.engine.end(begun.passage, "another login")

    assert reason(ada.answer(begun.token, ada.next_code())) is Reason.GONE
    assert site.told("ada").count("passage_ended") == 1


def test_a_login_without_any_way_stays_shut(site: Site) -> None:
    """A login of a subject with no usable way waits, offers nothing and lets nobody in."""
    begun = site.engine.begin_login(Login(subject="eve", identity="eve"))

    assert begun.ways == []
    outcome = site.engine.verify(begun.token, Purpose.LOGIN, "123456")
    assert reason(outcome) is Reason.GONE


@pytest.mark.row("ATK-75", "ATK-80")
def test_an_altered_secret_is_not_asked_and_crashes_nothing(letters_site: Site) -> None:
    """A way whose row was altered is left out of a login, and the others still let its owner in."""
    ada = letters_site.enrol()
    ada.add_letters()
    spoilt = b"\x01\x00\x01" + bytes(40)
    letters_site.change("enrolment", {"id": ada.enrolment_id}, secret=spoilt)

    begun = ada.login()

    assert [way.factor for way in begun.ways] == ["letters"]
    assert letters_site.engine.standing("ada", None).enrolled
    letters_site.engine.resend(begun.token, Purpose.LOGIN, begun.ways[0].id)
    ada.deliver()
    assert ada.answer(begun.token, letters_site.post.code()).is_accepted


def test_a_token_that_names_nothing_shows_nothing(site: Site) -> None:
    """No token, an empty one, an invented one and one of a megabyte all name nothing."""
    for token in (None, "", "invented", "x" * 1_000_000, "\ud800", "\0"):
        assert site.engine.look(token) is None
        assert reason(site.engine.verify(token, Purpose.LOGIN, "123456")) is Reason.GONE


def test_a_login_is_told_with_where_it_came_from(site: Site) -> None:
    """The audit trail has the address and the browser of a paused login, made printable and cut."""
    ada = site.enrol()
    origin = Origin(address="192.0.2.1", agent="Fire\x1b[31mfox\r\n" + "x" * 500)
    begun = site.engine.begin_login(Login(subject="ada", identity="ada"), origin)

    fact = site.facts("ada")[-1]
    assert fact["name"] == "login_paused"
    assert fact["address"] == "192.0.2.1"
    assert fact["agent"] == ("Fire[31mfox" + "x" * 500)[:200]
    assert fact["data"] == {"passage": begun.passage.id, "lane": "stranger", "kind": "browser"}
    assert site.heard[-1].fact.name == "login_paused"
    assert begun.passage.status is PassageStatus.PENDING
    assert ada.is_in


def minutes(count: int) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
