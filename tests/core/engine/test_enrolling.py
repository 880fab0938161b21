from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.site import Person, Site, applicant, case_of, reason

from vestibule.core.engine import Engine, Login
from vestibule.core.model import EnrolmentStatus, Origin, PassageStatus, Purpose
from vestibule.core.verdict import Reason
from vestibule.testing import SoftwareAuthenticator


def owner_of(site: Site, token: str | None, subject: str = "ada") -> Person:
    """Somebody who has scanned the draft that waits on a passage."""
    draft = site.engine.draft_on(site.engine.look(token))
    assert draft is not None
    return Person(site, subject, SoftwareAuthenticator(draft.secret), draft.id)


@pytest.mark.row("ATK-11", "A14")
def test_an_unproven_factor_is_neither_accepted_nor_required(site: Site) -> None:
    """A second app that was scanned and not proven lets nobody in and keeps nobody out."""
    ada = site.enrol()
    assert site.draft("ada", ada.passage) is not None
    new = owner_of(site, ada.token)
    begun = ada.login()

    assert [way.id for way in begun.ways] == [ada.enrolment_id]
    assert reason(ada.answer(begun.token, new.code())) is Reason.WRONG
    assert ada.answer(begun.token, ada.next_code()).is_accepted
    assert [e.id for e in site.engine.enrolments("ada")] == [ada.enrolment_id]


@pytest.mark.row("ATK-11")
def test_a_subject_with_nothing_but_a_draft_is_not_enrolled(site: Site) -> None:
    """Who scanned a first app and went away logs in as before."""
    draft = site.draft("ada")
    assert draft is not None

    assert not site.engine.standing("ada", draft.token).enrolled
    assert site.engine.begin_login(Login(subject="ada", identity="ada")).ways == []


@pytest.mark.row("ATK-11", "ASVS-6.4.1", "ASVS-6.5.5")
def test_a_draft_ends_after_ten_minutes(site: Site) -> None:
    """A factor is proven within ten minutes of being begun, or not at all."""
    for wait, accepted in ((599, True), (600, False), (601, False)):
        subject = f"ada {wait}"
        draft = site.draft(subject)
        assert draft is not None
        ada = owner_of(site, draft.token, subject)
        site.fake.move(seconds=wait)

        outcome = ada.answer(draft.token or "", ada.code(), Purpose.ENROL)

        assert outcome.is_accepted is accepted
        assert site.engine.standing(subject, None).enrolled is accepted
        if not accepted:
            assert site.engine.draft_on(site.engine.look(draft.token)) is None


@pytest.mark.row("ATK-11", "ATK-28")
def test_beginning_again_kills_the_former_draft(site: Site) -> None:
    """Starting over gives a new secret, and the one before proves nothing any more."""
    first = site.draft("ada")
    second = site.draft("ada")
    assert first is not None
    assert second is not None

    old = SoftwareAuthenticator(first.enrolment.secret)
    outcome = site.engine.verify(first.token, Purpose.ENROL, old.code(site.clock.now()))

    assert first.enrolment.secret != second.enrolment.secret
    assert reason(outcome) is Reason.GONE
    assert [row["id"] for row in site.rows("enrolment")] == [second.enrolment.id]


@pytest.mark.row("C11")
def test_a_secret_is_shown_until_it_is_proven_and_never_again(site: Site) -> None:
    """The secret of a draft can be shown again while it waits, and not once it is in use."""
    draft = site.draft("ada")
    assert draft is not None
    ada = owner_of(site, draft.token)
    assert ada.app.secret == draft.enrolment.secret

    ada.answer(draft.token or "", ada.code(), Purpose.ENROL)

    assert site.engine.draft_on(site.engine.look(draft.token)) is None
    assert site.engine.draft_on(site.engine.look(ada.token)) is None
    assert site.engine.draft_on(None) is None


@pytest.mark.row("C11")
def test_every_enrolment_has_a_secret_of_its_own(site: Site) -> None:
    """No two enrolments share a secret, not even those of one person."""
    ada = site.enrol("ada")
    secrets = {ada.app.secret, site.enrol("bob").app.secret}
    for _ in range(4):
        site.draft("ada", ada.passage)
        new = owner_of(site, ada.token)
        assert ada.answer(ada.token, new.code(), Purpose.ENROL).is_accepted
        secrets.add(new.app.secret)

    assert len(secrets) == 6
    assert {len(secret) for secret in secrets} == {20}


