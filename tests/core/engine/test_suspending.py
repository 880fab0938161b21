"""Saying "this was not me": what it ends, what it leaves, and what nobody can do with it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.core.site import Person, Site, reason

from vestibule.core.engine import Begun, Login
from vestibule.core.engine.suspending import ReportStatus
from vestibule.core.links import Errand, Link, written
from vestibule.core.model import EnrolmentStatus, Lane, PassageKind, Purpose
from vestibule.core.verdict import Pending, Reason
from vestibule.testing import SoftwareAuthenticator

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


@pytest.fixture
def ada(site: Site) -> Person:
    """Somebody with an app, recovery codes, and, an hour later, a second app."""
    person = site.enrol(contact={"email": "ada@site.test"})
    person.make_recovery_codes()
    site.fake.move(HOUR)
    return person


@dataclass
class Thief:
    """Somebody who has added an app to an account in a session that was the owner's."""

    owner: Person
    app: SoftwareAuthenticator
    way: str

    def enters(self) -> bool:
        """Give the password, wait for another code, and type it."""
        site = self.owner.site
        begun = self.owner.login()
        site.fake.move(seconds=30)
        code = self.app.code(site.clock.now())
        return site.engine.verify(begun.token, Purpose.LOGIN, code).is_accepted


def added(owner: Person) -> Thief:
    """Another app on the account."""
    draft = owner.site.draft(owner.subject, owner.passage)
    assert draft is not None
    app = SoftwareAuthenticator(draft.enrolment.secret)
    code = app.code(owner.site.clock.now())
    assert owner.answer(owner.token, code, Purpose.ENROL).is_accepted
    return Thief(owner, app, draft.enrolment.id)


def link_to(site: Site, about: str, subject: str = "ada", realm: str = "default") -> str:
    """A link as a mail of now has it."""
    until = site.clock.now() + WEEK
    link = Link(errand=Errand.NOT_ME, subject=subject, about=about, until=until)
    return written(site.engine.vault.box, realm, link)


def report(site: Site, about: str, by: Begun, subject: str = "ada") -> bool:
    """Report a way in a login that waits."""
    found = site.engine.link(Errand.NOT_ME, link_to(site, about, subject))
    assert found is not None
    return site.engine.report(found, by.passage)


def report_status(site: Site, about: str) -> ReportStatus:
    """What a link about a way can still do."""
    found = site.engine.link(Errand.NOT_ME, link_to(site, about))
    assert found is not None
    return site.engine.look_at_report(found).status


@pytest.mark.row("NIST-36", "NIST-37", "CS-06")
def test_what_was_added_opens_nothing_for_seven_days(ada: Person) -> None:
    """A reported way is asked at no login and accepted at none, until the very end of a week."""
    thief = added(ada)
    assert thief.enters()
    ada.site.fake.move(HOUR)
    at = ada.site.clock.now()
    assert report(ada.site, thief.way, ada.login())

    assert thief.way not in [way.id for way in ada.login().ways]
    assert not thief.enters()
    ada.site.fake.move(at + WEEK - ada.site.clock.now() - HOUR)
    assert not thief.enters()
    ada.site.fake.move(HOUR)
    assert thief.enters()


@pytest.mark.row("NIST-36")
def test_the_older_way_still_lets_its_owner_in(ada: Person) -> None:
    """Whoever reported a way goes on in the same login by an older one."""
    thief, waiting = added(ada), ada.login()
    assert report(ada.site, thief.way, waiting)

    assert ada.answer(waiting.token, ada.next_code()).is_accepted
    assert ada.is_in


@pytest.mark.row("NIST-37", "ASVS-7.4.3")
def test_every_session_and_login_ends(ada: Person) -> None:
    """All grants end, also a program's, and every login that waits but the one that reports."""
    thief = added(ada)
    mine, other, program = ada.login(), ada.login(), ada.login(kind=PassageKind.PROGRAM)
    assert report(ada.site, thief.way, mine)

    assert not ada.is_in
    code = ada.next_code()
    assert reason(ada.answer(other.token, code)) is Reason.GONE
    assert reason(ada.answer(program.token, code)) is Reason.GONE
    assert ada.answer(mine.token, code).is_accepted


