"""The notes: everybody sees, changes and deletes his own, and no others."""

import sqlite3

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .auth import login_required
from .database import connection

LONGEST_TITLE, LONGEST_BODY = 100, 10_000

blueprint = Blueprint("notes", __name__)


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """List the notes, the last changed first."""
    own = "SELECT * FROM note WHERE user_id = ? ORDER BY changed_at DESC, id DESC"
    return render_template("notes.html", notes=connection().execute(own, (g.user["id"],)))


@blueprint.route("/new", methods=["GET", "POST"])
@login_required
def create() -> ResponseReturnValue:
    """Write a note."""
    if request.method == "GET":
        return render_template("note.html", note=None)
    title, body, problem = _read_form()
    if problem:
        return render_template("note.html", note=None, problem=problem), 422
    with connection() as db:
        statement = "INSERT INTO note (user_id, title, body) VALUES (?, ?, ?)"
        db.execute(statement, (g.user["id"], title, body))
    return redirect(url_for(".index"))


@blueprint.route("/<int(max=9223372036854775807):note_id>", methods=["GET", "POST"])
@login_required
def edit(note_id: int) -> ResponseReturnValue:
    """Change a note."""
    note = _own_note(note_id)
    if request.method == "GET":
        return render_template("note.html", note=note)
    title, body, problem = _read_form()
    if problem:
        return render_template("note.html", note=note, problem=problem), 422
    with connection() as db:
        db.execute(
            "UPDATE note SET title = ?, body = ?, changed_at = CURRENT_TIMESTAMP WHERE id = ?",
            (title, body, note_id),
        )
    return redirect(url_for(".index"))


@blueprint.post("/<int(max=9223372036854775807):note_id>/delete")
@login_required
def delete(note_id: int) -> ResponseReturnValue:
    """Throw a note away."""
    _own_note(note_id)
    with connection() as db:
        db.execute("DELETE FROM note WHERE id = ?", (note_id,))
    flash("The note is gone.")
    return redirect(url_for(".index"))


def _own_note(note_id: int) -> sqlite3.Row:
    """Return the note; to others than its owner there is none."""
    statement = "SELECT * FROM note WHERE id = ? AND user_id = ?"
    note: sqlite3.Row | None = connection().execute(statement, (note_id, g.user["id"])).fetchone()
    if note is None:
        abort(404)
    return note


def _read_form() -> tuple[str, str, str | None]:
    """Return title and body as sent, and what is wrong with them."""
    title = request.form["title"].strip()
    body = request.form["body"].replace("\r\n", "\n").strip()
    if not title:
        return title, body, "A note needs a title."
    if len(title) > LONGEST_TITLE or len(body) > LONGEST_BODY:
        return title, body, f"At most {LONGEST_TITLE} and {LONGEST_BODY} characters fit."
    return title, body, None
