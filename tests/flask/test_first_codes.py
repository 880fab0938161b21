"""The code that goes out by itself, with a login or as a number is added: on its way or why not."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.codes import code_in, is_code
from tests.flask.shop import Browser, Shop, said

from vestibule.store import tables
from vestibule.testing import deliver

ADD, SETUP, LOGIN, CONFIRM = (
    f"/two-step/{page}" for page in ("add/phone", "setup", "login", "confirm")
)
MINE = {"country": "DE", "number": "0170 1234567"}
OTHER = {"country": "DE", "number": "0171 7654321"}
STOPPED = "No codes are sent to numbers like this one just now"
FIELD = 'name="code"'


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop where a phone is the only way there is."""
    opened = Shop.open(
        tmp_path,
        VESTIBULE_FACTORS=["phone", "recovery_codes"],
        VESTIBULE_COUNTRIES=["DE"],
        VESTIBULE_SEND_GRACE=5,
    )
    yield opened
    opened.close()


@pytest.fixture
def owner(shop: Shop) -> Browser:
    """Somebody signed in who has a phone."""
    browser = shop.browser()
    browser.give_password()
    browser.get(ADD)
    browser.send(ADD, **MINE)
    assert browser.send(SETUP, code=received(shop)).status_code == 303
    shop.clock.move(seconds=90)
    return browser


def received(shop: Shop) -> str:
    """Deliver what is due, and return the newest code."""
    deliver(shop.app)
    return code_in(next(m.text for m in shop.inbox.messages if is_code(m.text)))


def stop(shop: Shop, whose: str, hours: int = 24) -> None:
    """Stop codes to whoever begins as numbers do that got any, for so many hours."""
    until = int((shop.clock.now() + timedelta(hours=hours)).timestamp()) * 1_000_000
    with shop.state.parts.database.write() as connection:
        change = tables.area.update().values(stopped_until=until, whose=whose)
        connection.execute(change.where(tables.area.c.provider == ""))


def adding(shop: Shop, answers: dict[str, str]) -> Browser:
    """Somebody signed in who has begun to add a number."""
    browser = shop.browser()
    browser.give_password()
    browser.ask(ADD, answers)
    return browser


def method(browser: Browser, page: str) -> dict[str, Any]:
    """What a program is told of the first method on a page."""
    told = said(browser.ask(page, method="GET"))
    found: dict[str, Any] = told["methods"][0] if "methods" in told else told
    return found


@pytest.mark.row("ATK-56", "SMS-09")
def test_who_adds_a_number_is_told_why_no_code_was_sent(shop: Shop, owner: Browser) -> None:
    """A set-up whose first code is refused says why, and asks for no code that was not sent."""
    stop(shop, "new")
    owner.get(ADD)
    owner.send(ADD, **MINE)
    page = owner.get(SETUP).text

    assert STOPPED in page
    assert FIELD not in page
    assert "code we sent" not in page
    told = method(owner, SETUP)
    assert told["sent"] is False
    assert (told["refused"]["error"], told["refused"]["retry_at"]) == ("stopped", None)


@pytest.mark.row("ATK-56", "SMS-09")
def test_who_logs_in_is_told_why_no_code_was_sent(shop: Shop, owner: Browser) -> None:
    """A login whose only way is sent, and whose first code is refused, says why on its page."""
    stop(shop, "stranger")
    stranger = shop.browser()
    stranger.give_password()
    page = stranger.get(LOGIN).text

    assert STOPPED in page
    assert FIELD not in page
    assert method(stranger, LOGIN)["refused"]["error"] == "stopped"


@pytest.mark.row("ATK-56")
def test_money_that_is_spent_is_not_told_as_many_codes(tmp_path: Path) -> None:
    """Who never had a code is not told of many: the day's money has a word of its own."""
    prices: dict[str, Any] = {
        "VESTIBULE_PRICES": {"sms": 1, "call": 1},
        "VESTIBULE_SPEND_PER_DAY": 2,
    }
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["phone"], **prices)
    adding(shop, MINE)
    browser = adding(shop, OTHER)
    told = method(browser, SETUP)
    page = browser.get(SETUP).text
    shop.close()

    assert told["refused"]["error"] == "spent"
    assert told["refused"]["retry_at"].endswith("T00:00:00+00:00")
    assert "The site sends no more codes like this one just now" in page
    assert "Many codes" not in page


@pytest.mark.row("ATK-19")
def test_a_refusal_that_is_over_is_told_no_more(tmp_path: Path) -> None:
    """Where many codes were sent it is told until when, and nothing more from that moment on."""
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["phone"], VESTIBULE_SENDS_PER_DAY=1)
    adding(shop, MINE)
    shop.clock.move(hours=23, minutes=55)
    browser = adding(shop, OTHER)
    told = method(browser, SETUP)
    assert told["refused"]["error"] == "capped"
    assert told["refused"]["retry_at"] == told["send_again_at"]
    assert "The next one can be sent at" in browser.get(SETUP).text

    until = datetime.fromisoformat(told["send_again_at"])
    assert until > shop.clock.now()
    shop.clock.stand_at(until)
    assert "refused" not in method(browser, SETUP)
    assert "Nothing is sent before you ask for it." in browser.get(SETUP).text
    shop.close()


def test_a_code_that_goes_out_is_not_refused(shop: Shop, owner: Browser) -> None:
    """Of a code that is on its way nothing is refused, and a program is told how else it can go."""
    owner.get(ADD)
    owner.send(ADD, **OTHER)
    told = method(owner, SETUP)

    assert (told["sent"], told.get("refused")) == (True, None)
    assert told["channels"][:2] == ["sms", "call"]


@pytest.mark.row("C14")
@pytest.mark.parametrize("page", [LOGIN, CONFIRM, SETUP])
@pytest.mark.parametrize("channel", ["pigeon", "whatsapp"])
def test_a_way_nobody_sends_in_is_refused(
    shop: Shop, owner: Browser, page: str, channel: str
) -> None:
    """Who asks for a code in a way that is none there is told so, and gets none in another."""
    wish = {"method": owner.enrolment_id("phone"), "channel": channel}
    browser = owner
    if page == LOGIN:
        browser = shop.browser()
        browser.give_password()
    if page == SETUP:
        owner.ask(ADD, OTHER)
    shop.clock.move(seconds=60)
    before = len(shop.rows()["message"])
    assert "sms" in method(browser, page)["channels"]
    answer = browser.ask(f"{page}/send", wish)

    assert (answer.status_code, said(answer)["error"]) == (422, "no_channel")
    assert len(shop.rows()["message"]) == before


@pytest.mark.parametrize("page", [LOGIN, SETUP])
def test_the_page_after_the_first_code_waits_a_little(
    shop: Shop, owner: Browser, page: str
) -> None:
    """The page that follows a first code is shown once its carrier has it, within the grace."""
    browser = owner
    if page == LOGIN:
        browser = shop.browser()
        browser.give_password()
    else:
        owner.ask(ADD, OTHER)
    carrying = threading.Timer(0.3, deliver, (shop.app,))
    carrying.start()
    told = method(browser, page)
    carrying.join()

    assert told["delivery"] == "sent"


def test_who_looks_later_waits_no_more(shop: Shop, owner: Browser) -> None:
    """The wait is counted from when the code was asked for: later pages are shown at once."""
    owner.ask(ADD, OTHER)
    shop.clock.move(seconds=6)
    carrying = threading.Timer(0.3, deliver, (shop.app,))
    carrying.start()
    told = method(owner, SETUP)
    carrying.join()

    assert told["delivery"] == "sending"