@pytest.mark.row("ATK-28", "NIST-33")
def test_there_are_at_most_five_of_a_factor(site: Site) -> None:
    """A person has up to five apps, is told when there may be no more, and keeps the five."""
    ada = site.enrol()
    for _ in range(4):
        assert site.draft("ada", ada.passage) is not None
        new = owner_of(site, ada.token)
        assert ada.answer(ada.token, new.code(), Purpose.ENROL).is_accepted
    registry = site.engine.registry
    assert registry["totp"] not in site.engine.addable(site.engine.enrolments("ada"))

    assert site.draft("ada", ada.passage) is None
    assert len(site.engine.enrolments("ada")) == 5


@pytest.mark.row("ATK-28")
def test_two_browsers_cannot_both_add_the_fifth(site: Site) -> None:
    """Of two drafts of one factor begun in two browsers, only the younger can be proven."""
    ada = site.enrol()
    here = ada.token
    ada.come_in()
    there = ada.token
    first, second = (site.engine.standing("ada", token).passage for token in (here, there))
    site.draft("ada", first)
    old = owner_of(site, here)
    site.draft("ada", second)
    new = owner_of(site, there)

    assert reason(ada.answer(here, old.code(), Purpose.ENROL)) is Reason.GONE
    assert ada.answer(there, new.code(), Purpose.ENROL).is_accepted
    assert len(site.engine.enrolments("ada")) == 2


@pytest.mark.row("A13")
def test_an_enrolled_subject_adds_nothing_without_its_grant(site: Site) -> None:
    """Who has only the password of an enrolled subject cannot begin to enrol."""
    site.enrol()

    assert site.draft("ada") is None


@pytest.mark.row("ATK-28")
def test_a_first_factor_begun_too_late_is_not_proven(letters_site: Site) -> None:
    """Of two first factors begun in two browsers one is proven, and the other is dead."""
    mine = letters_site.draft("ada")
    theirs = letters_site.draft("ada", factor="letters")
    assert mine is not None
    assert theirs is not None
    ada = owner_of(letters_site, mine.token)
    ada.deliver()

    assert ada.answer(mine.token or "", ada.code(), Purpose.ENROL).is_accepted
    late = letters_site.engine.verify(theirs.token, Purpose.ENROL, letters_site.post.code())
    assert reason(late) is Reason.GONE
    assert [e.factor for e in letters_site.engine.enrolments("ada")] == ["totp"]


@pytest.mark.row("A5")
def test_a_first_factor_ends_every_other_passage(site: Site) -> None:
    """Proving a first factor grants this browser and ends all that waited or lived elsewhere."""
    waiting = site.engine.begin_login(Login(subject="ada", identity="ada"))
    ada = site.enrol()

    assert ada.is_in
    assert case_ended(site, waiting.token)
    assert ada.passage.purpose is Purpose.ENROL


def case_ended(site: Site, token: str) -> bool:
    """Whether the passage of a token is ended."""
    passage = site.engine.standing("ada", token).passage
    return passage is not None and passage.status is PassageStatus.ENDED


def test_a_second_factor_ends_nothing(site: Site) -> None:
    """Adding a further app leaves other browsers signed in."""
    ada = site.enrol()
    here = ada.token
    ada.come_in()
    site.draft("ada", ada.passage)
    new = owner_of(site, ada.token)

    assert ada.answer(ada.token, new.code(), Purpose.ENROL).is_accepted
    elsewhere = site.engine.standing("ada", here).passage
    assert site.engine.is_live(elsewhere, "ada", "ada")


@pytest.mark.row("ATK-29", "OTP-06")
def test_the_code_that_confirmed_is_used_up(site: Site) -> None:
    """The code that proved an app does not also log in."""
    ada = site.enrol()

    assert reason(ada.answer(ada.login().token, ada.code())) is Reason.REPLAYED
    assert reason(ada.answer(ada.login().token, ada.code(-1))) is Reason.REPLAYED


