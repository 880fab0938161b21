"""The SQLite file: one connection for each request that asks for one, in `g.db`."""

import sqlite3
from pathlib import Path

from flask import Flask, current_app, g


def init_app(app: Flask) -> None:
    """Make the tables that are missing, and close what a request opened."""
    Path(app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    app.teardown_appcontext(_close)
    with app.app_context(), app.open_resource("schema.sql", "rt") as schema:
        connection().executescript(schema.read())


def connection() -> sqlite3.Connection:
    """Return this request's connection, whose rows are read by name."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA foreign_keys = ON")
    opened: sqlite3.Connection = g.db
    return opened


def _close(_: BaseException | None) -> None:
    opened = g.pop("db", None)
    if opened is not None:
        opened.close()
