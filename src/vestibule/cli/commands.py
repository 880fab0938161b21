"""What an operator types. Every refusal names the command or the setting that mends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from vestibule.bootstrap import Parts
    from vestibule.flask.state import State

Command = TypeVar("Command", bound=Callable[..., Any])

EXAMPLE = "--database-url sqlite:////var/lib/site/vestibule.db --key-file /etc/site/vestibule.keys"
DATABASE = click.option(
    "--database-url",
    envvar="VESTIBULE_DATABASE_URL",
    help="The database, such as sqlite:////var/lib/site/vestibule.db",
)
KEY_FILE = click.option(
    "--key-file",
    envvar="VESTIBULE_KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the keys.",
)
LOGIN_KEY = click.option(
    "--login-key",
    "login_keys",
    multiple=True,
    metavar="KEY",
    help="Without Flask-Login: the session key that holds the id of who is signed in.",
)


def plainly(command: Command) -> Command:
    """Let a command end with a sentence where it cannot do its work, never with a traceback."""

    @wraps(command)
    def speaking(*args: Any, **values: Any) -> Any:
        from vestibule.core.errors import VestibuleError
        from vestibule.secretbox import SealError

        try:
            return command(*args, **values)
        except (VestibuleError, SealError) as error:
            raise click.ClickException(str(error)) from error

    return speaking  # type: ignore[return-value]


@click.group()
@click.version_option(package_name="vestibule")
def group() -> None:
    """Two-factor login: set it up, look after it."""


@group.command()
@DATABASE
@KEY_FILE
@plainly
def init(database_url: str | None, key_file: Path | None) -> None:
    """Make the keys and the database, and print the two settings that name them."""
    from vestibule.bootstrap import operate

    url, file = _located(database_url, key_file)
    made = operate.initialise(url, file)
    click.echo(f"Keys      {'made' if made.made_keys else 'kept'}: {file.absolute()}")
    click.echo(
        f"Database  {'made' if made.made_store else 'kept'}: installation {made.installation[:8]}…"
    )
    if made.made_store and not made.made_keys:
        click.echo(
            "\nThe keys were there before, the database was not: nobody has a second step in it.\n"
            "If somebody had one, this is not that site's database: do not start the site on it."
        )
    click.echo("\nSet in your application's configuration or environment:\n")
    click.echo(f"  VESTIBULE_DATABASE_URL={made.database_url}")
    click.echo(f"  VESTIBULE_KEY_FILE={file.absolute()}")
    if made.database_url != url:
        click.echo("\n*** stands for the password that you typed.")
    click.echo("\nBack both up, but never to the same place: who has both has every secret.")


@group.group()
def db() -> None:
    """Look after the database's tables."""


@db.command()
@DATABASE
@click.argument("revision", default="head")
@plainly
def upgrade(database_url: str | None, revision: str) -> None:
    """Bring the tables forward to REVISION (the newest by default)."""
    from vestibule.bootstrap import operate

    click.echo(f"The database is at {operate.upgrade(_tables(database_url), revision)}.")


@db.command()
@DATABASE
@click.argument("revision")
@click.confirmation_option(prompt="Going back may delete data. Go on?")
@plainly
def downgrade(database_url: str | None, revision: str) -> None:
    """Bring the tables back to REVISION; `base` removes them."""
    from vestibule.bootstrap import operate

    at = operate.downgrade(_tables(database_url), revision)
    click.echo(f"The database is at {at or 'nothing'}.")


@group.command("rotate-keys")
@DATABASE
@KEY_FILE
@plainly
def rotate_keys(database_url: str | None, key_file: Path | None) -> None:
    """Add a new key and seal everything anew, while the site runs."""
    from vestibule.bootstrap import operate

    with opened(database_url, key_file) as parts:
        if parts.settings.keys is not None:
            raise click.UsageError(
                "The site's keys are in VESTIBULE_KEYS, and only keys in a file can be rotated. "
                "Write them into a file, unset VESTIBULE_KEYS, and set VESTIBULE_KEY_FILE."
            )
        if parts.settings.key_file is None:
            raise click.UsageError("Only keys in a file can be rotated: set VESTIBULE_KEY_FILE.")
        version, count = operate.rotate_keys(parts, Path(parts.settings.key_file))
    click.echo(f"Key {version} seals from now on; {count} values were sealed anew.")
    click.echo("Back the key file up. The older keys stay in it: older backups need them.")


@group.command("after-restore")
@DATABASE
@KEY_FILE
@click.confirmation_option(
    prompt="This signs everybody out and makes all recovery codes worthless. Go on?"
)
@plainly
def after_restore(database_url: str | None, key_file: Path | None) -> None:
    """Make a database that came from a backup safe, before the site opens again."""
    from vestibule.bootstrap import operate
    from vestibule.core.errors import StoreUnavailableError

    try:
        with opened(database_url, key_file) as parts:
            epoch = operate.after_restore(parts)
    except StoreUnavailableError as error:
        message = f"{error}. If the site is running, stop it first: it still holds the database."
        raise click.ClickException(message) from error
    click.echo(f"Done (epoch {epoch}). Nothing used since the backup was made can be used again.")
    click.echo("Restart the site. People sign in again and should make new recovery codes.")


