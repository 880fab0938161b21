"""`vestibule status`, with the people nobody knows any more, and `vestibule forget`."""

from pathlib import Path
from typing import Any, Final

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, application_at_hand, opened, plainly
from vestibule.cli.terminal import json_line, plain

EVERYBODY: Final = (
    "Nobody who is enrolled was found. If there are accounts, your user_loader wants something\n"
    "that only a request has: register @vestibule.subject_exists, and forget nobody before."
)


@click.command()
@DATABASE
@KEY_FILE
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@plainly
def status(database_url: str | None, key_file: Path | None, *, as_json: bool) -> None:
    """Say whether keys and database belong together and are up to date, and who is an orphan."""
    from vestibule.bootstrap import operate

    with opened(database_url, key_file) as parts:
        told = operate.describe(parts) | {"orphans": _orphans()}
    if as_json:
        click.echo(json_line({name.replace(" ", "_"): value for name, value in told.items()}))
        return
    for name, value in told.items():
        click.echo(f"{name:<22}{_in_words(value)}")


@click.command()
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@plainly
def forget(
    database_url: str | None, key_file: Path | None, *, subject: str, by: str, yes: bool
) -> None:
    """Delete everything of SUBJECT, whose account was deleted; the audit trail is kept."""
    from vestibule.bootstrap.operate import OPERATOR

    name = plain(subject)
    with opened(database_url, key_file) as parts:
        realm = plain(parts.settings.realm)
        if not yes:
            has = "a" if parts.engine.enrolments(subject) else "no"
            click.echo(f"{name} has {has} second step in the realm {realm}.{_account(subject)}")
            click.echo("From then on a password alone signs in, if the account is still there.")
            click.confirm(f"Delete everything of {name}?", abort=True)
        if not parts.engine.forget(subject, OPERATOR, by=by):
            raise click.ClickException(
                f"There is nothing of {name} in the realm {realm}. SUBJECT is the user's id, as "
                "subject_loader or get_id() gives it."
            )
    click.echo(f"Everything of {name} is deleted; the audit trail says who did this.")


def _orphans() -> dict[str, Any]:
    """Return how many orphans there are and the first of them, or why nobody knows."""
    from vestibule.core.errors import ConfigurationError

    application = application_at_hand()
    if application is None:
        return _unknown("Only the application knows its accounts: flask vestibule status.")
    from vestibule.flask import orphans

    try:
        found = orphans.find(application)
    except ConfigurationError as error:
        return _unknown(str(error))
    note = EVERYBODY if found.are_all else None
    return {"count": found.count, "of": found.of, "first": list(found.first), "note": note}


def _unknown(why: str) -> dict[str, Any]:
    return {"count": None, "of": None, "first": [], "note": why}


def has_account(subject: str) -> bool | None:
    """Say whether the application has such an account, None where nobody can tell."""
    from vestibule.core.errors import ConfigurationError

    application = application_at_hand()
    if application is None:
        return None
    from vestibule.flask import orphans

    try:
        with application.app.app_context():
            return bool(orphans.exists(application, subject))
    except ConfigurationError:
        return None


def _account(subject: str) -> str:
    """Return a warning where the application still has such an account, or cannot say."""
    if application_at_hand() is None:
        return ""
    known = has_account(subject)
    if known is None:
        return (
            " THE APPLICATION CANNOT SAY whether the account is still there: register "
            "@vestibule.subject_exists."
        )
    return " THE APPLICATION STILL HAS THIS ACCOUNT." if known else ""


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return _orphans_in_words(**value)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "none" if value is None else str(value)


def _orphans_in_words(count: int | None, of: int | None, first: list[str], note: str | None) -> str:
    if count is None:
        return f"not known. {note}"
    more = ", …" if count > len(first) else ""
    named = f": {', '.join(map(plain, first))}{more}" if count else ""
    return f"{count} of {of}{named}" + (f"\n{note}" if note else "")
