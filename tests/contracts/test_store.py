"""What a store promises, on each database: one method, one transaction, and an order of waiting."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest
from tests.core.booking import booking
from tests.core.site import Person, Site, case_of, reason

from vestibule.core.caps import DAY, HOUR, Cap
from vestibule.core.engine import Engine, Login, Outcome
from vestibule.core.model import Lane, Notice, Origin, PassageStatus, Purpose
from vestibule.core.ports import Ruled, Store
from vestibule.core.ruling import Case, Ruling, Struck
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Reason, Rejected
from vestibule.store import SqlStore

T = TypeVar("T")
U = TypeVar("U")
REFUSED = Rejected(reason=Reason.WRONG)


class Stopped(Exception):
    """Raised in the middle of a transaction."""


def key(token: str) -> bytes:
    """What the store is asked by."""
    found = token_hash(token)
    assert found is not None
    return found


def store_of(site: Site) -> Store:
    """The store of a site."""
    return site.engine.context.store


def locking_store(site: Site) -> SqlStore:
    """A store that locks before it rules, as each does where a race was lost."""
    return SqlStore(site.parts.database, locks_first=True)


def struck(case: Case, charge: int = 3) -> Ruling:
    """A ruling that counts a wrong answer on everything, and charges the ledger."""
    counted = Struck(
        challenge_ids=tuple(a.challenge.id for a in case.asked),
        enrolment_ids=tuple(a.enrolment.id for a in case.asked),
        charge=charge,
        lane=case.passage.lane,
    )
    ledger = replace(case.ledger, spent=case.ledger.spent + charge)
    return Ruling(verdict=REFUSED, struck=counted, ledger=ledger)


def interleaved(
    first: Callable[[Callable[[], None]], T], second: Callable[[], U], *, waits: bool = True
) -> tuple[T, U]:
    """Run `first` until it pauses, then `second`; let `first` go on once `second` is held up.

    Where it is not to be held up, `second` must end while `first` still pauses.
    """
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        assert go_on.wait(20)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first, pause)
        assert inside.wait(20)
        two: Future[U] = pool.submit(second)
        try:
            if waits:
                time.sleep(0.15)
                assert not two.done()
            else:
                two.result(timeout=20)
        finally:
            go_on.set()
        return one.result(timeout=20), two.result(timeout=20)


@dataclass(frozen=True)
class Pausing:
    """A store whose transactions stop after the rule has spoken and before anything is written."""

    store: Store
    pause: Callable[[], None]

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Decide, slowly."""

        def slowly(case: Case) -> Ruled:
            ruling = rule(case)
            self.pause()
            return ruling

        return self.store.decide(token_hash, address, slowly)

    def __getattr__(self, name: str) -> Any:
        """Everything else as ever."""
        return getattr(self.store, name)


