"""`vestibule reset` and `vestibule cancel-reset`: for whoever has lost every way."""

from pathlib import Path

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly
from vestibule.cli.people import has_account
from vestibule.cli.terminal import plain


@click.command()
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@click.option("--reason", required=True, help="Why; it stands in the audit trail.")
@click.option("--first", is_flag=True, help="SUBJECT must set up a first way, and has none.")
@click.option("--at-once", is_flag=True, help="Let nobody object: all that was set up ends now.")
@plainly
def reset(
    database_url: str | None,
    key_file: Path | None,
    *,
    subject: str,
    by: str,
    reason: str,
    first: bool,
    at_once: bool,
) -> None:
    """Give SUBJECT, who has lost every way, a one-time ticket to set up two-step login anew."""
    name = plain(subject)
    if first and has_account(subject) is False:
        raise click.ClickException(
            f"The application has no account {name}. SUBJECT is the user's id, as subject_loader "
            "or get_id() gives it."
        )
    with opened(database_url, key_file) as parts:
        if at_once:
            click.echo(f"Everything {name} has set up ends now, and every session with it.")
            click.echo("Whoever has talked you into this gets in with the ticket and the password.")
            typed = click.prompt("Type the subject once more to go on")
            if typed != subject:
                raise click.ClickException("That is another subject. Nothing was changed.")
        made = parts.engine.reset(subject, by=by, reason=reason, at_once=at_once, obliged=first)
        realm = plain(parts.settings.realm)
    if made is None:
        raise click.ClickException(
            f"{name} has no second step in the realm {realm}: the password is enough. SUBJECT is "
            "the user's id, as subject_loader or get_id() gives it. Of somebody who must set up a "
            "first one, say --first."
        )
    click.echo(f"Ticket       {made.ticket}")
    click.echo(f"Valid from   {made.valid_from:%Y-%m-%d, %H:%M} UTC")
    click.echo(f"Valid until  {made.valid_until:%Y-%m-%d, %H:%M} UTC")
    click.echo("Its owner is told by notice, if somebody carries your mail.")
    click.echo(
        "\nIt is shown only here. Hand it over in person or by post, to nobody you do not know.\n"
        "With the password it opens, once, the page on which a new way is set up. Whoever sets up\n"
        "none needs another ticket. Any ticket from before is worthless now."
    )


@click.command("cancel-reset")
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@plainly
def cancel_reset(database_url: str | None, key_file: Path | None, *, subject: str, by: str) -> None:
    """Make the ticket of SUBJECT worthless; what was set up before it stays."""
    name = plain(subject)
    with opened(database_url, key_file) as parts:
        if not parts.engine.cancel_reset(subject, by=by):
            raise click.ClickException(
                f"{name} has no ticket that can be cancelled: there is none, or nothing else would "
                "be left between the password and the account."
            )
    click.echo(f"The ticket of {name} is worthless now; the audit trail says who did this.")
