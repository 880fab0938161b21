"""`vestibule send-test`: is my carrier right?"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.terminal import json_line, plain

if TYPE_CHECKING:
    from vestibule.bootstrap import Parts
    from vestibule.delivery.outbox import Tried
    from vestibule.delivery.rehearsal import Rehearsed

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS: Final = re.compile(r"(?!-)[^@\s]{1,64}@[^@\s]+")


@click.command("send-test")
@DATABASE
@KEY_FILE
@click.argument("to")
@click.option(
    "--channel",
    type=click.Choice(["sms", "call", "whatsapp", "email"]),
    help="sms for a number and email for an address, unless another is said.",
)
@click.option("--provider", metavar="NAME", help="Ask this one alone.")
@click.option("--wait", default=20.0, show_default=True, help="Seconds to wait for a receipt.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@plainly
def send_test(
    database_url: str | None,
    key_file: Path | None,
    *,
    to: str,
    channel: str | None,
    provider: str | None,
    wait: float,
    as_json: bool,
) -> None:
    """Send a message that says it is a test TO a number (+49…) or a mail address of yours.

    Ends with 1 where nobody took it, or its carrier tells that it did not arrive.
    """
    from vestibule.bootstrap.rehearse import rehearse

    reached = _reached(to)
    with opened(database_url, key_file) as parts:
        means = channel or ("email" if "@" in reached else "sms")
        if ("@" in reached) != (means == "email"):
            raise click.UsageError("A number gets a text message or a call, an address a mail.")
        _warn_of_country(parts, means, reached)
        known = rehearse(parts, means, reached, only=provider, seconds=wait)
    name = _masked(reached)
    click.echo(_as_json(known, name) if as_json else "\n".join(_as_text(known, name)))
    if known.is_lost:
        click.get_current_context().exit(1)


def _reached(to: str) -> str:
    """Return a number or an address as carriers are told it; refuse what is neither."""
    if "@" in to:
        if _ADDRESS.fullmatch(to) and to.isprintable():
            return to
        raise click.UsageError("That is no mail address.")
    number = "".join(c for c in to if c not in " -./()")
    if not _NUMBER.fullmatch(number):
        raise click.UsageError("Begin a number with + and its country's code: +491701234567.")
    if find_spec("phonenumbers") is not None:
        from vestibule import phone

        if why := phone.obstacle(number):
            raise click.UsageError(f"No code is sent to that number: {why}.")
    return number


def _warn_of_country(parts: "Parts", channel: str, to: str) -> None:
    """Say where codes do not go, though a test does: a carrier may be tried from anywhere."""
    from vestibule.core.reach import PHONES

    if channel not in PHONES or find_spec("phonenumbers") is None:
        return
    from vestibule import phone

    number, reach = phone.read(to), parts.engine.reach
    if number is not None and not reach.allows(number.region):
        named = ", ".join(sorted(reach.countries))
        click.echo(
            f"A test goes there, and no code would: the number is of {number.region}, and "
            f"VESTIBULE_COUNTRIES names {named}.",
            err=True,
        )


def _masked(to: str) -> str:
    """Return as much of an address as its owner is shown, with spaces that a terminal shows."""
    if "@" in to:
        from vestibule.core.sent import masked

        return plain(masked(to))
    if find_spec("phonenumbers") is not None:
        from vestibule import phone

        if number := phone.read(to):
            return phone.masked(number).replace("\u00a0", " ")
    return f"{to[:3]} ••• {to[-2:]}"


def _as_text(known: "Rehearsed", to: str) -> Iterator[str]:
    yield f"A test to {to} ({known.channel})"
    for tried in known.tries:
        yield "  ".join(["", *_told(tried)])
    taken = known.taken
    if taken is None:
        yield f"Not sent: {plain(known.outcome)}"
    elif taken.fate is not None:
        yield f"Receipt: {taken.fate.value}{_why(taken)}"
    elif known.awaits_receipt:
        yield "Sent. No receipt has come yet: it may be late, or cannot reach this site."
    else:
        yield "Sent. No receipt is told."


def _told(tried: "Tried") -> Iterator[str]:
    yield f"{tried.provider:<18}"
    yield f"{tried.outcome.value:<14}"
    yield "" if tried.milliseconds is None else f"{tried.milliseconds:>5} ms"
    if tried.carrier_id:
        yield plain(tried.carrier_id)
    if tried.reason and tried.fate is None:
        yield plain(tried.reason)


def _why(tried: "Tried") -> str:
    return f" ({plain(tried.reason)})" if tried.reason else ""


def _as_json(known: "Rehearsed", to: str) -> str:
    return json_line(
        {
            "to": to,
            "channel": known.channel,
            "taken": known.taken is not None,
            "outcome": known.outcome,
            "tries": [
                {
                    "provider": one.provider,
                    "channel": one.channel,
                    "outcome": one.outcome.value,
                    "milliseconds": one.milliseconds,
                    "carrier_id": one.carrier_id,
                    "reason": one.reason,
                    "fate": one.fate.value if one.fate else None,
                }
                for one in known.tries
            ],
        }
    )
