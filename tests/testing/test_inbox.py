import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect, sync_playwright
from tests.whole import whole
from werkzeug.serving import make_server

from vestibule.flask import Vestibule
from vestibule.testing import FakeClock, Inbox
from vestibule.testing.inbox_page import Piece, pieces
from vestibule.testing.inbox_storage import KEPT, InboxMessage, InFile, InMemory

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUIET += ["--disable-component-update", "--disable-sync"]

LOCAL: dict[str, Any] = {"base_url": "http://localhost:5000"}

DELIVER = """
import sys
from vestibule.testing import Inbox
inbox = Inbox(sys.argv[1])
for n in range(20):
    inbox.deliver(channel="sms", to=sys.argv[2], text=str(n))
"""

ASK = """
import sys
from flask import Flask
from vestibule.testing import Inbox
app = Flask("host")
Inbox().init_app(app)
print(app.test_client().get(sys.argv[1], base_url="http://localhost:5000").status_code)
"""


@pytest.fixture
def inbox() -> Inbox:
    """An inbox in memory."""
    return Inbox(clock=FakeClock().now)


@pytest.fixture(params=["memory", "file"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Inbox:
    """An inbox; a test that asks for it runs once for each place to keep messages."""
    path = tmp_path / "inbox.jsonl" if request.param == "file" else None
    return Inbox(path, clock=FakeClock().now)


@pytest.fixture
def app(inbox: Inbox) -> Flask:
    """A host in development, with the inbox."""
    app = Flask("host")
    app.config["VESTIBULE_DEVELOPMENT"] = True
    inbox.init_app(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser on this machine."""
    return app.test_client()


def status(app: Flask, path: str, **how: Any) -> int:
    """Ask for a path, by default as a browser on this machine; return the status."""
    return app.test_client().get(path, buffered=True, **{**LOCAL, **how}).status_code


def a_message(number: int) -> InboxMessage:
    """Return a message with that id."""
    at = "2026-01-05T09:00:00+00:00"
    return InboxMessage(id=number, at=at, channel="sms", to="+1", subject=None, text="x")


class TestMessages:
    def test_newest_first(self, either: Inbox) -> None:
        """Messages are listed newest first."""
        either.deliver(channel="sms", to="+1", text="one")
        either.deliver(channel="email", to="a@b.test", subject="Hello", text="two")

        assert [(found.id, found.text) for found in either.messages] == [(2, "two"), (1, "one")]

    def test_keeps_what_was_said(self, either: Inbox) -> None:
        """A message comes out as it went in, whatever characters it holds."""
        text = 'Zeile 1\nZeile 2\u2028"قائمة"\x00 😀'

        either.deliver(channel="email", to="a@b.test", subject="Grüße", text=text)

        message = either.messages[0]
        assert ("email", "a@b.test", "Grüße", text) == (
            message.channel,
            message.to,
            message.subject,
            message.text,
        )

    def test_arrives_by_the_clock(self, either: Inbox) -> None:
        """A message arrives when the injected clock says."""
        either.deliver(channel="push", to="phone", text="x")

        assert either.messages[0].at == "2026-01-05T09:00:00+00:00"

    def test_arrives_when_told(self, either: Inbox) -> None:
        """A message may be dated, and is then shown in UTC."""
        moment = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))

        either.deliver(channel="call", to="+1", text="x", at=moment)

        assert either.messages[0].at == "2026-05-01T10:00:00+00:00"

    def test_has_a_clock_of_its_own(self) -> None:
        """Without a clock the machine's is asked."""
        inbox = Inbox()

        before = datetime.now(tz=UTC).replace(microsecond=0)
        inbox.deliver(channel="sms", to="+1", text="x")

        assert before <= datetime.fromisoformat(inbox.messages[0].at) <= datetime.now(tz=UTC)

    def test_knows_its_channels(self, either: Inbox) -> None:
        """A channel that does not exist is an error and leaves no message."""
        with pytest.raises(ValueError, match="carrier pigeon"):
            either.deliver(channel="carrier pigeon", to="+1", text="x")

        assert either.messages == ()

    def test_latest(self, either: Inbox) -> None:
        """The latest message can be asked for by person, by channel, by both."""
        either.deliver(channel="sms", to="anna", text="1")
        either.deliver(channel="email", to="anna", text="2")
        either.deliver(channel="sms", to="bert", text="3")

        found = [
            either.latest(),
            either.latest(to="anna"),
            either.latest(channel="sms"),
            either.latest(to="anna", channel="sms"),
        ]

        assert [message.text for message in found if message] == ["3", "2", "3", "1"]
        assert either.latest(to="carl") is None

    def test_clear(self, either: Inbox) -> None:
        """Clearing forgets everything, and the inbox goes on."""
        either.deliver(channel="sms", to="+1", text="old")
        either.clear()
        either.deliver(channel="sms", to="+1", text="new")

        assert [message.text for message in either.messages] == ["new"]

    def test_keeps_only_the_last(self, either: Inbox) -> None:
        """Only the last 200 messages are kept."""
        for number in range(KEPT + 5):
            either.deliver(channel="sms", to="+1", text=str(number))

        texts = [message.text for message in either.messages]
        assert (200, str(KEPT + 4), "5") == (len(texts), texts[0], texts[-1])

    @pytest.mark.parametrize("kind", ["memory", "file"])
    def test_one_at_a_time(self, kind: str, tmp_path: Path) -> None:
        """While one message is being put away, another waits its turn."""
        storage = InMemory() if kind == "memory" else InFile(tmp_path / "inbox.jsonl")
        arriving, overtaken = threading.Event(), threading.Event()
        found = []

        def slow(next_id: int) -> InboxMessage:
            arriving.set()
            found.append(overtaken.wait(0.3))
            return a_message(next_id)

        with ThreadPoolExecutor(2) as pool:
            pool.submit(storage.add, slow)
            arriving.wait(5)
            pool.submit(storage.add, a_message).add_done_callback(lambda _: overtaken.set())

        assert found == [False]
        assert [message.id for message in storage.read()] == [1, 2]

    def test_threads(self, either: Inbox) -> None:
        """Messages delivered by several threads at once are all kept, each with its own id."""
        with ThreadPoolExecutor(8) as pool:
            for number in range(100):
                pool.submit(either.deliver, channel="sms", to="+1", text=str(number))

        assert list(range(100, 0, -1)) == [message.id for message in either.messages]


class TestFile:
    def test_survives(self, tmp_path: Path) -> None:
        """What is in a file is there after a restart."""
        Inbox(tmp_path / "new folder" / "inbox.jsonl").deliver(channel="sms", to="+1", text="x")

        assert [
            message.text for message in Inbox(str(tmp_path / "new folder" / "inbox.jsonl")).messages
        ] == ["x"]

    def test_is_private(self, tmp_path: Path) -> None:
        """The file can be read by its owner alone."""
        path = tmp_path / "inbox.jsonl"

        Inbox(path).deliver(channel="sms", to="+1", text="x")

        assert path.stat().st_mode & 0o077 == 0

    def test_processes(self, tmp_path: Path) -> None:
        """Messages delivered by several processes at once are all kept, each with its own id."""
        path = tmp_path / "inbox.jsonl"
        command = [sys.executable, "-c", DELIVER, str(path)]

        running = [subprocess.Popen([*command, name]) for name in ("anna", "bert", "carl")]

        assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
        assert list(range(60, 0, -1)) == [message.id for message in Inbox(path).messages]

    def test_broken_line(self, tmp_path: Path) -> None:
        """A line that a crash broke off is passed over and spoils no other."""
        path = tmp_path / "inbox.jsonl"
        inbox = Inbox(path)
        inbox.deliver(channel="sms", to="+1", text="before")
        with path.open("a") as file:
            file.write('{"id": 2, "at": "20')

        inbox.deliver(channel="sms", to="+1", text="after")

        assert [message.text for message in inbox.messages] == ["after", "before"]


class TestPage:
    def test_shows_messages(self, client: FlaskClient, inbox: Inbox) -> None:
        """The page shows each message with its person, newest first."""
        inbox.deliver(channel="sms", to="+49 170 1", text="first")
        inbox.deliver(channel="whatsapp", to="+49 170 2", text="second")

        page = client.get("/inbox", **LOCAL).text

        assert page.index("second") < page.index("first")
        assert "+49 170 1" in page

    def test_json(self, client: FlaskClient, inbox: Inbox) -> None:
        """The same messages can be read as JSON."""
        inbox.deliver(channel="email", to="a@b.test", subject="Hello", text="x")

        assert json.loads(client.get("/inbox.json", **LOCAL).text) == {
            "messages": [
                {
                    "id": 1,
                    "at": "2026-01-05T09:00:00+00:00",
                    "channel": "email",
                    "to": "a@b.test",
                    "subject": "Hello",
                    "text": "x",
                }
            ]
        }

    @pytest.mark.row("ATK-46")
    def test_markup_stays_text(self, client: FlaskClient, inbox: Inbox) -> None:
        """Markup in any part of a message is shown and never run."""
        evil = "<script>alert(1)</script>"
        inbox.deliver(
            channel="email", to=evil, subject=evil, text=f'{evil} http://localhost/"{evil}'
        )

        response = client.get("/inbox", **LOCAL)

        assert "<script>" not in response.text
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]

    def test_is_not_kept(self, client: FlaskClient) -> None:
        """No browser and no cache keeps what is on the page."""
        for path in ("/inbox", "/inbox.json"):
            assert client.get(path, **LOCAL).headers["Cache-Control"] == "no-store"

    def test_own_files(self, app: Flask, client: FlaskClient) -> None:
        """The page's style and script are served, and nothing comes from elsewhere."""
        page = client.get("/inbox", **LOCAL).text

        for name in ("inbox.css", "inbox.js", "inbox.svg"):
            assert f'"/inbox/static/{name}"' in page
            assert status(app, f"/inbox/static/{name}") == 200
        assert "://" not in page


class TestLinks:
    @pytest.mark.parametrize(
        "address",
        [
            "http://localhost:5000/confirm?key=a&b=c",
            "https://127.0.0.1/x",
            "http://[::1]:5000/x",
            "HTTP://LOCALHOST/x",
        ],
    )
    def test_local(self, address: str) -> None:
        """A link to this machine can be followed; the full stop after it is not part of it."""
        assert list(pieces(f"Go to {address}.")) == [
            Piece("text", "Go to "),
            Piece("link", address),
            Piece("text", "."),
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "https://example.test/x",
            "http://localhost.example.test/",
            "http://localhost@example.test/",
            "http://someone@localhost/",
            "http://localhost:80@example.test/",
            "http://example.test\\@localhost/",
            "http://localhost\\@example.test/",
            "http://localhost:port/",
            "http://[::1/",
            "javascript:alert(1)//http",
            "ftp://localhost/x",
            "data:text/html,http",
        ],
    )
    def test_elsewhere(self, text: str) -> None:
        """What leads elsewhere, or does not say plainly where, is only text."""
        assert list(pieces(text)) == [Piece("text", text)]

    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("123456 is your code", ["123456"]),
            ("code: 12345678.", ["12345678"]),
            ("call +491701234567", []),
            ("@localhost #123456", []),
            ("order 12345", []),
            ("a123456", []),
        ],
    )
    def test_codes(self, text: str, codes: list[str]) -> None:
        """Digits that stand alone as a code are marked, other numbers are not."""
        found = list(pieces(text))

        assert codes == [piece.text for piece in found if piece.kind == "code"]
        assert text == "".join(piece.text for piece in found)


