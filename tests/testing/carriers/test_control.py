import json
import os
import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.testing.carriers.customer import TO, Customer, a_text

from vestibule.delivery.http import HttpxHttp
from vestibule.testing.carriers import Carriers

Text = Callable[..., httpx.Response]
TWILIO = "twilio_messaging"


class TestSteering:
    """Whoever is another process steers it over HTTP."""

    def test_faults(self, http: httpx.Client, text: Text) -> None:
        """A fault is set, shown and healed over HTTP."""
        assert http.put(f"/_stand-in/faults/{TWILIO}", json={"status": 500}).status_code == 204
        assert http.get("/_stand-in/faults").json()[TWILIO]["status"] == 500
        assert text().status_code == 500

        assert http.delete(f"/_stand-in/faults/{TWILIO}").status_code == 204
        assert text().status_code == 201
        http.put(f"/_stand-in/faults/{TWILIO}", json={"status": 500})
        http.delete("/_stand-in/faults")
        assert http.get("/_stand-in/faults").json() == {}

    @pytest.mark.parametrize("said", ["", "[]", '{"sloow": 1}', '{"slow": "x"}'])
    def test_what_is_no_fault(self, http: httpx.Client, said: str) -> None:
        """What is no fault is refused in a sentence."""
        answer = http.put(f"/_stand-in/faults/{TWILIO}", content=said)

        assert answer.status_code == 400
        assert "fault" in answer.json()["error"]

    def test_no_such_carrier(self, http: httpx.Client) -> None:
        """A carrier that there is not is refused by its name."""
        answer = http.put("/_stand-in/faults/pigeon", json={})

        assert answer.status_code == 400
        assert "there is no carrier 'pigeon'" in answer.json()["error"]
        assert http.get("/_stand-in/settings/pigeon").status_code == 400
        assert http.get("/_stand-in/nothing").status_code == 404

    def test_counting(self, http: httpx.Client, text: Text) -> None:
        """How often each text was taken is counted over HTTP, too."""
        for body in ("one", "two", "one"):
            text(Body=body)

        told = http.get("/_stand-in/tally", params={"by": "to,text"}).json()
        assert sorted(told) == [[TO, "one", 2], [TO, "two", 1]]
        assert http.get("/_stand-in/tally", params={"by": "age"}).status_code == 400

    def test_messages(self, carriers: Carriers, http: httpx.Client, text: Text) -> None:
        """Messages are listed newest first, those to one person if asked, and forgotten."""
        text(Body="one")
        text(Body="two", To="+491701234568")
        text(Body="three")

        def listed(**by: str) -> list[str]:
            told = http.get("/messages.json", params=by).json()["messages"]
            return [message["text"] for message in told]

        assert listed() == ["three", "two", "one"]
        assert listed(to=TO) == ["three", "one"]
        assert listed(carrier=TWILIO, channel="sms", limit="1") == ["three"]
        assert listed(carrier="vonage") == []
        assert http.post("/_stand-in/settle").status_code == 204
        assert http.delete("/_stand-in/messages").status_code == 204
        assert listed() == []
        assert carriers.tally() == {}

    def test_another_site_steers_nothing(self, carriers: Carriers, http: httpx.Client) -> None:
        """A page of another site, in a browser on this machine, is answered nothing."""
        another = {"Origin": "https://evil.example"}
        sent = http.put(f"/_stand-in/faults/{TWILIO}", json={"slow": 30}, headers=another)

        assert sent.status_code == 404
        assert carriers.faults == {}

    def test_settings(self, carriers: Carriers, http: httpx.Client) -> None:
        """Settings are told over HTTP as they are in Python, of every carrier."""
        for name in carriers.names:
            assert http.get(f"/_stand-in/settings/{name}").json() == carriers.settings(name)


class TestPage:
    """A page shows what came."""

    def test_it_shows_messages(self, http: httpx.Client, text: Text) -> None:
        """A message is on the page, with its code marked and nothing in it taken for HTML."""
        text(
            Body="271828 is your code for <b>Shop</b>. http://127.0.0.1:5000/x https://a.example/y"
        )
        page = http.get("/")

        assert '<span class="code">271828</span>' in page.text
        assert "&lt;b&gt;Shop&lt;/b&gt;" in page.text
        assert '<a href="http://127.0.0.1:5000/x" rel="noreferrer">' in page.text
        assert '<a href="https://a.example' not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]

    def test_who_sends_no_receipts(
        self, carriers: Carriers, http: httpx.Client, text: Text
    ) -> None:
        """Nobody is told to wait for the receipt of a carrier that sends none."""
        with smtplib.SMTP("127.0.0.1", carriers.smtp_port, timeout=5) as server:
            server.sendmail("a@shop.example", "ada@post.example", "Subject: Hello\n\nAda")
        assert "it sends no receipts" in http.get("/").text

        carriers.clear()
        text()
        assert "it sends no receipts" not in http.get("/").text

    def test_it_is_there_before_any_message(self, http: httpx.Client) -> None:
        """The page and its style sheet are there before anything came."""
        assert "No message yet." in http.get("/").text
        assert http.get("/style.css").headers["Content-Type"].startswith("text/css")


