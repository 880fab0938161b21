import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.exposed import codes_in
from tests.core.site import Person, Post, Sent, Site
from tests.delivery.makers import courier_of, courier_on, thread_of

from vestibule.bootstrap import assemble, read_settings
from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.core.model import Notice, Origin, Purpose
from vestibule.core.verdict import Pending
from vestibule.delivery.courier import LEASE
from vestibule.testing.clock import START

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass
class Slow:
    """A carrier during whose work something else happens."""

    post: Post
    meanwhile: Callable[[], object]

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Send, and let the other thing happen first."""
        self.meanwhile()
        self.post.send(channel=channel, to=to, subject=subject, text=text)


@pytest.fixture
def ada(letters_site: Site) -> Person:
    """Somebody with an app and with letters, and nothing waiting in the outbox."""
    person = letters_site.enrol(contact={"name": "Ada", "email": "ada@site.test"})
    person.add_letters()
    person.deliver()
    letters_site.post.sent.clear()
    return person


def ask_for_code(person: Person, *, known: bool = False) -> str:
    """Log in, as a stranger or in a known browser, and have a code written; return the token."""
    begun = person.login(known=known)
    sent = person.site.engine.resend(begun.token, Purpose.LOGIN, person.enrolment("letters").id)
    assert sent.verdict == Pending()
    return begun.token


def waiting(site: Site) -> list[dict[str, Any]]:
    """The messages that carry a code, oldest first."""
    found = [row for row in site.rows("message") if row["challenge_id"] is not None]
    return sorted(found, key=lambda row: int(row["created_at"]))


@pytest.mark.row("C8", "ATK-74", "ATK-75")
def test_a_code_is_made_only_when_it_is_sent(ada: Person) -> None:
    """Before and after it is sent, no row of any table holds the code or the address it goes to."""
    ask_for_code(ada)
    before = ada.site.bytes_of_all_tables()
    ada.deliver()
    code = ada.site.post.code()

    assert len(code) == 6
    for held in (before, ada.site.bytes_of_all_tables()):
        assert code not in codes_in(held)
    assert waiting(ada.site)[-1]["destination"] not in {b"", b"ada@site.test"}


def test_what_is_sent_is_noted(ada: Person) -> None:
    """A message that was handed over is marked as sent, with one try, and is not sent again."""
    ask_for_code(ada)

    assert ada.deliver() == 1
    assert ada.deliver() == 0
    row = waiting(ada.site)[-1]
    assert (row["status"], row["tries"], row["outcome"]) == ("sent", 1, "handed over")
    assert len(ada.site.post.sent) == 1


@pytest.mark.row("C14")
def test_a_failed_message_is_tried_again_until_it_is_too_late(ada: Person) -> None:
    """A message that fails is tried after 2, 4, 8 seconds and so on, while its code lives."""
    ask_for_code(ada)
    began, tries = ada.site.clock.now(), []
    while waiting(ada.site)[-1]["status"] == "queued":
        ada.site.post.refuse()
        if ada.deliver():
            tries.append(round((ada.site.clock.now() - began).total_seconds()))
        ada.site.fake.move(SECOND)
        ada.site.post.trouble.clear()

    assert tries == [0, 2, 6, 14, 30, 62, 126, 254, 510]
    row = waiting(ada.site)[-1]
    assert (row["status"], row["outcome"], row["tries"]) == ("failed", "sender: no", 9)
    assert ada.site.post.sent == []


def test_a_message_that_fails_once_arrives_the_next_time(ada: Person) -> None:
    """A carrier that was down for a moment costs a few seconds and no message."""
    token = ask_for_code(ada)
    ada.site.post.refuse()
    ada.deliver()
    assert ada.site.post.sent == []

    ada.site.fake.move(2 * SECOND)
    ada.deliver()
    assert ada.answer(token, ada.site.post.code()).is_accepted


@pytest.mark.row("C14", "C17")
def test_what_a_carrier_refuses_for_good_is_not_tried_again(ada: Person) -> None:
    """A message that can never arrive is marked as failed at once, with the carrier's reason."""
    ask_for_code(ada)
    ada.site.post.refuse(permanent=True)
    ada.deliver()
    ada.site.fake.move(60 * SECOND)

    assert ada.deliver() == 0
    assert waiting(ada.site)[-1]["status"] == "failed"