@dataclass
class Between:
    """A store before whose second transaction something else happens."""

    store: Store
    happening: Callable[[], object]
    decisions: int = 0

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Decide, the second time after the other thing happened."""
        self.decisions += 1
        if self.decisions == 2:
            self.happening()
        return self.store.decide(token_hash, address, rule)

    def __getattr__(self, name: str) -> Any:
        """Everything else as ever."""
        return getattr(self.store, name)


def slow_engine(site: Site, pause: Callable[[], None]) -> Engine:
    """An engine that stops in the middle of its transactions."""
    return Engine(replace(site.engine.context, store=Pausing(locking_store(site), pause)))


def two_answers(
    site: Site, one: tuple[str, str, Purpose], other: tuple[str, str, Purpose]
) -> tuple[Outcome, Outcome]:
    """Answer twice, the second while the first is in the middle of its transaction."""

    def first(pause: Callable[[], None]) -> Outcome:
        token, text, purpose = one
        return slow_engine(site, pause).verify(token, purpose, text)

    def second() -> Outcome:
        token, text, purpose = other
        return site.engine.verify(token, purpose, text)

    return interleaved(first, second)


def test_what_a_rule_says_is_written(site: Site) -> None:
    """A ruling is written whole: attempts, odds, counts of the lane, and the ledger."""
    ada = site.enrol()
    ada.make_recovery_codes()
    begun = ada.login()

    ruling = store_of(site).decide(key(begun.token), None, struck)

    case = case_of(site, begun.token)
    assert ruling is not None
    assert ruling.verdict == REFUSED
    assert [asked.challenge.attempts for asked in case.asked] == [1, 1]
    assert sorted(asked.challenge.spent for asked in case.asked) == [0, 3]
    assert [asked.enrolment.failures_stranger for asked in case.asked] == [1, 1]
    assert case.ledger.spent == 3


@pytest.mark.row("ATK-25", "ASVS-2.3.3/2.3.4")
def test_a_rule_that_raises_writes_nothing(site: Site) -> None:
    """When a rule breaks off, nothing of its transaction remains and nothing is given."""
    ada = site.enrol()
    begun = ada.login()
    before = case_of(site, begun.token)

    def rule(case: Case) -> Ruling:
        raise Stopped

    with pytest.raises(Stopped):
        store_of(site).decide(key(begun.token), "192.0.2.1", rule)

    assert case_of(site, begun.token) == before
    assert site.rows("source") == []
    assert ada.answer(begun.token, ada.next_code()).is_accepted


@pytest.mark.row("ATK-25", "ASVS-2.3.3/2.3.4")
def test_a_write_that_fails_takes_the_whole_ruling_with_it(site: Site) -> None:
    """When the last write of a ruling is refused by the database, none of the others remain."""
    ada = site.enrol()
    begun = ada.login()
    before = case_of(site, begun.token)

    def rule(case: Case) -> Ruling:
        ruling = struck(case)
        message = site.engine.context.notice(
            Notice.ENROLMENT_CONFIRMED, "ada", site.clock.now(), Origin()
        )[0]
        return replace(ruling, messages=(message, message))

    with pytest.raises(Exception, match=r"(?i)unique"):
        store_of(site).decide(key(begun.token), None, rule)

    assert case_of(site, begun.token) == before


@pytest.mark.row("ATK-25", "ATK-13")
def test_a_refused_answer_stays_counted_whatever_happens_afterwards(site: Site) -> None:
    """An error in the application after a wrong answer takes nothing back that was counted."""
    ada = site.enrol()
    begun = ada.login()

    def view() -> None:
        ada.guess(begun.token, 5)
        raise Stopped

    with pytest.raises(Stopped):
        view()

    assert reason(ada.answer(begun.token, ada.next_code())) is Reason.EXHAUSTED
    assert case_of(site.process(), begun.token).asked[0].challenge.attempts == 5


def test_a_token_that_names_nothing_asks_no_rule(site: Site) -> None:
    """No rule is asked where there is no passage, or nothing is asked on it."""
    eve = site.engine.begin_login(Login(subject="eve", identity="eve"))

    def rule(case: Case) -> Ruling:
        raise Stopped

    assert store_of(site).decide(b"\0" * 32, None, rule) is None
    assert store_of(site).decide(key(eve.token), None, rule) is None


@pytest.mark.row("ATK-23", "ASVS-2.3.3/2.3.4")
def test_the_second_of_two_decisions_sees_the_first(site: Site) -> None:
    """A decision that had to wait for another on the same login sees what that one wrote."""
    ada = site.enrol()
    begun = ada.login()
    seen: list[int] = []

    def first(pause: Callable[[], None]) -> Ruling | None:
        def rule(case: Case) -> Ruling:
            pause()
            return struck(case)

        return locking_store(site).decide(key(begun.token), None, rule)

    def second() -> Ruling | None:
        def rule(case: Case) -> Ruling:
            seen.append(case.asked[0].challenge.attempts)
            return struck(case)

        return store_of(site).decide(key(begun.token), None, rule)

    interleaved(first, second)

    assert seen[-1] == 1
    assert case_of(site, begun.token).asked[0].challenge.attempts == 2
    assert ada.ledger()["spent"] == 6


@pytest.mark.row("ATK-23", "ATK-14")
def test_two_logins_of_one_subject_share_one_account(site: Site) -> None:
    """A wrong answer in one login, decided at the same moment as in another, is charged to both."""
    ada = site.enrol()
    ada.guess(ada.login().token, 3)
    one, other = ada.login(), ada.login()

    two_answers(
        site, (one.token, ada.wrong(1), Purpose.LOGIN), (other.token, ada.wrong(2), Purpose.LOGIN)
    )

    charge = 3_000_000
    assert ada.ledger()["spent"] == 5 * charge
    assert ada.ledger()["failures"] == 5
    assert ada.enrolment().failures_stranger == 5
    assert reason(ada.answer(ada.login().token, ada.code())) is Reason.DELAYED


@pytest.mark.row("ATK-23")
def test_the_fifth_and_the_sixth_at_once_are_five(site: Site) -> None:
    """With one try left, of two answers at once one is compared, and a right one no more."""
    ada = site.enrol()
    begun = ada.login()
    ada.guess(begun.token, 4)

    first, second = two_answers(
        site,
        (begun.token, ada.wrong(5), Purpose.LOGIN),
        (begun.token, ada.code(1), Purpose.LOGIN),
    )

    assert (reason(first), reason(second)) == (Reason.WRONG, Reason.EXHAUSTED)
    assert case_of(site, begun.token).asked[0].challenge.attempts == 5


@pytest.mark.row("ATK-24", "C6", "ASVS-6.5.1")
def test_one_code_in_two_browsers_at_once_lets_in_one(site: Site) -> None:
    """Of the same right code typed in two strangers' browsers at the same moment one counts."""
    ada = site.enrol()
    one, other = ada.login(), ada.login()
    code = ada.next_code()

    first, second = two_answers(
        site, (one.token, code, Purpose.LOGIN), (other.token, code, Purpose.LOGIN)
    )

    assert first.is_accepted
    assert reason(second) is Reason.REPLAYED


