"""Moving to another phone: the new app takes the old one's place once it has been used."""

import pytest
from tests.core.site import Person, Site, applicant, case_of, reason

from vestibule.core.engine import Login
from vestibule.core.model import Enrolment, Purpose
from vestibule.core.verdict import Reason
from vestibule.testing import SoftwareAuthenticator


@pytest.fixture
def ada(site: Site) -> Person:
    """Somebody with an app."""
    return site.enrol()


def way_of(person: Person) -> Enrolment:
    """The app that is on the person's phone."""
    found = person.site.engine.own(person.subject, person.enrolment_id)
    assert found is not None
    return found


def draft_of(person: Person, old: Enrolment) -> Person | None:
    """The same person at a new phone that is being set up, None where it may not be begun."""
    engine = person.site.engine

    draft = engine.begin_enrolment(
        engine.registry["totp"],
        applicant(person.subject),
        Login(subject=person.subject, identity=person.subject),
        person.passage,
        succeeds=old,
    )
    if draft is None:
        return None
    app = SoftwareAuthenticator(draft.enrolment.secret)
    return Person(person.site, person.subject, app, draft.enrolment.id, person.token)


def move(person: Person) -> Person:
    """The person at a new phone that is set up and has not been used."""
    new = draft_of(person, way_of(person))
    assert new is not None
    assert new.answer(person.token, new.code(), Purpose.ENROL).is_accepted
    person.token = new.token
    return new


def ways(person: Person) -> set[str]:
    """The ids of the ways that are in force."""
    return {e.id for e in person.site.engine.enrolments(person.subject)}


def test_both_work_until_the_new_one_has_been_used(ada: Person) -> None:
    """A new phone that was only confirmed removes nothing: the old one lets in as before."""
    new = move(ada)
    other = Person(ada.site, "ada", ada.app, ada.enrolment_id)

    assert other.come_in().is_accepted
    assert ways(ada) == {ada.enrolment_id, new.enrolment_id}
    assert [*ada.site.engine.moves(ada.site.engine.enrolments("ada"))] == [new.enrolment_id]


def test_a_login_by_the_new_one_ends_the_move(ada: Person) -> None:
    """With the first login by the new phone the old one is revoked, its secret gone."""
    new = move(ada)

    assert new.come_in().is_accepted

    assert ways(ada) == {new.enrolment_id}
    gone = next(row for row in ada.site.rows("enrolment") if row["id"] == ada.enrolment_id)
    assert (gone["status"], gone["secret"], gone["state"]) == ("revoked", b"", {})
    kept = next(row for row in ada.site.rows("enrolment") if row["id"] == new.enrolment_id)
    assert kept["succeeds"] is None


def test_a_confirmation_by_the_new_one_ends_the_move(ada: Person) -> None:
    """A signed-in person who proves anew by the new phone is rid of the old one, and stays in."""
    new = move(ada)
    new.ask_fresh()

    assert new.answer(new.token, new.next_code(), Purpose.FRESH).is_accepted

    assert ways(ada) == {new.enrolment_id}
    assert new.is_in


def test_the_try_ends_the_move(ada: Person) -> None:
    """The new phone alone is asked on a try; its next code is right, and ends the move."""
    new = move(ada)
    ada.site.engine.ask_new(new.passage, way_of(new))

    assert reason(ada.answer(new.token, ada.next_code(), Purpose.TRY)) is Reason.WRONG
    assert new.answer(new.token, new.code(), Purpose.TRY).is_accepted
    assert ways(ada) == {new.enrolment_id}


def test_the_code_that_proved_it_is_used_up(ada: Person) -> None:
    """The code that confirmed the new phone is refused on the try, and nothing is removed."""
    new = draft_of(ada, way_of(ada))
    assert new is not None
    code = new.code()
    assert new.answer(ada.token, code, Purpose.ENROL).is_accepted
    ada.site.engine.ask_new(new.passage, way_of(new))

    assert reason(new.answer(new.token, code, Purpose.TRY)) is Reason.REPLAYED
    assert len(ways(ada)) == 2


