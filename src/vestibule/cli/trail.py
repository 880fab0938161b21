"""`vestibule events`: the audit trail, searched and exported."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.terminal import json_line, plain, word

if TYPE_CHECKING:
    from vestibule.store.trail import Entry, Trail, Wanted

SHOWN: Final = 50
MOST: Final = 10_000
"""How many events may be asked for from the end; who wants more wants an export."""
LONGEST_AGENT: Final = 60
_AGO: Final = re.compile(r"(\d{1,6})([smhdw])")
_TIMES: Final = (
    "2026-05-01, 2026-05-01T08:30, 2026-05-01T08:30+02:00, or how long ago: 7d, 12h, 30m"
)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _known(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    """Return the names of events as they were given; refuse any other with those there are."""
    from vestibule.core.events import names

    unknown = [name for name in given if name not in names()]
    if unknown:
        message = f"{unknown[0]!r} is no event. There are: {', '.join(names())}"
        raise click.BadParameter(message, context, option)
    return given


def _time(context: click.Context, option: click.Parameter, given: str | None) -> Any:
    """Return a moment, in UTC where it says nothing else, or the time that has passed since."""
    if given is None:
        return None
    ago = _AGO.fullmatch(given)
    if ago is not None:
        return timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        message = f"{given!r} is no time. Write {_TIMES}."
        raise click.BadParameter(message, context, option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@DATABASE
@KEY_FILE
@click.option("--subject", help="Only what concerns this subject.")
@click.option("--name", "names", multiple=True, callback=_known, help="Only events so called.")
@click.option("--since", callback=_time, help=f"Only from then on: {_TIMES}.")
@click.option("--until", callback=_time, help="Only before then.")
@click.option("--address", help="Only what came from this network address.")
@click.option(
    "--last",
    type=click.IntRange(1, MOST),
    help=f"How many, counted from the newest. {SHOWN} by default; with --json all.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, oldest first.")
@plainly
def events(
    database_url: str | None,
    key_file: Path | None,
    *,
    last: int | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Search the audit trail, or export it. The newest event stands last."""
    from vestibule.store.trail import Trail

    with opened(database_url, key_file) as parts:
        wanted = _wanted(parts.settings.realm, parts.engine.now(), **asked)
        found = _found(Trail(parts.database), wanted, last, as_json=as_json)
        show, count = (_as_json if as_json else _as_line), 0
        for entry in found:
            click.echo(show(entry))
            count += 1
    if count == 0:
        click.echo(f"No event of the realm {plain(wanted.realm)} is like that.", err=True)


def _wanted(
    realm: str,
    now: datetime,
    *,
    subject: str | None,
    names: tuple[str, ...],
    since: datetime | timedelta | None,
    until: datetime | timedelta | None,
    address: str | None,
) -> "Wanted":
    from vestibule.store.trail import Wanted

    first, end = _moment(since, now), _moment(until, now)
    if first is not None and end is not None and first >= end:
        raise click.UsageError("Nothing is between --since and --until: the first is not earlier.")
    return Wanted(
        realm=realm, subject=subject, names=names, since=first, until=end, address=address
    )


def _moment(asked: datetime | timedelta | None, now: datetime) -> datetime | None:
    if not isinstance(asked, timedelta):
        return asked
    try:
        return now - asked
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _found(
    trail: "Trail", wanted: "Wanted", last: int | None, *, as_json: bool
) -> Iterable["Entry"]:
    """Return what is to be shown, the oldest first; an export is read as it is written out."""
    if as_json and last is None:
        return trail.whole(wanted)
    return trail.newest(wanted, last or SHOWN)


def _as_line(entry: "Entry") -> str:
    """Return an event for a person's eyes: when, what, whose, and what else is known."""
    agent = entry.agent[:LONGEST_AGENT] + "…" * (len(entry.agent) > LONGEST_AGENT)
    more = {"subject": entry.subject, **entry.data, "address": entry.address, "agent": agent}
    told = [f"{plain(name)}={word(value)}" for name, value in more.items() if value != ""]
    return "  ".join([_utc(entry.at, "seconds"), f"{plain(entry.name):<20}", " ".join(told)])


def _as_json(entry: "Entry") -> str:
    return json_line(
        {
            "id": entry.id,
            "at": _utc(entry.at, "microseconds"),
            "realm": entry.realm,
            "subject": entry.subject,
            "name": entry.name,
            "address": entry.address,
            "agent": entry.agent,
            "data": dict(entry.data),
        }
    )


def _utc(at: datetime, to: str) -> str:
    return at.isoformat(timespec=to).replace("+00:00", "Z")
