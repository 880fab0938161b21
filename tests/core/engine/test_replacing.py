"""A factor a person has one of: a new phone number counts once it is proven, the old until then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.codes import code_in
from tests.core.site import Person, Site, reason

from vestibule.core.model import Purpose
from vestibule.core.verdict import Pending, Reason

OLD = {"country": "DE", "number": "0170 1234567"}
NEW = {"country": "GB", "number": "07911 123456"}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that offers apps, phone numbers and recovery codes."""
    factors = "totp,phone,recovery_codes"
    opened = Site.open(database_url, tmp_path, config={"VESTIBULE_FACTORS": factors})
    yield opened
    opened.close()


@pytest.fixture
def ada(site: Site) -> Person:
    """Somebody with an app and a phone number."""
    person = site.enrol()
    person.add("phone", **OLD)
    return person


def numbers(person: Person) -> list[str]:
    """What the person's numbers are shown as, those that count."""
    site = person.site
    return [e.state["to"][:3] for e in site.engine.enrolments("ada") if e.factor == "phone"]


def test_the_old_number_counts_until_the_new_one_is_proven(ada: Person) -> None:
    """While a new number waits for its first code the old one lets in."""
    begun = ada.login()
    assert ada.site.draft("ada", ada.passage, factor="phone", answers=NEW) is not None
    old = ada.enrolment("phone")

    assert numbers(ada) == ["+49"]
    ada.site.fake.move(minutes=1)
    assert ada.site.engine.resend(begun.token, Purpose.LOGIN, old.id).verdict == Pending()
    ada.deliver()
    assert ada.site.post.sent[-1].to == "+491701234567"
    assert ada.answer(begun.token, ada.site.post.code()).is_accepted


def test_a_proven_number_takes_the_old_ones_place(ada: Person) -> None:
    """Once the new number is proven the old one is gone, with what was known of it."""
    old = ada.enrolment("phone").id

    ada.add("phone", **NEW)

    assert numbers(ada) == ["+44"]
    row = next(row for row in ada.site.rows("enrolment") if row["id"] == old)
    assert (row["status"], row["secret"], row["state"]) == ("revoked", b"", {})
    assert ada.site.engine.own("ada", ada.enrolment_id) is not None


def test_a_login_that_waits_for_the_old_number_is_over(ada: Person) -> None:
    """A code on its way to the old number opens nothing once the new one is proven."""
    begun = ada.login()
    ada.site.fake.move(minutes=1)
    assert (
        ada.site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("phone").id).verdict
        == Pending()
    )
    ada.deliver()
    code = ada.site.post.code()

    ada.add("phone", **NEW)

    assert reason(ada.answer(begun.token, code)) is Reason.GONE


def test_other_sessions_end_with_the_old_number(ada: Person) -> None:
    """Whoever got in by the old number is signed out when another takes its place."""
    begun = ada.login()
    outcome = ada.answer(begun.token, ada.next_code())
    assert outcome.granted is not None

    ada.add("phone", **NEW)

    elsewhere = ada.site.engine.standing("ada", outcome.granted.token).passage
    assert elsewhere is None or not elsewhere.is_granted(ada.site.clock.now())
    own = ada.site.engine.standing("ada", ada.token).passage
    assert own is not None
    assert own.is_granted(ada.site.clock.now())


def test_a_number_may_be_shared(ada: Person) -> None:
    """Two people with one phone each have a code of their own, which opens nothing of the other."""
    bob = ada.site.enrol("bob")
    bob.add("phone", **OLD)
    hers, his = ada.login(), bob.login()
    ada.site.fake.move(minutes=1)
    ada.site.engine.resend(hers.token, Purpose.LOGIN, ada.enrolment("phone").id)
    ada.deliver()
    code = ada.site.post.code()

    assert not bob.answer(his.token, code).is_accepted
    assert ada.answer(hers.token, code).is_accepted


def test_a_first_number_replaces_nothing(site: Site) -> None:
    """Where there was no number, adding one leaves everything else as it is."""
    ada = site.enrol()
    begun = ada.login()

    ada.add("phone", **OLD)

    assert {e.factor for e in site.engine.enrolments("ada")} == {"totp", "phone"}
    assert numbers(ada) == ["+49"]
    del begun


@pytest.mark.parametrize("channel", [None, "sms", "call"])
def test_a_code_is_read_out_where_a_call_was_asked_for(ada: Person, channel: str | None) -> None:
    """A call says the digits one by one; a text message holds the code as it is typed."""
    begun = ada.login()
    ada.site.fake.move(minutes=1)
    phone = ada.enrolment("phone").id
    ada.site.engine.resend(begun.token, Purpose.LOGIN, phone, channel=channel)
    ada.deliver()
    sent = ada.site.post.sent[-1]

    assert sent.channel == (channel or "sms")
    digits = code_in(sent.text)
    if channel == "call":
        assert sent.text.count(", ".join(digits)) == 2
    else:
        assert sent.text.count(digits) == 1
        assert len(sent.text) <= 160
    assert ada.answer(begun.token, digits).is_accepted
