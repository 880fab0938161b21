"""A shop whose codes go through carriers, which tell what became of them and ask what to say."""

import base64
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.flask.shop import SITE, Browser, Shop

from vestibule.delivery.courier import Courier
from vestibule.delivery.provider import Fate
from vestibule.delivery.rehearsal import Rehearsal
from vestibule.flask.state import state_of
from vestibule.testing import deliver
from vestibule.testing.carriers import Carriers

P = "/two-step"
NUMBER = "+491701234567"
LOGIN = f"{P}/login"


class ToShop:
    """Hands a carrier's requests to the shop, as the world reaches it."""

    def __init__(self) -> None:
        self.shop: Shop | None = None

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Answer as the shop does."""
        assert self.shop is not None
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == SITE
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.shop.app.test_client().open(
            path, method=method, headers=dict(headers), data=body, base_url=SITE
        )
        return answer.status_code, answer.data


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Shop, Carriers]]:
    """The shop, and the carriers that stand in for the real ones."""
    caller = ToShop()
    with Carriers(site=caller, pause=0.01) as carriers:
        caller.shop = shop = shop_of(carriers, tmp_path, sms=["twilio_messaging"])
        yield shop, carriers
        carriers.settle()
        shop.close()


def shop_of(carriers: Carriers, folder: Path, **routes: list[str]) -> Shop:
    """A shop with these routes; what may be called goes through Twilio."""
    routes = {"call": ["twilio_messaging"], **routes}
    settings: dict[str, Any] = {}
    for name in {name for route in routes.values() for name in route}:
        settings |= carriers.settings(name)
    return Shop.open(
        folder,
        VESTIBULE_FACTORS=["totp", "recovery_codes", "phone"],
        VESTIBULE_ROUTES=routes,
        **settings,
    )


@pytest.fixture
def shop(world: tuple[Shop, Carriers]) -> Shop:
    """The shop."""
    return world[0]


@pytest.fixture
def carriers(world: tuple[Shop, Carriers]) -> Carriers:
    """The carriers."""
    return world[1]


def ask_setup(shop: Shop) -> Browser:
    """Somebody who has just asked for a code to a number of hers."""
    member = shop.browser()
    member.give_password()
    answer = member.ask(f"{P}/add/phone", {"number": NUMBER, "country": "DE"})
    assert answer.status_code == 200, answer.text
    return member


def courier_of(shop: Shop) -> Courier:
    """Who sends for the shop."""
    courier = state_of(shop.app).parts.courier
    assert courier is not None
    return courier


def delivery(member: Browser, shop: Shop) -> dict[str, Any]:
    """What the page is told of the code of the way being added."""
    drafts = [row for row in shop.rows()["enrolment"] if "pending" in row]
    way = drafts[0][0]
    return dict(member.get(f"{P}/delivery?step=setup&method={way}").json or {})


def carried(shop: Shop, carriers: Carriers) -> None:
    """Let the courier do its round, and the carriers tell all they have to tell."""
    deliver(shop.app)
    carriers.settle()


@pytest.mark.row("SMS-09", "C14")
def test_the_page_tells_how_far_a_code_has_come(shop: Shop, carriers: Carriers) -> None:
    """A code is being sent, was sent, and has arrived, as its carrier tells by signed requests."""
    carriers.fault("twilio_messaging", receipts="lost")
    member = ask_setup(shop)

    assert delivery(member, shop)["status"] == "sending"
    carried(shop, carriers)
    assert delivery(member, shop) == {
        "status": "sent",
        "detail": "The code was sent to +49\u00a0•••\u00a067.",
        "more": True,
    }
    carriers.heal()
    shop.clock.move(seconds=31)
    member.ask(f"{P}/setup/send")
    carried(shop, carriers)
    told = delivery(member, shop)
    assert (told["status"], told["more"]) == ("delivered", False)
    code = carriers.recipient(NUMBER).code()
    assert member.ask(f"{P}/setup", {"code": code}).status_code == 200


@pytest.mark.row("C14")
def test_what_does_not_arrive_is_said(shop: Shop, carriers: Carriers) -> None:
    """A code that its carrier could not deliver is said to be lost, with what to do now."""
    carriers.fault("twilio_messaging", undelivered=30003)
    member = ask_setup(shop)
    carried(shop, carriers)

    told = delivery(member, shop)

    assert told["status"] == "failed"
    assert "Have another one sent, or use another way." in told["detail"]
    assert "could not be delivered" in member.get(f"{P}/setup").text


@pytest.mark.row("C17", "SMS-08", "ATK-60", "C18")
def test_a_landline_is_called_and_told_the_code_after_a_key(shop: Shop, carriers: Carriers) -> None:
    """A number that takes no text message is called; the digits are said, apart and twice."""
    carriers.fault("twilio_messaging", landlines=[NUMBER])
    member = ask_setup(shop)
    carried(shop, carriers)

    call = carriers.latest(NUMBER, "call")
    assert call is not None
    code = carriers.recipient(NUMBER).code()
    assert call.text.count(", ".join(code)) == 2
    assert delivery(member, shop)["status"] == "delivered"
    assert member.ask(f"{P}/setup", {"code": code}).status_code == 200


@pytest.mark.row("SMS-08", "ATK-60")
def test_an_answering_machine_is_told_no_code(shop: Shop, carriers: Carriers) -> None:
    """Where nobody presses a key nothing is said that would let anybody in."""
    carriers.fault("twilio_messaging", landlines=[NUMBER], answers="machine")
    member = ask_setup(shop)
    carried(shop, carriers)

    call = carriers.latest(NUMBER, "call")
    assert call is not None
    assert "No key was pressed" in call.text
    assert delivery(member, shop)["status"] == "sent"
    assert not any(character.isdigit() for character in call.text)


def receipts(carriers: Carriers) -> str:
    """The address at which a carrier tells what became of the newest message."""
    return next(made.url for made in reversed(carriers.callbacks) if "/receipt/" in made.url)


def test_a_receipt_that_no_carrier_signed_is_refused(shop: Shop, carriers: Carriers) -> None:
    """Whoever learns the address can tell nothing: each receipt bears its carrier's signature."""
    ask_setup(shop)
    carried(shop, carriers)
    before = shop.rows()
    path = urlsplit(receipts(carriers)).path
    body = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "failed"}

    for headers in ({}, {"X-Twilio-Signature": "AAAA"}):
        answer = shop.app.test_client().post(path, data=body, headers=headers, base_url=SITE)
        assert answer.status_code == 403
    assert shop.rows() == before