def test_who_is_signed_in_reports_and_is_signed_out(ada: Person) -> None:
    """A grant may report as well, and ends with all others."""
    thief = added(ada)
    link = ada.site.engine.link(Errand.NOT_ME, link_to(ada.site, thief.way))
    assert link is not None

    assert ada.site.engine.report(link, ada.passage)
    assert not ada.is_in


@pytest.mark.row("ATK-10", "ATK-41", "NIST-36")
def test_a_way_the_thief_added_first_leaves_the_account_shut(site: Site) -> None:
    """Where a thief set up the only way, reporting it opens the account to nobody."""
    thief = site.enrol(contact={"email": "ada@site.test"})
    codes = thief.make_recovery_codes()
    waiting = thief.login()
    assert report(site, thief.enrolment_id, waiting)

    assert site.engine.standing("ada", None).enrolled
    again = thief.login()
    assert again.ways == []
    for answer in (thief.next_code(), codes[0], codes[1]):
        assert not thief.answer(thief.login().token, answer).is_accepted
    assert site.draft("ada") is None
    assert not thief.is_in


@pytest.mark.row("ATK-28", "ATK-54")
def test_drafts_are_dropped(ada: Person) -> None:
    """What was being added when something was reported can be proven no more."""
    thief = added(ada)
    draft = ada.site.draft("ada", ada.passage)
    assert draft is not None
    assert report(ada.site, thief.way, ada.login())

    code = SoftwareAuthenticator(draft.enrolment.secret).code(ada.site.clock.now())
    assert reason(ada.answer(ada.token, code, Purpose.ENROL)) is Reason.GONE
    statuses = [row["status"] for row in ada.site.rows("enrolment")]
    assert EnrolmentStatus.PENDING not in statuses


@pytest.mark.row("ATK-18", "NIST-36")
def test_a_thief_with_a_newer_way_cannot_have_an_older_one_suspended(ada: Person) -> None:
    """The link of a thief's own way touches none of the owner's; what was there before stays."""
    thief = added(ada)
    assert report(ada.site, thief.way, ada.login())

    suspended = {r["id"] for r in ada.site.rows("enrolment") if r["suspended_until"] is not None}
    assert suspended == {thief.way}
    codes = ada.codes[0]
    assert ada.answer(ada.login().token, codes).is_accepted


@pytest.mark.row("ATK-18")
def test_who_has_an_older_link_too_keeps_nothing_newer(ada: Person) -> None:
    """Who also reads the owner's mail and reports an older way loses what he added after it."""
    of_owner = added(ada)
    ada.site.fake.move(HOUR)
    thief = added(ada)
    assert report(ada.site, of_owner.way, ada.login())

    assert not thief.enters()
    assert not of_owner.enters()
    ada.site.fake.move(HOUR)
    assert ada.come_in().is_accepted


@pytest.mark.row("ATK-10")
def test_two_ways_of_a_thief_go_together(ada: Person) -> None:
    """A thief who adds another way after the first gains nothing: the first link takes both."""
    first = added(ada)
    ada.site.fake.move(HOUR)
    second = added(ada)
    assert report(ada.site, first.way, ada.login())

    assert not first.enters()
    assert not second.enters()


@pytest.mark.row("ATK-24", "ATK-29")
def test_a_link_works_once(ada: Person) -> None:
    """A used link does nothing more: neither at once, nor when its owner has the way again."""
    way = added(ada)
    waiting = ada.login()
    assert report(ada.site, way.way, waiting)
    assert not report(ada.site, way.way, waiting)
    assert ada.answer(waiting.token, ada.next_code()).is_accepted
    enrolment = ada.site.engine.own("ada", way.way)
    assert enrolment is not None
    assert ada.site.engine.restore(enrolment, ada.passage)

    assert report_status(ada.site, way.way) is ReportStatus.OVER
    assert not report(ada.site, way.way, ada.login())
    assert way.enters()
    assert ada.site.told().count("enrolment_suspended") == 1


