"""A help desk's reset: a ticket, a time to object, one set-up, and no password that is enough."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from tests.core.site import Person, Site, reason

from vestibule.core.engine import Engine, Login, Outcome
from vestibule.core.engine.resetting import Reset
from vestibule.core.factor import Interaction, Traits
from vestibule.core.model import Purpose
from vestibule.core.verdict import Reason, Rejected
from vestibule.testing import SoftwareAuthenticator
from vestibule.testing.letters import Letters

DAY = timedelta(days=1)


@pytest.fixture
def ada(site: Site) -> Person:
    """Somebody with an app and recovery codes."""
    person = site.enrol(contact={"email": "ada@site.test"})
    person.make_recovery_codes()
    return person


def reset(person: Person, *, at_once: bool = False) -> Reset:
    """Ask the help desk."""
    made = person.site.engine.reset(person.subject, by="bea", reason="phone lost", at_once=at_once)
    assert made is not None
    return made


def ways(person: Person) -> set[str]:
    """What the person is enrolled by, a ticket included."""
    return {e.factor for e in person.site.engine.enrolments(person.subject)}


def use(person: Person, ticket: str) -> bool:
    """Type the ticket after the password; say whether a new way can be set up now."""
    outcome = person.answer(person.login().token, ticket)
    assert outcome.granted is None
    if outcome.opened is not None:
        person.token = outcome.opened.token
    return outcome.is_accepted


def set_up(person: Person) -> Outcome:
    """Set up a new app on the login that the ticket has opened."""
    draft = person.site.draft(person.subject, person.passage)
    assert draft is not None
    person.app = SoftwareAuthenticator(draft.enrolment.secret)
    return person.answer(person.token, person.next_code(), Purpose.ENROL)


@pytest.mark.row("ATK-39")
def test_a_ticket_waits_a_day(ada: Person) -> None:
    """Before its time a ticket is asked of nobody and opens nothing; after it, it does."""
    made = reset(ada)

    assert made.valid_from == ada.site.clock.now() + DAY
    assert {way.factor for way in ada.login().ways} == {"totp", "recovery_codes"}
    assert not use(ada, made.ticket)
    ada.site.fake.move(DAY - timedelta(seconds=1))
    assert not use(ada, made.ticket)
    ada.site.fake.move(seconds=1)
    assert use(ada, made.ticket)


def early(person: Person, typed: str) -> Rejected:
    """Type something in a new login, and say what came of it."""
    verdict = person.answer(person.login().token, typed).verdict
    assert isinstance(verdict, Rejected)
    return verdict


@pytest.mark.row("ATK-39")
def test_a_ticket_typed_too_early_is_told_from_when_it_works(ada: Person) -> None:
    """The whole ticket, and nothing but the whole of it, is answered by when it takes effect."""
    made = reset(ada)
    wrong = made.ticket[:-1] + ("0" if made.ticket[-1] != "0" else "1")

    assert early(ada, made.ticket) == Rejected(
        reason=Reason.EARLY, retry_at=made.valid_from, tries_left=4
    )
    for_a_wrong_one = early(ada, wrong)
    assert ada.site.engine.cancel_reset("ada", by="ada")
    assert for_a_wrong_one == early(ada, wrong) == early(ada, made.ticket)
    assert for_a_wrong_one.reason is Reason.MALFORMED


@pytest.mark.row("ATK-39")
def test_a_ticket_typed_too_early_is_no_guess(ada: Person) -> None:
    """It costs one answer of its login, and neither the account nor the network nor the ticket."""
    made = reset(ada)
    counted = ("ledger", "source", "enrolment")
    before = [ada.site.rows(table) for table in counted]

    for _ in range(8):
        assert early(ada, made.ticket).reason is Reason.EARLY

    assert [ada.site.rows(table) for table in counted] == before
    refused = [f["data"] for f in ada.site.facts() if f["name"] == "answer_rejected"]
    assert {(f["reason"], f["evaluated"], f["odds"]) for f in refused} == {("early", True, 0)}
    ada.site.fake.move(DAY)
    assert use(ada, made.ticket)


@pytest.mark.row("ATK-39")
def test_a_login_that_waits_as_a_ticket_takes_effect_takes_it(ada: Person) -> None:
    """Who typed a ticket a minute too early types it again in the same login."""
    made = reset(ada)
    ada.site.fake.move(DAY - timedelta(minutes=1))
    token = ada.login().token
    assert reason(ada.answer(token, made.ticket)) is Reason.EARLY
    ada.site.fake.move(minutes=1)

    assert ada.answer(token, made.ticket).opened is not None


@pytest.mark.row("ATK-39")
def test_until_then_all_is_as_it_was(ada: Person) -> None:
    """While a ticket waits the app opens the door, and a session goes on."""
    reset(ada)

    assert ada.answer(ada.login().token, ada.next_code()).is_accepted
    passage = ada.site.engine.standing("ada", ada.token).passage
    assert passage is not None
    assert passage.is_granted(ada.site.clock.now())


@pytest.mark.row("ATK-39")
def test_a_ticket_lets_nobody_in(ada: Person) -> None:
    """A used ticket opens a set-up and no session, and what was there before goes on."""
    made = reset(ada)
    ada.site.fake.move(DAY - timedelta(hours=1))
    assert ada.answer(ada.login().token, ada.next_code()).is_accepted
    before = ada.token
    ada.site.fake.move(hours=1)

    assert use(ada, made.ticket.lower().replace("-", " "))

    assert not ada.is_in
    assert ways(ada) == {"totp", "recovery_codes", "ticket"}
    passage = ada.site.engine.standing("ada", before).passage
    assert passage is not None
    assert passage.is_granted(ada.site.clock.now())


@pytest.mark.row("ATK-39")
def test_a_new_way_ends_all_that_was_set_up(ada: Person) -> None:
    """Once a new way was proven the person is in, and every old way and session is gone."""
    made = reset(ada)
    ada.site.fake.move(DAY)
    by_app = ada.answer(ada.login().token, ada.next_code()).granted
    assert by_app is not None
    assert use(ada, made.ticket)

    assert set_up(ada).is_accepted

    assert ada.is_in
    assert ways(ada) == {"totp"}
    elsewhere = ada.site.engine.standing("ada", by_app.token).passage
    assert elsewhere is None or not elsewhere.is_granted(ada.site.clock.now())
    assert ada.answer(ada.login().token, ada.next_code()).is_accepted


@pytest.mark.row("ATK-39", "ATK-74")
def test_the_trail_names_all_that_a_new_way_has_ended(ada: Person) -> None:
    """Each way that was there, and the ticket, is told as revoked; the new one is no first one."""
    made = reset(ada)
    before = {e.id: e.factor for e in ada.site.engine.enrolments("ada")}
    ada.site.fake.move(DAY)
    assert use(ada, made.ticket)
    ada.site.heard.clear()

    assert set_up(ada).is_accepted

    facts = [f for f in ada.site.facts() if f["name"] == "enrolment_revoked"]
    assert {f["data"]["enrolment"]: f["data"]["factor"] for f in facts} == before
    confirmed = [f for f in ada.site.facts() if f["name"] == "enrolment_confirmed"]
    assert confirmed[-1]["data"]["first"] is False
    heard = [event.fact.name for event in ada.site.heard]
    assert heard.count("enrolment_revoked") == len(before)


@pytest.mark.row("ATK-39")
def test_a_used_ticket_can_be_objected_to_while_a_way_is_set_up(ada: Person) -> None:
    """For ten minutes after its use there is still something to object to, and then no more."""
    made = reset(ada)
    ada.site.fake.move(DAY)
    assert use(ada, made.ticket)
    engine = ada.site.engine
    ada.site.fake.move(minutes=9)
    assert engine.pending_reset(engine.enrolments("ada")) is not None
    ada.site.fake.move(minutes=1)
    assert engine.pending_reset(engine.enrolments("ada")) is None


@pytest.mark.row("ATK-39", "ATK-24")
def test_a_ticket_is_used_once(ada: Person) -> None:
    """A ticket that was used opens nothing more, and its account is still no password's."""
    made = reset(ada, at_once=True)
    assert use(ada, made.ticket)

    assert not ada.answer(ada.login().token, made.ticket).is_accepted
    assert ada.login().ways == []
    assert ada.site.engine.standing("ada", None).enrolled


