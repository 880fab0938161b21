from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.site import Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import calls_back, courier_of, courier_on

from vestibule.core.links import Errand
from vestibule.delivery.callbacks import Callbacks
from vestibule.delivery.courier import LEASE
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Parcel
from vestibule.delivery.rehearsal import Rehearsal

NUMBER = "+491701234567"


class Interrupted(Fake):
    """A carrier whose operator loses patience."""

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Be asked, and never heard."""
        del parcel, http
        self.counter.asked += 1
        raise KeyboardInterrupt


def test_a_test_that_was_broken_off_is_not_sent_later(letters_site: Site) -> None:
    """Who ends the command while a carrier is asked gets no second test from the site itself."""
    carrier = Interrupted("one")
    mine = courier_on(letters_site, sms=(carrier,))
    with pytest.raises(KeyboardInterrupt):
        Rehearsal(courier=mine, realm="default").send("sms", NUMBER)
    letters_site.fake.move(LEASE)

    assert mine.deliver_due() == 1

    assert carrier.counter.asked == 1
    assert [row["status"] for row in letters_site.rows("message")] == ["expired"]


def test_a_call_may_ask_for_its_script_longer_than_it_may_be_made(letters_site: Site) -> None:
    """Whoever picks up late hears the test all the same."""
    box = courier_of(letters_site).vault.box
    calls = Callbacks(base="https://site.test", realm="default", box=box)
    voice = Fake("voice")
    mine = courier_on(letters_site, call=(voice,))
    mine = replace(mine, dispatch=replace(mine.dispatch, callbacks=calls))

    test = Rehearsal(courier=mine, realm="default").send("call", NUMBER)
    letters_site.fake.move(timedelta(minutes=9))

    (parcel,) = voice.counter.taken
    token = str(parcel.script).rpartition("/")[2]
    assert calls_back(mine).message_named(Errand.SCRIPT, token) == test
    letters_site.fake.move(timedelta(minutes=1))
    assert calls_back(mine).message_named(Errand.SCRIPT, token) is None
