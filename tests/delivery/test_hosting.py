from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from tests.core.site import Person, Site, rejected
from tests.delivery.carriers import Fake, NoHttp
from tests.delivery.makers import courier_of, courier_on
from tests.delivery.test_courier import ask_for_code, waiting

from vestibule.core.engine import Engine
from vestibule.core.model import Purpose
from vestibule.core.ports import SendError
from vestibule.core.verdict import Reason
from vestibule.delivery.courier import Courier
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Checked, Parcel, Provider


@dataclass
class Books:
    """What a carrier keeps: one open verification for each number, and what it sent."""

    open: dict[str, tuple[str, str]] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    checks: int = 0
    is_down: bool = False
    trouble: SendError | None = None
    cancels_nothing: bool = False

    def must_answer(self) -> None:
        """Fail while the carrier is down, or has another trouble."""
        if self.is_down:
            raise SendError("no answer in time")
        if self.trouble is not None:
            raise self.trouble


@dataclass(frozen=True)
class House:
    """A carrier that makes codes itself, as Twilio Verify does."""

    name: str = "house"
    books: Books = field(default_factory=Books)
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "call"})

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Open a verification, or send the code of the open one once more."""
        del http
        self.books.must_answer()
        number = len(self.books.sent) + 1
        sid, code = self.books.open.setdefault(parcel.to, (f"VE{number}", f"{number:06}"))
        self.books.sent.append((parcel.to, code))
        return sid

    def cancel(self, to: str, http: Http) -> None:
        """Close what is open for a number."""
        del http
        self.books.must_answer()
        if self.books.cancels_nothing:
            raise SendError("500")
        self.books.open.pop(to, None)
        self.books.cancelled.append(to)

    def check(self, carrier_id: str, code: str, http: Http) -> Checked:
        """Compare, once."""
        del http
        self.books.checks += 1
        self.books.must_answer()
        for to, (sid, right) in self.books.open.items():
            if sid == carrier_id:
                if code != right:
                    return Checked.WRONG
                del self.books.open[to]
                return Checked.RIGHT
        return Checked.OVER


@dataclass
class Hosted:
    """A site whose codes are made by a carrier."""

    site: Site
    books: Books
    courier: Courier
    engine: Engine

    def send(self) -> None:
        """Have the courier do its round, where every code goes by text message."""
        for row in waiting(self.site):
            where = {"id": row["id"], "status": "queued"}
            self.site.change("message", where, channel="sms")
        self.courier.deliver_due()


@pytest.fixture
def ada(letters_site: Site) -> Person:
    """Somebody with an app, and with letters, which a carrier will make."""
    person = letters_site.enrol()
    person.add_letters()
    person.deliver()
    return person


@pytest.fixture
def hosted(ada: Person) -> Hosted:
    """The site as it goes on, with a carrier that makes the codes and one that does not."""
    return hosted_by(ada.site, House(), Fake("plain"))


def hosted_by(site: Site, *route: Provider) -> Hosted:
    """A site whose codes go this route."""
    mine, context = courier_on(site, sms=route, call=route), site.engine.context
    hosting = replace(
        mine.dispatch.hosting,
        routes=mine.dispatch.routes,
        http=NoHttp(),
        breaker=mine.dispatch.breaker,
    )
    dispatch = replace(mine.dispatch, hosting=hosting)
    house = next(one for one in route if isinstance(one, House))
    engine = Engine(replace(context, verifier=hosting))
    return Hosted(site, house.books, replace(mine, dispatch=dispatch), engine)


def asked(hosted: Hosted, person: Person, *, known: bool = False) -> str:
    """Log in and have a code made by the carrier; return the token."""
    token = ask_for_code(person, known=known)
    hosted.send()
    return token


def newest(hosted: Hosted) -> str:
    """The code that the carrier sent last."""
    return hosted.books.sent[-1][1]


def test_the_carriers_code_is_judged_by_the_carrier(ada: Person, hosted: Hosted) -> None:
    """A code that the carrier made lets in, once, and our own derived one does not."""
    token = asked(hosted, ada)

    outcome = hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    assert outcome.is_accepted
    assert not hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted
    assert hosted.books.checks == 1


def test_a_wrong_answer_is_counted_as_any_other(ada: Person, hosted: Hosted) -> None:
    """Wrong answers are charged to the ledger and to the challenge, though the carrier compares."""
    token = asked(hosted, ada)
    before = ada.ledger()["spent"]

    outcomes = [hosted.engine.verify(token, Purpose.LOGIN, "999999") for _ in range(2)]

    assert rejected(outcomes[0]).reason is Reason.WRONG
    assert rejected(outcomes[0]).tries_left == 4
    assert ada.ledger()["spent"] > before


def test_what_the_carrier_compares_with_nothing_is_not_called_wrong(
    ada: Person, hosted: Hosted
) -> None:
    """Where the carrier has nothing open any more, an answer is unchecked, and lets nobody in."""
    token = asked(hosted, ada)
    right = newest(hosted)
    hosted.books.open.clear()

    outcome = hosted.engine.verify(token, Purpose.LOGIN, right)

    assert rejected(outcome).reason is Reason.UNCHECKED
    assert hosted.books.checks == 1


def test_an_authenticator_code_is_not_shown_to_the_carrier(ada: Person, hosted: Hosted) -> None:
    """What an app shows is judged here first, and the carrier is not asked."""
    token = asked(hosted, ada)

    assert hosted.engine.verify(token, Purpose.LOGIN, ada.next_code()).is_accepted
    assert hosted.books.checks == 0


def test_a_second_login_cancels_the_first_at_the_carrier(ada: Person, hosted: Hosted) -> None:
    """One number has one open verification: that of the login that asked last."""
    first, second = asked(hosted, ada), asked(hosted, ada)

    assert len(hosted.books.cancelled) == 1
    assert len({code for _, code in hosted.books.sent}) == 2
    assert not hosted.engine.verify(first, Purpose.LOGIN, newest(hosted)).is_accepted
    assert hosted.engine.verify(second, Purpose.LOGIN, newest(hosted)).is_accepted


def test_a_code_sent_again_is_another(ada: Person, hosted: Hosted) -> None:
    """Who has a code sent again gets a new one, and the old is dead."""
    token = asked(hosted, ada)
    old = newest(hosted)
    ada.site.fake.move(seconds=31)
    hosted.engine.resend(token, Purpose.LOGIN, ada.enrolment("letters").id)
    hosted.send()

    assert newest(hosted) != old
    assert not hosted.engine.verify(token, Purpose.LOGIN, old).is_accepted
    ada.site.fake.move(seconds=31)
    assert hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted


def test_a_code_of_ours_is_judged_whose_carriers_answer_was_lost(ada: Person) -> None:
    """Where the carrier that makes codes fails, and the next says nothing, the code counts."""

    @dataclass(frozen=True)
    class Silent(Fake):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            super().send(parcel, http)
            raise SendError("no answer in time", unsure=True)

    house, silent = House(), Silent("silent")
    hosted = hosted_by(ada.site, house, silent)
    house.books.is_down = True
    token = asked(hosted, ada)

    (parcel,) = silent.counter.taken
    code = next(word for word in parcel.text.split() if word.isdigit())
    assert hosted.engine.verify(token, Purpose.LOGIN, code).is_accepted


def test_where_the_cancel_fails_the_next_route_is_used(ada: Person) -> None:
    """A former verification that may be open still is never mixed with another: others carry it."""
    house, plain = House(), Fake("plain")
    hosted = hosted_by(ada.site, house, plain)
    asked(hosted, ada)
    hosted.books.cancels_nothing = True

    token = asked(hosted, ada)

    (parcel,) = plain.counter.taken
    assert len(hosted.books.sent) == 1
    code = next(word for word in parcel.text.split() if word.isdigit())
    assert not hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted
    assert hosted.engine.verify(token, Purpose.LOGIN, code).is_accepted


def test_a_carrier_cannot_change_midway(ada: Person) -> None:
    """A code sent again by another carrier ends what the first one made."""
    house, plain = House(), Fake("plain")
    hosted = hosted_by(ada.site, house, plain)
    token = asked(hosted, ada)
    made = newest(hosted)
    hosted.books.is_down = True
    ada.site.fake.move(seconds=31)
    hosted.engine.resend(token, Purpose.LOGIN, ada.enrolment("letters").id)
    hosted.send()
    hosted.books.is_down = False

    assert len(plain.counter.taken) == 1
    assert not hosted.engine.verify(token, Purpose.LOGIN, made).is_accepted
    assert hosted.books.checks == 0


def test_a_carrier_that_does_not_judge_is_said(ada: Person, hosted: Hosted) -> None:
    """Where the carrier does not answer nobody is let in, and an app's code still works."""
    token = asked(hosted, ada)
    hosted.books.is_down = True

    outcome = hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    assert rejected(outcome).reason is Reason.UNCHECKED
    hosted.books.is_down = False
    assert hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted


