"""`vestibule deliveries`: why codes do not arrive, as far as carriers have said."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.terminal import json_line, plain, word

if TYPE_CHECKING:
    from vestibule.bootstrap.deliveries import Deliveries
    from vestibule.store.delivery_desk import ListedTry

SHOWN: Final = 20
MOST: Final = 10_000
COUNTS: Final = ("accepted", "refused", "failed", "unsure", "delivered")
NO_WORKER: Final = (
    "VESTIBULE_BROKER_URL is set, so workers alone send: look whether a vestibule worker runs."
)


@click.command()
@DATABASE
@KEY_FILE
@click.option("--carrier", help="Only tries at this one, such as twilio_messaging.")
@click.option("--failed", is_flag=True, help="Only tries that nobody took, or that were lost then.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    default=SHOWN,
    show_default=True,
    help="How many tries, counted from the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@plainly
def deliveries(
    database_url: str | None,
    key_file: Path | None,
    *,
    carrier: str | None,
    failed: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Say what waits to be sent, and what carriers made of the last tries, the newest last.

    Delivered is what a receipt told so. Of unsure tries nobody knows whether the carrier took them.
    """
    from vestibule.bootstrap.deliveries import deliveries

    with opened(database_url, key_file) as parts:
        found = deliveries(parts, limit, carrier=carrier, only_failed=failed)
    click.echo(_as_json(found) if as_json else "\n".join(_as_text(found)))


def _as_text(found: "Deliveries") -> Iterator[str]:
    yield _waiting(found)
    if found.lacks_worker:
        yield NO_WORKER
    yield ""
    yield from _last_hour(found)
    yield ""
    yield from map(_line, found.newest)
    if not found.newest:
        yield "No tries."


def _waiting(found: "Deliveries") -> str:
    count, longest = found.waiting.count, found.waiting.longest
    if longest is None:
        return "Waiting: no message"
    of = "message" if count == 1 else "messages, the oldest"
    return f"Waiting: {count} {of} for {longest.total_seconds():.0f} seconds"


def _last_hour(found: "Deliveries") -> Iterator[str]:
    if not found.last_hour and not found.untried:
        yield "In the last hour: nothing was handed to a carrier"
        return
    if found.last_hour:
        yield from _table(
            [
                ("In the last hour", *COUNTS),
                *(
                    (plain(one.provider), *(str(getattr(one, name)) for name in COUNTS))
                    for one in found.last_hour
                ),
            ]
        )
    for untried in found.untried:
        yield f"No carrier was asked: {untried.count} {untried.status}, {plain(untried.why)}"


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    width = max(len(line[0]) for line in lines)
    for first, *numbers in lines:
        cells = (cell.rjust(len(name)) for cell, name in zip(numbers, COUNTS, strict=True))
        yield "  ".join([first.ljust(width), *cells])


def _line(one: "ListedTry") -> str:
    """Return a try for a person's eyes: when, over what, by whom, what came of it."""
    more: dict[str, Any] = {
        "reason": one.reason,
        "ms": one.milliseconds,
        "receipt": one.fate,
        "to": one.range and f"{one.range}…",
        "message": one.status or "purged",
        "because": _end(one),
    }
    told = [f"{name}={word(value)}" for name, value in more.items() if value not in {None, ""}]
    words = (f"{one.channel:<8}", f"{plain(one.provider):<16}", f"{one.outcome:<14}")
    return "  ".join([_utc(one.at, "seconds"), *words, " ".join(told)])


def _end(one: "ListedTry") -> str:
    """Return why a message was given up, where the try itself does not say it."""
    why = one.why or ""
    is_over = one.status in {"failed", "expired"}
    return why if is_over and not (one.reason and one.reason in why) else ""


def _as_json(found: "Deliveries") -> str:
    longest = found.waiting.longest
    return json_line(
        {
            "waiting": {
                "messages": found.waiting.count,
                "longest_seconds": None if longest is None else longest.total_seconds(),
                "lacks_worker": found.lacks_worker,
            },
            "last_hour": [
                {"carrier": one.provider, **{name: getattr(one, name) for name in COUNTS}}
                for one in found.last_hour
            ],
            "untried": [
                {"message": one.status, "reason": one.why, "count": one.count}
                for one in found.untried
            ],
            "tries": [_try_as_json(one) for one in found.newest],
        }
    )


def _try_as_json(one: "ListedTry") -> dict[str, Any]:
    return {
        "id": one.id,
        "at": _utc(one.at, "microseconds"),
        "message_id": one.message_id,
        "channel": one.channel,
        "carrier": one.provider,
        "outcome": one.outcome,
        "reason": one.reason,
        "milliseconds": one.milliseconds,
        "receipt": one.fate,
        "range": one.range,
        "message": one.status,
        "message_reason": one.why or None,
    }


def _utc(at: datetime, to: str) -> str:
    return at.isoformat(timespec=to).replace("+00:00", "Z")