def test_every_other_session_ends_with_the_old_one(ada: Person) -> None:
    """Whoever came in by the old phone elsewhere is signed out when the new one has been used."""
    new = move(ada)
    other = Person(ada.site, "ada", ada.app, ada.enrolment_id)
    other.come_in()

    new.come_in()

    assert not other.is_in
    assert not ada.is_in
    assert new.is_in


def test_a_login_that_waits_for_the_old_one_is_over(ada: Person) -> None:
    """A code of the old phone opens nothing once the new one has been used."""
    new = move(ada)
    begun = ada.login()
    code = ada.next_code()

    new.come_in()

    assert reason(ada.answer(begun.token, code)) is Reason.GONE


def test_the_trail_and_the_owner_are_told(ada: Person) -> None:
    """The removal stands in the audit trail, and a notice says so, as if it were by hand."""
    new = move(ada)

    new.come_in()

    revoked = [fact for fact in ada.site.facts("ada") if fact["name"] == "enrolment_revoked"]
    assert [fact["data"]["enrolment"] for fact in revoked] == [ada.enrolment_id]
    assert "last" not in revoked[0]["data"] or revoked[0]["data"]["last"] is False
    assert "enrolment_revoked" in {row["text"] for row in ada.site.rows("message")}
    assert [e.fact.name for e in ada.site.heard][-2:] == ["answer_accepted", "enrolment_revoked"]


def test_removing_the_new_one_leaves_the_old(ada: Person) -> None:
    """Who removes the new phone before it was used keeps the old, and may move again."""
    new = move(ada)
    fresh = way_of(new)

    assert ada.site.engine.revoke(fresh, new.passage)

    assert ways(ada) == {ada.enrolment_id}
    assert ada.site.engine.movable(ada.site.engine.enrolments("ada")) == [way_of(ada)]
    again = move(ada)
    assert again.come_in().is_accepted
    assert ways(ada) == {again.enrolment_id}


def test_an_old_one_that_is_gone_is_removed_once(ada: Person) -> None:
    """Who removed the old phone by hand is told of that once: using the new one removes nothing."""
    new = move(ada)
    assert ada.site.engine.revoke(way_of(ada), new.passage)
    before = len(ada.site.rows("message"))
    new.come_in()

    assert ways(ada) == {new.enrolment_id}
    assert ada.site.told("ada").count("enrolment_revoked") == 1
    assert len(ada.site.rows("message")) == before
    assert ada.site.engine.moves(ada.site.engine.enrolments("ada")) == {}


def test_a_place_is_taken_once(ada: Person) -> None:
    """While a move is under way neither its old phone nor its new one can be moved."""
    new = move(ada)
    fresh = way_of(new)

    assert ada.site.engine.movable(ada.site.engine.enrolments("ada")) == []
    assert draft_of(ada, way_of(ada)) is None
    assert draft_of(ada, fresh) is None


def test_a_move_begun_twice_sets_up_the_last(ada: Person) -> None:
    """Beginning again makes what was begun before worthless."""
    first, second = draft_of(ada, way_of(ada)), draft_of(ada, way_of(ada))
    assert first is not None
    assert second is not None

    assert first.answer(ada.token, first.code(), Purpose.ENROL).granted is None
    assert second.answer(ada.token, second.code(), Purpose.ENROL).is_accepted


def test_nobody_elses_place_is_taken(ada: Person) -> None:
    """A way that names another person's is not begun, and altered so it removes nothing."""
    bob = ada.site.enrol("bob")
    new = move(ada)

    assert draft_of(ada, way_of(bob)) is None
    ada.site.change("enrolment", {"id": new.enrolment_id}, succeeds=bob.enrolment_id)
    assert new.come_in().is_accepted
    assert ways(bob) == {bob.enrolment_id}
    assert ways(ada) == {ada.enrolment_id, new.enrolment_id}


