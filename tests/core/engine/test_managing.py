from datetime import timedelta

import pytest
from tests.core.site import Site, case_of, reason

from vestibule.core.model import Origin, Purpose
from vestibule.core.verdict import Reason


@pytest.mark.row("ATK-38", "A20")
def test_only_ones_own_active_enrolments_exist(site: Site) -> None:
    """Another person's id, a removed one, a draft's and an invented one are all nothing."""
    ada, bob = site.enrol("ada"), site.enrol("bob")
    draft = site.draft("ada", ada.passage)
    assert draft is not None
    other_realm = site.process(VESTIBULE_REALM="other").engine

    assert site.engine.own("ada", ada.enrolment_id) == ada.enrolment()
    assert site.engine.own("ada", bob.enrolment_id) is None
    assert site.engine.own("ada", draft.enrolment.id) is None
    assert site.engine.own("ada", "invented") is None
    assert other_realm.own("ada", ada.enrolment_id) is None
    site.engine.revoke(bob.enrolment())
    assert site.engine.own("bob", bob.enrolment_id) is None


@pytest.mark.row("ATK-46")
def test_a_name_is_made_plain_and_cut(site: Site) -> None:
    """An enrolment takes the name its owner gives it, without control characters and forty long."""
    ada = site.enrol()

    assert site.engine.rename(ada.enrolment(), "  My\x00 ph\r\none \u202e" + "x" * 60)
    assert ada.enrolment().label == "My phone " + "x" * 31
    assert site.facts("ada")[-1]["data"]["change"] == "renamed"
    assert ada.come_in().is_accepted


def test_one_way_at_most_is_preferred(letters_site: Site) -> None:
    """Preferring a way makes it the first to be asked, and the one before it no longer."""
    ada = letters_site.enrol()
    ada.add_letters()
    engine = letters_site.engine

    assert engine.prefer(ada.enrolment("totp"))
    assert engine.prefer(ada.enrolment("letters"))
    assert [e.factor for e in engine.enrolments("ada") if e.preferred] == ["letters"]
    assert ada.login().ways[0].factor == "letters"


@pytest.mark.row("ATK-28")
def test_a_change_of_what_has_moved_on_is_refused(site: Site) -> None:
    """A change made to an enrolment as it was before somebody else changed it does not happen."""
    ada = site.enrol()
    seen_by_both = ada.enrolment()

    assert site.engine.rename(seen_by_both, "one")
    assert not site.engine.rename(seen_by_both, "other")
    assert not site.engine.prefer(seen_by_both)
    assert ada.enrolment().label == "one"
    assert site.told("ada").count("enrolment_changed") == 1


@pytest.mark.row("ASVS-6.5.6", "A5")
def test_removing_a_way_ends_every_other_session(letters_site: Site) -> None:
    """A removed factor judges nothing from then on, in every process, and ends sessions."""
    ada = letters_site.enrol()
    ada.add_letters()
    elsewhere = ada.token
    ada.come_in()
    begun = ada.login()
    second = letters_site.process().engine

    assert letters_site.engine.revoke(ada.enrolment("totp"), ada.passage)

    assert ada.is_in
    old = second.standing("ada", elsewhere).passage
    assert not second.is_live(old, "ada", "ada")
    assert reason(ada.answer(begun.token, ada.next_code())) is Reason.GONE
    assert [way.factor for way in ada.login().ways] == ["letters"]
    assert second.standing("ada", None).enrolled


def test_the_last_way_takes_along_what_only_helps(site: Site) -> None:
    """With the last app go the recovery codes, and the subject is not enrolled any more."""
    ada = site.enrol()
    ada.make_recovery_codes()

    assert site.engine.revoke(ada.enrolment("totp"), ada.passage)

    assert site.engine.enrolments("ada") == []
    assert not site.engine.standing("ada", None).enrolled
    assert site.facts("ada")[-1]["data"]["last"] is True
    assert {(row["status"], row["secret"]) for row in site.rows("enrolment")} == {("revoked", b"")}
    assert {str(row["state"]) for row in site.rows("enrolment")} == {"{}"}


@pytest.mark.row("A17", "ATK-28")
def test_the_same_way_is_removed_once(site: Site) -> None:
    """Removing a way twice is told, noticed and done once."""
    ada = site.enrol()
    mine = ada.enrolment()

    assert site.engine.revoke(mine, ada.passage)
    assert not site.engine.revoke(mine, ada.passage)
    assert site.told("ada").count("enrolment_revoked") == 1
    assert [row["text"] for row in site.rows("message")].count("enrolment_revoked") == 1


def test_the_last_way_takes_along_the_grant_it_gave(site: Site) -> None:
    """Who removes the last way is signed in no more by a proof that means nothing any more."""
    ada = site.enrol()
    assert site.engine.revoke(ada.enrolment(), ada.passage)

    assert not ada.is_in


