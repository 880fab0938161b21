"""Carriers that are played on this machine, for whoever wants to see codes go through one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vestibule.testing.carriers import Carriers

CALLS = {"signalwire", "twilio_messaging", "twilio_verify"}
MAIL = "smtp"


@contextmanager
def playing(names: Sequence[str]) -> Iterator[Carriers | None]:
    """Play carriers meanwhile, where any are named; refuse a name that is none."""
    if not names:
        yield None
        return
    with Carriers(pause=1.0) as carriers:
        unknown = sorted(set(names) - set(carriers.names))
        if unknown:
            raise SystemExit(
                f"CARRIER names {', '.join(unknown)}; there are {', '.join(carriers.names)}."
            )
        yield carriers


def wanted(text: str) -> tuple[str, ...]:
    """Return the names in a text with commas, in their order."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def settings_of(carriers: Carriers, names: Sequence[str]) -> dict[str, Any]:
    """Return what has codes go through these carriers, the first of them first."""
    routes = {
        "sms": [name for name in names if name != MAIL],
        "call": [name for name in names if name in CALLS],
        "email": [name for name in names if name == MAIL],
    }
    settings: dict[str, Any] = {
        "VESTIBULE_ROUTES": {channel: route for channel, route in routes.items() if route},
        "VESTIBULE_SEND_GRACE": 1,
    }
    if MAIL in names:
        settings["VESTIBULE_FACTORS"] = ["totp", "phone", "email", "recovery_codes"]
    for name in names:
        settings |= carriers.settings(name)
    return settings
