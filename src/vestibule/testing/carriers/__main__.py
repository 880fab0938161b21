"""Serve the stand-in until Ctrl-C, and say what to set: `python -m vestibule.testing.carriers`."""

import argparse
import signal
from threading import Event

from vestibule.core.errors import ConfigurationError
from vestibule.testing.carriers import mail
from vestibule.testing.carriers.stand_in import KEPT, Carriers


def main() -> int:
    """Serve; return what the command ends with."""
    asked = _arguments()
    carriers = Carriers(
        port=asked.port,
        # Mail is played only where something takes it; everything else goes on without.
        smtp_port=asked.smtp_port if mail.is_installed() else 0,
        smtp_security=asked.smtp_security,
        kept=asked.kept,
        pause=asked.pause,
        site=asked.site,
    )
    try:
        carriers.start()
    except (OSError, ConfigurationError) as error:
        print(f"not started: {error}")  # noqa: T201 -- a command says what it does
        return 1
    ended = Event()
    # Also where it was started in the background, where a shell has Ctrl-C ignored.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: ended.set())
    print(_told(carriers), flush=True)  # noqa: T201
    ended.wait()
    carriers.stop()
    return 0


def _told(carriers: Carriers) -> str:
    """Return what to set for each carrier, in lines that a .env file takes."""
    lines = [f"Messages are shown at {carriers.url}/ until Ctrl-C."]
    names = list(carriers.names)
    if not mail.is_installed():
        names.remove(mail.NAME)
        lines.append("No mail is played: that takes a library (pip install aiosmtpd).")
    lines.append("What to set:")
    for name in names:
        lines += ["", f"# {name}"]
        lines += [f"{key}={_quoted(value)}" for key, value in carriers.settings(name).items()]
    return "\n".join(lines)


def _quoted(value: object) -> str:
    text = str(value)
    return f"'{text}'" if set(text) & set(' <>{}"') else text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m vestibule.testing.carriers",
        description="Plays every carrier on this machine. For development and tests only.",
    )
    parser.add_argument("--port", type=int, default=5050, help="of HTTP (default: 5050)")
    parser.add_argument("--smtp-port", type=int, default=5025, help="of mail (default: 5025)")
    parser.add_argument(
        "--smtp-security",
        choices=("none", "starttls", "tls"),
        default="none",
        help="with a certificate of its own (default: none)",
    )
    parser.add_argument(
        "--kept", type=int, default=KEPT, help=f"messages of each carrier (default: {KEPT})"
    )
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds before each receipt (default: 1)"
    )
    parser.add_argument(
        "--site",
        default="",
        help="where the application is, if its VESTIBULE_SITE_URL is not on this machine: "
        "http://127.0.0.1:5000",
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
