"""A way whose codes are sent, brought by a factor that is not ours, all through the pages."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.codes import code_in, is_code
from tests.core.site import LETTERS
from tests.flask.shop import PAGE, Browser, Shop, said

from vestibule.core.model import Purpose
from vestibule.core.verdict import Pending
from vestibule.testing import deliver

ADD, SETUP, LOGIN, CONFIRM = (
    "/two-step/add/letters",
    "/two-step/setup",
    "/two-step/login",
    "/two-step/confirm",
)
ADDRESS = "maren@post.example"
MASKED = "m•••@post.example"
NUMBER = "+491701234567"
GAPS = (30, 60, 120, 240)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that offers apps, recovery codes, and a factor named by where it is imported from."""
    opened = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp", "recovery_codes", LETTERS])
    yield opened
    opened.close()


def post(shop: Shop, address: str = ADDRESS) -> list[str]:
    """What has arrived at the address after the courier's round, newest first, without notices."""
    deliver(shop.app)
    texts = [m.text for m in shop.inbox.messages if m.to == address]
    return [text for text in texts if is_code(text)]


def code(shop: Shop, address: str = ADDRESS) -> str:
    """The newest code that arrived."""
    return code_in(post(shop, address)[0])


def carried(shop: Shop) -> str:
    """Over which channel the newest code came."""
    return next(m.channel for m in shop.inbox.messages if is_code(m.text))


def other(right: str) -> str:
    """Six digits that are not the right ones."""
    return f"{(int(right) + 1) % 10**6:06}"


def queued(shop: Shop) -> int:
    """How many messages with a code were ever written."""
    return sum(row[-1] is not None for row in code_messages(shop))


def code_messages(shop: Shop) -> list[tuple[Any, ...]]:
    """The rows of messages that carry a code."""
    with shop.state.parts.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, challenge_id FROM message WHERE challenge_id IS NOT NULL"
        )
        return [tuple(row) for row in found]


def write_to(browser: Browser, address: str = ADDRESS) -> Browser:
    """Begin to add the way: go to its page and type an address."""
    browser.get(ADD)
    answer = browser.send(ADD, address=address)
    assert (answer.status_code, answer.location) == (303, SETUP)
    return browser


@pytest.fixture
def writer(shop: Shop) -> Browser:
    """Somebody signed in whose only way is letters."""
    browser = shop.browser()
    browser.give_password()
    write_to(browser)
    browser.get(SETUP)
    assert browser.send(SETUP, code=code(shop)).location == "/two-step/recovery-codes"
    browser.note_codes()
    browser.send("/two-step/recovery-codes/keep", kept="yes")
    return browser


@pytest.fixture
def both(shop: Shop) -> Browser:
    """Somebody signed in who has an app, and letters besides."""
    browser = shop.browser().join()
    write_to(browser)
    browser.get(SETUP)
    assert browser.send(SETUP, code=code(shop)).location == "/two-step/?done=added&way=letters"
    return browser


# Adding it


def test_a_first_way_is_added_by_address_and_code(shop: Shop) -> None:
    """An address is typed, its code is read and typed, and two-step login is on."""
    browser = shop.browser()
    browser.give_password()
    page = browser.get("/two-step/").text
    assert "Code by mail" in page
    assert f'href="{ADD}"' in page
    asked = browser.get(ADD).text
    assert "Set up codes by mail" in asked
    assert 'inputmode="email"' in asked
    write_to(browser)

    shown = browser.get(SETUP).text
    assert f"Type the code we sent to {MASKED}." in shown
    assert ADDRESS not in shown
    done = browser.send(SETUP, code=code(shop))

    assert done.location == "/two-step/recovery-codes"
    assert shop.engine.standing("maren", None).enrolled
    browser.note_codes()
    browser.send("/two-step/recovery-codes/keep", kept="yes")
    listed = browser.get("/two-step/?done=added&way=letters").text
    assert "From now on we can send you a code by mail" in listed
    assert MASKED in listed


def test_the_message_is_written_with_what_it_proves(shop: Shop) -> None:
    """Once the address was taken, its code waits in the outbox, and nothing was sent by us yet."""
    browser = shop.browser()
    browser.give_password()
    write_to(browser)

    ((_, challenge_id),) = code_messages(shop)
    case = shop.engine.look(browser.cookies()[shop.state.cookies.passage])
    assert case is not None
    assert [a.challenge.id for a in case.asked] == [challenge_id]
    assert shop.inbox.messages == ()
    assert len(post(shop)) == 1


