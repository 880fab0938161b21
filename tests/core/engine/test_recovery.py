from datetime import timedelta

import pytest
from tests.core.site import Site, applicant, case_of, reason, rejected

from vestibule.core.model import Lane, Purpose
from vestibule.core.verdict import Reason


@pytest.mark.row("A17", "NIST-40", "ATK-24", "C6")
def test_a_recovery_code_lets_in_once(site: Site) -> None:
    """A saved code lets its owner in, is used up by it, and leaves the others good."""
    ada = site.enrol()
    first, second, *_ = ada.make_recovery_codes()

    assert ada.answer(ada.login().token, first).is_accepted
    assert reason(ada.answer(ada.login().token, first)) is Reason.WRONG
    assert ada.answer(ada.login().token, second.lower().replace("-", " ")).is_accepted
    found = site.engine.recovery_codes(site.engine.enrolments("ada"))
    assert found is not None
    assert (found.remaining, found.total, found.is_low) == (2, 4, True)
    assert [row["text"] for row in site.rows("message")].count("recovery_code_used") == 2


@pytest.mark.row("ATK-20", "A17")
def test_a_wrong_recovery_code_counts_like_any_other(site: Site) -> None:
    """Five wrong recovery codes exhaust a login, alone or mixed with wrong codes of the app."""
    ada = site.enrol()
    right = ada.make_recovery_codes()[0]
    wrong = "0" * 20
    begun, mixed = ada.login(), ada.login()

    left = [rejected(ada.answer(begun.token, wrong)).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert reason(ada.answer(begun.token, right)) is Reason.EXHAUSTED
    ada.answer(mixed.token, ada.wrong())
    for _ in range(4):
        ada.answer(mixed.token, wrong)
    assert reason(ada.answer(mixed.token, right)) is Reason.EXHAUSTED


@pytest.mark.row("ATK-20")
def test_a_set_that_is_used_up_is_no_way_in(site: Site) -> None:
    """When the last code of a set has been used, a login offers the app alone."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    assert len(ada.login().ways) == 2
    for code in codes:
        assert ada.answer(ada.login().token, code).is_accepted
    begun = ada.login()

    assert [way.factor for way in begun.ways] == ["totp"]
    assert len(case_of(site, begun.token).asked) == 1
    assert [way.factor for way in site.engine.fresh_ways(ada.passage)] == ["totp"]


def test_a_part_of_a_recovery_code_is_none(site: Site) -> None:
    """A code with a wrong end or a foreign beginning is wrong, and one cut short is none."""
    ada = site.enrol()
    first, second, *_ = ada.make_recovery_codes()
    begun = ada.login()
    end = "1" if first[-1] != "1" else "2"

    assert reason(ada.answer(begun.token, first[:-1] + end)) is Reason.WRONG
    assert reason(ada.answer(begun.token, first[:5] + second[5:])) is Reason.WRONG
    assert reason(ada.answer(begun.token, first[:-1])) is Reason.MALFORMED
    assert ada.answer(begun.token, first.replace("-", "")).is_accepted


@pytest.mark.row("ATK-18")
def test_recovery_codes_are_closed_by_neither_ledger_nor_delay(site: Site) -> None:
    """When a stranger has spent everything a lane bears, a saved code still lets its owner in."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    ada.guess(ada.login().token, 5)
    assert reason(ada.answer(ada.login().token, ada.code())) is Reason.DELAYED
    assert ada.answer(ada.login().token, codes[0]).is_accepted

    full = site.engine.profile.limits.capacity
    site.change("ledger", {"subject": "ada"}, spent=full, failures=0, failed_at=None)
    assert reason(ada.answer(ada.login().token, ada.next_code())) is Reason.CLOSED
    assert ada.answer(ada.login().token, codes[1]).is_accepted
    site.change("enrolment", {"id": ada.enrolment_id}, failures_stranger=50)
    assert ada.answer(ada.login().token, codes[2]).is_accepted
    assert ada.ledger(Lane.STRANGER)["spent"] >= full - 10_000


@pytest.mark.row("ATK-40", "NIST-40")
def test_a_new_set_kills_the_old(site: Site) -> None:
    """Making a new set voids every code of the one before, at once, and tells its owner."""
    ada = site.enrol()
    old = ada.make_recovery_codes()
    begun = ada.login()
    new = ada.make_recovery_codes()

    assert not ada.answer(begun.token, old[0]).is_accepted
    assert reason(ada.answer(ada.login().token, old[0])) is Reason.WRONG
    assert ada.answer(ada.login().token, new[0]).is_accepted
    assert [e.factor for e in site.engine.enrolments("ada")].count("recovery_codes") == 1
    assert [row["text"] for row in site.rows("message")].count("recovery_codes_made") == 2


@pytest.mark.row("ATK-40")
def test_codes_are_shown_until_they_are_kept(site: Site) -> None:
    """A set can be seen again until its owner has saved it, and never after ten minutes."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()

    def shown() -> list[str]:
        found = site.engine.recovery_codes(site.engine.enrolments("ada"))
        assert found is not None
        return list(found.codes)

    assert shown() == list(codes)
    site.fake.move(timedelta(minutes=10))
    assert shown() == []

    again = ada.make_recovery_codes()
    found = site.engine.recovery_codes(site.engine.enrolments("ada"))
    assert found is not None
    assert site.engine.keep_recovery_codes(found, kept=True)
    assert not site.engine.keep_recovery_codes(found, kept=True)
    assert shown() == []
    assert ada.answer(ada.login().token, again[0]).is_accepted


@pytest.mark.row("ATK-12", "ATK-40")
def test_a_grant_that_has_ended_makes_no_new_set(site: Site) -> None:
    """A browser that was signed out meanwhile gets no codes, and the old ones stay good."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    here = ada.passage
    site.engine.end(here, "logout")

    made = site.engine.new_recovery_codes(applicant("ada"), here)

    assert (list(made.codes), made.remaining) == ([], 0)
    assert site.told("ada").count("recovery_codes_made") == 1
    assert ada.answer(ada.login().token, codes[0]).is_accepted


@pytest.mark.row("ATK-75", "ATK-80")
def test_a_spoilt_set_is_told_as_one_without_codes(site: Site) -> None:
    """A set whose row was altered shows no code and has none left, until a new one is made."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    set_id = ada.enrolment("recovery_codes").id
    site.change("enrolment", {"id": set_id}, secret=b"\x01\x00\x01" + bytes(40))

    def told() -> tuple[list[str], int, bool]:
        found = site.engine.recovery_codes(site.engine.enrolments("ada"))
        assert found is not None
        return list(found.codes), found.remaining, found.is_low

    assert told() == ([], 0, True)
    assert [way.factor for way in ada.login().ways] == ["totp"]
    site.fake.move(timedelta(minutes=10))
    assert told() == ([], 0, True)
    assert not ada.answer(ada.login().token, codes[0]).is_accepted

    new = ada.make_recovery_codes()
    assert told() == (list(new), 4, False)


def test_a_set_waved_off_is_dropped(site: Site) -> None:
    """Who does not want the codes shown has none, and nobody else can use them."""
    ada = site.enrol()
    made = site.engine.new_recovery_codes(applicant("ada"), ada.passage)
    begun = ada.login()

    assert site.engine.keep_recovery_codes(made, kept=False)

    assert site.engine.recovery_codes(site.engine.enrolments("ada")) is None
    assert not ada.answer(begun.token, made.codes[0]).is_accepted
    assert [way.factor for way in ada.login().ways] == ["totp"]


@pytest.mark.parametrize(
    ("comes_along", "kept", "told"),
    [
        (True, True, ["recovery_codes_made"]),
        (True, False, []),
        (False, True, ["recovery_codes_made"]),
        (False, False, ["recovery_codes_made", "enrolment_revoked"]),
    ],
)
def test_the_owner_is_told_of_codes_there_are(
    site: Site, *, comes_along: bool, kept: bool, told: list[str]
) -> None:
    """Codes that came with a way are told of once kept, others at once and when they are gone."""
    ada = site.enrol()
    before = len(site.rows("message"))
    made = site.engine.new_recovery_codes(applicant("ada"), ada.passage, comes_along=comes_along)
    assert len(site.rows("message")) - before == (not comes_along)

    assert site.engine.keep_recovery_codes(made, kept=kept)

    assert [row["text"] for row in site.rows("message")[before:]] == told


def test_recovery_codes_make_nobody_enrolled(site: Site) -> None:
    """A set of codes alone neither asks for a second step nor can be added as one."""
    site.engine.new_recovery_codes(applicant("eve"))

    assert not site.engine.standing("eve", None).enrolled
    assert [f.name for f in site.engine.addable([])] == ["totp"]


def test_a_recovery_code_also_proves_anew(site: Site) -> None:
    """A signed-in person without the phone can prove itself by a saved code."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    ada.ask_fresh(Purpose.FRESH)

    assert ada.answer(ada.token, codes[0], Purpose.FRESH).is_accepted
    assert ada.passage.proofs[-1].factor == "recovery_codes"


def test_a_site_without_recovery_codes_has_none(site: Site) -> None:
    """Where the factor is not switched on, no set is found."""
    ada = site.enrol()
    ada.make_recovery_codes()
    other = site.process(VESTIBULE_FACTORS="totp").engine

    assert other.recovery_codes(other.enrolments("ada")) is None
