"""`vestibule worker`: sends codes and notices, beside the web processes."""

from dataclasses import replace
from pathlib import Path

import click

from vestibule.cli.commands import DATABASE, KEY_FILE, opened, plainly


@click.command()
@DATABASE
@KEY_FILE
@click.option(
    "--hands",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="How many messages it sends at once.",
)
@plainly
def worker(database_url: str | None, key_file: Path | None, *, hands: int) -> None:
    """Send what is due until told to stop. Start as many as are needed, on any machine."""
    from vestibule.core.errors import ConfigurationError
    from vestibule.delivery import queue

    with opened(database_url, key_file) as parts:
        carrying, broker_url = parts.carrying, parts.settings.broker_url
        if carrying is None:
            raise ConfigurationError("nothing carries messages: name who does in VESTIBULE_ROUTES")
        if broker_url is None:
            raise ConfigurationError(
                "no broker is set: VESTIBULE_BROKER_URL, such as redis://localhost/0. Without one "
                "the web processes send by themselves, and need no worker"
            )
        click.echo(f"Sending for {parts.settings.realm}, {hands} at once. Ctrl-C ends it.")
        thread = replace(carrying.thread, hands=hands, patience=queue.SWEEP)
        queue.work(thread, broker_url, parts.settings.realm)