def test_a_wrong_code_while_enrolling_costs_no_odds(site: Site) -> None:
    """Mistakes while adding an app touch neither the ledger nor any count of the account."""
    draft = site.draft("ada")
    assert draft is not None
    ada = owner_of(site, draft.token)
    ada.guess(draft.token or "", 4, Purpose.ENROL)
    assert ada.answer(draft.token or "", ada.code(), Purpose.ENROL).is_accepted

    assert [(row["spent"], row["failures"]) for row in site.rows("ledger")] == [(0, 0)] * 2
    assert ada.enrolment().failures_stranger == 0


@pytest.mark.row("ATK-13")
def test_five_wrong_codes_end_an_enrolment(site: Site) -> None:
    """After five wrong codes a draft takes none, and a new one can be begun."""
    draft = site.draft("ada")
    assert draft is not None
    ada = owner_of(site, draft.token)
    ada.guess(draft.token or "", 5, Purpose.ENROL)

    assert reason(ada.answer(draft.token or "", ada.code(), Purpose.ENROL)) is Reason.EXHAUSTED
    assert not site.engine.standing("ada", None).enrolled
    assert site.draft("ada") is not None


def test_a_draft_can_be_dropped(site: Site) -> None:
    """A draft nobody wants is gone with its secret, and an active factor cannot go so."""
    ada = site.enrol()
    draft = site.draft("ada", ada.passage)
    assert draft is not None

    site.engine.drop_draft(draft.enrolment)
    site.engine.drop_draft(ada.enrolment())

    assert [row["id"] for row in site.rows("enrolment")] == [ada.enrolment_id]
    assert site.engine.draft_on(site.engine.look(ada.token)) is None


@pytest.mark.row("ATK-38")
def test_nobody_elses_draft_can_be_dropped(site: Site) -> None:
    """A draft is dropped by its own subject only."""
    draft = site.draft("ada")
    assert draft is not None

    site.engine.context.store.drop_draft("default", "eve", draft.enrolment.id)
    site.engine.context.store.drop_draft("other", "ada", draft.enrolment.id)

    assert len(site.rows("enrolment")) == 1


@pytest.mark.row("NIST-32", "ASVS-6.3.7")
def test_adding_a_factor_is_told(site: Site) -> None:
    """The trail has the beginning and the proof of a factor, and a notice waits for its owner."""
    origin = Origin(address="192.0.2.9", agent="Browser")
    context = site.engine.context
    ada = site.enrol(contact={"email": "ada@site.test"})
    facts = site.facts("ada")

    assert [fact["name"] for fact in facts] == [
        "enrolment_begun",
        "answer_accepted",
        "enrolment_confirmed",
    ]
    assert facts[-1]["data"] == {"enrolment": ada.enrolment_id, "factor": "totp", "first": True}
    assert [(row["channel"], row["text"]) for row in site.rows("message")] == [
        ("notice", "enrolment_confirmed")
    ]
    second = context.event(site.heard[0].fact, "ada", site.clock.now(), origin)
    assert (second.origin, second.realm) == (origin, "default")


def test_a_login_that_must_enrol_waits_no_longer_than_its_passage(site: Site) -> None:
    """A challenge never outlives the passage it is asked on."""
    ada = site.enrol()
    begun = ada.login()
    site.fake.move(timedelta(minutes=9))
    case = case_of(site, begun.token)

    assert {asked.challenge.expires_at for asked in case.asked} == {begun.passage.expires_at}
    assert case.asked[0].enrolment.status is EnrolmentStatus.ACTIVE


def test_a_factor_may_wait_to_be_proven_as_long_as_the_profile_says(site: Site) -> None:
    """How long a new factor waits for its first code is a number of its own, not a login's."""
    context = site.engine.context
    patient = replace(context.profile, enrolment_life=timedelta(minutes=30))
    engine = Engine(replace(context, profile=patient))
    factor = context.registry["totp"]
    draft = engine.begin_enrolment(
        factor, applicant("ada"), Login(subject="ada", identity="ada"), None
    )
    assert draft is not None
    site.fake.move(timedelta(minutes=29))

    code = SoftwareAuthenticator(draft.enrolment.secret).code(site.clock.now())
    assert engine.verify(draft.token, Purpose.ENROL, code).is_accepted
