"""`make run CARRIER=…`: the microblog, its codes through carriers that are played."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from examples.microblog import demo, serve, stand_in
from examples.microblog.models import db
from flask import Flask
from sqlalchemy import select
from tests.examples.test_microblog import Browser

from vestibule.delivery.waiting import wait_until_over
from vestibule.flask.state import state_of
from vestibule.store import tables
from vestibule.testing.carriers import Carriers
from vestibule.testing.inbox import Inbox

JSON = {"Accept": "application/json"}
NUMBER = "+491701234567"


@contextmanager
def served(folder: Path, *names: str) -> Iterator[tuple[Flask, Carriers]]:
    """The site as it is served, with the carriers that are named."""
    with stand_in.playing(names) as carriers:
        assert carriers is not None
        app = serve.prepare(folder, 5000, carriers, names)
        carriers.reach(app)
        yield app, carriers
        state_of(app).close()
        carriers.settle()
        with app.app_context():
            db.engine.dispose()


def signed_in(app: Flask, folder: Path) -> Browser:
    """The demo account's owner, who has given the password."""
    browser = Browser(app)
    browser.sign_in(demo.DEMO, (folder / "demo_password").read_text().strip())
    return browser


def code(app: Flask, carriers: Carriers, to: str) -> str:
    """The newest code that came, once nothing is on its way any more."""
    courier, message = state_of(app).parts.courier, carriers.latest(to=to, within=10)
    assert courier is not None
    assert message is not None
    for row in rows_of(app):
        wait_until_over(courier.outbox, row, 10)
    return carriers.recipient(to).code()


def rows_of(app: Flask) -> list[str]:
    """The ids of all that was to be sent."""
    with state_of(app).parts.database.read() as connection:
        return list(connection.execute(select(tables.message.c.id)).scalars())


@pytest.mark.parametrize("carrier", ["twilio_messaging", "signalwire", "twilio_verify"])
def test_a_number_is_added_and_used(tmp_path: Path, carrier: str) -> None:
    """The demo account adds a number by a code through that carrier, and signs in by another."""
    with served(tmp_path, carrier) as (app, carriers):
        browser = signed_in(app, tmp_path)
        number = {"number": NUMBER, "country": "DE"}
        browser.client.post("/two-step/add/phone", json=number, headers=JSON)
        typed = {"code": code(app, carriers, NUMBER)}
        added = browser.client.post("/two-step/setup", json=typed, headers=JSON)
        assert added.status_code == 200, added.text

        again = signed_in(app, tmp_path)
        assert not again.is_signed_in()
        typed = {"code": code(app, carriers, NUMBER)}
        let_in = again.client.post("/two-step/login", json=typed, headers=JSON)
        assert let_in.status_code == 200, let_in.text
        assert again.is_signed_in()
        assert {message.carrier for message in carriers.messages} == {carrier}


def test_mail_goes_to_the_mail_server(tmp_path: Path) -> None:
    """With a mail server among them codes go by mail, too, and what nobody carries to the inbox."""
    with served(tmp_path, "smtp") as (app, carriers):
        browser = signed_in(app, tmp_path)
        address = {"address": "grace@shop.example"}
        browser.client.post("/two-step/add/email", json=address, headers=JSON)
        assert len(code(app, carriers, "grace@shop.example")) == 6

        number = {"number": NUMBER, "country": "DE"}
        browser.client.post("/two-step/add/phone", json=number, headers=JSON)
        inbox = app.extensions["vestibule_inbox"]
        assert isinstance(inbox, Inbox)
        assert carriers.latest(to=NUMBER) is None


def test_where_messages_are_seen_is_printed(tmp_path: Path) -> None:
    """Whoever starts it is told the page on which messages are seen; without a carrier nothing."""
    with served(tmp_path, "twilio_messaging", "smtp") as (app, carriers):
        told = serve.greeting(app, tmp_path)

        assert f"Messages       {carriers.url}/ plays twilio_messaging, smtp" in told
    with stand_in.playing(stand_in.wanted("")) as nobody:
        assert nobody is None


def test_a_carrier_that_is_none_is_refused() -> None:
    """A misspelled carrier is named, with those that there are."""
    with (
        pytest.raises(SystemExit, match=r"CARRIER names twillio; there are .*twilio_messaging"),
        stand_in.playing(stand_in.wanted("twillio, smtp")),
    ):
        pass