def test_a_carrier_that_hangs_is_not_asked_for_long(
    ada: Person, hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    """After three unanswered checks nobody waits for that carrier for a while; the log says so."""
    token = asked(hosted, ada)
    hosted.books.is_down = True
    for _ in range(5):
        hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    assert hosted.books.checks == 3
    assert caplog.text.count("house (checks) failed several times") == 1


def test_refused_credentials_are_said_of_checks_too(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """A carrier that refuses our credentials when it is to judge is told of at once, and once."""
    hosted = hosted_by(ada.site, House())
    token = asked(hosted, ada)
    hosted.books.trouble = SendError("refused with status 401", not_let_in=True)

    for _ in range(2):
        hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    said = "house (checks) does not take our credentials: refused with status 401"
    assert caplog.text.count(said) == 1


def test_refused_credentials_are_said_of_a_cancel_too(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """A carrier that refuses our credentials when it is to cancel is told of at once."""
    hosted = hosted_by(ada.site, House())
    asked(hosted, ada)
    hosted.books.trouble = SendError("refused with status 401", not_let_in=True)
    asked(hosted, ada)

    assert "house (sms) does not take our credentials: refused with status 401" in caplog.text


def test_a_check_that_blames_no_carrier_keeps_none_out(ada: Person) -> None:
    """What a carrier has enough of for one number says nothing of its checks for others."""
    hosted = hosted_by(ada.site, House())
    token = asked(hosted, ada)
    hosted.books.trouble = SendError("too many of this one", blameless=True)

    for _ in range(4):
        hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    assert hosted.books.checks == 4


def test_a_process_has_one_breaker(ada: Person) -> None:
    """What sends and what has codes judged learn of a carrier in the same place."""
    dispatch = courier_of(ada.site).dispatch

    assert dispatch.hosting.breaker is dispatch.breaker


def test_who_is_being_served_has_the_number_for_himself(ada: Person, hosted: Hosted) -> None:
    """While one process opens a verification, another takes the next route; a crash frees it."""
    other = replace(hosted.books)
    inside: list[int] = []

    class Meanwhile(House):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            if not inside:
                inside.append(1)
                ask_for_code(ada)
                hosted.send()
            return House.send(self, parcel, http)

    plain = Fake("plain")
    hosted = hosted_by(ada.site, Meanwhile(books=other), plain)
    asked(hosted, ada)

    assert len(plain.counter.taken) == 1
    assert len(other.sent) == 1


def test_no_number_stands_in_the_table(ada: Person, hosted: Hosted) -> None:
    """What is kept of a verification names no number and no code."""
    asked(hosted, ada)
    (kept,) = ada.site.rows("hosted")

    assert hosted.books.sent[0][0] not in str(kept)
    assert newest(hosted) not in str(kept.values())


def test_nothing_is_locked_while_the_carrier_judges(ada: Person) -> None:
    """Others log in and out while somebody's answer is with the carrier."""
    others: list[str] = []

    class Slow(House):
        def check(self, carrier_id: str, code: str, http: Http) -> Checked:
            others.append(ada.site.enrol("ben").subject)
            return House.check(self, carrier_id, code, http)

    hosted = hosted_by(ada.site, Slow())
    token = asked(hosted, ada)

    assert hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted
    assert others == ["ben"]


def test_a_code_replaced_while_it_is_judged_is_dead(ada: Person) -> None:
    """Who has another code sent while the carrier judges the former is not let in by that."""

    class Slow(House):
        def check(self, carrier_id: str, code: str, http: Http) -> Checked:
            ada.site.fake.move(seconds=31)
            hosted.engine.resend(token, Purpose.LOGIN, ada.enrolment("letters").id)
            return House.check(self, carrier_id, code, http)

    hosted = hosted_by(ada.site, Slow())
    token = asked(hosted, ada)

    outcome = hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))

    assert rejected(outcome).reason is Reason.REPLAYED


def asked_by_mallory(hosted: Hosted) -> None:
    """Have the carrier asked for a code to somebody else's address, who is only adding it."""
    hosted.site.draft("mallory", factor="letters", answers={"address": "ada@site.test"})
    hosted.send()


@pytest.mark.parametrize("who", ["a stranger", "mallory"])
def test_nobody_ends_what_the_owner_waits_for(ada: Person, who: str) -> None:
    """A stranger's login, or an address being added, leaves the code of a known browser alone."""
    house, plain = House(), Fake("plain")
    hosted = hosted_by(ada.site, house, plain)
    token = asked(hosted, ada, known=True)
    made = newest(hosted)

    if who == "mallory":
        asked_by_mallory(hosted)
    else:
        asked(hosted, ada)

    assert len(plain.counter.taken) == 1
    assert hosted.books.cancelled == []
    assert hosted.engine.verify(token, Purpose.LOGIN, made).is_accepted


def test_a_refused_opening_keeps_nobody_waiting(ada: Person) -> None:
    """Where the carrier opened nothing for somebody, the number's owner gets a code at once."""
    hosted = hosted_by(ada.site, House())
    hosted.books.is_down = True
    asked_by_mallory(hosted)
    hosted.books.is_down = False

    token = asked(hosted, ada)

    assert hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted


def test_a_code_that_was_voided_is_not_called_wrong(ada: Person, hosted: Hosted) -> None:
    """Whose code another login has ended is told to have one sent, and no way is counted down."""
    first = asked(hosted, ada)
    made = newest(hosted)
    asked(hosted, ada)

    outcome = hosted.engine.verify(first, Purpose.LOGIN, made)

    assert rejected(outcome).reason is Reason.UNCHECKED
    letters = ada.enrolment("letters")
    assert (letters.failures_known, letters.failures_stranger) == (0, 0)


def test_a_carrier_that_was_not_asked_is_not_kept_out(ada: Person) -> None:
    """That another code is open for a number says nothing of the carrier."""
    house, plain = House(), Fake("plain")
    hosted = hosted_by(ada.site, house, plain)
    asked(hosted, ada, known=True)
    for _ in range(4):
        asked(hosted, ada)
    ada.site.fake.move(seconds=601)

    asked(hosted, ada)

    assert len(hosted.books.sent) == 2


def test_two_logins_share_no_verification(ada: Person) -> None:
    """A carrier that answers with the verification of another login has opened none of its own."""

    class Deaf(House):
        def cancel(self, to: str, http: Http) -> None:
            del to, http

    plain = Fake("plain")
    hosted = hosted_by(ada.site, Deaf(), plain)
    asked(hosted, ada)
    asked(hosted, ada)

    assert len(plain.counter.taken) == 1


def test_whatever_a_carrier_says_nobody_sees_an_error(ada: Person) -> None:
    """A carrier that answers with what cannot be read has judged nothing."""

    class Garbled(House):
        def check(self, carrier_id: str, code: str, http: Http) -> Checked:
            del http
            raise TypeError(f"unhashable: {carrier_id} {code}")

    hosted = hosted_by(ada.site, Garbled())
    token = asked(hosted, ada)

    outcome = hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))
    assert rejected(outcome).reason is Reason.UNCHECKED


def test_a_code_typed_before_its_carrier_has_answered_is_not_called_wrong(ada: Person) -> None:
    """Who is quicker than the carrier is asked to try once more, and nothing is counted down."""
    early: list[Reason] = []

    class Late(House):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            sid = House.send(self, parcel, http)
            outcome = hosted.engine.verify(token, Purpose.LOGIN, newest(hosted))
            early.append(rejected(outcome).reason)
            return sid

    hosted = hosted_by(ada.site, Late())
    token = ask_for_code(ada)
    hosted.send()

    assert early == [Reason.UNCHECKED]
    assert hosted.engine.verify(token, Purpose.LOGIN, newest(hosted)).is_accepted