@pytest.mark.row("ATK-39")
def test_a_set_up_by_ticket_ends_soon(ada: Person) -> None:
    """Whoever used a ticket has ten minutes for the set-up, and needs another one then."""
    made = reset(ada, at_once=True)
    assert use(ada, made.ticket)
    ada.site.fake.move(ada.site.engine.profile.enrolment_life)

    draft = ada.site.draft("ada", ada.passage)

    assert (
        draft is None
        or not ada.answer(
            ada.token,
            SoftwareAuthenticator(draft.enrolment.secret).code(ada.site.clock.now()),
            Purpose.ENROL,
        ).is_accepted
    )
    assert not ada.is_in


@pytest.mark.row("ATK-39")
def test_who_objects_in_time_stops_a_set_up(ada: Person) -> None:
    """A ticket that is cancelled while a new way is being set up by it lets nobody in."""
    made = reset(ada)
    ada.site.fake.move(DAY)
    assert use(ada, made.ticket)
    draft = ada.site.draft("ada", ada.passage)
    assert draft is not None

    assert ada.site.engine.cancel_reset("ada", by="the owner")

    thief = SoftwareAuthenticator(draft.enrolment.secret)
    code = thief.code(ada.site.clock.now())
    assert not ada.answer(ada.token, code, Purpose.ENROL).is_accepted
    assert ways(ada) == {"totp", "recovery_codes"}


