"""Serve Porchlight on this machine, to look at and to work on: python -m examples.microblog.serve.

Everything it keeps is in instance/, beside this file. Remove that folder to begin anew.
"""

import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from vestibule.testing import Inbox
from vestibule.testing.carriers import Carriers

from . import create_app, demo, stand_in
from .models import db
from .settings import kept_secret

HOST = "127.0.0.1"
FOLDER = Path(__file__).with_name("instance")


def main() -> None:
    """Serve until stopped."""
    names = stand_in.wanted(os.environ.get("CARRIER", ""))
    with (
        listen(wanted_port(os.environ.get("PORT", "5000"))) as listener,
        stand_in.playing(names) as carriers,
    ):
        port = listener.getsockname()[1]
        app = prepare(FOLDER, port, carriers, names)
        server = make_server(HOST, port, app, threaded=True, fd=listener.fileno())
        print(greeting(app, FOLDER), flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def prepare(
    folder: Path, port: int, carriers: Carriers | None = None, names: Sequence[str] = ()
) -> Flask:
    """Return the application in development mode, with its tables made and its people in.

    Codes go through the named ones of `carriers`, where there are any; what nobody of them carries
    comes into the inbox.
    """
    app = create_app(
        {
            "DEVELOPMENT": True,
            "INSTANCE_PATH": folder,
            "SITE_URL": f"http://localhost:{port}",
            "VESTIBULE_DEVELOPMENT": True,
            "VESTIBULE_FACTORS": ["totp", "phone", "recovery_codes"],
            "VESTIBULE_ISSUER": "Porchlight",
            "VESTIBULE_SITE_URL": f"http://localhost:{port}",
            **(stand_in.settings_of(carriers, names) if carriers else {}),
        }
    )
    if carriers is not None:
        app.config["CARRIERS"] = f"{carriers.url}/ plays {', '.join(names)}"
    plug_in_inbox(app, folder / "inbox.json")
    with app.app_context():
        db.create_all()
        demo.settle(kept_secret(demo_password_file(folder), size=9))
    return app


def plug_in_inbox(app: Flask, file: Path) -> None:
    """Have mail arrive on a page of the site instead of in a mailbox."""
    inbox = Inbox(file)
    inbox.init_app(app)

    def deliver(*, to: str, subject: str, text: str) -> None:
        inbox.deliver(channel="email", to=to, subject=subject, text=text)

    app.extensions["mail"] = deliver
    app.config["INBOX_URL"] = "/inbox"


def greeting(app: Flask, folder: Path) -> str:
    """Return what somebody who has just started the site wants to know."""
    site = app.config["SITE_URL"]
    file = demo_password_file(folder)
    password = kept_secret(file)
    with app.app_context():
        shown = (
            password
            if demo.still_has(password)
            else "(changed since; remove the instance folder to begin anew)"
        )
    played = app.config.get("CARRIERS")
    messages = f"  Messages       {played}\n" if played else ""
    return f"""
  Porchlight     {site}
  Demo account   {demo.DEMO} or {demo.address(demo.DEMO)}
  Password       {shown}
  Inbox          {site}/inbox
{messages}
  Stop with Ctrl-C.
"""


def demo_password_file(folder: Path) -> Path:
    """Return where the demo account's first password is kept."""
    return folder / "demo_password"


def wanted_port(text: str) -> int:
    """Return the port this text names."""
    if not text.isdecimal() or not 0 <= int(text) < 2**16:
        raise SystemExit(f"PORT is {text!r}; it must be a number from 0 to 65535.")
    return int(text)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this port of this machine only."""
    if port and _is_answered(port):
        raise SystemExit(_taken(port))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SystemExit(_taken(port)) from None
        if error.errno == errno.EACCES:
            raise SystemExit(f"You may not use port {port}. Try PORT=5001.") from None
        raise
    return listener


def _is_answered(port: int) -> bool:
    """Say whether a browser sent to localhost would find another program there.

    A Mac lets us bind 127.0.0.1 although that program holds the port on every other address.
    """
    try:
        socket.create_connection(("localhost", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _taken(port: int) -> str:
    other = port + 1 if port < 2**16 - 1 else 5000
    return (
        f"Port {port} is taken by another program (on a Mac, port 5000 is often AirPlay's)."
        f"\nStop that program, or choose another port: PORT={other} make run"
    )


if __name__ == "__main__":
    main()
