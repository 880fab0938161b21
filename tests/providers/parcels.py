"""Parcels as the courier makes them, and callbacks as carriers do."""

from dataclasses import replace
from typing import Any

from vestibule.delivery.provider import Callback, Parcel, Speech

TO = "+15017122661"
FROM = "+15550001111"
CODE = "271828"
TEXT = f"{CODE} is your code for Shop. It works once. Never tell it to anybody."
SPEECH = Speech(
    ask="This is Shop. To hear your code, press any key.",
    say="2, 7, 1, 8, 2, 8. Once more: 2, 7, 1, 8, 2, 8.",
    farewell="Nobody pressed a key. Goodbye.",
)
RECEIPTS = "https://shop.example/two-step/carriers/one/receipt/abc"
SCRIPT = "https://shop.example/two-step/carriers/one/script/abc?a=1&b=2"


def parcel(channel: str, **different: Any) -> Parcel:
    """One message, with whatever is to be different."""
    made = Parcel(
        id="0123456789abcdef0123456789abcdef",
        channel=channel,
        to="ada@post.example" if channel == "email" else TO,
        subject="Your code for Shop" if channel == "email" else None,
        text=TEXT,
        code=CODE,
        speech=SPEECH if channel == "call" else None,
        receipts=RECEIPTS,
        script=SCRIPT if channel == "call" else None,
    )
    return replace(made, **different)


def callback(url: str, signature: str, *, header: str, **fields: str) -> Callback:
    """A carrier's request with a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if signature:
        headers[header] = signature
    sent = {name: (value,) for name, value in fields.items()}
    return Callback(url=url, headers=headers, fields=sent, body=b"not looked at")