@pytest.mark.parametrize("typed", ["", "maren", "maren@", "@post.example", "m" * 300, "a\0@b.c"])
def test_an_address_that_is_none_is_mended_in_its_field(shop: Shop, typed: str) -> None:
    """What cannot be an address is refused with a sentence, and stays in the field."""
    browser = shop.browser().join()
    before = shop.rows()
    browser.get(ADD)
    answer = browser.send(ADD, address=typed)

    assert answer.status_code == 422
    assert "Type a whole address" in answer.text
    field = re.search(r'<input class="v-field" id="address"[^>]*>', answer.text)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="address-hint problem"' in field[0]
    assert f'value="{typed[:254]}"' in field[0]
    assert shop.rows() == before


def test_a_mistyped_first_code_is_mended_and_five_begin_anew(shop: Shop) -> None:
    """A wrong first code is asked for again; after five the person is told what to do."""
    browser = write_to(shop.browser().join())
    browser.get(SETUP)
    wrong = other(code(shop))
    for _ in range(4):
        answer = browser.send(SETUP, code=wrong)
        assert answer.status_code == 422
        assert "Send another code" in answer.text
    answer = browser.send(SETUP, code=wrong)

    assert answer.status_code == 429
    assert "Have a new one sent." in answer.text
    write_to(browser)
    browser.get(SETUP)
    assert browser.send(SETUP, code=code(shop)).status_code == 303


def test_there_may_be_two_addresses_told_apart(both: Browser) -> None:
    """A second address is offered as another one, and the list shows which is which."""
    page = both.get("/two-step/").text
    assert "Another mail address" in page
    write_to(both, "shop@post.example")
    both.get(SETUP)
    both.send(SETUP, code=code(both.shop, "shop@post.example"))

    listed = both.get("/two-step/").text
    assert MASKED in listed
    assert "s•••@post.example" in listed


def test_whoever_adds_nothing_is_led_back(shop: Shop) -> None:
    """The page of a way that asks nothing is the list; that of none at all is not there."""
    browser = shop.browser().join()

    assert browser.get("/two-step/add/totp").location == "/two-step/"
    for name in ("recovery_codes", "nothing", "letters:Letters"):
        assert browser.get(f"/two-step/add/{name}").status_code == 404
        assert browser.send(f"/two-step/add/{name}").status_code == 404


def test_a_way_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    """A way whose factor is switched off is not listed, not asked, and has no pages."""
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp", LETTERS])
    member = write_to(shop.browser().join())
    member.get(SETUP)
    member.send(SETUP, code=code(shop))
    letters, phone, now = member.enrolment_id("letters"), member.phone, shop.clock.now()
    shop.close()

    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp"])
    shop.clock.stand_at(now)
    browser = Browser(shop, phone=phone)
    asked = browser.wait().get(LOGIN).text
    browser.send(LOGIN, code=browser.next_code())
    listed = browser.get("/two-step/").text

    assert "m•••" not in asked + listed
    for page in ("name", "remove"):
        assert browser.get(f"/two-step/ways/{letters}/{page}").status_code == 404
        assert browser.send(f"/two-step/ways/{letters}/{page}", label="x").status_code == 404
    shop.close()


def test_a_way_that_is_switched_off_meanwhile_is_sent_nothing(tmp_path: Path) -> None:
    """Whoever waits while a factor is switched off asks for its code in vain, and goes on."""
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp", LETTERS])
    member = write_to(shop.browser().join())
    member.get(SETUP)
    member.send(SETUP, code=code(shop))
    letters, cookies = member.enrolment_id("letters"), member.sign_out().wait().cookies()
    phone, now = member.phone, shop.clock.now()
    shop.close()

    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp"])
    shop.clock.stand_at(now)
    browser = Browser(shop, phone=phone)
    for name, value in cookies.items():
        browser.client.set_cookie(name, value)

    assert browser.ask(f"{LOGIN}/send", {"method": letters}).status_code == 410
    assert browser.ask(LOGIN, {"code": browser.next_code()}).status_code == 200
    shop.close()


# Signing in


def test_the_only_way_is_sent_with_the_password(shop: Shop, writer: Browser) -> None:
    """Where a sent code is the only way, the right password sends it, and no look at the page."""
    writer.sign_out()
    before = queued(shop)
    writer.wait()
    page = writer.get(LOGIN).text

    assert queued(shop) == before + 1
    assert f"Type the code we sent to {MASKED}." in page
    assert "Another one can be sent at" in page
    assert writer.send(LOGIN, code=code(shop)).status_code == 303
    assert writer.is_signed_in()


