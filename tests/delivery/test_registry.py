"""Routes become providers, and a route of one who cannot is refused when the settings are read."""

from typing import Any

import pytest

from vestibule.core.errors import ConfigurationError
from vestibule.delivery import registry

TWILIO: dict[str, Any] = {
    "account_sid": f"AC{'1' * 32}",
    "auth_token": "token",
    "number": "+15017122661",
}
SIGNALWIRE: dict[str, Any] = {
    "space": "example",
    "project": "b3877c40-da60-4998-90ad-b792e98472af",
    "token": "PTtoken",
    "number": "+15017122661",
}
MG = f"MG{'2' * 32}"
KEY = {"api_key": f"SK{'4' * 32}", "api_secret": "secret"}


def load(where: str, name: str, told: dict[str, Any]) -> None:
    """Load one route of one provider."""
    registry.load({where: [name]}, {name: told})


@pytest.mark.parametrize(
    ("where", "name", "told", "setting"),
    [
        ("call", "twilio_messaging", TWILIO | {"number": "0170"}, "NUMBER (or TWILIO_NUMBER)"),
        ("call:+49", "twilio_messaging", TWILIO | {"number": "Shop"}, "NUMBER"),
        (
            "call",
            "twilio_messaging",
            TWILIO | {"number": None, "messaging_service": MG},
            "NUMBER",
        ),
        ("call", "twilio_messaging", TWILIO | KEY | {"auth_token": None}, "AUTH_TOKEN"),
        ("whatsapp", "twilio_messaging", TWILIO, "WHATSAPP_NUMBER"),
        (
            "sms",
            "twilio_messaging",
            TWILIO | {"number": None, "whatsapp_number": "+15017122661"},
            "NUMBER or VESTIBULE_TWILIO_MESSAGING_MESSAGING_SERVICE",
        ),
        ("call", "signalwire", SIGNALWIRE | {"number": "12345"}, "NUMBER (or SIGNALWIRE_NUMBER)"),
    ],
)
def test_a_route_that_lacks_a_setting_is_refused(
    where: str, name: str, told: dict[str, Any], setting: str
) -> None:
    """Who could carry nothing of a channel for want of a setting is refused, and it is named."""
    with pytest.raises(ConfigurationError) as refused:
        load(where, name, told)

    assert f"VESTIBULE_ROUTES names {name!r} for {where!r}: " in str(refused.value)
    assert f"set VESTIBULE_{name.upper()}_{setting}" in str(refused.value)


@pytest.mark.parametrize(
    ("where", "name", "told"),
    [
        ("call", "twilio_messaging", TWILIO),
        ("sms", "twilio_messaging", TWILIO | {"number": "0170"}),
        ("sms", "twilio_messaging", TWILIO | {"number": "Shop"}),
        ("sms", "twilio_messaging", TWILIO | {"number": None, "messaging_service": MG}),
        ("whatsapp", "twilio_messaging", TWILIO | {"messaging_service": MG}),
        ("call", "signalwire", SIGNALWIRE),
        ("sms", "signalwire", SIGNALWIRE | {"number": "12345"}),
    ],
)
def test_a_route_that_lacks_nothing_is_taken(where: str, name: str, told: dict[str, Any]) -> None:
    """A name or a short code is enough for text messages."""
    load(where, name, told)
