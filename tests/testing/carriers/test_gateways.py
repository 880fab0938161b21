from typing import Any

import httpx
import pytest

from vestibule.testing.carriers import Carriers, accounts

KEY = accounts.KEY
BODY = "Your code is 123456"
# By carrier: the request of its documents, and where its answer has the id.
REQUESTS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "crondock": (
        {
            "url": "/run/sms/",
            "headers": {"Authorization": f"Api-Key {KEY}"},
            "json": {"data": {"to_phone": "18009998877", "body": BODY}},
        },
        [],
    ),
    "vonage": (
        {
            "url": "/sms/json",
            "data": {
                "api_key": KEY,
                "api_secret": accounts.SECRET,
                "from": "Shop",
                "to": "18009998877",
                "text": BODY,
            },
        },
        ["messages", 0, "message-id"],
    ),
    "telnyx": (
        {
            "url": "/v2/messages",
            "headers": {"Authorization": f"Bearer {KEY}"},
            "json": {"from": "+15005550006", "to": "+18009998877", "text": BODY},
        },
        ["data", "id"],
    ),
    "infobip": (
        {
            "url": "/sms/3/messages",
            "headers": {"Authorization": f"App {KEY}"},
            "json": {
                "messages": [
                    {
                        "sender": "Shop",
                        "destinations": [{"to": "18009998877"}],
                        "content": {"text": BODY},
                    }
                ]
            },
        },
        ["messages", 0, "messageId"],
    ),
    "http": (
        {
            "url": "/http/messages",
            "headers": {"Authorization": f"Bearer {KEY}"},
            "json": {"to": "+18009998877", "text": BODY},
        },
        ["id"],
    ),
}


@pytest.fixture(params=REQUESTS)
def carrier(request: pytest.FixtureRequest) -> str:
    """Each carrier of one request."""
    return str(request.param)


def test_the_documented_request(carriers: Carriers, http: httpx.Client, carrier: str) -> None:
    """The request of a carrier's documents is taken, and its answer has the id in its place."""
    request, place = REQUESTS[carrier]
    answer = http.post(**request)

    assert answer.is_success
    (message,) = carriers.messages
    assert (message.carrier, message.channel) == (carrier, "sms")
    assert (message.to, message.text) == ("+18009998877", BODY)
    told = answer.json()
    for step in place:
        told = told[step]
    assert not place or told == message.id


def test_no_credentials(carriers: Carriers, http: httpx.Client, carrier: str) -> None:
    """Whoever says no key is refused, and Vonage says so with 200."""
    request, _ = REQUESTS[carrier]
    bare = {name: value for name, value in request.items() if name != "headers"}
    if carrier == "vonage":
        bare["data"] = bare["data"] | {"api_secret": "wrong"}
    answer = http.post(**bare)

    assert carriers.messages == ()
    assert answer.status_code == (200 if carrier == "vonage" else 401)
    if carrier == "vonage":
        assert answer.json()["messages"][0]["status"] == "4"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"data": 1, "messages": [1]}', b"\xff"])
def test_anything_else_is_refused(
    carriers: Carriers, http: httpx.Client, carrier: str, body: bytes
) -> None:
    """What is no message is refused and breaks nothing."""
    request, _ = REQUESTS[carrier]
    headers = {**request.get("headers", {}), "Content-Type": "application/json"}
    answer = http.post(request["url"], content=body, headers=headers)

    assert answer.status_code in {200, 400, 401}
    assert carriers.messages == ()


def test_faults(carriers: Carriers, http: httpx.Client, carrier: str) -> None:
    """A carrier that is down says 503, and one that minds something says its number."""
    request, _ = REQUESTS[carrier]
    carriers.fault(carrier, status=503)
    assert http.post(**request).status_code == 503

    carriers.fault(carrier, code=7)
    answer = http.post(**request)
    assert answer.status_code == (200 if carrier == "vonage" else 400)
    assert "7" in answer.text

    carriers.fault(carrier, landlines=["+1800"])
    http.post(**request)
    assert carriers.messages == ()


@pytest.mark.parametrize(
    "way",
    [
        {"headers": {"X-Api-Key": KEY}},
        {"auth": (KEY, accounts.SECRET)},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
    ],
)
def test_any_way_of_one_request(
    carriers: Carriers, http: httpx.Client, way: dict[str, Any]
) -> None:
    """Nobody's carrier takes a message as a form, as JSON or in the query, however one signs in."""
    fields = {"to": "18009998877", "text": BODY}
    forms: list[dict[str, Any]] = [{"data": fields}, {"json": fields}, {"params": fields}]
    for sent in forms:
        assert http.post("/http/messages", **sent, **way).status_code == 202

    assert [message.text for message in carriers.messages] == [BODY] * 3