@group.command("reset-limits")
@DATABASE
@KEY_FILE
@click.argument("subject")
@click.option("--by", required=True, help="Who does this; it stands in the audit trail.")
@click.option("--reason", required=True, help="Why; it stands in the audit trail.")
@plainly
def reset_limits(
    database_url: str | None, key_file: Path | None, subject: str, by: str, reason: str
) -> None:
    """Forget the wrong answers counted against SUBJECT."""
    with opened(database_url, key_file) as parts:
        if not parts.engine.enrolments(subject):
            click.echo(
                f"Note: {subject} has no second step in the realm {parts.settings.realm}. SUBJECT "
                "is the user's id, as subject_loader or get_id() gives it.",
                err=True,
            )
        parts.engine.reset_limits(subject, by=by, reason=reason)
    click.echo(f"The counts of {subject} are at nothing; the audit trail says who did this.")


@group.command()
@DATABASE
@KEY_FILE
@plainly
def purge(database_url: str | None, key_file: Path | None) -> None:
    """Delete what is over and of no more use. The audit trail is never touched."""
    from vestibule.bootstrap import operate

    with opened(database_url, key_file) as parts:
        counts = operate.purge(parts)
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))


@group.command()
@LOGIN_KEY
@click.option("--user", metavar="ID", help="Ask as this person, not as a stand-in.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="FAULT[:WHERE]",
    help="Leave out a finding that you have looked at.",
)
@click.option("--strict", is_flag=True, help="Fail for a warning, too.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
@plainly
def doctor(
    login_keys: tuple[str, ...],
    user: str | None,
    ignored: tuple[str, ...],
    *,
    strict: bool,
    in_json: bool,
) -> None:
    """Ask what the password alone opens, calling no view, and look for known faults.

    Ends with 1 where there is a hole.
    """
    from vestibule.cli import doctor as doctors
    from vestibule.cli.application import load_as_it_is, script_info

    app, refusal = load_as_it_is(script_info("doctor"))
    found = doctors.examine(app, refusal=refusal, login_keys=login_keys, user=user, ignored=ignored)
    click.echo(doctors.as_json(found) if in_json else doctors.as_text(found), nl=False)
    if found.fails(strict=strict):
        click.get_current_context().exit(1)


@group.command("try")
@LOGIN_KEY
@click.option("--port", default=5000, show_default=True, help="Where to serve, on this machine.")
@click.option("--keep", is_flag=True, help="Remember what people set up, in the instance folder.")
@plainly
def try_(login_keys: tuple[str, ...], port: int, *, keep: bool) -> None:
    """Serve your application with the second step on it, and no line written."""
    from vestibule.cli import trial
    from vestibule.cli.application import load_for_development, script_info

    app = load_for_development(script_info("try"))
    folder = Path(app.instance_path) if keep else None
    with trial.prepared(app, login_keys, folder) as ready:
        trial.serve(ready, port)


@contextmanager
def opened(database_url: str | None, key_file: Path | None) -> Iterator["Parts"]:
    """Lend the parts: of the application at hand, else of what the options name."""
    from vestibule.bootstrap import assemble, read_settings

    application = application_at_hand()
    if application is not None:
        yield application.parts
        return
    url, file = _located(database_url, key_file)
    settings = read_settings({"VESTIBULE_DATABASE_URL": url, "VESTIBULE_KEY_FILE": str(file)})
    parts = assemble(settings, application="vestibule", instance=Path.cwd())
    try:
        yield parts
    finally:
        if parts.carrying is not None:
            parts.carrying.stop()
        parts.database.close()


def application_at_hand() -> "State | None":
    """Return the application that `flask vestibule …` has loaded; a typed option goes before it.

    What the environment says does not: the application has read it too, and knows its realm.
    """
    from click.core import ParameterSource

    context = click.get_current_context()
    if context.find_root().info_name == "vestibule":
        return None
    if context.get_parameter_source("database_url") is ParameterSource.COMMANDLINE:
        return None
    from flask.cli import ScriptInfo

    from vestibule.bootstrap import started_by_operator
    from vestibule.flask.state import state_of

    info = context.find_object(ScriptInfo)
    if info is None:
        return None
    with started_by_operator():
        state = state_of(info.load_app())
    state.is_looked_at = True
    return state


def _located(database_url: str | None, key_file: Path | None) -> tuple[str, Path]:
    if database_url is None and key_file is None:
        raise click.UsageError(f"Name the database and the key file, for example:\n\n  {EXAMPLE}")
    if key_file is None:
        raise click.UsageError("Name the key file: --key-file, or VESTIBULE_KEY_FILE.")
    return _database(database_url), key_file


def _tables(database_url: str | None) -> str:
    """Return whose tables are meant: the application's at hand, else what the option names."""
    application = application_at_hand()
    return _database(database_url if application is None else application.settings.database_url)


def _database(database_url: str | None) -> str:
    if database_url is None:
        raise click.UsageError("Name the database: --database-url, or VESTIBULE_DATABASE_URL.")
    return database_url