@pytest.mark.row("ATK-42")
def test_nothing_is_sent_before_it_is_asked_for(shop: Shop, both: Browser) -> None:
    """Where there is another way, no password and no look sends a code; a press does, at once."""
    both.sign_out()
    before = queued(shop)
    both.wait()
    way = f"{LOGIN}?method={both.enrolment_id('letters')}"
    page = both.get(way).text
    assert queued(shop) == before
    assert "Send me a code" in page
    assert 'name="code"' not in page
    assert (
        f"Have a code sent to {MASKED}." in both.get(f"{LOGIN}?method={both.enrolment_id()}").text
    )

    answer = both.send(f"{LOGIN}/send?method={both.enrolment_id('letters')}")

    assert (answer.status_code, answer.location) == (303, way)
    assert queued(shop) == before + 1
    assert 'name="code"' in both.get(way).text
    assert both.send(way, code=code(shop)).status_code == 303
    assert both.is_signed_in()


@pytest.mark.row("CS-03", "C5")
def test_another_code_can_be_had_after_a_wait(shop: Shop, writer: Browser) -> None:
    """Another code is had after the wait that the page tells, kills the old, and is the fifth."""
    writer.sign_out().wait()
    send = f"{LOGIN}/send?method={writer.enrolment_id('letters')}"
    for gap in GAPS:
        shop.clock.move(seconds=gap - 1)
        early = writer.send(send)
        assert early.status_code == 429
        assert early.headers["Retry-After"] == "1"
        again = shop.clock.now() + timedelta(seconds=1)
        assert again.strftime("%H:%M:%S UTC") in early.text
        assert 'name="code"' in early.text
        old = code(shop)
        shop.clock.move(seconds=1)
        assert writer.send(send).status_code == 303
        assert code(shop) != old
    last = writer.get(LOGIN).text
    assert "No more codes can be sent this time." in last
    assert "Send another code" not in last
    assert writer.send(send).status_code == 429
    assert writer.send(LOGIN, code=old).status_code == 422
    assert writer.send(LOGIN, code=code(shop)).status_code == 303


@pytest.mark.row("ATK-38")
def test_a_code_goes_to_ones_own_ways_only(shop: Shop, both: Browser) -> None:
    """No code is sent to a way of somebody else's, to one that sends none, or for no login."""
    tobias = shop.browser().join("tobias")
    tobias.sign_out().wait("tobias")
    before = shop.rows("event")
    theirs = both.enrolment_id("letters")

    for wanted in (theirs, tobias.enrolment_id("totp", "tobias"), "invented", ""):
        answer = tobias.send(f"{LOGIN}/send?method={wanted}")
        assert answer.status_code == 410
        assert "No code can be sent there now" in answer.text
    assert shop.browser().send(f"{LOGIN}/send?method={theirs}").status_code in {400, 410}
    assert shop.rows("event") == before


# Proving anew


def test_a_fresh_proof_by_a_sent_code(shop: Shop, writer: Browser) -> None:
    """Before a change the code is asked for by a press, and then the change goes on."""
    shop.clock.move(seconds=3600)
    path = f"/two-step/ways/{writer.enrolment_id('letters')}/name"
    assert writer.get(path).location == CONFIRM
    before = queued(shop)
    page = writer.get(CONFIRM).text
    assert "Send me a code" in page
    assert queued(shop) == before

    sent = writer.send(f"{CONFIRM}/send?method={writer.enrolment_id('letters')}")

    assert sent.location == f"{CONFIRM}?method={writer.enrolment_id('letters')}"
    assert queued(shop) == before + 1
    writer.get(CONFIRM)
    right = code(shop)
    assert writer.send(CONFIRM, code=other(right)).status_code == 422
    assert writer.send(CONFIRM, code=right).location == path
    assert writer.get(path).status_code == 200


def test_a_fresh_proof_has_its_wait_too(shop: Shop, writer: Browser) -> None:
    """A second code for a fresh proof is sent half a minute after the first."""
    shop.clock.move(seconds=3600)
    writer.get(CONFIRM)
    send = f"{CONFIRM}/send?method={writer.enrolment_id('letters')}"
    writer.send(send)
    before = queued(shop)

    assert writer.send(send).status_code == 429
    assert queued(shop) == before
    shop.clock.move(seconds=30)
    assert writer.send(send).status_code == 303
    assert queued(shop) == before + 1