@pytest.mark.row("ATK-39")
def test_a_ticket_ends_after_a_week(ada: Person) -> None:
    """Seven days after it took effect a ticket that was not used is worthless."""
    made = reset(ada)
    ada.site.fake.move(DAY + timedelta(days=7))

    assert not use(ada, made.ticket)
    assert ada.site.engine.pending_reset(ada.site.engine.enrolments("ada")) is None


@pytest.mark.row("ATK-39")
def test_its_owner_keeps_what_there_is(ada: Person) -> None:
    """A ticket that was cancelled opens nothing, and all that was set up stays."""
    made = reset(ada)
    assert ada.site.engine.pending_reset(ada.site.engine.enrolments("ada")) is not None

    assert ada.site.engine.cancel_reset("ada", by="the owner")

    ada.site.fake.move(2 * DAY)
    assert not use(ada, made.ticket)
    assert ways(ada) == {"totp", "recovery_codes"}
    assert not ada.site.engine.cancel_reset("ada", by="the owner")


@pytest.mark.row("ATK-39")
def test_at_once_leaves_nothing_but_the_ticket(ada: Person) -> None:
    """At once means now: no old way, no session, and no password that is enough."""
    made = reset(ada, at_once=True)

    assert ways(ada) == {"ticket"}
    assert ada.site.engine.standing("ada", None).enrolled
    passage = ada.site.engine.standing("ada", ada.token).passage
    assert passage is None or not passage.is_granted(ada.site.clock.now())
    assert use(ada, made.ticket)


@pytest.mark.row("ATK-39")
def test_a_ticket_that_is_all_there_is_cannot_be_cancelled(ada: Person) -> None:
    """Where nothing else stands before the account a ticket stays: else the password would do."""
    reset(ada, at_once=True)

    assert not ada.site.engine.cancel_reset("ada", by="bea")
    assert ada.site.engine.standing("ada", None).enrolled


def test_a_new_ticket_makes_the_old_one_worthless(ada: Person) -> None:
    """Of two tickets the last one counts."""
    first, second = reset(ada, at_once=True), reset(ada, at_once=True)

    assert not use(ada, first.ticket)
    assert use(ada, second.ticket)


def test_whoever_has_no_second_step_needs_no_ticket(site: Site) -> None:
    """For somebody whose password is enough no ticket is made."""
    assert site.engine.reset("eve", by="bea", reason="asked") is None
    assert site.rows("enrolment") == []


def test_removing_the_last_way_ends_a_waiting_ticket(ada: Person) -> None:
    """Whoever turns two-step login off is not left with a ticket as the only way in."""
    reset(ada)
    [app] = [e for e in ada.site.engine.enrolments("ada") if e.factor == "totp"]

    assert ada.site.engine.revoke(app)

    assert ways(ada) == set()
    assert not ada.site.engine.standing("ada", None).enrolled


@pytest.mark.row("ATK-39")
def test_a_ticket_outlives_recovery_codes(ada: Person) -> None:
    """Recovery codes that are removed take no ticket with them."""
    reset(ada)

    assert ada.site.engine.revoke(ada.enrolment("recovery_codes"), ada.passage)

    assert ways(ada) == {"totp", "ticket"}
    assert ada.site.facts()[-1]["data"]["last"] is False


@pytest.mark.row("ATK-39")
def test_a_ticket_is_not_removed(ada: Person) -> None:
    """A ticket is no way of its holder's: it is not there to be named or removed."""
    reset(ada)
    ticket = ada.enrolment("ticket")

    assert ada.site.engine.own("ada", ticket.id) is None
    assert not ada.site.engine.revoke(ticket, ada.passage)
    assert ada.site.engine.standing("ada", None).enrolled


@pytest.mark.row("ATK-39", "ATK-74")
def test_who_asked_and_why_is_written_down_and_the_ticket_is_not(ada: Person) -> None:
    """The trail says who asked, why, from when, and that it was cancelled or used."""
    made = reset(ada)
    ada.site.engine.cancel_reset("ada", by="the owner")
    facts = ada.site.facts()

    asked = next(fact for fact in facts if fact.get("name") == "reset_requested" or "by" in fact)
    assert "bea" in repr(facts)
    assert "phone lost" in repr(facts)
    assert made.ticket not in repr(facts)
    assert made.ticket.replace("-", "") not in repr(ada.site.rows("enrolment"))
    assert asked


