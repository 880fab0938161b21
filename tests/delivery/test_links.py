"""The links in mails: made when a mail is, by the address in the settings, and never kept."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.site import Person, Site

from vestibule.core.links import Errand

SITE = "https://site.test/app"
LINK = re.compile(rf"^{SITE}/two-step(/[a-z/-]+/)([A-Za-z0-9_-]+)$", re.MULTILINE)
DAY = timedelta(days=1)


@pytest.fixture
def mailing(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that says at which address people reach it."""
    opened = Site.open(sqlite_url, tmp_path, config={"VESTIBULE_SITE_URL": SITE})
    yield opened
    opened.close()


def links(person: Person) -> list[tuple[str, str]]:
    """The paths and the texts of the links in all mails, oldest first."""
    person.deliver()
    return [found for sent in person.site.post.sent for found in LINK.findall(sent.text)]


@pytest.mark.row("NIST-36", "ATK-45")
def test_a_new_way_is_told_of_with_a_link(mailing: Site) -> None:
    """The mail about a new way has a link that names it, and ends a week after it was added."""
    ada = mailing.enrol(contact={"email": "ada@site.test"})
    mailing.fake.move(DAY)
    [(path, text)] = links(ada)

    found = mailing.engine.link(Errand.NOT_ME, text)
    assert path == "/not-me/"
    assert found is not None
    assert (found.subject, found.about) == ("ada", ada.enrolment_id)
    mailing.fake.move(6 * DAY)
    assert mailing.engine.link(Errand.NOT_ME, text) is None


def test_new_recovery_codes_are_told_of_with_a_link(mailing: Site) -> None:
    """The mail about new recovery codes has a link that names the set."""
    ada = mailing.enrol(contact={"email": "ada@site.test"})
    ada.make_recovery_codes()

    found = [mailing.engine.link(Errand.NOT_ME, text) for _, text in links(ada)]
    assert {link.about for link in found if link} == {
        ada.enrolment_id,
        ada.enrolment("recovery_codes").id,
    }


@pytest.mark.row("ATK-39")
def test_a_reset_is_told_of_with_a_link_to_every_address(mailing: Site) -> None:
    """The mail about a reset has a link that names the ticket, until the ticket itself is over."""
    ada = mailing.enrol(contact={"email": "ada@site.test"})
    ada.come_in(contact={"email": "ada@elsewhere.test"})
    ada.deliver()
    mailing.post.sent.clear()
    made = mailing.engine.reset("ada", by="bea", reason="lost")
    assert made is not None
    told = links(ada)

    assert {sent.to for sent in mailing.post.sent} == {"ada@site.test", "ada@elsewhere.test"}
    assert [path for path, _ in told] == ["/reset/cancel/"] * 2
    found = mailing.engine.link(Errand.CANCEL_RESET, told[0][1])
    assert found is not None
    assert found.about == ada.enrolment("ticket").id
    assert found.until == made.valid_until


def test_a_reset_at_once_has_no_link(mailing: Site) -> None:
    """What took effect at once cannot be stopped, and its mail does not say so."""
    ada = mailing.enrol(contact={"email": "ada@site.test"})
    ada.deliver()
    mailing.post.sent.clear()
    mailing.engine.reset("ada", by="bea", reason="lost", at_once=True)

    assert links(ada) == []
    assert len(mailing.post.sent) == 1


def test_without_an_address_there_is_no_link(small_site: Site) -> None:
    """Where nobody said at which address people reach the site, a mail says what to do."""
    ada = small_site.enrol(contact={"email": "ada@site.test"})
    ada.deliver()

    [sent] = small_site.post.sent
    assert "http" not in sent.text
    assert "change your password" in sent.text


@pytest.mark.row("ATK-75", "C8")
def test_no_row_holds_a_link(mailing: Site) -> None:
    """Whoever copies the database finds no link in it, neither before a mail is sent nor after."""
    ada = mailing.enrol(contact={"email": "ada@site.test"})
    mailing.engine.reset("ada", by="bea", reason="lost")
    before = mailing.bytes_of_all_tables()
    told = links(ada)

    assert len(told) == 2
    for held in (before, mailing.bytes_of_all_tables()):
        assert b"/not-me/" not in held
        assert not any(text.encode() in held for _, text in told)
