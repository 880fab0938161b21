"""Forgetting a subject, whose account was deleted."""

from datetime import timedelta
from typing import Any

import pytest
from tests.core.site import Person, Site, reason
from tests.store.plans import crowd_in, spelled_out, steps_of

from vestibule.core.events import Event, LimitsReset
from vestibule.core.model import Origin, Purpose
from vestibule.core.verdict import Reason
from vestibule.store import tables
from vestibule.store.outbox import SqlOutbox

NAMES_A_SUBJECT = sorted(
    table.name for table in tables.metadata.tables.values() if "subject" in table.c
)


def live(site: Site, subject: str) -> Person:
    """Somebody with all there is: ways, codes, sessions, counts, messages waiting and sent."""
    person = site.enrol(subject, contact={"email": f"{subject}@site.test"})
    person.add_letters()
    person.make_recovery_codes()
    person.deliver()
    person.guess(person.login(parked=b"session").token, 3)
    person.ask_fresh()
    site.draft(subject, person.passage)
    site.engine.revoke(person.enrolment("letters"), person.passage)
    person.come_in(known=True)
    # As of somebody whose way went since: whoever has one owes none.
    site.engine.owed(subject, {"email": f"{subject}@site.test"})
    return person


def rows_of(site: Site, subject: str, realm: str = "default") -> dict[str, list[dict[str, Any]]]:
    """Everything that names a subject, by the table where it stands."""
    return {
        name: [row for row in site.rows(name) if (row["realm"], row["subject"]) == (realm, subject)]
        for name in NAMES_A_SUBJECT
    }


def test_everything_of_a_subject_goes_but_the_trail(letters_site: Site) -> None:
    """No row names a forgotten subject any more, except those of the audit trail, and one new."""
    live(letters_site, "ada")
    before = rows_of(letters_site, "ada")
    assert all(before.values())

    assert letters_site.engine.forget("ada", Origin(address="192.0.2.1"), by="grace")

    *kept, last = rows_of(letters_site, "ada").pop("event")
    assert {name for name, found in rows_of(letters_site, "ada").items() if found} == {"event"}
    assert kept == before["event"]
    assert (last["name"], last["data"], last["address"]) == (
        "subject_forgotten",
        {"by": "grace"},
        "192.0.2.1",
    )
    assert letters_site.heard[-1].fact.name == "subject_forgotten"


def test_nobody_else_is_forgotten(letters_site: Site) -> None:
    """Others, and who bears the same name in another realm, keep every row they have."""
    elsewhere = letters_site.process(VESTIBULE_REALM="elsewhere")
    live(letters_site, "ada")
    live(letters_site, "bob")
    live(elsewhere, "ada")
    before = rows_of(letters_site, "bob"), rows_of(letters_site, "ada", "elsewhere")

    letters_site.engine.forget("ada", by="grace")

    assert (rows_of(letters_site, "bob"), rows_of(letters_site, "ada", "elsewhere")) == before


def test_of_somebody_unknown_nothing_is_written(site: Site) -> None:
    """Where there is nothing to forget it is said so, and the trail does not learn the name."""
    site.enrol("ada")

    assert not site.engine.forget("bob", by="grace")
    assert site.told("bob") == []


def test_what_was_live_is_over(site: Site) -> None:
    """After it no session, no login that waits, no draft and no code is good for anything."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    begun, draft = ada.login(), site.draft("ada", ada.passage)
    assert draft is not None

    site.engine.forget("ada", by="grace")

    assert site.engine.standing("ada", ada.token).passage is None
    assert not site.engine.standing("ada", None).enrolled
    assert reason(ada.answer(begun.token, codes[0])) is Reason.GONE
    assert reason(ada.answer(ada.token, ada.next_code(), Purpose.ENROL)) is Reason.GONE
    site.engine.end(begun.passage, "too late")
    assert site.told("ada")[-1] == "subject_forgotten"


def test_no_message_is_sent_to_somebody_forgotten(letters_site: Site) -> None:
    """What waits to be sent is never sent, and what a courier has taken up leaves no trace."""
    ada = letters_site.enrol(contact={"email": "ada@site.test"})
    ada.add_letters()
    ada.deliver()
    letters, outbox = ada.enrolment("letters").id, SqlOutbox(letters_site.parts.database)
    letters_site.engine.resend(ada.login().token, Purpose.LOGIN, letters)
    [taken] = outbox.claim(letters_site.clock.now(), timedelta(minutes=1), 9)
    letters_site.engine.resend(ada.login().token, Purpose.LOGIN, letters)
    sent = len(letters_site.post.sent)

    letters_site.engine.forget("ada", by="grace")
    outbox.settle_message(taken)

    assert ada.deliver() == 0
    assert len(letters_site.post.sent) == sent
    assert letters_site.rows("message") == []


def test_who_comes_back_begins_anew(site: Site) -> None:
    """A new account under the same name sets a second step up like anybody, with no count left."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    site.engine.forget("ada", by="grace")

    again = site.enrol("ada")

    assert again.ledger()["failures"] == 0
    assert again.come_in().is_accepted
    assert not again.answer(again.login().token, ada.next_code()).is_accepted


def test_it_happens_whole_or_not_at_all(letters_site: Site) -> None:
    """Where its event cannot be written, nothing of a subject is deleted."""
    live(letters_site, "ada")
    before = rows_of(letters_site, "ada")
    fact: Any = LimitsReset(by="grace", reason=object())  # type: ignore[arg-type]
    event = Event(at=letters_site.clock.now(), realm="default", subject="ada", fact=fact)

    with pytest.raises(Exception, match="not JSON serializable"):
        letters_site.engine.context.store.forget("default", "ada", [event])

    assert rows_of(letters_site, "ada") == before


def test_it_goes_by_indexes(letters_site: Site) -> None:
    """Only messages, which are found by no subject, are looked through to forget somebody."""
    live(letters_site, "ada")
    engine = letters_site.parts.database.engine
    crowd_in(engine)

    with spelled_out(engine) as said:
        letters_site.engine.forget("ada", by="grace")

    looked_through = {
        step.table
        for statement in said
        for step in steps_of(engine, statement)
        if not step.by & {"subject", "passage_id", "enrolment_id"}
    }
    assert len(said) > 4
    by_message = {"ix_message_status_due_at", "pk_message", "ix_message_challenge_id"}
    carried = {"delivery_try", "hosted"}  # by the messages found so
    assert looked_through <= {"message"} | by_message | carried