def test_the_owner_is_told(ada: Person) -> None:
    """A notice says that a reset was asked for and from when, to the addresses of late."""
    reset(ada)
    ada.deliver()
    mail = ada.site.post.sent[-1]

    assert mail.to == "ada@site.test"
    assert f"{ada.site.clock.now() + DAY:%Y-%m-%d, %H:%M} UTC" in mail.text
    assert "cancel it" in mail.text


def test_a_subject_of_another_realm_is_another(ada: Person) -> None:
    """A reset in one realm changes nothing of the same subject in another."""
    other = ada.site.process(VESTIBULE_REALM="another")

    assert other.engine.reset("ada", by="bea", reason="asked") is None
    assert other.engine.begin_login(Login(subject="ada", identity="ada")).ways == []
    assert ways(ada) == {"totp", "recovery_codes"}


@pytest.fixture
def hasty(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site whose tickets wait for nothing."""
    opened = Site.open(database_url, tmp_path, config={"VESTIBULE_RESET_DELAY": 0})
    yield opened
    opened.close()


def test_a_site_may_let_nobody_wait(hasty: Site) -> None:
    """With a delay of nothing a ticket works now, and old ways do until it is used."""
    ada = hasty.enrol()
    made = reset(ada)

    assert isinstance(made.valid_from, datetime)
    assert {way.factor for way in ada.login().ways} == {"totp", "ticket"}
    assert use(ada, made.ticket)
    assert set_up(ada).is_accepted
    assert ways(ada) == {"totp"}


@pytest.mark.row("ATK-39")
def test_a_ticket_confirms_nothing(ada: Person) -> None:
    """A ticket that is in effect opens a login, and is no proof of somebody who is signed in."""
    made = reset(ada)
    ada.site.fake.move(DAY - timedelta(minutes=5))
    assert ada.answer(ada.login().token, ada.next_code()).is_accepted
    ada.site.fake.move(minutes=6)
    outcome = ada.answer(ada.login().token, ada.next_code())
    assert outcome.granted is not None
    ada.token = outcome.granted.token

    ada.ask_fresh(Purpose.FRESH)

    assert not ada.answer(ada.token, made.ticket, Purpose.FRESH).is_accepted
    assert ways(ada) == {"totp", "recovery_codes", "ticket"}


def test_the_owner_is_told_of_what_a_command_did(ada: Person) -> None:
    """A process that carries nothing itself, as a command, leaves the notice to the site's own."""
    while ada.deliver():
        pass
    ada.site.post.sent.clear()
    command = Engine(replace(ada.site.engine.context, notifies=False))
    assert command.reset("ada", by="bea", reason="phone lost") is not None
    ada.deliver()
    ada.deliver()

    assert [mail.to for mail in ada.site.post.sent] == ["ada@site.test"]


def test_an_owner_who_was_away_is_told_too(ada: Person) -> None:
    """Who has not been here for months is told at the address that was known then."""
    ada.site.fake.move(days=100)
    ada.site.post.sent.clear()
    reset(ada)
    ada.deliver()
    ada.deliver()

    assert [mail.to for mail in ada.site.post.sent] == ["ada@site.test"]


def test_an_owner_who_was_away_is_told_that_a_ticket_was_used(ada: Person) -> None:
    """The use of a ticket is told at that address too: it is the last word before all is gone."""
    ada.site.fake.move(days=100)
    made = reset(ada, at_once=True)
    ada.deliver()
    ada.deliver()
    ada.site.post.sent.clear()

    assert use(ada, made.ticket)
    ada.deliver()
    ada.deliver()

    assert [mail.to for mail in ada.site.post.sent] == ["ada@site.test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareLetters(Letters):
    """A host's own factor that people add and that only helps out."""

    name: ClassVar[str] = "spare_letters"

    @property
    def traits(self) -> Traits:
        """As letters, but no way to be enrolled by."""
        return Traits(interaction=Interaction.CODE, channels=("email",), primary=False)


@pytest.fixture
def spare(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site with that factor."""
    factors = f"totp,{__name__}:SpareLetters"
    opened = Site.open(database_url, tmp_path, config={"VESTIBULE_FACTORS": factors})
    yield opened
    opened.close()


@pytest.mark.row("ATK-39")
def test_a_way_that_only_helps_out_is_no_first_one(spare: Site) -> None:
    """By a ticket only a way is set up that makes the account enrolled."""
    ada = spare.enrol()
    assert use(ada, reset(ada, at_once=True).ticket)

    assert spare.draft("ada", ada.passage, factor="spare_letters") is None
    assert spare.engine.standing("ada", None).enrolled
