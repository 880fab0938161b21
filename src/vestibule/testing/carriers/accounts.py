"""What the stand-in's carriers know their one customer by. Everybody is told: nothing is real."""

from collections.abc import Mapping
from typing import Any, Final

from vestibule.testing.carriers.telnyx import PUBLIC_KEY

NUMBER: Final = "+15005550006"
"""The number that messages come from."""
TWILIO: Final = f"AC{'5' * 32}"
TWILIO_TOKEN: Final = "7" * 32
TWILIO_KEY: Final = f"SK{'6' * 32}"
TWILIO_SECRET: Final = "8" * 32
VERIFY: Final = f"VA{'9' * 32}"
SIGNALWIRE: Final = "55555555-5555-4555-8555-555555555555"
SIGNALWIRE_TOKEN: Final = f"PT{'7' * 48}"
KEY: Final = "stand-in-key"
SECRET: Final = "stand-in-secret"  # noqa: S105 -- it is printed on every start
SENDER: Final = "Stand-in"
MAIL_USER: Final = "stand-in"
MAIL_SENDER: Final = "Stand-in <no-reply@stand-in.example>"


def settings_of(carrier: str, url: str) -> Mapping[str, Any]:
    """Return a provider's settings, by field; those of mail are the mail server's to tell.

    Raises `KeyError` where there is no such carrier.
    """
    return {
        "twilio_messaging": {
            "account_sid": TWILIO,
            "auth_token": TWILIO_TOKEN,
            "number": NUMBER,
            "whatsapp_number": NUMBER,
            "url": url,
        },
        "twilio_verify": {
            "account_sid": TWILIO,
            "auth_token": TWILIO_TOKEN,
            "service": VERIFY,
            "url": url,
        },
        "signalwire": {
            "space": url,
            "project": SIGNALWIRE,
            "token": SIGNALWIRE_TOKEN,
            "number": NUMBER,
        },
        "crondock": {"url": f"{url}/run/sms/", "api_key": KEY},
        "vonage": {
            "url": f"{url}/sms/json",
            "api_key": KEY,
            "api_secret": SECRET,
            "sender": SENDER,
        },
        "telnyx": {
            "url": f"{url}/v2/messages",
            "api_key": KEY,
            "sender": NUMBER,
            "public_key": PUBLIC_KEY,
        },
        "infobip": {"url": f"{url}/sms/3/messages", "api_key": KEY, "sender": SENDER},
        "http": {
            "url": f"{url}/http/messages",
            "template": '{"to": "{to}", "text": "{body}"}',
            "auth": "bearer",
            "secret": KEY,
            "id_path": "id",
        },
    }[carrier]