def test_a_link_about_a_removed_way_does_nothing(ada: Person) -> None:
    """A way that was removed is not suspended, and nobody is signed out for it."""
    thief = added(ada)
    enrolment = ada.site.engine.own("ada", thief.way)
    assert enrolment is not None
    assert ada.site.engine.revoke(enrolment, ada.passage)

    assert report_status(ada.site, thief.way) is ReportStatus.OVER
    assert not report(ada.site, thief.way, ada.login())
    assert ada.is_in


@pytest.mark.row("ATK-63", "ATK-30")
def test_a_link_of_another_realm_is_none(ada: Person) -> None:
    """What another application on the same database mails is no link here."""
    thief = added(ada)
    text = link_to(ada.site, thief.way, realm="other")

    assert ada.site.engine.link(Errand.NOT_ME, text) is None


@pytest.mark.row("ATK-38", "ATK-07")
def test_another_persons_login_reports_nothing(ada: Person) -> None:
    """The password of somebody else is worth nothing for a link about ada's way, and vice versa."""
    thief = added(ada)
    bob = ada.site.enrol("bob")

    assert not report(ada.site, thief.way, bob.login())
    assert not report(ada.site, thief.way, bob.login(), subject="bob")
    assert not report(ada.site, bob.enrolment_id, ada.login())
    assert {row["suspended_until"] for row in ada.site.rows("enrolment")} == {None}


@pytest.mark.row("ATK-06")
def test_a_login_that_is_over_reports_nothing(ada: Person) -> None:
    """A login that was given up is no proof of the password any more."""
    thief, waiting = added(ada), ada.login()
    ada.site.engine.end(waiting.passage, "given up")

    assert not report(ada.site, thief.way, waiting)
    assert thief.enters()


@pytest.mark.row("NIST-38")
def test_a_proof_by_another_way_has_it_again(ada: Person) -> None:
    """Who is signed in by an older way takes a suspended one into use again."""
    thief, waiting = added(ada), ada.login()
    assert report(ada.site, thief.way, waiting)
    assert ada.answer(waiting.token, ada.next_code()).is_accepted
    enrolment = ada.site.engine.own("ada", thief.way)
    assert enrolment is not None

    assert ada.site.engine.restore(enrolment, ada.passage)
    assert not ada.site.engine.restore(enrolment, ada.passage)
    assert thief.enters()
    assert ada.site.told()[-4:].count("enrolment_restored") == 1


@pytest.mark.row("NIST-38")
def test_a_suspended_way_does_not_lift_its_own_suspension(ada: Person) -> None:
    """A live grant that was proven by the suspended way itself restores nothing."""
    thief = added(ada)
    assert thief.owner.passage.proofs[-1].enrolment_id == thief.way
    grant = ada.passage
    ada.site.change("enrolment", {"id": thief.way}, suspended_until=2**51)
    enrolment = ada.site.engine.own("ada", thief.way)
    assert enrolment is not None

    assert not ada.site.engine.restore(enrolment, grant)


def test_an_ended_session_restores_nothing(ada: Person) -> None:
    """A session that ended with the report lifts nothing, whatever it had proven."""
    assert ada.come_in().is_accepted
    grant = ada.passage
    ada.site.fake.move(HOUR)
    thief = added(ada)
    assert report(ada.site, thief.way, ada.login())
    enrolment = ada.site.engine.own("ada", thief.way)
    assert enrolment is not None

    assert not ada.site.engine.restore(enrolment, grant)
    assert not thief.enters()


def test_a_browser_that_came_by_it_is_a_stranger(ada: Person) -> None:
    """The browser in which it was added is counted with strangers, and no other one."""
    site, owners = ada.site, ada.browser
    assert ada.come_in().is_accepted
    thief = added(ada)
    of_thief = ada.browser
    assert report(site, thief.way, ada.login())

    def lane(browser: str) -> Lane:
        login = Login(subject="ada", identity="ada", browsers=[browser])
        return site.engine.begin_login(login).passage.lane

    assert lane(owners) is Lane.KNOWN
    assert lane(of_thief) is Lane.STRANGER


