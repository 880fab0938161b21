"""The commands: `vestibule …`, and `flask vestibule …` with the application's own settings.

Import-light: a command imports what it needs when it runs.
"""

from vestibule.cli.commands import group as group
from vestibule.cli.deliveries import deliveries
from vestibule.cli.fraud import fraud
from vestibule.cli.helpdesk import cancel_reset, reset
from vestibule.cli.people import forget, status
from vestibule.cli.send_test import send_test
from vestibule.cli.sessions import sessions, sign_out
from vestibule.cli.trail import events
from vestibule.cli.worker import worker

for command in (
    cancel_reset,
    deliveries,
    events,
    forget,
    fraud,
    reset,
    send_test,
    sessions,
    sign_out,
    status,
    worker,
):
    group.add_command(command)


def main() -> None:
    """Run a command from a shell."""
    group(prog_name="vestibule")


__all__ = ["group", "main"]