@pytest.mark.row("ATK-24", "C6")
def test_one_code_in_a_known_and_a_strange_browser_lets_in_one(site: Site) -> None:
    """The same right code at the same moment counts once though the lanes are counted apart."""
    ada = site.enrol()
    ada.make_recovery_codes()
    known, stranger = ada.login(known=True), ada.login()
    code = ada.next_code()

    first, second = two_answers(
        site, (known.token, code, Purpose.LOGIN), (stranger.token, code, Purpose.LOGIN)
    )

    assert known.passage.lane is Lane.KNOWN
    assert first.is_accepted
    assert reason(second) is Reason.REPLAYED


@pytest.mark.row("ATK-24", "C6")
def test_one_code_for_a_login_and_a_step_up_at_once_counts_once(site: Site) -> None:
    """The same right code given for two purposes at the same moment proves one of them."""
    ada = site.enrol()
    ada.ask_fresh(Purpose.FRESH)
    begun, code = ada.login(), ada.next_code()

    first, second = two_answers(
        site, (ada.token, code, Purpose.FRESH), (begun.token, code, Purpose.LOGIN)
    )

    assert first.is_accepted
    assert reason(second) is Reason.REPLAYED


@pytest.mark.row("ATK-24")
def test_the_same_answer_twice_at_once_grants_once(site: Site) -> None:
    """A double press of the button grants once, and the second names nothing any more."""
    ada = site.enrol()
    begun, code = ada.login(parked=b"session"), ada.next_code()

    first, second = two_answers(
        site, (begun.token, code, Purpose.LOGIN), (begun.token, code, Purpose.LOGIN)
    )

    assert first.granted is not None
    assert first.granted.parked == b"session"
    assert second.granted is None
    assert reason(second) is Reason.GONE


@pytest.mark.row("ATK-24", "ATK-20", "C6")
def test_one_recovery_code_in_two_browsers_at_once_lets_in_one(site: Site) -> None:
    """The same recovery code, judged in two browsers before either was settled, counts once."""
    ada = site.enrol()
    code = ada.make_recovery_codes()[0]
    one, other = ada.login(), ada.login(known=True)
    second: list[Outcome] = []
    context = site.engine.context

    # When the first has reserved and judged, the second runs through from end to end.
    between = Between(context.store, lambda: second.append(ada.answer(other.token, code)))
    outcome = Engine(replace(context, store=between)).verify(one.token, Purpose.LOGIN, code)

    assert [done.is_accepted for done in second] == [True]
    assert reason(outcome) is Reason.REPLAYED
    assert case_of(site, one.token).asked[0].challenge.attempts == 1


@pytest.mark.row("ATK-26", "ATK-12")
def test_an_end_and_an_acceptance_at_once_leave_no_grant(site: Site) -> None:
    """Whoever ends a passage while its code is being accepted finds it ended, whoever was first."""
    ada = site.enrol()
    begun, code = ada.login(), ada.next_code()

    def first(pause: Callable[[], None]) -> Outcome:
        return slow_engine(site, pause).verify(begun.token, Purpose.LOGIN, code)

    interleaved(first, lambda: site.engine.end(begun.passage, "logout"))

    row = next(row for row in site.rows("passage") if row["id"] == begun.passage.id)
    assert row["status"] == PassageStatus.ENDED.value
    assert row["parked"] is None