def test_a_code_on_its_way_to_what_is_suspended_is_not_delivered(letters_site: Site) -> None:
    """What was to be sent when a mailbox was reported is sent no more."""
    ada = letters_site.enrol()
    letters_site.fake.move(HOUR)
    letters = ada.add_letters("thief@elsewhere.test")
    waiting = ada.login()
    ada.deliver()
    letters_site.post.sent.clear()
    asked = letters_site.engine.resend(waiting.token, Purpose.LOGIN, letters.id)
    assert asked.verdict == Pending()

    assert report(letters_site, letters.id, waiting)
    ada.deliver()

    assert [s for s in letters_site.post.sent if s.to == "thief@elsewhere.test"] == []


def test_no_code_is_sent_to_what_is_suspended(letters_site: Site) -> None:
    """A mailbox that was reported gets no code, also of a login that waited before."""
    ada = letters_site.enrol()
    letters_site.fake.move(HOUR)
    letters = ada.add_letters("thief@elsewhere.test")
    waiting = ada.login()
    assert report(letters_site, letters.id, waiting)
    sent = len(letters_site.post.sent)

    for begun in (waiting, ada.login()):
        resent = letters_site.engine.resend(begun.token, Purpose.LOGIN, letters.id)
        assert resent.verdict != Pending()
    ada.deliver()
    assert len([s for s in letters_site.post.sent[sent:] if s.to == "thief@elsewhere.test"]) == 0


@pytest.mark.row("ASVS-6.3.7", "NIST-43")
def test_the_owner_is_told(ada: Person) -> None:
    """A suspension and its end are told to every contact, and stand in the trail."""
    thief, waiting = added(ada), ada.login()
    assert report(ada.site, thief.way, waiting)
    assert ada.answer(waiting.token, ada.next_code()).is_accepted
    enrolment = ada.site.engine.own("ada", thief.way)
    assert enrolment is not None
    ada.site.engine.restore(enrolment, ada.passage)
    ada.deliver()

    subjects = [sent.subject for sent in ada.site.post.sent]
    assert "Site: A way to confirm it's you was suspended" in subjects
    assert "Site: A way to confirm it's you works again" in subjects
    [fact] = [f for f in ada.site.facts("ada") if f["name"] == "enrolment_suspended"]
    assert fact["data"]["enrolment"] == fact["data"]["reported"] == thief.way
    assert [e.fact.name for e in ada.site.heard].count("enrolment_suspended") == 1


def test_a_ticket_still_helps_who_has_nothing_left(site: Site) -> None:
    """A help desk's ticket opens an account whose only way is suspended, and ends that way."""
    thief = site.enrol()
    assert report(site, thief.enrolment_id, thief.login())
    made = site.engine.reset("ada", by="bea", reason="seen in person", at_once=True)
    assert made is not None

    assert thief.answer(thief.login().token, made.ticket).is_accepted
    assert [e.factor for e in site.engine.enrolments("ada")] == ["ticket"]


@pytest.mark.row("ATK-24")
def test_a_code_judged_apart_meanwhile_is_not_accepted(ada: Person) -> None:
    """A recovery code set that was suspended is as another version to who was being judged."""
    codes = ada.enrolment("recovery_codes")
    assert report(ada.site, codes.id, ada.login())

    assert ada.enrolment("recovery_codes").version == codes.version + 1
    assert not ada.answer(ada.login().token, ada.codes[0]).is_accepted


def test_a_passage_of_another_realm_reports_nothing(ada: Person) -> None:
    """A login of the same name at another application is no proof of the password here."""
    thief, waiting = added(ada), ada.login()
    found = ada.site.engine.link(Errand.NOT_ME, link_to(ada.site, thief.way))
    assert found is not None

    assert not ada.site.engine.report(found, replace(waiting.passage, realm="other"))