@pytest.mark.parametrize(
    "path",
    ["carriers/twilio_messaging/receipt/x", "carriers/nobody/receipt/x", "carriers/smtp/script/x"],
)
def test_an_address_that_names_nothing_is_not_there(shop: Shop, path: str) -> None:
    """An address that was made up, or has run out, says nothing but that it is not there."""
    answer = shop.app.test_client().post(f"{P}/{path}", data={"a": "b"}, base_url=SITE)

    assert (answer.status_code, answer.data) == (404, b"")


@pytest.mark.row("C17")
def test_a_landline_that_only_a_receipt_tells_of_is_called_then(
    shop: Shop, carriers: Carriers
) -> None:
    """Where the carrier takes a text and finds later that nobody can, the person is called."""
    carriers.fault("twilio_messaging", undelivered=30006)
    member = ask_setup(shop)
    carried(shop, carriers)
    carriers.heal()
    carried(shop, carriers)

    call = carriers.latest(NUMBER, "call")
    assert call is not None
    code = carriers.recipient(NUMBER).code()
    assert code in call.text.replace(", ", "")
    assert member.ask(f"{P}/setup", {"code": code}).status_code == 200


@pytest.mark.parametrize("order", ["reversed", "twice", "early"])
def test_receipts_in_any_order_tell_the_last_word(
    shop: Shop, carriers: Carriers, order: str
) -> None:
    """What has arrived stays arrived, in whatever order and however often the carrier tells."""
    carriers.fault("twilio_messaging", receipts=order)
    member = ask_setup(shop)
    carried(shop, carriers)

    assert delivery(member, shop)["status"] == "delivered"


def test_a_word_that_comes_before_the_answer_is_kept(tmp_path: Path) -> None:
    """That nothing arrived is told of a message that its carrier has not even taken yet."""
    caller = ToShop()
    with Carriers(site=caller, pause=0.01) as carriers:
        caller.shop = shop = shop_of(carriers, tmp_path, sms=["twilio_messaging"])
        carriers.fault("twilio_messaging", receipts="early", undelivered=30003)
        member = ask_setup(shop)
        carried(shop, carriers)
        told = delivery(member, shop)
        shop.close()

    assert told["status"] == "failed"


@pytest.mark.row("SMS-10", "ATK-74")
def test_what_a_carrier_tells_is_kept_sealed(shop: Shop, carriers: Carriers) -> None:
    """The carrier's own words are kept, and nobody reads a number or a code in the tables."""
    ask_setup(shop)
    carried(shop, carriers)
    code = carriers.recipient(NUMBER).code()
    kept = repr(shop.rows())

    assert any("delivered" in row for row in shop.rows()["delivery_try"])
    assert NUMBER not in kept
    assert NUMBER.removeprefix("+49") not in kept
    assert code not in kept


def test_a_code_of_twilio_verify_lets_in(tmp_path: Path) -> None:
    """Twilio makes the code and judges it; the shop's own pages are the same."""
    with Carriers(pause=0.01) as carriers:
        shop = shop_of(carriers, tmp_path, sms=["twilio_verify"], call=["twilio_verify"])
        member = ask_setup(shop)
        carried(shop, carriers)
        wrong = member.ask(f"{P}/setup", {"code": "000000"})
        right = member.ask(f"{P}/setup", {"code": carriers.recipient(NUMBER).code()})
        shop.close()

    assert (wrong.status_code, right.status_code) == (422, 200)


