"""`vestibule fraud`: how many codes come back from where, what they cost, and what is stopped."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.terminal import json_line, plain

if TYPE_CHECKING:
    from vestibule.bootstrap.fraud import Report
    from vestibule.core.conversion import Area
    from vestibule.core.traffic import Traffic

HEADINGS = ("numbers", "carrier", "sent", "delivered", "unsure", "awaited", "came back", "part")


@click.group()
def fraud() -> None:
    """Look whether codes to phones come back, and what they cost."""


@fraud.command("report")
@DATABASE
@KEY_FILE
@click.option(
    "--days",
    type=click.IntRange(1, 30),
    default=7,
    show_default=True,
    help="How far to look back: after 30 days messages are purged.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@plainly
def report_(database_url: str | None, key_file: Path | None, *, days: int, as_json: bool) -> None:
    """Say by area and carrier what was sent, what came back, what is stopped, and what today cost.

    Awaited are the codes for strangers and new numbers: of the others nobody asks. Of unsure tries
    no carrier has said whether it took the message.
    """
    from vestibule.bootstrap.fraud import report

    with opened(database_url, key_file) as parts:
        found = report(parts, days)
    click.echo(_as_json(found) if as_json else "\n".join(_as_text(found)))


@fraud.command()
@DATABASE
@KEY_FILE
@click.argument("area")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@plainly
def resume(database_url: str | None, key_file: Path | None, *, area: str, by: str) -> None:
    """Let codes go again to numbers that begin with AREA, such as +4917012."""
    from vestibule.bootstrap.fraud import resume

    with opened(database_url, key_file) as parts:
        resume(parts, area, by=by)
    click.echo(f"{plain(area)} goes on as before; the audit trail says who did this.")


def _as_text(found: "Report") -> Iterator[str]:
    yield f"Codes to phones in the last {found.days} days"
    yield ""
    lines = [HEADINGS, *(_line(one) for one in found.traffic)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        yield "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)  # noqa: PLR2004 - names, then numbers
            for at, (cell, width) in enumerate(cells)
        ).rstrip()
    yield ""
    limit = "" if found.per_day is None else f" of {found.per_day:g}"
    yield f"Spent today (UTC): {found.spent:.2f}{limit}"
    yield from _unpaid(found)
    yield from _stopped(found)


def _line(one: "Traffic") -> Sequence[str]:
    part = "" if one.conversion is None else f"{one.conversion:.0%}"
    counts = (one.sent, one.delivered, one.unsure, one.awaited, one.returned)
    return (one.area, plain(one.provider) or "all", *map(str, counts), part)


def _unpaid(found: "Report") -> Iterator[str]:
    """Say what the rest of the day's money does not reach for, and for whom."""
    if found.refused_strangers:
        yield (
            "Until midnight (UTC) strangers and new numbers are refused: "
            f"{', '.join(found.refused_strangers)}. Four fifths of the money are theirs."
        )
    if found.refused_all:
        yield f"Until then known browsers are refused, too: {', '.join(found.refused_all)}."


def _stopped(found: "Report") -> Iterator[str]:
    if not found.stopped:
        yield "No area is stopped."
    for area in found.stopped:
        whom = "strangers" if area.whose == "stranger" else "new numbers"
        yield f"Stopped: {area.name} for {whom} until {_until(area)}"
    for area in found.put_last:
        yield f"Last: {plain(area.provider)} in {area.name} until {_until(area)}"
    if found.stopped or found.put_last:
        yield "Once you know why: vestibule fraud resume AREA --by NAME"


def _until(area: "Area") -> str:
    until = area.stopped_until
    return until.isoformat(timespec="seconds").replace("+00:00", "Z") if until else ""


def _as_json(found: "Report") -> str:
    return json_line(
        {
            "days": found.days,
            "spent_today": round(found.spent, 6),
            "spend_per_day": found.per_day,
            "refused_strangers": list(found.refused_strangers),
            "refused_all": list(found.refused_all),
            "areas": [
                {
                    "area": one.area,
                    "provider": one.provider or None,
                    "sent": one.sent,
                    "delivered": one.delivered,
                    "unsure": one.unsure,
                    "awaited": one.awaited,
                    "came_back": one.returned,
                    "conversion": one.conversion,
                }
                for one in found.traffic
            ],
            "stopped": [
                {"area": area.name, "whose": area.whose, "until": _until(area)}
                for area in found.stopped
            ],
            "put_last": [
                {"area": area.name, "provider": area.provider, "until": _until(area)}
                for area in found.put_last
            ],
        }
    )