@pytest.mark.row("ATK-12", "ATK-26")
def test_a_grant_that_has_ended_removes_nothing(site: Site) -> None:
    """A browser that was signed out meanwhile can no longer remove a factor."""
    ada = site.enrol()
    here = ada.passage
    site.engine.end(here, "logout")

    assert not site.engine.revoke(ada.enrolment(), here)
    assert [way.factor for way in ada.login().ways] == ["totp"]
    assert "enrolment_revoked" not in site.told("ada")


@pytest.mark.row("A16")
def test_removing_one_of_two_leaves_the_other_in_force(letters_site: Site) -> None:
    """Any way in use makes an account enrolled, whichever of them was removed."""
    ada = letters_site.enrol()
    ada.add_letters()

    letters_site.engine.revoke(ada.enrolment("totp"), ada.passage)
    assert letters_site.engine.standing("ada", None).enrolled
    assert letters_site.facts("ada")[-1]["data"]["last"] is False
    letters_site.engine.revoke(ada.enrolment("letters"), ada.passage)
    assert not letters_site.engine.standing("ada", None).enrolled


@pytest.mark.row("ASVS-7.5.1")
def test_a_signed_in_person_proves_anew_who_it_is(site: Site) -> None:
    """Asked again, a person proves it by a code not used yet, and is fresh from then on."""
    ada = site.enrol()
    code = ada.code()
    site.fake.move(timedelta(minutes=20))
    ada.ask_fresh(Purpose.FRESH)

    assert reason(ada.answer(ada.token, code, Purpose.FRESH)) is Reason.WRONG
    assert reason(ada.answer(ada.token, ada.code(), Purpose.ENROL)) is Reason.GONE
    assert ada.answer(ada.token, ada.code(), Purpose.FRESH).is_accepted
    assert ada.passage.proven_at == site.clock.now()
    assert "challenges_opened" in site.told("ada")


@pytest.mark.row("ATK-75", "ATK-80")
def test_a_spoilt_way_is_not_offered_to_prove_anew(letters_site: Site) -> None:
    """Who proves anew is offered the ways whose rows open, and nothing where none does."""
    ada = letters_site.enrol()
    ada.add_letters()
    spoilt = b"\x01\x00\x01" + bytes(40)

    def offered() -> list[str]:
        return [way.factor for way in letters_site.engine.fresh_ways(ada.passage)]

    assert sorted(offered()) == ["letters", "totp"]
    letters_site.change("enrolment", {"id": ada.enrolment_id}, secret=spoilt)
    assert offered() == ["letters"]
    letters_site.change("enrolment", {"id": ada.enrolment("letters").id}, secret=spoilt)
    assert offered() == []


def test_being_asked_again_replaces_what_was_asked(site: Site) -> None:
    """Asking anew puts new challenges in the place of the old ones, and leaves a draft's alone."""
    ada = site.enrol()
    ada.ask_fresh(Purpose.FRESH)
    site.draft("ada", ada.passage)
    first = {asked.challenge.id for asked in case_of(site, ada.token).asked}
    ada.ask_fresh(Purpose.FRESH)
    second = {asked.challenge.id for asked in case_of(site, ada.token).asked}

    assert len(first & second) == 2  # the one enrolled with, and the draft's
    assert len(second) == 3


@pytest.mark.row("ATK-13", "ATK-14")
def test_asking_again_renews_no_budget(site: Site) -> None:
    """Wrong codes of a signed-in browser add up over every time it is asked."""
    ada, refused = site.enrol(), []
    for _ in range(2):
        ada.ask_fresh()
        refused += ada.guess(ada.token, 5, Purpose.FRESH)

    assert ada.enrolment().failures_known == 5
    assert [reason(one) for one in refused] == [Reason.WRONG] * 5 + [Reason.DELAYED] * 5


@pytest.mark.row("NIST-32", "CS-16")
def test_an_operator_can_reset_the_counts_and_is_named(site: Site) -> None:
    """Resetting a subject's counts opens the lanes again and stands in the trail with a reason."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    ada.guess(ada.login(known=True).token, 5)

    site.engine.reset_limits("ada", by="root", reason="called us")

    assert [(r["spent"], r["failures"], r["failed_at"]) for r in site.rows("ledger")] == [
        (0, 0, None)
    ] * 2
    assert (ada.enrolment().failures_known, ada.enrolment().failures_stranger) == (0, 0)
    assert site.facts("ada")[-1]["data"] == {"by": "root", "reason": "called us"}
    assert ada.come_in().is_accepted


def test_a_cancel_is_told_with_its_reason_and_origin(site: Site) -> None:
    """The end of a passage stands in the trail with the reason that was given for it."""
    ada = site.enrol()
    site.engine.end(ada.passage, "logout", Origin(address="192.0.2.4"))

    fact = site.facts("ada")[-1]
    assert (fact["name"], fact["address"]) == ("passage_ended", "192.0.2.4")
    assert fact["data"]["why"] == "logout"
