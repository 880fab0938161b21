import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.testing.carriers.customer import TO, a_text

from vestibule.core.ports import SendError
from vestibule.delivery.http import HttpxHttp
from vestibule.testing.carriers import Carriers, Fault

Text = Callable[..., httpx.Response]
TWILIO = "twilio_messaging"


def test_an_error_before_anything_is_taken(carriers: Carriers, text: Text) -> None:
    """A carrier that fails answers in its own form, and takes nothing."""
    carriers.fault(TWILIO, status=503)
    answer = text()

    assert answer.status_code == 503
    assert answer.json() == {
        "code": 20500,
        "message": "Internal server error",
        "more_info": "https://www.twilio.com/docs/errors/20500",
        "status": 503,
    }
    assert carriers.messages == ()


def test_an_error_of_the_carriers_own(carriers: Carriers, text: Text) -> None:
    """A code alone is an error of the kind that a caller has caused."""
    carriers.fault(TWILIO, code=21610)
    answer = text()

    assert (answer.status_code, answer.json()["code"]) == (400, 21610)


@pytest.mark.parametrize("wrong", [{"status": 500}, {"cut": True}])
def test_it_takes_and_then_fails(carriers: Carriers, text: Text, wrong: dict[str, Any]) -> None:
    """A message that was taken before its carrier failed is kept, and its sender was not told."""
    carriers.fault(TWILIO, accepts=True, **wrong)
    try:
        assert text().status_code == 500
    except httpx.TransportError:
        assert "cut" in wrong

    (message,) = carriers.messages
    assert not message.told
    assert message.statuses == ()
    carriers.settle()
    assert carriers.messages[0].statuses == ("sent", "delivered")


def test_no_connection(carriers: Carriers, text: Text) -> None:
    """A carrier that cuts answers nothing and takes nothing."""
    carriers.fault(TWILIO, cut=True)

    with pytest.raises(httpx.TransportError):
        text()

    assert carriers.messages == ()


def test_slow(carriers: Carriers, text: Text) -> None:
    """A slow carrier answers after its seconds, and has taken the message then."""
    carriers.fault(TWILIO, slow=0.3)
    began = time.monotonic()

    assert text().status_code == 201
    assert time.monotonic() - began >= 0.3
    assert len(carriers.messages) == 1


def test_whoever_hangs_up_has_had_nothing_taken(carriers: Carriers, impatient: HttpxHttp) -> None:
    """A message whose sender hung up on a slow carrier is not taken."""
    carriers.fault(TWILIO, slow=30)
    with pytest.raises(SendError):
        impatient.ask(a_text(carriers))
    time.sleep(0.3)

    assert carriers.messages == ()


def test_it_takes_and_then_hangs(carriers: Carriers, impatient: HttpxHttp) -> None:
    """A message that was taken before its carrier hung is there though its sender hung up."""
    carriers.fault(TWILIO, slow=30, accepts=True)
    with pytest.raises(SendError):
        impatient.ask(a_text(carriers))

    assert len(carriers.messages) == 1


def test_stopping_does_not_wait_for_what_hangs(impatient: HttpxHttp) -> None:
    """The stand-in stops at once while a caller is kept waiting."""
    with Carriers() as carriers:
        carriers.fault(TWILIO, slow=60)
        with pytest.raises(SendError):
            impatient.ask(a_text(carriers))
        began = time.monotonic()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("body", ["long", "drip"])
def test_a_body_without_an_end(carriers: Carriers, body: str, impatient: HttpxHttp) -> None:
    """What answers with too much, or too slowly, is no answer to a sender that minds its time."""
    carriers.fault(TWILIO, body=body)
    with pytest.raises(SendError):
        impatient.ask(a_text(carriers))

    assert len(carriers.messages) == 1


def test_garbage(carriers: Carriers, text: Text) -> None:
    """A carrier can answer well with something that is no JSON."""
    carriers.fault(TWILIO, body="garbage")
    answer = text()

    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"decode|utf"):
        answer.json()


def test_a_redirect(carriers: Carriers, text: Text) -> None:
    """A carrier can send its caller elsewhere, and has taken nothing then."""
    carriers.fault(TWILIO, redirect="http://127.0.0.1:9/")
    answer = text()

    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/")
    assert carriers.messages == ()


def test_landlines(carriers: Carriers, text: Text) -> None:
    """A number that is a landline is refused as one, and no other is."""
    carriers.fault(TWILIO, landlines=["+4930"])

    assert text(To="+493012345678").json()["code"] == 21614
    assert text(To=TO).status_code == 201


def test_every_third_request(carriers: Carriers, text: Text) -> None:
    """A fault can be there with every third request only, and for two of them in all."""
    carriers.fault(TWILIO, status=500, every=3, times=2)

    assert [text().status_code for _ in range(9)] == [201, 201, 500] * 2 + [201] * 3


def test_only_one_carrier_is_ill(carriers: Carriers, text: Text) -> None:
    """What is wrong with one carrier is not wrong with another, and passes when it is healed."""
    carriers.fault("signalwire", status=500)
    assert text().status_code == 201

    carriers.fault(TWILIO, status=500)
    assert text().status_code == 500
    carriers.heal(TWILIO)
    assert text().status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"sloow": 1},
        {"slow": "1"},
        {"slow": -1},
        {"status": True},
        {"cut": 1},
        {"body": "odd"},
        {"receipts": "never"},
        {"every": 0},
        {"landlines": ["030"]},
        {"landlines": "+49"},
        {"answers": "dog"},
    ],
)
def test_what_is_no_fault(carriers: Carriers, wrong: dict[str, Any]) -> None:
    """A fault that there is not is a ValueError, and so is a carrier that there is not."""
    with pytest.raises(ValueError, match=r"fault|landlines"):
        carriers.fault(TWILIO, **wrong)
    with pytest.raises(ValueError, match="there is no carrier 'pigeon', but twilio_messaging"):
        carriers.fault("pigeon")


def test_nothing_is_wrong_with_nothing() -> None:
    """A fault that says nothing spoils nothing."""
    assert not Fault().spoils
    assert not Fault(receipts="lost", landlines=("+4930",)).spoils
