"""Who is obliged to have a second step: grace, what proves a first way, and what does not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.core.site import Person, Site

from vestibule.core.engine import Begun, Engine, Login, Owed
from vestibule.core.errors import ConfigurationError
from vestibule.core.model import Obligation, Origin, PassageKind, Purpose
from vestibule.core.verdict import Pending
from vestibule.store import tables
from vestibule.testing import SoftwareAuthenticator

DAY = timedelta(days=1)
ADA: Mapping[str, Any] = {"email": "ada@site.test"}


def opened(database_url: str, tmp_path: Path, **config: object) -> Iterator[Site]:
    """A site of those settings."""
    site = Site.open(database_url, tmp_path, config=config)
    yield site
    site.close()


@pytest.fixture
def ticketed(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that wants a ticket for a first way."""
    yield from opened(database_url, tmp_path, VESTIBULE_FIRST_ENROLMENT="ticket")


@pytest.fixture
def unguarded(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that wants nothing but the password for a first way."""
    yield from opened(database_url, tmp_path, VESTIBULE_FIRST_ENROLMENT="open")


@pytest.fixture
def strict_in_time(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site without days of grace."""
    yield from opened(database_url, tmp_path, VESTIBULE_GRACE_DAYS=0)


def owed(site: Site, subject: str = "ada", contact: Mapping[str, Any] = ADA) -> Owed:
    """What a subject owes now."""
    return site.engine.owed(subject, contact)


def arrive(site: Site, contact: Mapping[str, Any] = ADA, **login: Any) -> Begun:
    """Log in by the password as somebody who is obliged and has no way."""
    made = {"subject": "ada", "identity": "ada", "parked": b"session", "contact": dict(ADA)}
    return site.engine.begin_login(Login(**(made | login), owed=owed(site, contact=contact)))


def code_to(site: Site, begun: Begun) -> str:
    """Have a code sent, and read it in the mailbox."""
    [way] = begun.ways
    assert site.engine.resend(begun.token, Purpose.LOGIN, way.id).verdict == Pending()
    courier = site.parts.courier
    assert courier is not None
    courier.deliver_due()
    return site.post.code()


def set_up(site: Site, token: str) -> Person:
    """Set up an app on a login that was opened."""
    case = site.engine.look(token)
    assert case is not None
    draft = site.draft("ada", case.passage)
    assert draft is not None
    person = Person(site, "ada", SoftwareAuthenticator(draft.enrolment.secret), draft.enrolment.id)
    person.answer(token, person.code(), Purpose.ENROL)
    return person


@pytest.mark.row("ATK-10")
def test_grace_begins_once_and_ends_by_the_clock(site: Site) -> None:
    """Seven days from the first time on the password is enough, however often one comes."""
    begins = site.clock.now()
    first = owed(site)
    site.fake.move(6 * DAY)
    owed(site)

    assert first.until == begins + 7 * DAY
    assert not owed(site).is_due(site.clock.now())
    site.fake.move(DAY)
    assert owed(site).is_due(site.clock.now())
    assert site.engine.grace_until("ada") == begins + 7 * DAY


@pytest.mark.row("ATK-10")
def test_a_code_to_a_known_address_opens_the_set_up_and_nothing_else(site: Site) -> None:
    """By the code nobody is in; by the way set up then the login is completed, and brings what it
    had parked.
    """
    owed(site)
    site.fake.move(7 * DAY)
    begun = arrive(site)
    outcome = site.engine.verify(begun.token, Purpose.LOGIN, code_to(site, begun))

    assert outcome.granted is None
    assert outcome.opened is not None
    assert not site.engine.standing("ada", None).enrolled
    person = set_up(site, outcome.opened.token)
    assert person.is_in
    assert [e.factor for e in site.engine.enrolments("ada")] == ["totp"]


@pytest.mark.row("ATK-10")
def test_an_address_is_known_after_seven_days(site: Site) -> None:
    """To an address of late no code is sent that proves anything, at the beginning or later."""
    assert arrive(site).ways == []
    site.fake.move(7 * DAY - timedelta(seconds=1))
    assert arrive(site).ways == []
    site.fake.move(seconds=1)
    assert [way.factor for way in arrive(site).ways] == ["known_address"]


@pytest.mark.row("ATK-10")
def test_a_changed_address_is_no_longer_known(site: Site) -> None:
    """Who has the password and changes the address waits as long, and the old one is void."""
    owed(site)
    site.fake.move(7 * DAY)
    before = arrive(site)
    thief = {"email": "eve@site.test"}
    assert arrive(site, thief).ways == []
    site.fake.move(6 * DAY)
    assert arrive(site, thief).ways == []
    assert before.ways


def test_an_address_that_came_back_is_new_again(site: Site) -> None:
    """An address counts from when it was seen last in the place of another, or of none."""
    owed(site, contact={})
    for address in ("ada@site.test", "eve@site.test", "ada@site.test"):
        site.fake.move(DAY)
        seen = owed(site, contact={"email": address})

        assert seen.known_from == site.clock.now() + 7 * DAY


@pytest.mark.row("ATK-10")
def test_the_host_knows_better_since_when(site: Site) -> None:
    """An address that was never changed is known at once; one changed yesterday is not."""
    now = site.clock.now()
    assert arrive(site, {**ADA, "email_changed_at": None}).ways
    assert not arrive(site, {**ADA, "email_changed_at": now - DAY}).ways
    assert arrive(site, {**ADA, "email_changed_at": now - 7 * DAY}).ways
    naive = (now - 7 * DAY).replace(tzinfo=None)
    assert arrive(site, {**ADA, "email_changed_at": naive}).ways


def test_capitals_make_no_address_new(site: Site) -> None:
    """The capitals of an address do not count, and neither does the time of a login."""
    owed(site)
    site.fake.move(7 * DAY)

    assert owed(site, contact={"email": "Ada@Site.test"}).knows_address(site.clock.now())


@pytest.mark.row("ATK-10")
def test_only_a_ticket_will_do_where_that_is_set(ticketed: Site) -> None:
    """A site that wants tickets sends no code, and a ticket opens the set-up at once."""
    owed(ticketed)
    ticketed.fake.move(30 * DAY)
    assert arrive(ticketed).ways == []
    assert ticketed.engine.reset("ada", by="bea", reason="new here") is None

    made = ticketed.engine.reset("ada", by="bea", reason="new here", obliged=True)

    assert made is not None
    assert made.valid_from == ticketed.clock.now()
    begun = ticketed.engine.begin_login(Login(subject="ada", identity="ada", parked=b"session"))
    outcome = ticketed.engine.verify(begun.token, Purpose.LOGIN, made.ticket)
    assert outcome.opened is not None
    assert set_up(ticketed, outcome.opened.token).is_in


@pytest.mark.row("ATK-39")
def test_a_ticket_for_whoever_has_a_way_waits_all_the_same(site: Site) -> None:
    """Who is obliged and has a way is no newcomer: the owner has a day to object."""
    site.enrol("ada")

    made = site.engine.reset("ada", by="bea", reason="lost", obliged=True)

    assert made is not None
    assert made.valid_from == site.clock.now() + DAY


def test_an_open_site_asks_nothing(unguarded: Site) -> None:
    """Where the first set-up is open the password leads to it, and to nothing else."""
    begun = arrive(unguarded)

    assert begun.ways == []
    assert begun.passage.purpose is Purpose.ENROL
    assert set_up(unguarded, begun.token).is_in


@pytest.mark.row("ATK-10")
def test_nothing_is_set_up_before_the_proof(site: Site) -> None:
    """On a login that waits for its code no way can be begun."""
    owed(site)
    site.fake.move(7 * DAY)
    begun = arrive(site)

    assert site.draft("ada", begun.passage) is None


@pytest.mark.row("ATK-10")
def test_a_code_to_an_address_is_no_way_of_whoever_has_one(site: Site) -> None:
    """Once a way is there the address proves nothing, at no login and in no login that waits."""
    owed(site)
    site.fake.move(7 * DAY)
    begun = arrive(site)
    code = code_to(site, begun)
    ada = site.enrol("ada")

    assert not site.engine.verify(begun.token, Purpose.LOGIN, code).is_accepted
    assert [way.factor for way in ada.login().ways] == ["totp"]
    assert [way.factor for way in arrive(site).ways] == []


@pytest.mark.row("ATK-10")
def test_guesses_at_the_code_are_counted_over_all_logins(site: Site) -> None:
    """A new login asks the same address with the same count: ten wrong codes are ten."""
    owed(site)
    site.fake.move(7 * DAY)
    for _ in range(2):
        begun = arrive(site)
        right = code_to(site, begun)
        wrong = f"{(int(right) + 1) % 10**6:06}"
        site.engine.verify(begun.token, Purpose.LOGIN, wrong)
        site.fake.move(hours=1)

    [row] = [row for row in site.rows("enrolment") if row["status"] == "active"]
    assert row["failures_stranger"] == 2


def test_no_program_sets_up_a_way(site: Site) -> None:
    """A program has no page to show: what stands in for a way is not asked of it."""
    owed(site)
    site.fake.move(7 * DAY)

    assert arrive(site, kind=PassageKind.PROGRAM).ways == []


@pytest.mark.row("CS-05")
def test_whoever_is_obliged_is_told_by_mail_from_when(site: Site) -> None:
    """The first time somebody is noted one mail says until when the password is enough."""
    until = owed(site).until
    owed(site)
    courier = site.parts.courier
    assert courier is not None
    courier.deliver_due()

    [mail] = site.post.sent
    assert mail.to == "ada@site.test"
    assert f"{until:%Y-%m-%d, %H:%M} UTC" in mail.text
    assert [fact["name"] for fact in site.facts()] == ["obligation_begun"]


def test_without_grace_it_is_due_at_once(strict_in_time: Site) -> None:
    """A site may leave nobody any time."""
    assert owed(strict_in_time).is_due(strict_in_time.clock.now())


@pytest.mark.row("ATK-10")
def test_the_last_way_of_whoever_must_have_one_stays(site: Site) -> None:
    """Of two ways one can go and the other not, whichever is asked first."""
    ada = site.enrol("ada")
    site.fake.move(minutes=1)
    [app] = site.engine.enrolments("ada")
    origin = Origin()

    assert not site.engine.revoke(app, ada.passage, origin, keeps_last=True)
    assert site.engine.standing("ada", None).enrolled
    assert site.engine.revoke(app, ada.passage, origin)


@pytest.mark.row("ATK-10")
def test_a_first_ticket_takes_nothing_from_whoever_still_has_time(site: Site) -> None:
    """Beside a first ticket the days of grace go on, and so does the code to a known address."""
    owed(site)
    site.fake.move(7 * DAY)
    made = site.engine.reset("ada", by="bea", reason="new here", obliged=True)
    assert made is not None

    assert not site.engine.standing("ada", None).enrolled
    begun = arrive(site)
    assert {way.factor for way in begun.ways} == {"known_address", "ticket"}
    again = site.engine.reset("ada", by="bea", reason="lost the first", obliged=True)
    assert again is not None
    assert again.valid_from == site.clock.now()
    assert not site.engine.verify(arrive(site).token, Purpose.LOGIN, made.ticket).is_accepted
    assert site.engine.cancel_reset("ada", by="bea")
    assert {way.factor for way in arrive(site).ways} == {"known_address"}


def test_who_owed_a_way_once_has_the_time_again(site: Site) -> None:
    """Whoever set a way up and has none later begins a new time of grace."""
    owed(site)
    site.fake.move(30 * DAY)
    ada = site.enrol("ada")
    assert site.engine.grace_until("ada") is None
    site.engine.revoke(ada.enrolment(), ada.passage)

    assert owed(site).until == site.clock.now() + 7 * DAY


@pytest.mark.row("ATK-10")
def test_a_login_in_flight_sets_up_nothing_over_the_owners_way(unguarded: Site) -> None:
    """A login that was found to owe a way, and is written after its owner set one up, is late."""
    first = owed(unguarded)
    owner = unguarded.enrol("ada")

    thief = unguarded.engine.begin_login(
        Login(subject="ada", identity="ada", parked=b"session", owed=first)
    )

    case = unguarded.engine.look(thief.token)
    assert case is not None
    assert unguarded.draft("ada", case.passage) is None
    assert [e.id for e in unguarded.engine.enrolments("ada")] == [owner.enrolment_id]


@pytest.mark.row("ATK-39")
def test_a_new_ticket_ends_what_was_opened_before_it(site: Site) -> None:
    """A set-up that a former ticket or a code has opened ends with the next ticket."""
    owed(site)
    site.fake.move(7 * DAY)
    begun = arrive(site)
    opened_by_mail = site.engine.verify(begun.token, Purpose.LOGIN, code_to(site, begun)).opened
    asked = arrive(site)
    code = code_to(site, asked)
    assert opened_by_mail is not None

    assert site.engine.reset("ada", by="bea", reason="somebody else", obliged=True) is not None

    case = site.engine.look(opened_by_mail.token)
    assert case is not None
    assert site.draft("ada", case.passage) is None
    assert not site.engine.verify(asked.token, Purpose.LOGIN, code).is_accepted


@pytest.mark.row("ATK-10")
def test_letters_that_look_alike_are_other_addresses(site: Site) -> None:
    """What folds to the same in some alphabet is another mailbox, and new."""
    owed(site, contact={"email": "ada@strasse.test"})
    site.fake.move(7 * DAY)

    other = owed(site, contact={"email": "ada@stra\u00dfe.test"})

    assert not other.knows_address(site.clock.now())


@pytest.mark.row("ATK-10")
def test_an_answer_without_an_address_forgets_nothing(site: Site) -> None:
    """An application that does not say an address once has not made it new by that."""
    owed(site)
    site.fake.move(7 * DAY)
    assert owed(site, contact={}).address is None

    assert owed(site).knows_address(site.clock.now())


@pytest.mark.parametrize("changed", ["yesterday", "", 0, date(2026, 1, 1)])
def test_a_moment_that_is_none_is_an_error_that_says_so(site: Site, changed: object) -> None:
    """What an application tells as the time of a change is a moment or None."""
    with pytest.raises(ConfigurationError, match="email_changed_at"):
        owed(site, contact={**ADA, "email_changed_at": changed})


def test_the_end_of_time_is_no_error(site: Site) -> None:
    """A change at the last moment there is, is one that is known never."""
    late = owed(site, contact={**ADA, "email_changed_at": datetime.max.replace(tzinfo=UTC)})

    assert not late.knows_address(site.clock.now())


@pytest.mark.row("ATK-13")
def test_wrong_codes_shut_no_address_for_good(site: Site) -> None:
    """Whoever has the password uses up the odds, and no count that nobody but us could mend."""
    owed(site)
    site.fake.move(7 * DAY)
    begun = arrive(site)
    right = code_to(site, begun)
    with site.parts.database.write() as connection:
        connection.execute(update(tables.enrolment).values(failures_stranger=10_000))

    again = arrive(site)

    assert [way.factor for way in again.ways] == ["known_address"]
    assert site.engine.verify(begun.token, Purpose.LOGIN, right).is_accepted


def farewells(site: Site) -> list[str]:
    """Where it was told that an account has another address."""
    courier = site.parts.courier
    assert courier is not None
    courier.deliver_due()
    return [m.to for m in site.post.sent if "has another mail address now" in m.text]


def kept(site: Site) -> list[bytes | None]:
    """The addresses that are kept, sealed."""
    return [row["sealed_address"] for row in site.rows("obligation")]


@pytest.mark.row("ASVS-6.3.7")
def test_the_address_before_is_told_of_another(site: Site) -> None:
    """Whoever has no way yet is told at the old address that codes go to another, and once."""
    german = Origin(locale="de")
    for address in ("ada@site.test", "Ada@Site.test", "eve@site.test", "eve@site.test"):
        site.engine.owed("ada", {"email": address}, german)

    assert farewells(site) == ["ada@site.test"]
    owed(site, contact={"email": "new@site.test"})
    assert farewells(site) == ["ada@site.test", "eve@site.test"]
    assert b"new@site.test" not in (kept(site)[0] or b"new@site.test")


@pytest.mark.row("ATK-19")
def test_no_address_is_told_of_others_without_end(site: Site) -> None:
    """Who goes to and fro between two addresses has each written to six times in an hour."""
    there, back = {"email": "eve+x@site.test"}, {"email": "ada@site.test"}
    for _ in range(20):
        owed(site, contact=back)
        owed(site, contact=there)
        owed(site, contact={"email": "eve+y@site.test"})

    assert sorted(farewells(site)) == ["ada@site.test"] * 6 + [
        f"eve+{tag}@site.test" for tag in "xxxyyy"
    ]
    site.fake.move(timedelta(hours=1))
    owed(site, contact=back)
    owed(site, contact=there)
    assert farewells(site)[-1] == "ada@site.test"
    assert len(farewells(site)) == 14


@pytest.mark.row("ATK-19")
def test_another_account_does_not_use_up_what_its_owner_is_told(site: Site) -> None:
    """Who puts somebody's address on an account of his own does not keep its owner in the dark."""
    owed(site, contact={"email": "ada@site.test"})
    for _ in range(8):
        for address in ("ada@site.test", "eve@site.test"):
            site.engine.owed("eve", {"email": address})
    before = farewells(site).count("ada@site.test")

    owed(site, contact={"email": "mallory@site.test"})

    assert farewells(site)[-1] == "ada@site.test"
    assert before == 6


def test_codes_to_an_address_leave_room_to_tell_it_of_another(site: Site) -> None:
    """Who has all the codes sent to an address that may be does not keep its owner in the dark."""
    known = {**ADA, "email_changed_at": None}
    sent = []
    for _ in range(8):
        begun = arrive(site, known)
        resent = site.engine.resend(begun.token, Purpose.LOGIN, begun.ways[0].id)
        sent.append(resent.verdict == Pending())
    owed(site, contact={"email": "eve@site.test"})

    assert not all(sent)
    assert farewells(site) == ["ada@site.test"]


def test_where_no_code_goes_to_an_address_none_is_kept(ticketed: Site) -> None:
    """A site that gives tickets keeps no address, and tells none of another."""
    owed(ticketed)
    owed(ticketed, contact={"email": "eve@site.test"})

    assert kept(ticketed) == [None]
    assert farewells(ticketed) == []


def test_an_altered_address_keeps_nobody_from_signing_in(site: Site) -> None:
    """Where the old address does not open, the new one is noted all the same."""
    owed(site)
    with site.parts.database.write() as connection:
        connection.execute(update(tables.obligation).values(sealed_address=b"altered"))

    first = owed(site, contact={"email": "eve@site.test"})

    assert first.address == "eve@site.test"
    assert farewells(site) == []


def test_an_address_of_somebody_forgotten_is_not_kept(site: Site) -> None:
    """Whoever is forgotten leaves no address, and neither does whoever sets up a first way."""
    owed(site)
    assert site.engine.forget("ada", by="bea")
    assert kept(site) == []

    owed(site, "ben")
    site.enrol("ben")
    assert kept(site) == []


class OvertakenStore:
    """A store of which another request asks all it wants, just after the first look of this one."""

    def __init__(self, store: Any, meanwhile: Callable[[], object]) -> None:
        """Keep what is done meanwhile; it is done once."""
        self._store, self._meanwhile = store, [meanwhile]

    def obligation(self, realm: str, subject: str) -> Obligation | None:
        """Look, and let the other go on before this one does."""
        seen: Obligation | None = self._store.obligation(realm, subject)
        while self._meanwhile:
            self._meanwhile.pop()()
        return seen

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's own."""
        return getattr(self._store, name)


def duty_overtaken(site: Site, contact: Mapping[str, Any]) -> None:
    """Ask what a subject owes while another request asks the same."""
    context = site.engine.context
    store: Any = OvertakenStore(context.store, lambda: owed(site, contact=contact))
    Engine(replace(context, store=store)).owed("ada", contact)


def test_two_first_requests_at_once_are_one_beginning(site: Site) -> None:
    """A page that loads in parallel has one reminder sent, and one event written and told."""
    duty_overtaken(site, ADA)

    assert [fact["name"] for fact in site.facts()] == ["obligation_begun"]
    assert [event.fact.name for event in site.heard] == ["obligation_begun"]
    assert len(site.rows("message")) == 1


def test_two_at_once_with_another_address_tell_the_one_before_once(site: Site) -> None:
    """The former address is told by the request that changed it, and not by the next."""
    owed(site)
    duty_overtaken(site, {"email": "eve@site.test"})

    assert farewells(site) == ["ada@site.test"]


def test_after_tickets_the_address_is_kept_once_codes_go_to_it(ticketed: Site) -> None:
    """A site that goes over from tickets to codes tells the former address of a change too, though
    it was noted when none was kept.
    """
    known = owed(ticketed).until - 7 * DAY
    site = ticketed.process(VESTIBULE_FIRST_ENROLMENT="email")
    site.fake.move(DAY)
    assert owed(site).known_from == known + 7 * DAY
    assert [fact["name"] for fact in site.facts()] == ["obligation_begun"]
    assert len(site.rows("message")) == 1

    owed(site, contact={"email": "eve@site.test"})

    assert farewells(site) == ["ada@site.test"]
