"""What carriers tell, in our own words."""

import pytest

from vestibule.delivery.laml import key_pressed, receipt_of
from vestibule.delivery.provider import Callback, Fate, Receipt


def told(**fields: str) -> Callback:
    """A request with a form."""
    return Callback(
        url="https://shop.example/r",
        headers={},
        fields={name: (value,) for name, value in fields.items()},
        body=b"",
    )


@pytest.mark.row("SMS-09")
@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("accepted", Fate.QUEUED),
        ("scheduled", Fate.QUEUED),
        ("queued", Fate.QUEUED),
        ("sending", Fate.QUEUED),
        ("sent", Fate.SENT),
        ("delivered", Fate.DELIVERED),
        ("read", Fate.DELIVERED),
        ("undelivered", Fate.UNDELIVERED),
        ("failed", Fate.FAILED),
        ("canceled", Fate.FAILED),
        ("something new", Fate.QUEUED),
    ],
)
def test_every_status_of_a_message_has_its_word(status: str, fate: Fate) -> None:
    """Each status of a message is one of our five; one that is not known ends nothing."""
    found = receipt_of(told(MessageSid="SM1", MessageStatus=status))

    assert found is not None
    assert (found.carrier_id, found.fate, found.cannot_receive) == ("SM1", fate, False)
    assert receipt_of(told(SmsSid="SM1", SmsStatus=status)) == found


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("queued", Fate.QUEUED),
        ("initiated", Fate.QUEUED),
        ("ringing", Fate.SENT),
        ("in-progress", Fate.SENT),
        ("completed", Fate.SENT),
        ("busy", Fate.UNDELIVERED),
        ("no-answer", Fate.UNDELIVERED),
        ("failed", Fate.FAILED),
        ("canceled", Fate.FAILED),
    ],
)
def test_a_call_that_was_picked_up_was_not_yet_heard(status: str, fate: Fate) -> None:
    """Each status of a call is one of our five, and that somebody picked up is no delivery."""
    found = receipt_of(told(CallSid="CA1", CallStatus=status))

    assert found is not None
    assert (found.carrier_id, found.fate) == ("CA1", fate)


@pytest.mark.parametrize("code", ["30006", "21614", "21635"])
def test_a_landline_is_known_by_its_error(code: str) -> None:
    """An error that says a number takes no texts is told as such, and only where it failed."""
    receipt = receipt_of(told(MessageSid="SM1", MessageStatus="undelivered", ErrorCode=code))

    assert receipt == Receipt(
        carrier_id="SM1",
        fate=Fate.UNDELIVERED,
        reason=f"undelivered, error {code}",
        cannot_receive=True,
    )
    sent = receipt_of(told(MessageSid="SM1", MessageStatus="sent", ErrorCode=code))
    assert sent is not None
    assert not sent.cannot_receive
    call = receipt_of(told(CallSid="CA1", CallStatus="failed", ErrorCode=code))
    assert call is not None
    assert not call.cannot_receive


@pytest.mark.row("W19")
def test_a_reason_quotes_nothing_but_a_number_of_an_error() -> None:
    """Whatever is sent as an error's code, only digits of it are kept."""
    odd = told(MessageSid="SM1", MessageStatus="failed", ErrorCode="+15017122661", To="+1501")

    found = receipt_of(odd)
    assert found is not None
    assert found.reason == "failed"


@pytest.mark.row("W11")
@pytest.mark.parametrize(
    "fields",
    [{}, {"MessageStatus": "sent"}, {"MessageSid": "\n"}, {"MessageSid": "x" * 300}],
)
def test_what_names_no_message_is_no_receipt(fields: dict[str, str]) -> None:
    """A signed request that is about nothing is no receipt, and no error either."""
    assert receipt_of(told(**fields)) is None


def test_what_is_told_twice_is_not_told() -> None:
    """Of a name that is sent with two values neither counts."""
    twice = Callback(
        url="https://shop.example/r", headers={}, fields={"MessageSid": ("SM1", "SM2")}, body=b""
    )

    assert receipt_of(twice) is None


@pytest.mark.row("SMS-08", "ATK-60")
@pytest.mark.parametrize(
    ("fields", "pressed"),
    [
        ({"Digits": "1"}, True),
        ({"Digits": "#"}, True),
        ({"Digits": "*", "AnsweredBy": "human"}, True),
        ({"Digits": ""}, False),
        ({}, False),
        ({"Digits": "1", "AnsweredBy": "machine_start"}, False),
        ({"Digits": "1", "AnsweredBy": "fax"}, False),
    ],
)
def test_only_a_key_is_an_answer(fields: dict[str, str], *, pressed: bool) -> None:
    """Whoever presses a key is told, and an answering machine never."""
    assert key_pressed(told(CallSid="CA1", **fields)) is pressed
