"""The commands: `vestibule …`, and `flask vestibule …` with the application's own settings.

Import-light: a command imports what it needs when it runs.
"""

from vestibule.cli.commands import group as group
from vestibule.cli.helpdesk import cancel_reset, reset
from vestibule.cli.people import forget, status
from vestibule.cli.sessions import sessions, sign_out
from vestibule.cli.trail import events

for command in (cancel_reset, events, forget, reset, sessions, sign_out, status):
    group.add_command(command)


def main() -> None:
    """Run a command from a shell."""
    group(prog_name="vestibule")


__all__ = ["group", "main"]