class TestInPython:
    """What a test in Python asks."""

    def test_the_last_messages_are_kept_and_all_are_counted(self, customer: Customer) -> None:
        """Of each carrier the last messages are kept, and all are counted."""
        http = HttpxHttp()
        with Carriers(kept=2, site=customer) as carriers:
            for body in ("one", "two", "three"):
                http.ask(a_text(carriers, Body=body))
            assert [message.text for message in carriers.messages] == ["three", "two"]
            assert carriers.tally("carrier") == {(TWILIO,): 3}
        http.close()

    def test_waiting_for_a_message(self, carriers: Carriers, text: Text) -> None:
        """A test can wait for a message that another thread sends, and not for ever."""
        assert carriers.latest(to=TO, within=0.05) is None
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(carriers.latest, TO, "sms", within=5)
            text()
            message = waiting.result()
        assert message is not None
        assert message.to == TO

    def test_many_threads(self, carriers: Carriers) -> None:
        """Of messages from several threads none is lost, and none is counted twice."""
        http = HttpxHttp()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: http.ask(a_text(carriers, Body=str(n))), range(80)))
        http.close()

        assert carriers.tally("text") == {(str(n),): 1 for n in range(80)}
        assert len({message.id for message in carriers.messages}) == 80

    def test_another_address_has_another_recipient(self, carriers: Carriers, text: Text) -> None:
        """Whoever got nothing has no code."""
        text()
        assert carriers.recipient(TO).code() == "271828"
        with pytest.raises(LookupError, match=r"given carriers\.settings"):
            carriers.recipient("+491701234568").code()

    def test_it_is_asked_too_soon(self) -> None:
        """The address is not there before the start."""
        with pytest.raises(RuntimeError, match="not there yet"):
            _ = Carriers().url


def test_the_command() -> None:
    """The command says what to set for each carrier, takes messages, and ends with Ctrl-C."""
    command = [sys.executable, "-m", "vestibule.testing.carriers", "--port", "0"]
    with subprocess.Popen([*command, "--smtp-port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        read = process.stdout.readline
        first = read().decode()
        url = (re.findall(r"http://127\.0\.0\.1:[0-9]+", first) or [""])[0]
        told = {}
        while "VESTIBULE_SMTP_SENDER" not in told and (line := read().decode()):
            name, _, value = line.strip().partition("=")
            told[name] = value
        answer = httpx.get(f"{url}/messages.json")
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 0
    assert json.loads(answer.text) == {"messages": []}
    assert told["VESTIBULE_TWILIO_MESSAGING_URL"] == url
    assert told["VESTIBULE_SMTP_SENDER"] == "'Stand-in <no-reply@stand-in.example>'"


def test_the_command_without_what_takes_mail(tmp_path: Path) -> None:
    """Without aiosmtpd every other carrier is played, and it says so before what to set."""
    (tmp_path / "aiosmtpd.py").write_text("raise ModuleNotFoundError('no aiosmtpd')\n")
    command = [sys.executable, "-m", "vestibule.testing.carriers", "--port", "0"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        first, second, third = (process.stdout.readline().decode() for _ in range(3))
        url = re.findall(r"http://127\.0\.0\.1:[0-9]+", first)[0]
        mail = httpx.get(f"{url}/_stand-in/settings/smtp")
        vonage = httpx.get(f"{url}/_stand-in/settings/vonage")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()

        assert process.wait(10) == 0
    assert second == "No mail is played: that takes a library (pip install aiosmtpd).\n"
    assert third == "What to set:\n"
    assert "VESTIBULE_SMTP" not in rest
    assert vonage.status_code == 200
    assert (mail.status_code, "pip install aiosmtpd" in mail.json()["error"]) == (400, True)


def test_a_port_that_is_taken(carriers: Carriers) -> None:
    """The command says in a line that its port is taken."""
    port = carriers.url.rpartition(":")[2]
    command = [sys.executable, "-m", "vestibule.testing.carriers", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stdout.startswith("not started: ")