@pytest.mark.row("ATK-12", "ATK-26", "ATK-28")
def test_a_removal_waits_for_an_acceptance_and_then_ends_it(letters_site: Site) -> None:
    """A factor removed while its code is being accepted ends the session that the code made."""
    ada = letters_site.enrol()
    site = letters_site
    ada.add_letters()
    here, mine = ada.passage, ada.enrolment("totp")
    begun, code = ada.login(), ada.next_code()

    def first(pause: Callable[[], None]) -> Outcome:
        return slow_engine(site, pause).verify(begun.token, Purpose.LOGIN, code)

    accepted, removed = interleaved(first, lambda: site.engine.revoke(mine, here))

    assert accepted.is_accepted
    assert removed
    assert {r["id"]: r["status"] for r in site.rows("passage")} == {
        here.id: "granted",
        begun.passage.id: "ended",
    }
    assert [e.factor for e in site.engine.enrolments("ada")] == ["letters"]


@pytest.mark.row("ATK-28")
def test_two_removals_at_once_leave_no_half_enrolment(letters_site: Site) -> None:
    """Two ways removed at once leave nobody half enrolled, and one of them was the last."""
    ada = letters_site.enrol()
    ada.add_letters()
    ada.make_recovery_codes()
    app, letters = ada.enrolment("totp"), ada.enrolment("letters")
    start = threading.Barrier(2)

    def remove(which: Any) -> bool:
        start.wait(10)
        return letters_site.engine.revoke(which, None)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, [app, letters]))

    assert done == [True, True]
    removed = [f["data"] for f in letters_site.facts() if f["name"] == "enrolment_revoked"]
    assert [data["last"] for data in removed] == [False, True]
    assert letters_site.engine.enrolments("ada") == []
    assert not letters_site.engine.standing("ada", None).enrolled


@pytest.mark.row("ATK-28")
def test_two_first_factors_proven_at_once_are_one(site: Site) -> None:
    """Two drafts of a first factor begun at the same moment leave one, whichever was later."""
    start = threading.Barrier(2)

    def begin(_: int) -> object:
        start.wait(10)
        return site.draft("ada")

    with ThreadPoolExecutor(2) as pool:
        drafts = list(pool.map(begin, range(2)))

    assert None not in drafts
    assert len(site.rows("enrolment")) == 1


@pytest.mark.row("ATK-28")
def test_a_first_factor_cannot_be_begun_while_one_is_proven(site: Site) -> None:
    """Who begins to enrol while the owner's first code is being accepted is too late."""
    draft = site.draft("ada")
    assert draft is not None
    assert draft.token is not None
    token = draft.token
    ada = Person(site, "ada", replace_app(draft.enrolment.secret), draft.enrolment.id)
    code = ada.code()

    def first(pause: Callable[[], None]) -> Outcome:
        return slow_engine(site, pause).verify(token, Purpose.ENROL, code)

    accepted, begun = interleaved(first, lambda: site.draft("ada"))

    assert accepted.is_accepted
    assert begun is None


def replace_app(secret: bytes) -> Any:
    """An app that holds a secret."""
    from vestibule.testing import SoftwareAuthenticator

    return SoftwareAuthenticator(secret)


def test_other_subjects_do_not_wait(site: Site) -> None:
    """A decision holds up nobody else on PostgreSQL, and on SQLite for a moment only."""
    ada, bob = site.enrol("ada"), site.enrol("bob")
    one, other = ada.login(), bob.login()
    right = {"ada": ada.next_code(), "bob": bob.code()}
    on_sqlite = site.url.startswith("sqlite")

    def first(pause: Callable[[], None]) -> Outcome:
        return slow_engine(site, pause).verify(one.token, Purpose.LOGIN, right["ada"])

    done = interleaved(
        first,
        lambda: site.engine.verify(other.token, Purpose.LOGIN, right["bob"]),
        waits=on_sqlite,
    )

    assert [outcome.is_accepted for outcome in done] == [True, True]


def test_a_look_waits_for_nobody(site: Site) -> None:
    """Looking and standing read what was committed while a decision is under way."""
    ada = site.enrol()
    begun, code = ada.login(), ada.next_code()

    def first(pause: Callable[[], None]) -> Outcome:
        return slow_engine(site, pause).verify(begun.token, Purpose.LOGIN, code)

    def second() -> tuple[PassageStatus, bool]:
        status = case_of(site, begun.token).passage.status
        return status, site.engine.standing("ada", begun.token).enrolled

    _, seen = interleaved(first, second, waits=False)

    assert seen == (PassageStatus.PENDING, True)