@pytest.mark.row("ATK-19")
def test_a_fresh_proof_that_may_not_be_sent_says_until_when(shop: Shop, both: Browser) -> None:
    """After six codes that nobody typed the first press already says when there is room again."""
    letters = both.enrolment_id("letters")
    ask = f"{CONFIRM}/send"
    for _ in range(6):
        shop.clock.move(seconds=1200)
        assert both.ask(ask, {"method": letters}).status_code == 200
    shop.clock.move(seconds=1200)

    refused = both.ask(ask, {"method": letters})

    assert (refused.status_code, said(refused)["error"]) == (429, "capped")
    assert said(refused)["retry_at"]


@pytest.mark.row("ATK-30")
def test_a_code_sent_for_one_purpose_is_none_for_another(shop: Shop, writer: Browser) -> None:
    """The code that adds an address proves no person, and the other way round."""
    shop.clock.move(seconds=60)
    write_to(writer, "shop@post.example")
    for_adding = code(shop, "shop@post.example")
    shop.clock.move(seconds=300)
    writer.get(CONFIRM)
    writer.send(f"{CONFIRM}/send?method={writer.enrolment_id('letters')}")
    for_proving = code(shop)

    assert writer.send(CONFIRM, code=for_adding).status_code == 422
    assert writer.send(SETUP, code=for_proving).status_code == 422
    assert writer.send(SETUP, code=for_adding).status_code == 303


# Sent again while it is added


def test_a_first_code_can_be_sent_again(shop: Shop) -> None:
    """While a way is added another code can be had after the wait, and the one before is dead."""
    browser = write_to(shop.browser().join())
    browser.get(SETUP)
    first = code(shop)
    early = browser.send(f"{SETUP}/send")
    assert early.status_code == 429
    assert "A code was sent a moment ago" in early.text
    shop.clock.move(seconds=30)
    assert browser.send(f"{SETUP}/send").location == SETUP

    assert browser.send(SETUP, code=first).status_code == 422
    assert browser.send(SETUP, code=code(shop)).status_code == 303


def test_an_app_has_nothing_to_send(shop: Shop) -> None:
    """While an app is added no code is sent, and its page has no button for it."""
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")

    assert "Send" not in browser.get(SETUP).text
    assert browser.send(f"{SETUP}/send").status_code == 410
    assert queued(shop) == 0


# Over another channel


def test_another_channel_is_another_button(tmp_path: Path) -> None:
    """A factor with two channels has a button for each, at every place; one wait holds for both."""
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["tests.flask.ringing:Ringing", "recovery_codes"])
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/add/ringing")
    browser.send("/two-step/add/ringing", address=NUMBER)
    heard = [code(shop, NUMBER)]
    assert carried(shop) == "sms"

    def have_called(page: str) -> None:
        shop.clock.move(seconds=30)
        found = re.search(
            r'formaction="([^"]+channel=call)">Call me instead<', browser.get(page).text
        )
        assert found is not None
        assert browser.send(unescape(found[1])).status_code == 303
        heard.append(code(shop, NUMBER))
        assert carried(shop) == "call"
        assert browser.send(unescape(found[1])).status_code == 429
        assert heard[-1] != heard[-2]

    have_called(SETUP)
    assert browser.send(SETUP, code=heard[0]).status_code == 422
    assert browser.send(SETUP, code=heard[-1]).status_code == 303
    browser.sign_out().wait()
    have_called(LOGIN)
    assert browser.send(LOGIN, code=heard[-1]).status_code == 303
    shop.clock.move(seconds=3600)
    have_called(CONFIRM)
    assert browser.send(CONFIRM, code=heard[-1]).status_code == 303
    shop.close()


# As a program