FORWARDED = [
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
    "True-Client-IP",
]


@pytest.mark.parametrize("path", ["/inbox", "/inbox.json", "/inbox/static/inbox.css"])
@pytest.mark.row("ATK-69")
class TestWhoMaySee:
    @pytest.mark.parametrize(
        "wish",
        [
            lambda app: setattr(app, "debug", True),
            lambda app: setattr(app, "testing", True),
            lambda app: app.config.update(VESTIBULE_DEVELOPMENT=True),
            lambda app: app.config.update(VESTIBULE_DEVELOPMENT="1"),
        ],
        ids=["debug", "testing", "setting", "environment"],
    )
    def test_development(self, wish: Callable[[Flask], None], path: str) -> None:
        """The inbox answers when development was asked for, in whichever way."""
        app = Flask("host")
        Inbox().init_app(app)
        wish(app)

        assert status(app, path) == 200

    @pytest.mark.parametrize(("asked", "answer"), [("1", 200), ("no", 404), ("", 404)])
    def test_the_environments_wish(self, asked: str, answer: int, path: str) -> None:
        """The inbox goes by what the environment asks of Vestibule, where the settings are mute."""
        ran = subprocess.run(
            [sys.executable, "-c", ASK, path],
            env={**os.environ, "VESTIBULE_DEVELOPMENT": asked},
            check=True,
            capture_output=True,
            text=True,
        )

        assert int(ran.stdout) == answer

    def test_an_application_with_vestibule(self, tmp_path: Path, path: str) -> None:
        """The inbox is there as Vestibule was started, whatever the settings say later."""
        app = Flask("host", instance_path=str(tmp_path))
        app.config.update(VESTIBULE_DEVELOPMENT="yes", VESTIBULE_LOGIN_KEYS=["user_id"])
        Inbox().init_app(app)
        Vestibule(app)
        app.config["VESTIBULE_DEVELOPMENT"] = "no"

        assert status(app, path) == 200

    @pytest.mark.parametrize("value", [None, False, "", "0", "false", "no", "ture", 2])
    def test_production(self, value: object, path: str) -> None:
        """The inbox is not there unless development was asked for plainly."""
        app = Flask("host")
        Inbox().init_app(app)
        app.config["VESTIBULE_DEVELOPMENT"] = value

        assert status(app, path) == 404

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:5000", "[::1]:5000"])
    def test_local_hosts(self, app: Flask, host: str, path: str) -> None:
        """The inbox answers to every name this machine has for itself, on any port."""
        assert status(app, path, headers={"Host": host}) == 200

    @pytest.mark.row("ATK-45")
    @pytest.mark.parametrize(
        "host",
        [
            "example.test",
            "localhost.example.test",
            "localhost:80.example.test",
            "127.0.0.1.example.test",
            "127.0.0.2",
            "0.0.0.0",  # noqa: S104 -- a name to refuse
            "[::1]x",
            "",
        ],
    )
    def test_other_hosts(self, app: Flask, host: str, path: str) -> None:
        """The inbox is not there under any other name."""
        assert status(app, path, headers={"Host": host}) in {400, 404}

    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    def test_loopback_peers(self, app: Flask, peer: str, path: str) -> None:
        """The inbox answers to a peer on this machine."""
        assert status(app, path, environ_base={"REMOTE_ADDR": peer}) == 200

    @pytest.mark.parametrize(
        "peer", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", ""]
    )
    def test_other_peers(self, app: Flask, peer: str, path: str) -> None:
        """The inbox is not there for a peer that is elsewhere, or that cannot be named."""
        assert status(app, path, environ_base={"REMOTE_ADDR": peer}) == 404

    @pytest.mark.row("ATK-16")
    @pytest.mark.parametrize("header", FORWARDED)
    def test_forwarded(self, app: Flask, header: str, path: str) -> None:
        """The inbox is not there for a request that was forwarded, wherever it says it is from."""
        assert status(app, path, headers={header: "127.0.0.1"}) == 404

    def test_old_protocol(self, app: Flask, path: str) -> None:
        """The inbox is not there for HTTP/1.0, which a silent proxy speaks and no browser does."""
        assert status(app, path, environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"}) == 404


@pytest.mark.browser
def test_live(app: Flask, inbox: Inbox, chromium: str) -> None:
    """An open page shows a message that arrives, without being reloaded by anyone."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/inbox")
            expect(page.get_by_text("No text message")).to_be_visible()
            page.evaluate("window.same = true")

            inbox.deliver(channel="sms", to="+49 170 1", text="654321 is your code")

            expect(page.get_by_role("button", name="654321")).to_be_visible()
            assert page.evaluate("window.same")
            browser.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