@pytest.mark.row("ATK-23", "ATK-24")
def test_many_answers_at_once_are_counted_one_by_one(site: Site) -> None:
    """Of twenty wrong answers and a right one at once, five are compared and no more."""
    ada = site.enrol()
    begun = ada.login()
    other = site.process()
    answers = [ada.wrong(nth) for nth in range(20)]
    start = threading.Barrier(10)

    def answer(nth: int) -> Outcome:
        if nth < 10:
            start.wait(10)
        engine = (site if nth % 2 else other).engine
        return engine.verify(begun.token, Purpose.LOGIN, answers[nth], Origin(address="192.0.2.1"))

    with ThreadPoolExecutor(10) as pool:
        reasons = [reason(outcome) for outcome in pool.map(answer, range(20))]

    assert reasons.count(Reason.WRONG) == 5
    assert reasons.count(Reason.EXHAUSTED) == 15
    assert ada.ledger()["failures"] == 5
    assert site.rows("source")[0]["failures"] == 5


def test_the_store_keeps_to_its_port(site: Site) -> None:
    """The store in SQL has every method of the port, and each is documented in one sentence."""
    promised = {name for name in vars(Store) if not name.startswith("_")}
    kept = {name for name in vars(SqlStore) if not name.startswith("_")}

    assert promised == kept
    assert all(getattr(SqlStore, name).__doc__ for name in kept)
    assert isinstance(store_of(site), SqlStore)


@pytest.mark.row("ATK-19")
def test_many_sends_at_once_are_no_more_than_the_cap(site: Site) -> None:
    """Of many sends counted at the same moment no more have room than the cap has."""
    now, wanted = site.clock.now(), {"one": Cap(most=5, window=DAY), "all": Cap(most=9, window=DAY)}

    with ThreadPoolExecutor(8) as pool:
        counted = list(
            pool.map(
                lambda _: store_of(site).book_send("default", booking(now, wanted), now).refused,
                range(24),
            )
        )

    assert counted.count("") == 5
    assert {row["name"]: row["level"] for row in site.rows("tally")} == {"one": 5.0, "all": 5.0}


def test_a_send_without_room_in_one_respect_counts_in_none(site: Site) -> None:
    """Where one cap is full no other is used up, and the answer is which, and until when."""
    now, store = site.clock.now(), store_of(site)
    alone = {"all": Cap(most=1, window=DAY)}
    assert not store.book_send("default", booking(now, alone), now).refused

    both = {**alone, "one:x": Cap(most=1, window=HOUR)}
    booked = store.book_send("default", booking(now, both), now)
    assert (booked.refused, booked.until) == ("all", now + DAY)
    assert not store.book_send("default", booking(now, {"one:x": both["one:x"]}), now).refused


def test_each_realm_has_tallies_of_its_own(site: Site) -> None:
    """What one realm sends uses up nothing of another's."""
    now, store = site.clock.now(), store_of(site)
    one = booking(now, {"all": Cap(most=1, window=DAY)}, "+49")

    assert not store.book_send("default", one, now).refused
    assert not store.book_send("another", one, now).refused
    assert store.book_send("default", one, now).refused


def test_a_refused_send_costs_one_row(site: Site) -> None:
    """Who is refused makes the store write one row, which says so, and nothing else."""
    now, store = site.clock.now(), store_of(site)
    full = booking(now, {"all": Cap(most=1, window=DAY), "one:x": Cap(most=9, window=DAY)}, "+49")
    store.book_send("default", full, now)

    with site.statements() as spoken:
        booked = store.book_send("default", full, now)

    writing = [one for one in spoken if not one.lstrip().upper().startswith("SELECT")]
    assert [one.split()[:3] for one in writing] == [["INSERT", "INTO", "event"]]
    assert [event.fact.data()["reason"] for event in booked.events] == ["all"]
    assert site.told()[-1] == "send_refused"


def test_a_cap_may_count_by_weight_and_not_drain(site: Site) -> None:
    """What counts by weight has room for whole weights only, and none comes back before its end."""
    now, store = site.clock.now(), store_of(site)
    end = now + HOUR
    spent = booking(now, {"spent:x": Cap(most=100, window=DAY, weight=40, ends=end)})

    assert [store.book_send("default", spent, now).refused for _ in range(3)] == ["", "", "spent"]
    later = store.book_send("default", spent, end - HOUR / 60)
    assert (later.refused, later.until) == ("spent", end)
    assert [row["level"] for row in site.rows("tally")] == [80.0]
