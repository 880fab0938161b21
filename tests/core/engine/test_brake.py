"""Codes that must not be sent, whoever asks: the engine with phones, on both databases."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from tests.core.site import Person, Site, applicant
from tests.core.test_reach import COSTLY, ODD

from vestibule.core.engine import Engine
from vestibule.core.engine.sending import Resent
from vestibule.core.model import Origin, Purpose
from vestibule.core.verdict import Pending, Reason, Rejected
from vestibule.store import rows, tables
from vestibule.store.upkeep import Upkeep

PRICES = {"VESTIBULE_PRICES": "sms=0.1; call=0.5", "VESTIBULE_SPEND_PER_DAY": "1"}
PHONES: Mapping[str, Any] = {
    "VESTIBULE_FACTORS": "totp,phone,recovery_codes",
    "VESTIBULE_COUNTRIES": "DE",
}
NUMBER = "+491701234567"


@pytest.fixture
def phones(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that sends codes to phones in Germany."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


@pytest.fixture
def small_phones(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The same on SQLite only, for what no database has a say in."""
    opened = Site.open(sqlite_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


@pytest.fixture
def priced(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """The same, where a day costs at most ten text messages."""
    opened = Site.open(database_url, tmp_path, config={**PHONES, **PRICES})
    yield opened
    opened.close()


def owner(site: Site, number: str = NUMBER, subject: str = "ada") -> Person:
    """Somebody with an app and a number."""
    ada = site.enrol(subject)
    ada.add("phone", number=number)
    site.post.sent.clear()
    return ada


def ask(person: Person, *, known: bool = False, channel: str | None = None) -> Resent:
    """Have a code sent to the number, in a new login."""
    begun = person.login(known=known)
    way = person.enrolment("phone").id
    origin = Origin(address="192.0.2.1")
    return person.site.engine.resend(begun.token, Purpose.LOGIN, way, origin, channel=channel)


def refusals(site: Site) -> list[dict[str, Any]]:
    """What the audit trail says of refused sends."""
    return [dict(fact["data"]) for fact in site.facts() if fact["name"] == "send_refused"]


def newcomer(site: Site, number: str, subject: str) -> None:
    """Somebody who begins to set up a number as a first way."""
    assert site.draft(subject, factor="phone", answers={"number": number}) is not None


@pytest.mark.row("ATK-56", "SMS-07")
def test_a_number_whose_country_was_taken_off_gets_no_code(phones: Site) -> None:
    """A proven number gets no code once its country is named no more; the app still works."""
    ada = owner(phones)
    assert ask(ada).verdict == Pending()
    elsewhere = phones.process(VESTIBULE_COUNTRIES="AT,CH")
    there = Person(elsewhere, "ada", ada.app, ada.enrolment_id)

    assert ask(there).verdict == Rejected(reason=Reason.UNREACHABLE)
    (told,) = refusals(phones)
    assert (told["reason"], told["channel"], told["range"]) == ("country", "sms", "+4917012")
    assert there.come_in().is_accepted


@pytest.mark.row("ATK-57", "SMS-07", "C16")
def test_no_costly_number_reaches_a_carrier(phones: Site) -> None:
    """Whatever stands where a number should stand, nothing is sent and nothing is counted."""
    ada = owner(phones)
    everywhere = phones.process(VESTIBULE_COUNTRIES="")
    engine, phone = everywhere.engine, ada.enrolment("phone")
    counted = phones.rows("tally")
    begun = ada.login()
    for number in [*COSTLY, *ODD]:
        sealed = engine.vault.sealed(replace(phone, secret=number.encode()))
        phones.change("enrolment", {"id": phone.id}, secret=sealed.secret)
        resent = engine.resend(begun.token, Purpose.LOGIN, phone.id)
        assert resent.verdict != Pending(), number
    ada.deliver()

    assert phones.post.sent == []
    assert phones.rows("tally") == counted


@pytest.mark.row("ATK-57")
@pytest.mark.parametrize(
    ("number", "said"),
    [("+12015550123", "of that country"), ("+49900123456", "no phone number"), (NUMBER, None)],
)
def test_a_number_that_gets_no_codes_is_not_begun_with(
    small_phones: Site, number: str, said: str | None
) -> None:
    """Who types a number of another country, or a costly one, is told so at its question."""
    engine = small_phones.engine
    told = replace(applicant("ada"), answers={"number": number})
    refused = engine.unusable(engine.registry["phone"], told)

    assert (refused and refused.question) == (said and "number")
    assert refused is None or (said or "") in refused.text
    assert small_phones.rows("enrolment") == []


@pytest.mark.row("ATK-56", "ATK-19", "C3")
def test_a_day_costs_no_more_than_its_ceiling(priced: Site) -> None:
    """Strangers spend four fifths of a day's money, known browsers the rest, and nobody more."""
    ada = owner(priced)  # the first tenth
    sent = [ask(ada).verdict for _ in range(6)]
    priced.fake.move(hours=5)
    sent += [ask(ada).verdict for _ in range(3)]
    assert sent.count(Pending()) == 7
    refused = sent[-1]
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.SPENT
    assert refused.retry_at is not None
    assert refused.retry_at.time().isoformat() == "00:00:00"
    assert {told["reason"] for told in refusals(priced)} == {"spent"}

    assert [ask(ada, known=True, channel="call").verdict for _ in range(1)] != [Pending()]
    assert [ask(ada, known=True).verdict for _ in range(2)] == [Pending(), Pending()]
    assert ask(ada, known=True).verdict != Pending()
    (row,) = [row for row in priced.rows("tally") if row["name"].startswith("spent:")]
    assert row["level"] == 1_000_000

    priced.fake.stand_at(refused.retry_at)
    assert ask(ada).verdict == Pending()


@pytest.mark.row("ATK-56", "C15")
def test_numbers_one_after_the_other_are_few(phones: Site) -> None:
    """Of new numbers that differ in their last three digits alone five at once get a code, and one
    more every twelve minutes.
    """
    for nth in range(8):
        newcomer(phones, f"+4917012345{nth:02}", f"new {nth}")
    assert len([row for row in phones.rows("message") if row["challenge_id"]]) == 5
    assert {told["reason"] for told in refusals(phones)} == {"block"}

    newcomer(phones, "+4917012399999"[:13], "another block")
    phones.fake.move(minutes=12)
    newcomer(phones, "+491701234599", "later")
    assert len([row for row in phones.rows("message") if row["challenge_id"]]) == 7


@pytest.mark.row("ATK-56")
def test_no_count_and_no_event_holds_a_number(phones: Site) -> None:
    """What is written of sends, counted or refused, holds the range of a number at most."""
    for nth in range(7):
        newcomer(phones, f"+4917012345{nth:02}", f"new {nth}")

    for table in ("tally", "area", "event"):
        assert "17012345" not in repr(phones.rows(table))
    assert "17012345" not in repr(
        [{n: v for n, v in row.items() if n != "destination"} for row in phones.rows("message")]
    )


def stop(site: Site, whose: str, name: str = "+49") -> None:
    """Stop an area for strangers or for new numbers."""
    until = int((site.clock.now() + timedelta(hours=24)).timestamp()) * 1_000_000
    row = {"realm": "default", "name": name, "whose": whose, "provider": "", "as_of": 0}
    counts = {"sent": 0.0, "returned": 0.0, "debt": 0.0, "stopped_until": until}
    with site.parts.database.write() as connection:
        connection.execute(
            delete(tables.area).where(tables.area.c.name == name, tables.area.c.whose == whose)
        )
        connection.execute(tables.area.insert().values(**row, **counts))


@pytest.mark.row("ATK-56", "SMS-09")
def test_known_owners_go_on_where_an_area_is_stopped(phones: Site) -> None:
    """Where strangers get no codes known browsers do, and so do numbers that are being added."""
    ada = owner(phones)
    stop(phones, "stranger")

    assert ask(ada).verdict == Rejected(reason=Reason.STOPPED)
    assert [told["reason"] for told in refusals(phones)] == ["stopped"]
    assert ask(ada, known=True).verdict == Pending()
    newcomer(phones, "+491709999999", "new")
    assert phones.told()[-1] == "code_sent"
    assert ada.come_in().is_accepted


@pytest.mark.row("ATK-56", "SMS-09")
def test_who_pumps_new_numbers_stops_no_login(phones: Site) -> None:
    """Where new numbers get no codes, whoever has a proven one gets them in any browser."""
    ada = owner(phones)
    stop(phones, "new")

    newcomer(phones, "+491709999999", "new")
    assert phones.told()[-2:] == ["send_refused", "enrolment_begun"]
    assert ask(ada).verdict == Pending()


@pytest.mark.row("ATK-56")
def test_one_number_stops_nobody_else(phones: Site) -> None:
    """Whoever has codes sent to a number of their own, and answers none, stops no area."""
    mallory = owner(phones, "+491701200001", "mallory")
    for _ in range(30):
        phones.fake.move(hours=4)
        assert ask(mallory).verdict == Pending()

    awaited = [row["awaited"] for row in phones.rows("message") if row["whose"] == "stranger"]
    assert awaited.count(None) > 15  # what is not counted there is not given back either
    assert ask(owner(phones)).verdict == Pending()


def type_in(person: Person, *, known: bool = False) -> None:
    """Log in with a code that is sent to the number."""
    begun = person.login(known=known)
    way = person.enrolment("phone").id
    resent = person.site.engine.resend(begun.token, Purpose.LOGIN, way, Origin())
    assert resent.verdict == Pending()
    person.deliver()
    assert person.answer(begun.token, person.site.post.code()).is_accepted


@pytest.mark.row("ATK-19", "ATK-56")
def test_who_types_none_gets_few(phones: Site) -> None:
    """Six codes that nobody types in, and then one in four hours; one that is typed makes up."""
    ada = owner(phones)
    phones.fake.move(minutes=1)
    assert [ask(ada).verdict == Pending() for _ in range(7)] == [True] * 6 + [False]
    ada.deliver()
    assert {told["reason"] for told in refusals(phones)} >= {"unanswered"}

    phones.fake.move(hours=4)
    assert ask(ada).verdict == Pending()
    assert ask(ada).verdict != Pending()
    ada.deliver()
    phones.fake.move(hours=4)
    type_in(ada)
    phones.fake.move(minutes=1)
    assert [ask(ada).verdict == Pending() for _ in range(5)] == [True] * 5


@pytest.mark.row("ATK-19", "ATK-56")
def test_what_the_owner_types_at_home_gives_a_stranger_nothing(phones: Site) -> None:
    """A code that is typed in a known browser makes up for none that was sent to a stranger."""
    ada = owner(phones)
    phones.fake.move(minutes=1)
    for _ in range(6):
        assert ask(ada).verdict == Pending()
    ada.deliver()
    phones.fake.move(hours=1)

    type_in(ada, known=True)
    phones.fake.move(minutes=1)

    assert ask(ada).verdict != Pending()
    assert ask(ada, known=True).verdict == Pending()


@pytest.mark.row("ATK-19", "ATK-56")
def test_what_an_app_shows_makes_up_for_no_code_that_was_sent(phones: Site) -> None:
    """Whoever has typed one code, and proves it is them by an app ever since, gets as few."""
    ada = owner(phones)
    phones.fake.move(minutes=1)
    begun = ada.login(known=True)
    way = ada.enrolment("phone").id
    phones.engine.resend(begun.token, Purpose.LOGIN, way, Origin())
    ada.deliver()
    assert ada.answer(begun.token, phones.post.code()).is_accepted
    sent = []
    for _ in range(9):
        phones.fake.move(minutes=5)
        sent.append(ask(ada, known=True).verdict == Pending())
        phones.fake.move(minutes=5)
        ada.ask_fresh()
        assert ada.answer(ada.token, ada.next_code(), Purpose.FRESH).is_accepted

    assert sent == [True] * 6 + [False] * 3


def test_a_code_that_was_typed_stays_typed_when_its_login_is_cleared_out(phones: Site) -> None:
    """A program that types every code goes on, though what is over is cleared out every hour."""
    ada = owner(phones)
    way = ada.enrolment("phone").id
    for _ in range(14):
        phones.fake.move(hours=2)
        Upkeep(phones.parts.database).purge(phones.clock.now(), ())
        begun = ada.program()
        resent = phones.engine.resend(begun.token, Purpose.LOGIN, way, Origin())
        assert resent.verdict == Pending()
        ada.deliver()
        assert ada.answer(begun.token, phones.post.code()).is_accepted


def test_what_nobody_carried_is_not_held_against_anybody(phones: Site) -> None:
    """Codes that no carrier took were seen by nobody, and do not count as codes nobody types in."""
    ada = owner(phones)
    phones.fake.move(minutes=1)
    for _ in range(6):
        phones.post.refuse(permanent=True)
        assert ask(ada).verdict == Pending()
        ada.deliver()
    phones.fake.move(hours=1)

    assert ask(ada).verdict == Pending()


@pytest.mark.row("ATK-56")
def test_the_log_tells_the_operator_of_a_day_that_is_spent(
    priced: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The first send that a day's money does not reach for is told of in the log, once a day."""
    people = [owner(priced, f"{NUMBER[:-1]}{n}", f"person-{n}") for n in range(3)]

    def said_of_a_day() -> list[str]:
        """What the log says while more is asked for than a day's money reaches for."""
        caplog.clear()
        for person in people:
            for _ in range(5):
                ask(person)
            priced.fake.move(hours=1)
        return [one.getMessage() for one in caplog.records if one.name == "vestibule.fraud"]

    (said,) = said_of_a_day()
    assert [told["reason"] for told in refusals(priced)].count("spent") > 1
    assert "VESTIBULE_SPEND_PER_DAY" in said
    assert "vestibule fraud report" in said
    assert NUMBER not in said

    assert said_of_a_day() == []
    priced.fake.move(days=1)
    assert len(said_of_a_day()) == 1


@pytest.mark.row("ATK-56")
def test_the_log_tells_the_operator_of_a_stop(
    phones: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The send that stops a range is told of in the log, with what to type, and with no number."""
    for nth in range(22):
        newcomer(phones, f"+4917012{nth:02}456", f"new {nth}")

    (said,) = [one.getMessage() for one in caplog.records if one.name == "vestibule.fraud"]
    assert "+4917012 " in said
    assert "vestibule fraud resume +4917012 --by NAME" in said
    assert "456" not in said


class OvertakenStore:
    """A store that lets another request do all it wants just before this one's send is decided."""

    def __init__(self, store: Any, meanwhile: Callable[[], object]) -> None:
        """Keep what is done meanwhile; it is done once."""
        self._store, self._meanwhile = store, [meanwhile]

    def decide(self, *told: Any) -> Any:
        """Let the other go first, then decide."""
        while self._meanwhile:
            self._meanwhile.pop()()
        return self._store.decide(*told)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's own."""
        return getattr(self._store, name)


def owed(site: Site) -> dict[str, Any]:
    """What is counted of codes: money, those nobody typed, and what areas owe."""
    kinds = ("spent:", "unanswered:", "share:")
    counted = {row["name"]: row["level"] for row in site.rows("tally")}
    found = {name: level for name, level in counted.items() if name.startswith(kinds)}
    return found | {f"{r['name']} {r['whose']}": round(r["debt"], 3) for r in site.rows("area")}


@pytest.mark.row("ATK-19", "ATK-56")
def test_a_send_that_another_was_quicker_than_costs_nothing(priced: Site) -> None:
    """Of two presses at once one is sent, and no money, code or area counts the other one."""
    ada = owner(priced)
    begun, way = ada.login(), ada.enrolment("phone").id
    context, before = priced.engine.context, owed(priced)

    def press() -> None:
        sent = priced.engine.resend(begun.token, Purpose.LOGIN, way, Origin())
        assert sent.verdict == Pending()

    store: Any = OvertakenStore(context.store, press)
    late = Engine(replace(context, store=store)).resend(begun.token, Purpose.LOGIN, way, Origin())

    assert isinstance(late.verdict, Rejected)
    assert late.verdict.reason is Reason.DELAYED
    after, (day,) = owed(priced), [name for name in before if name.startswith("spent:")]
    assert after[day] == 2 * before[day]
    assert after[f"unanswered:stranger:{way}"] == 1
    owing = [level for name, level in after.items() if name.endswith(" stranger")]
    assert all(level <= 1 for level in owing)


@pytest.mark.row("ATK-19")
def test_a_stop_that_a_send_made_ends_with_it(phones: Site) -> None:
    """Where a send that was not written stopped its range, that goes on, and both are told."""
    ada = owner(phones)
    begun, way = ada.login(), ada.enrolment("phone").id
    context, watch = phones.engine.context, phones.engine.context.profile.watch
    assert ask(owner(phones, "+491701234568", "bob")).verdict == Pending()
    phones.change("area", {"name": "+4917012", "whose": "stranger"}, debt=watch.range - 1.0)

    def come_in() -> None:
        assert ada.answer(begun.token, ada.next_code()).is_accepted

    store: Any = OvertakenStore(context.store, come_in)
    Engine(replace(context, store=store)).resend(begun.token, Purpose.LOGIN, way, Origin())

    told = [name for name in phones.told() if name.startswith("area_")]
    assert told == ["area_stopped", "area_resumed"]
    assert ask(ada).verdict == Pending()


@pytest.mark.row("ATK-56")
def test_no_code_goes_out_that_was_not_counted(priced: Site) -> None:
    """What may not be sent when it would be counted is not sent, though it might be right after."""
    ada = owner(priced)
    priced.fake.move(minutes=1)
    way, soon = ada.enrolment("phone").id, priced.clock.now() + timedelta(seconds=5)
    priced.change("enrolment", {"id": way}, suspended_until=rows.number(soon))
    begun = ada.login()
    context, before = priced.engine.context, len(priced.rows("message"))
    store: Any = OvertakenStore(context.store, lambda: priced.fake.move(seconds=10))

    asked = Engine(replace(context, store=store)).resend(begun.token, Purpose.LOGIN, way, Origin())

    assert isinstance(asked.verdict, Rejected)
    assert len(priced.rows("message")) == before
