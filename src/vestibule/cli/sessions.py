"""`vestibule sessions` and `vestibule sign-out`: where somebody is signed in, and the end of it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.terminal import json_line, plain, word

if TYPE_CHECKING:
    from vestibule.core.session import Session


@click.command()
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, the newest first.")
@plainly
def sessions(
    database_url: str | None, key_file: Path | None, *, subject: str, as_json: bool
) -> None:
    """Say where SUBJECT is signed in by both steps, the newest first."""
    with opened(database_url, key_file) as parts:
        found = parts.engine.sessions(subject)
        realm = plain(parts.settings.realm)
    for session in found.told:
        click.echo(_as_json(session) if as_json else _as_line(session))
    if not found.told:
        click.echo(f"{plain(subject)} is signed in nowhere by both steps in {realm}.", err=True)
    if found.more:
        click.echo("There are more, older ones.", err=True)


@click.command("sign-out")
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@click.option("--reason", required=True, help="Why; it stands in the audit trail.")
@plainly
def sign_out(
    database_url: str | None, key_file: Path | None, *, subject: str, by: str, reason: str
) -> None:
    """End every session of SUBJECT; who comes back takes both steps again."""
    from vestibule.bootstrap.operate import OPERATOR

    name = plain(subject)
    with opened(database_url, key_file) as parts:
        count = parts.engine.sign_out(subject, OPERATOR, by=by, reason=reason)
        realm = plain(parts.settings.realm)
    if not count:
        raise click.ClickException(
            f"{name} is signed in nowhere by both steps in the realm {realm}. SUBJECT is the "
            "user's id, as subject_loader or get_id() gives it. Whoever has no second step is "
            "signed in by the application alone: end that there."
        )
    click.echo(f"Ended for {name}: {count}. The audit trail says who did this.")
    click.echo("Whoever has the password can begin anew, and is asked for the second step.")


def _as_line(session: "Session") -> str:
    """Return a session for a person's eyes."""
    more = {
        "factor": session.factor,
        "remembered": "yes" if session.remembered else "",
        "acting": session.acting_by,
        "agent": session.agent,
    }
    told = [f"{name}={word(value)}" for name, value in more.items() if value]
    since, used = _utc(session.signed_in_at), _utc(session.last_used_at)
    return "  ".join([f"signed in {since}", f"last used {used}", " ".join(told)])


def _as_json(session: "Session") -> str:
    return json_line(
        {
            "id": session.id,
            "signed_in_at": _utc(session.signed_in_at),
            "last_used_at": _utc(session.last_used_at),
            "remembered": session.remembered,
            "factor": session.factor,
            "acting_by": session.acting_by,
            "agent": session.agent,
        }
    )


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