def test_as_many_as_there_can_be_can_still_be_moved(ada: Person) -> None:
    """Who has as many apps as there can be may move one of them, and has no more afterwards."""
    most = ada.site.engine.profile.enrolments_per_factor
    for _ in range(most - 1):
        draft = ada.site.draft("ada", ada.passage)
        assert draft is not None
        app = SoftwareAuthenticator(draft.enrolment.secret)
        ada.answer(ada.token, app.code(ada.site.clock.now()), Purpose.ENROL)
    assert len(ways(ada)) == most

    new = move(ada)

    assert ada.site.draft("ada", new.passage) is None
    assert new.come_in().is_accepted
    assert len(ways(ada)) == most


def test_the_new_one_is_asked_first_where_the_old_was(ada: Person) -> None:
    """The preferred way stays so through the move, and after it."""
    ada.site.engine.prefer(way_of(ada))
    new = move(ada)
    new.come_in()

    assert [e.preferred for e in ada.site.engine.enrolments("ada")] == [True]


def test_recovery_codes_stay(ada: Person) -> None:
    """A move leaves the recovery codes as they are."""
    ada.make_recovery_codes()
    new = move(ada)
    new.come_in()

    codes = ada.site.engine.recovery_codes(ada.site.engine.enrolments("ada"))
    assert codes is not None
    assert codes.remaining == len(ada.codes)


def test_one_way_is_one_through_a_move(ada: Person) -> None:
    """Two phones of which one goes are one way in; recovery codes are another."""
    engine = ada.site.engine
    assert engine.has_one_way(engine.enrolments("ada"))
    new = move(ada)
    assert engine.has_one_way(engine.enrolments("ada"))
    new.come_in()
    assert engine.has_one_way(engine.enrolments("ada"))
    new.make_recovery_codes()
    assert not engine.has_one_way(engine.enrolments("ada"))
    assert not engine.has_one_way([])


def test_of_a_move_either_phone_is_left_without_the_other(ada: Person) -> None:
    """Whoever removes one of two phones of a move has the other, whatever else is suspended."""
    engine, old = ada.site.engine, way_of(ada)
    other = ada.site.draft("ada", ada.passage)
    assert other is not None
    app = SoftwareAuthenticator(other.enrolment.secret)
    code = app.code(ada.site.clock.now())
    assert ada.answer(ada.token, code, Purpose.ENROL).is_accepted
    ada.site.change("enrolment", {"id": other.enrolment.id}, suspended_until=2**51)
    assert engine.is_only_way(old, engine.enrolments("ada"))
    new = move(ada)

    both = engine.enrolments("ada")
    assert engine.has_one_way(both)
    assert not engine.is_only_way(old, both)
    assert not engine.is_only_way(way_of(new), both)
    assert new.come_in().is_accepted
    assert engine.is_only_way(way_of(new), engine.enrolments("ada"))


def test_what_is_sent_moves_by_its_own_rule(letters_site: Site) -> None:
    """A way whose codes are sent lives in no device: it cannot be moved."""
    ada = letters_site.enrol()
    ada.add_letters()

    assert [
        e.factor for e in letters_site.engine.movable(letters_site.engine.enrolments("ada"))
    ] == ["totp"]


def test_a_try_asks_for_nothing_else(ada: Person) -> None:
    """What is asked on a try is answered for a try only: it is no login and no fresh proof."""
    new = move(ada)
    ada.site.engine.ask_new(new.passage, way_of(new))
    code = new.next_code()

    assert {a.challenge.purpose for a in case_of(ada.site, new.token).asked} >= {Purpose.TRY}
    assert reason(new.answer(new.token, code, Purpose.LOGIN)) is Reason.GONE
    assert reason(new.answer(new.token, code, Purpose.FRESH)) is Reason.GONE