def script(carriers: Carriers) -> str:
    """The address at which a carrier asked what the newest call says next."""
    return next(made.url for made in reversed(carriers.callbacks) if "/script/" in made.url)


@pytest.mark.row("ATK-60", "SMS-08")
def test_only_the_carrier_hears_what_a_call_says(shop: Shop, carriers: Carriers) -> None:
    """Who learns the address of a call's script and does not sign as the carrier hears nothing."""
    carriers.fault("twilio_messaging", landlines=[NUMBER])
    ask_setup(shop)
    carried(shop, carriers)
    path = urlsplit(script(carriers)).path

    for headers in ({}, {"X-Twilio-Signature": "AAAA"}):
        answer = shop.app.test_client().post(
            path, data={"Digits": "1"}, headers=headers, base_url=SITE
        )
        assert (answer.status_code, answer.data) == (403, b"")


def signed(token: str, url: str, fields: Mapping[str, str]) -> str:
    """A request's signature, as its carrier makes it."""
    data = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), data.encode(), "sha1")).decode()


@pytest.mark.row("ATK-60", "SMS-08")
def test_a_call_without_a_key_is_told_no_code(shop: Shop, carriers: Carriers) -> None:
    """Even the carrier is told no digit of the code where nobody has pressed a key."""
    carriers.fault("twilio_messaging", landlines=[NUMBER])
    ask_setup(shop)
    carried(shop, carriers)
    url = script(carriers)
    token = carriers.settings("twilio_messaging")["VESTIBULE_TWILIO_MESSAGING_AUTH_TOKEN"]
    fields = {"CallSid": "CA" + "0" * 32}
    signature = signed(token, url, fields)

    answer = shop.app.test_client().post(
        urlsplit(url).path,
        data=fields,
        headers={"X-Twilio-Signature": signature},
        base_url=SITE,
    )

    assert answer.status_code == 200
    assert "No key was pressed" in answer.text
    assert not re.search(r"\d, \d", answer.text)


@pytest.mark.row("C13", "ATK-47")
def test_no_address_that_a_carrier_calls_says_anything(shop: Shop, carriers: Carriers) -> None:
    """Neither a code nor a number stands in an address that a carrier calls us at."""
    member = ask_setup(shop)
    carried(shop, carriers)
    codes = [carriers.recipient(NUMBER).code()]
    shop.clock.move(seconds=31)
    member.ask(f"{P}/setup/send?channel=call")
    carried(shop, carriers)
    codes.append(carriers.recipient(NUMBER).code())

    called = [callback.url for callback in carriers.callbacks]
    assert {"receipt", "script"} <= {url.split("/")[-2] for url in called}
    assert all("?" not in url for url in called)
    assert not any(secret in url for secret in (*codes, NUMBER[1:], NUMBER[3:]) for url in called)


@pytest.mark.row("SMS-08", "SMS-09")
def test_an_operators_test_is_told_of_like_a_code(shop: Shop, carriers: Carriers) -> None:
    """A test message has its receipt, and a test call goes on after a key; neither tells a code."""
    parts = state_of(shop.app).parts
    rehearsal = Rehearsal(courier=courier_of(shop), realm=parts.settings.realm)

    text = rehearsal.send("sms", NUMBER)
    carriers.settle()
    assert rehearsal.what_came_of(text, 5).taken.fate is Fate.DELIVERED  # type: ignore[union-attr]

    call = rehearsal.send("call", NUMBER)
    carriers.settle()
    said = carriers.latest(to=NUMBER, channel="call")
    assert said is not None
    assert "This is a test" in said.text
    assert said.text.endswith("A key was pressed: all is well. There is no code. Goodbye.")
    known = rehearsal.what_came_of(call)
    assert (known.channel, known.is_lost) == ("call", False)

    carriers.fault("twilio_messaging", undelivered=30006)
    lost = rehearsal.send("sms", NUMBER)
    carriers.settle()
    assert rehearsal.what_came_of(lost, 5).is_lost


@pytest.mark.parametrize(
    ("query", "body"),
    [(b"\xff", b"a=b"), (b"", b"a&" * 16_000), (b"", b"x" * 40_000), (b"", b"\xff\x00=")],
)
def test_whatever_is_sent_to_a_carriers_address_is_refused(
    shop: Shop, carriers: Carriers, query: bytes, body: bytes
) -> None:
    """Odd and endless requests to an address that somebody learnt are refused, soon, and no 500."""
    ask_setup(shop)
    carried(shop, carriers)
    path = urlsplit(receipts(carriers)).path
    environ = {"QUERY_STRING": query.decode("latin-1"), "wsgi.input_terminated": True}

    began = time.monotonic()
    answer = shop.app.test_client().post(
        path,
        data=body,
        content_type="application/x-www-form-urlencoded",
        base_url=SITE,
        environ_overrides=environ,
    )

    assert answer.status_code == 403
    assert time.monotonic() - began < 1
