from pathlib import Path

from flask import Flask, Response, send_file
from tests.whole import whole
from werkzeug.test import create_environ, run_wsgi_app


def test_file_closed(tmp_path: Path) -> None:
    """A file is closed before its first byte goes out, so that no browser can leave it open."""
    path = tmp_path / "picture.svg"
    path.write_bytes(b"<svg/>")
    app = Flask("pictures")

    with path.open("rb") as file:

        @app.get("/")
        def picture() -> Response:
            return send_file(file, "image/svg+xml")

        parts, status, _ = run_wsgi_app(whole(app), create_environ("/"))

        assert file.closed
    assert (b"".join(parts), status) == (b"<svg/>", "200 OK")
