"""The carriers' signatures, by published vectors and by the carrier's own package."""

import hashlib
import hmac
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from vestibule.delivery.laml.signature import is_signed, signature_of
from vestibule.delivery.provider import Callback

KEY = "12345"
HEADER = "x-twilio-signature"
STATUS = "https://app.example.com/status"
SENT = {"MessageSid": f"SM{'0' * 32}", "MessageStatus": "delivered", "To": "+15017122661"}
RAW = b'{"type":"challenge.approved"}'
NONE: Mapping[str, str] = {}
NAMES = st.text("abcXYZ019_", min_size=1, max_size=8)


def called(
    url: str, signature: str, fields: Mapping[str, str] = NONE, *, body: bytes = b""
) -> Callback:
    """A request with a form, or with a body that is none."""
    return Callback(
        url=url,
        headers={HEADER: signature} if signature else {},
        fields={name: (value,) for name, value in fields.items()},
        body=body,
    )


def signed(callback: Callback, key: str = KEY) -> bool:
    """Whether it is signed by `key`."""
    return is_signed(callback, key, headers=(HEADER,))


@pytest.mark.parametrize(
    ("url", "fields", "signature"),
    [
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {
                "CallSid": "CA1234567890ABCDE",
                "Caller": "+14158675309",
                "Digits": "1234",
                "From": "+14158675309",
                "To": "+18005551212",
            },
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (STATUS, SENT, "Zs5AJ4ZuAn5prwFFVntp4/lBeNE="),
    ],
)
def test_the_published_signatures_are_ours(
    url: str, fields: dict[str, str], signature: str
) -> None:
    """A form's signature is the published one, and is recognised."""
    assert signature_of(KEY, url, {name: (value,) for name, value in fields.items()}) == signature
    assert signed(called(url, signature, fields))


def test_a_body_that_is_no_form_is_bound_by_its_hash() -> None:
    """The signature of an address counts for the body whose hash is in that address."""
    url = f"https://app.example.com/cb?bodySHA256={hashlib.sha256(RAW).hexdigest()}"
    signature = "V3JSuChkfdoGiZzKdce0Nfwch+8="

    assert signed(called(url, signature, body=RAW))
    assert not signed(called(url, signature, body=RAW + b" "))
    assert not signed(called("https://app.example.com/cb", signature, body=RAW))


def test_a_body_that_is_no_form_may_stand_behind_the_address() -> None:
    """SignalWire signs the address with the body behind it, in hexadecimal digits."""
    made = hmac.new(KEY.encode(), STATUS.encode() + RAW, "sha1").hexdigest()

    assert signed(called(STATUS, made, body=RAW))
    assert not signed(called(STATUS, made, body=RAW + b" "))


def test_a_request_without_a_body_is_signed_by_its_address() -> None:
    """What has no fields is signed by its address alone."""
    assert signed(called(STATUS, RequestValidator(KEY).compute_signature(STATUS, {})))


@given(st.dictionaries(NAMES, st.lists(st.text(max_size=12), min_size=1, max_size=3), max_size=5))
def test_the_carriers_own_package_agrees(fields: dict[str, list[str]]) -> None:
    """Its validator accepts each signature of ours, and ours accepts each of its."""
    theirs = RequestValidator(KEY)
    sent = {name: tuple(values) for name, values in fields.items()}

    ours = signature_of(KEY, STATUS, sent)

    form: MultiDict[str, str] = MultiDict(sent)
    assert theirs.validate(STATUS, form, ours)
    made = theirs.compute_signature(STATUS, form)
    assert signed(Callback(url=STATUS, headers={HEADER: made}, fields=sent, body=b""))


@pytest.mark.parametrize(
    ("signed_url", "called_url", "holds"),
    [
        ("https://a.example:443/s", "https://a.example/s", True),
        ("https://a.example/s", "https://a.example:443/s", True),
        ("http://a.example:80/s?x=1", "http://a.example/s?x=1", True),
        ("https://a.example:8443/s", "https://a.example:8443/s", True),
        ("https://a.example:8443/s", "https://a.example/s", False),
        ("https://a.example/s", "http://a.example/s", False),
        ("https://a.example/s", "https://b.example/s", False),
        ("https://a.example/s", "https://a.example:port/s", False),
    ],
)
def test_only_a_default_port_makes_no_difference(
    signed_url: str, called_url: str, *, holds: bool
) -> None:
    """An address counts with and without the port that its scheme has anyway, and no other."""
    made = RequestValidator(KEY).compute_signature(signed_url, SENT)

    assert signed(called(called_url, made, SENT)) is holds


@pytest.mark.row("C9")
@pytest.mark.parametrize("signature", ["", "wrong", "é", "Zs5AJ4ZuAn5prwFFVntp4/lBeNE", "=" * 28])
def test_what_is_not_the_signature_is_refused(signature: str) -> None:
    """A request without its signature, or with another, is nobody's."""
    assert not signed(called(STATUS, signature, SENT))


def test_nobody_has_no_key() -> None:
    """What is signed with an empty key is refused."""
    assert not signed(called(STATUS, signature_of("", STATUS, {}), body=b""), key="")