def test_the_story_in_json(shop: Shop) -> None:
    """A program is told what to ask, adds the way, signs in by it, and proves itself anew."""
    program = shop.browser()
    program.give_password()
    assert said(program.ask(ADD, method="GET")) == {"status": "asking", "fields": ["address"]}
    refused = program.ask(ADD, {"address": "x"})
    assert refused.status_code == 422
    assert said(refused) == {
        "error": "unusable",
        "field": "address",
        "detail": "Type a whole address, like you@site.example.",
    }
    assert said(program.ask(ADD, {"address": ADDRESS}))["location"] == SETUP
    shown = said(program.ask(SETUP, method="GET"))
    assert shown["to"] == MASKED
    assert shown["sent"] is True
    early = program.ask(f"{SETUP}/send")
    assert early.status_code == 429
    assert said(early)["error"] == "delayed"
    assert said(early)["retry_at"] == shown["send_again_at"]
    assert program.ask(SETUP, {"code": code(shop)}).status_code == 200
    program.ask("/two-step/recovery-codes/keep", {"kept": "yes"})

    program.sign_out()
    program.ask_password()
    (way, _paper) = said(program.ask(LOGIN, method="GET"))["methods"]
    assert way["sent"] is True
    shop.clock.move(seconds=30)
    sent = program.ask(f"{LOGIN}/send", {"method": way["id"]})
    assert said(sent) == {"status": "sent", "location": f"{LOGIN}?method={way['id']}"}
    assert program.ask(LOGIN, {"code": code(shop)}).status_code == 200

    shop.clock.move(seconds=3600)
    (way, _paper) = said(program.ask(CONFIRM, method="GET"))["methods"]
    assert (way["to"], way["sent"]) == (MASKED, False)
    assert said(program.ask(f"{CONFIRM}/send", {"method": way["id"]}))["status"] == "sent"
    assert said(program.ask(CONFIRM, {"code": code(shop)}))["status"] == "accepted"


def test_a_program_has_a_code_sent_by_its_handle(shop: Shop, both: Browser) -> None:
    """A program without cookies has a code sent to the login its handle names, and finishes it."""
    program = shop.browser()
    door = said(program.ask("/token", {"name": "maren", "password": "leek and potato soup"}))
    letters = both.enrolment_id("letters")

    sent = program.ask(f"{LOGIN}/send", {"handle": door["handle"], "method": letters})
    assert sent.status_code == 200
    done = said(program.ask(LOGIN, {"handle": door["handle"], "code": code(shop)}))

    assert done["status"] == "accepted"
    assert done["proof"]


@pytest.mark.row("ATK-72")
@pytest.mark.parametrize("odd", ["\0", "١٢٣", "x" * 9000, "'; --", "letters", "../.."])
@pytest.mark.parametrize("path", [LOGIN, CONFIRM, SETUP])
def test_odd_wishes_are_refused_plainly(shop: Shop, both: Browser, path: str, odd: str) -> None:
    """Whatever is named as the way a code should go is refused by a plain answer, and no code."""
    write_to(both)
    both.sign_out().wait() if path == LOGIN else both.get(CONFIRM)
    before = queued(shop)

    for answer in (
        both.send(f"{path}/send", method=odd),
        both.ask(f"{path}/send", {"method": odd}),
        both.ask(f"{path}/send", {"method": [odd]}),
        both.ask(f"{path}/send", {"method": 1}),
    ):
        assert answer.status_code in {400, 410, 429}
    assert queued(shop) == before


# What must not send


@pytest.mark.row("ATK-42", "ATK-43", "C3")
def test_a_lost_form_and_another_site_send_nothing(shop: Shop, both: Browser) -> None:
    """A form that is too old, or sent by another site, sends no code and says what happened."""
    both.sign_out().wait()
    letters = both.enrolment_id("letters")
    before = shop.rows()
    both.token = "of long ago"
    stale = both.send(f"{LOGIN}/send?method={letters}")
    both.token = "of long ago"
    foreign = both.open(
        "POST",
        f"{LOGIN}/send?method={letters}",
        headers=PAGE | {"Sec-Fetch-Site": "cross-site"},
    )

    assert (stale.status_code, foreign.status_code) == (400, 403)
    assert both.get(f"{LOGIN}/send?method={letters}").status_code == 405
    assert shop.rows() == before


def test_the_purpose_chooses_which_code_is_sent_again(shop: Shop, writer: Browser) -> None:
    """With two codes open for one way, another is sent for the purpose that was named."""
    shop.clock.move(seconds=3600)
    token = writer.cookies()[shop.state.cookies.passage]
    person = writer.passage()
    assert person is not None
    letters = writer.enrolment_id("letters")

    assert shop.engine.resend(token, Purpose.FRESH, letters).verdict != Pending()
    assert shop.engine.ask_fresh(person, Purpose.FRESH, send=letters)
    shop.clock.move(seconds=30)
    assert shop.engine.resend(token, Purpose.LOGIN, letters).verdict != Pending()
    assert shop.engine.resend(token, Purpose.FRESH, letters).verdict == Pending()
