"""Acting as somebody: a grant that proves nothing of theirs, and can be made to prove nothing."""

from datetime import timedelta

import pytest
from tests.core.site import Person, Site, applicant, reason

from vestibule.core import policy
from vestibule.core.engine import Login
from vestibule.core.engine.acting import Acting
from vestibule.core.model import Purpose
from vestibule.core.verdict import Reason

AS_ADA = Login(subject="ada", identity="ada", password_stamp="hash", contact={"email": "a@b.test"})


@pytest.fixture
def sam(site: Site) -> Person:
    """Somebody who works for the site, signed in just now."""
    person = site.enrol("sam")
    person.come_in()
    return person


def act(person: Person, *, tells: bool = False) -> Acting | None:
    """Begin to act as Ada."""
    return person.site.engine.act(person.passage, AS_ADA, reason="asked", tells=tells)


def acting(person: Person) -> Acting:
    """A grant to act as Ada."""
    begun = act(person)
    assert begun is not None
    return begun


def test_it_stands_for_an_hour(site: Site, sam: Person) -> None:
    """The grant is live for the user's login value, and no longer than an hour."""
    begun = acting(sam)

    def is_live() -> bool:
        passage = site.engine.standing("ada", begun.token).passage
        return site.engine.is_live(passage, "ada", "ada")

    assert is_live()
    assert begun.passage.expires_at - site.clock.now() == timedelta(hours=1)
    site.fake.move(hours=1)
    assert not is_live()


def test_it_says_by_whom(site: Site, sam: Person) -> None:
    """What is kept of the proof is whose it was, by which way, and when."""
    own = sam.passage.proofs[-1]
    begun = acting(sam)
    found = site.engine.standing("ada", begun.token).passage

    assert found is not None
    [proof] = found.proofs
    assert (proof.by, proof.purpose) == ("sam", Purpose.ACT)
    assert (proof.factor, proof.enrolment_id, proof.at) == (own.factor, own.enrolment_id, own.at)


def test_an_old_proof_is_none(site: Site, sam: Person) -> None:
    """Five minutes after the proof nobody acts, and the session stays as it is."""
    site.fake.move(minutes=5)

    assert act(sam) is None
    assert sam.is_in
    assert "acting_begun" not in site.told()


def test_an_ended_grant_is_none(site: Site, sam: Person) -> None:
    """Whose session ended at the same moment elsewhere acts as nobody."""
    grant = sam.passage
    site.engine.end(grant, "removed")

    assert site.engine.act(grant, AS_ADA, reason="asked") is None
    assert "acting_begun" not in site.told()


def test_nobody_acts_twice_on_one_proof(site: Site, sam: Person) -> None:
    """The grant ends as the acting begins: with the same one nobody begins another."""
    grant = sam.passage
    assert act(sam) is not None

    assert site.engine.act(grant, AS_ADA, reason="asked") is None
    assert not sam.is_in


def test_an_acting_grant_begins_none(site: Site, sam: Person) -> None:
    """Who acts as somebody cannot act as somebody else from there."""
    begun = acting(sam)

    assert site.engine.act(begun.passage, AS_ADA, reason="asked") is None


def test_nothing_is_proven_on_it(site: Site, sam: Person) -> None:
    """The user's own code is judged by nobody there: it is not used up, and freshens nothing."""
    ada = site.enrol("ada")
    begun = acting(sam)
    for purpose in (Purpose.FRESH, Purpose.TRY, Purpose.LOGIN, Purpose.ENROL, Purpose.ACT):
        site.engine.ask_fresh(begun.passage, purpose)
        assert reason(site.engine.verify(begun.token, purpose, ada.code(1))) is Reason.GONE
    passage = site.engine.standing("ada", begun.token).passage

    assert passage is not None
    assert not policy.is_fresh(passage, site.clock.now(), timedelta(days=1))
    assert ada.come_in().is_accepted


def test_nothing_is_added_on_it(site: Site, sam: Person) -> None:
    """No way is begun there, not even for a user who has none."""
    begun = acting(sam)
    engine = site.engine

    totp = engine.registry["totp"]
    assert engine.begin_enrolment(totp, applicant("ada"), AS_ADA, begun.passage) is None
    assert not engine.standing("ada", None).enrolled


def test_it_keeps_no_address_and_knows_no_browser(site: Site, sam: Person) -> None:
    """The row holds no contact and no browser, and does hold what changes with the password."""
    begun = acting(sam)
    [row] = [row for row in site.rows("passage") if row["id"] == begun.passage.id]

    assert (row["contact"], row["browser_hash"], row["parked"]) == (None, None, None)
    assert row["password_stamp"]


def test_the_user_is_told_where_it_is_asked_for(site: Site, sam: Person) -> None:
    """No notice is written by default; one is where it is asked for, in no language of Sam's."""
    other = site.enrol("sue")
    other.come_in()
    acting(sam)
    assert "acting_begun" not in {row["text"] for row in site.rows("message")}
    begun = act(other, tells=True)

    assert begun is not None
    [told] = [row for row in site.rows("message") if row["text"] == "acting_begun"]
    assert (told["subject"], told["channel"], told["locale"]) == ("ada", "notice", "")


def test_what_ends_the_users_sessions_ends_it(site: Site, sam: Person) -> None:
    """When the user removes a way, the acting session ends with all others."""
    ada = site.enrol("ada")
    begun = acting(sam)

    assert site.engine.revoke(ada.enrolment(), ada.passage)

    passage = site.engine.standing("ada", begun.token).passage
    assert not site.engine.is_live(passage, "ada", "ada")