def test_a_message_is_not_sent_after_its_life(ada: Person) -> None:
    """A code that waited until its login was over is not sent, and marked as expired."""
    ask_for_code(ada)
    ada.site.fake.move(timedelta(minutes=10))

    assert ada.deliver() == 1
    assert ada.site.post.sent == []
    assert waiting(ada.site)[-1]["status"] == "expired"


def test_no_code_is_sent_for_a_login_that_was_finished_otherwise(ada: Person) -> None:
    """Who finished the login with the app meanwhile is sent no code."""
    token = ask_for_code(ada)
    assert ada.answer(token, ada.next_code()).is_accepted
    ada.deliver()

    assert ada.site.post.sent == []
    assert waiting(ada.site)[-1]["status"] == "failed"
    assert "is over" in waiting(ada.site)[-1]["outcome"]


@pytest.mark.row("C5")
def test_of_two_messages_of_one_login_the_newest_is_sent(ada: Person) -> None:
    """When two messages of one login wait, the one with the code that is right is sent alone."""
    token = ask_for_code(ada)
    ada.site.fake.move(30 * SECOND)
    ada.site.engine.resend(token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()

    [sent] = ada.site.post.sent
    assert ada.answer(token, sent.text.split()[0]).is_accepted
    assert waiting(ada.site)[-2]["outcome"] == "a newer code has taken its place"


def _given_up(ada: Person, token: str) -> None:
    case = ada.site.engine.look(token)
    assert case is not None
    ada.site.engine.end(case.passage, "given up")


ENDINGS: dict[str, Callable[[Person, str], object]] = {
    "given up": _given_up,
    "signed out": lambda ada, _token: ada.site.engine.sign_out(ada.subject, by="x", reason="y"),
    "forgotten": lambda ada, _token: ada.site.engine.forget(ada.subject, by="x"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_code_is_sent_for_a_login_that_has_ended(ada: Person, ending: str) -> None:
    """A code that waits is not sent once its login was given up, signed out or forgotten."""
    token = ask_for_code(ada)
    ENDINGS[ending](ada, token)
    ada.deliver()

    assert [sent for sent in ada.site.post.sent if sent.channel == "letter"] == []
    assert not any(character.isdigit() for sent in ada.site.post.sent for character in sent.text)


def test_two_couriers_at_once_send_each_message_once(ada: Person) -> None:
    """While one courier is sending, another finds nothing to send."""
    for _ in range(5):
        ask_for_code(ada)
    other = courier_of(ada.site.process())
    taken: list[int] = []
    slow = courier_on(
        ada.site, sender=Slow(ada.site.post, lambda: taken.append(other.deliver_due()))
    )

    assert slow.deliver_due() == 5
    assert taken == [0] * 5
    assert len(ada.site.post.sent) == 5


@pytest.mark.row("C14", "ATK-80")
def test_a_crash_between_claim_and_sending_is_made_good(ada: Person) -> None:
    """What a courier had claimed when it died is sent by another once the lease is over."""
    token = ask_for_code(ada)
    dying = courier_of(ada.site.process())
    assert len(dying.outbox.claim(ada.site.clock.now(), LEASE, 9)) == 1

    assert ada.deliver() == 0
    ada.site.fake.move(LEASE - SECOND)
    assert ada.deliver() == 0
    ada.site.fake.move(SECOND)
    assert ada.deliver() == 1
    assert ada.answer(token, ada.site.post.code()).is_accepted


def test_a_slow_courier_leaves_what_it_no_longer_holds(ada: Person) -> None:
    """A courier so slow that its lease may run out leaves the rest, and nothing goes out twice."""
    for _ in range(4):
        ask_for_code(ada)
    other = courier_of(ada.site.process())
    taken: list[int] = []

    def dawdle() -> None:
        ada.site.fake.move(LEASE / 2)
        taken.append(other.deliver_due())

    courier_on(ada.site, sender=Slow(ada.site.post, dawdle)).deliver_due()

    # With half of the lease gone no other is begun: they are due again, to whoever is quicker.
    assert taken == [0]
    assert len(ada.site.post.sent) == 1
    ada.site.fake.move(2 * SECOND)
    assert other.deliver_due() == 3
    assert len(ada.site.post.sent) == 4
    assert {row["status"] for row in waiting(ada.site)[-4:]} == {"sent"}


@pytest.mark.row("ATK-80", "ATK-74")
def test_one_bad_message_holds_up_no_other(ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    """A message that cannot be made or carried is put off, and the others are sent."""
    for _ in range(4):
        ask_for_code(ada)
    rows = waiting(ada.site)[-4:]
    ada.site.change("message", {"id": rows[0]["id"]}, destination=b"altered")
    ada.site.change("message", {"id": rows[1]["id"]}, details={})
    ada.site.post.trouble.append(OSError("carrier said: 123456 to ada@site.test"))

    with caplog.at_level(logging.DEBUG):
        assert ada.deliver() == 4

    assert len(ada.site.post.sent) == 1
    assert sorted(row["status"] for row in waiting(ada.site)[-4:]) == [
        "queued",
        "queued",
        "queued",
        "sent",
    ]
    outcomes = {row["outcome"] for row in waiting(ada.site)[-4:]}
    assert outcomes == {"SealError", "KeyError", "sender: OSError", "handed over"}
    assert "123456" not in caplog.text
    assert "ada@site.test" not in caplog.text


@pytest.mark.row("ASVS-6.3.7", "ATK-41", "NIST-43", "A13")
def test_a_notice_goes_to_every_contact_of_the_last_thirty_days(letters_site: Site) -> None:
    """A change is told to each address of the last thirty days, once each, and no older one."""
    site = letters_site
    ada = site.enrol(contact={"email": "years-ago@site.test"})
    for wait, email in ((40, "old@site.test"), (15, "new@site.test"), (1, "new@site.test")):
        site.fake.move(wait * DAY)
        ada.come_in(known=True, contact={"name": "Ada", "email": email})
    ada.come_in(known=True, contact={"name": "Ada without an address"})
    ada.login(contact={"email": "attacker@evil.test"})
    ada.deliver()
    site.post.sent.clear()

    site.engine.revoke(ada.enrolment(), ada.passage)
    ada.deliver()

    assert sorted(sent.to for sent in site.post.sent) == ["new@site.test", "old@site.test"]
    assert {sent.channel for sent in site.post.sent} == {"email"}
    assert all("removed" in sent.text for sent in site.post.sent)
    notices = [row for row in site.rows("message") if row["channel"] == "notice"]
    assert {row["outcome"] for row in notices if row["text"] == "enrolment_revoked"} == {
        "to 2 contacts"
    }


def test_each_copy_of_a_notice_is_delivered_by_itself(letters_site: Site) -> None:
    """When one address of a person fails, the other still gets its notice, and the one a retry."""
    site = letters_site
    ada = site.enrol(contact={"email": "a@site.test"})
    ada.come_in(known=True, contact={"email": "b@site.test"})
    site.post.refuse()
    ada.deliver()
    assert len(site.post.sent) == 1
    site.fake.move(2 * SECOND)
    ada.deliver()

    assert sorted(sent.to for sent in site.post.sent) == ["a@site.test", "b@site.test"]


@pytest.mark.parametrize("expanded", [False, True])
def test_a_notice_is_not_sent_after_a_week(letters_site: Site, *, expanded: bool) -> None:
    """What waited for a carrier for seven days tells nobody any more, and is marked as expired."""
    site = letters_site
    ada = site.enrol(contact={"email": "ada@site.test"})
    if expanded:
        site.post.refuse()
        ada.deliver()
    site.fake.move(7 * DAY)

    assert ada.deliver() == 1

    assert site.post.sent == []
    assert [row["status"] for row in site.rows("message")] == ["sent"] * expanded + ["expired"]


def test_where_nothing_carries_messages_none_is_written(sqlite_url: str, tmp_path: Path) -> None:
    """A site without a carrier has no courier and writes no notices that nobody would send."""
    settings = read_settings(
        {"VESTIBULE_DEVELOPMENT": True, "VESTIBULE_DATABASE_URL": sqlite_url}, {}
    )
    parts = assemble(settings, application="Site", instance=tmp_path)

    assert parts.courier is None
    assert parts.engine.context.notice(Notice.ENROLMENT_CONFIRMED, "ada", START, Origin()) == ()
    parts.database.close()


@dataclass
class Counting:
    """An outbox that is out of order for a while, and tells when it was asked."""

    troubles: list[Exception]
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def claim(self, *_: Any) -> list[Any]:
        """Nothing, or the next trouble."""
        self.asked.release()
        if self.troubles:
            raise self.troubles.pop(0)
        return []


def test_a_couriers_thread_outlives_trouble(
    letters_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread goes on when something breaks, looks when it is woken, and stops."""
    trouble = [StoreUnavailableError("away"), DeploymentError("another"), ValueError("broken")]
    outbox = Counting(trouble)
    mine = replace(courier_of(letters_site), outbox=outbox)  # type: ignore[arg-type]
    courier = thread_of(mine)

    before = set(threading.enumerate())
    courier.start(pause=60)
    courier.start(pause=60)
    (thread,) = set(threading.enumerate()) - before
    for _ in range(4):
        assert outbox.asked.acquire(timeout=10)
        courier.wake()
    courier.stop()

    assert outbox.troubles == []
    assert caplog.text.count("cannot be read") == 1
    assert "a round of the courier failed" in caplog.text
    assert not thread.is_alive()


def test_a_thread_delivers_what_a_request_left(ada: Person) -> None:
    """What a request wrote is delivered by the courier's own thread."""
    arrived = threading.Event()

    @dataclass
    class Ringing(Post):
        def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
            super().send(channel=channel, to=to, subject=subject, text=text)
            arrived.set()

    post = Ringing()
    courier = thread_of(courier_on(ada.site, sender=post))
    courier.start(pause=60)
    ask_for_code(ada)
    courier.wake()

    assert arrived.wait(10)
    courier.stop()
    assert [type(sent) for sent in post.sent] == [Sent]


@dataclass
class Crowd:
    """A carrier that is slow, and knows how many messages it was handed at once."""

    most: int = 0
    now: int = 0
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Take a moment."""
        del channel, to, subject, text
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.1)
        with self.lock:
            self.now -= 1
            self.taken += 1


@pytest.mark.row("W16")
def test_no_more_is_sent_at_once_than_there_are_hands(ada: Person) -> None:
    """What a worker is told of and what it finds by itself share the hands it was given."""
    for _ in range(5):
        ask_for_code(ada)
    crowd = Crowd()
    courier = thread_of(courier_on(ada.site, sender=crowd), hands=2)
    told = [message["id"] for message in waiting(ada.site)[-3:]]

    courier.start(pause=0.01)
    with ThreadPoolExecutor(3) as celery:
        list(celery.map(courier.deliver, told))
    deadline = time.monotonic() + 20
    while crowd.taken < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    courier.stop()

    assert (crowd.taken, crowd.most) == (5, 2)


@pytest.mark.row("C14")
def test_a_process_that_ends_gives_back_what_it_has_claimed(ada: Person) -> None:
    """What was claimed and cannot be begun any more is due at once, to whoever goes on."""

    def ended(hands: int) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(hands)
        pool.shutdown()
        return pool

    courier = thread_of(courier_on(ada.site, sender=Post()), pool=ended)
    ask_for_code(ada)
    before = set(threading.enumerate())
    courier.start(pause=0.01)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)

    row = waiting(ada.site)[-1]
    assert (row["status"], row["tries"], row["claimed_until"]) == ("queued", 0, None)
    assert ada.deliver() == 1
