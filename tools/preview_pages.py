"""Show Vestibule's pages without the engine: every page, every state, three languages.

Alone it serves them at http://localhost:5999; --shoot DIR draws them as PNG files, --check looks
for what must not be there. Drawing and checking want Chromium; checking also axe-playwright-python.
"""

import argparse
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request

from preview_languages import LANGUAGES
from preview_samples import CODES, pages, today
from vestibule.core import registry
from vestibule.flask.templating import loader_of

HOUSE = Path(__file__).parents[1] / "src" / "vestibule" / "flask"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'"
)


def create_app() -> Flask:
    """Return an application that shows the real templates with sample contexts."""
    app = Flask(__name__, static_folder=None)
    ours = Blueprint(
        "vestibule",
        __name__,
        static_folder=str(HOUSE / "static"),
        static_url_path="/vestibule/static",
    )
    ours.jinja_loader = loader_of(registry.types(registry.house_names()))
    app.register_blueprint(ours)
    app.extensions["preview_sent"] = []
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/<language>/<name>", view_func=show, methods=["GET", "POST"])
    app.add_url_rule("/sent", view_func=sent, methods=["POST"])
    app.add_url_rule("/download", view_func=download, methods=["POST"])
    app.after_request(harden)
    return app


def index() -> str:
    """List the pages."""
    rows = [
        f'<li>{language}: <a href="/{language}/{name}">{name}</a>'
        for language in LANGUAGES
        for name in pages(LANGUAGES[language], today())
    ]
    return "<!doctype html><title>Pages</title><ul>" + "\n".join(rows) + "</ul>"


def show(language: str, name: str) -> str:
    """Render one page in one language."""
    if language not in LANGUAGES:
        abort(404)
    page = pages(LANGUAGES[language], today()).get(name)
    if page is None:
        abort(404)
    return render_template(f"vestibule/{page.template}", **page.context)


def sent() -> str:
    """Remember what was posted, so that a browser can be asked whether it posted twice."""
    current_app.extensions["preview_sent"].append(request.form.to_dict())
    return "<!doctype html><title>Sent</title><p>Sent."


def download() -> Response:
    """Return the sample recovery codes as a file."""
    attachment = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
    return Response("\n".join(CODES), mimetype="text/plain", headers=attachment)


def harden(response: Response) -> Response:
    """Set the policy the pages must live with."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"  # so that what is seen is what is on disk
    return response


def main() -> int:
    """Serve, draw or check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoot", metavar="DIR", type=Path, help="draw all pages into DIR")
    parser.add_argument("--only", metavar="TEXT", default="", help="pages whose name holds TEXT")
    parser.add_argument("--check", action="store_true", help="accessibility, policy, words, weight")
    parser.add_argument("--port", type=int, default=5999)
    options = parser.parse_args()
    app = create_app()
    if options.shoot or options.check:
        from preview_browser import check, served, shoot

        with served(app) as root:
            if options.shoot:
                shoot(root, options.shoot, options.only)
            return check(root, options.only) if options.check else 0
    app.run(port=options.port)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
