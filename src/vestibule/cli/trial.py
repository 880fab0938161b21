"""`flask vestibule try`: an application as it is, with the door on, served to this machine only."""

import errno
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import click
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from vestibule.cli.doctor import guess
from vestibule.cli.door import door_of, has_door, kept_apart, tells_logins
from vestibule.flask.state import State
from vestibule.testing import Inbox

HOST: Final = "127.0.0.1"
INBOX: Final = "/inbox"


class Trial(NamedTuple):
    """An application that is ready to be served, and what to say about it."""

    state: State
    has_own_door: bool
    has_inbox: bool
    folder: Path | None
    """Where everything is kept; None where nothing is."""


@contextmanager
def prepared(app: Flask, login_keys: Sequence[str], folder: Path | None) -> Iterator[Trial]:
    """Put the door on an application, in memory; keep what people set up in `folder`, or nowhere.

    Nothing of the application's own is changed, neither its files nor the store of its own door.
    """
    own = has_door(app)
    if not own:
        _refuse_unknown_login(app, login_keys)
    if not app.secret_key:
        raise click.ClickException(
            "The application has no SECRET_KEY, so nobody can sign in. Is it set only with "
            "--debug? Then: flask --app yours --debug vestibule try"
        )
    state = door_of(app, login_keys)
    if not state.settings.development:
        raise click.ClickException(
            "VESTIBULE_DEVELOPMENT is off in the application's configuration: take it out there."
        )
    # A browser keeps no Secure cookie that came over plain http.
    app.config.update(SESSION_COOKIE_SECURE=False, REMEMBER_COOKIE_SECURE=False)
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(kept_apart(state, kept))
        yield Trial(state, own, _with_inbox(app), folder)


def serve(trial: Trial, port: int) -> None:
    """Serve until stopped."""
    with _listen(port) as listener:
        port = listener.getsockname()[1]
        # Links in mails lead to this machine, wherever the application is served otherwise.
        here = f"http://localhost:{port}"
        trial.state.settings = replace(trial.state.settings, site_url=here)
        server: BaseWSGIServer = make_server(
            HOST, port, trial.state.app, threaded=True, fd=listener.fileno()
        )
        click.echo(greeting(trial, port))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()


def greeting(trial: Trial, port: int) -> str:
    """Return what somebody who has just started it wants to know."""
    site = f"http://localhost:{port}"
    prefix = trial.state.settings.url_prefix
    lines = [
        "",
        f"  Your site     {site}/",
        f"  Second step   {site}{prefix}/   sign in first, then set it up here",
    ]
    if trial.has_inbox:
        lines.append(f"  Inbox         {site}{INBOX}   plays the phone and the mailbox")
    if trial.folder is None:
        lines.append("  Kept          nowhere: forgotten when you stop (--keep remembers)")
    else:
        lines.append(f"  Kept          in {trial.folder}")
    lines += ["", "  Nothing of your application was changed. Stop with Ctrl-C.", ""]
    return "\n".join(lines)


def _with_inbox(app: Flask) -> bool:
    """Serve the inbox, unless the application has one, or another page at its address."""
    if "vestibule_inbox" in app.extensions:
        return True
    taken = {rule.rule for rule in app.url_map.iter_rules()}
    if {INBOX, f"{INBOX}.json"} & taken:
        app.extensions["vestibule_inbox"] = Inbox()
        return False
    Inbox().init_app(app)
    return True


def _refuse_unknown_login(app: Flask, login_keys: Sequence[str]) -> None:
    if tells_logins(app, login_keys):
        return
    found = guess.login_keys(app)
    key = found[0] if found else "user_id"
    seen = f" Your code puts it into session[{key!r}]." if found else ""
    raise click.ClickException(
        "There is no Flask-Login here, so say which session key holds the id of who is signed "
        f"in.{seen}\n\n  flask --app yours vestibule try --login-key {key}"
    )


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on this port, of this machine only."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise click.ClickException(
                f"Port {port} cannot be had. Choose another: --port {port + 1}"
            ) from error
        raise
    return listener
