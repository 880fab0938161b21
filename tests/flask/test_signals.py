"""Receivers of our signals: heard after the commit, and what one of them does wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from blinker import NamedSignal
from tests.flask.shop import Shop

from vestibule.flask import event_recorded, login_completed, login_paused

SIGNALS = [event_recorded, login_paused, login_completed]
Open = Callable[..., Shop]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a shop of those settings."""
    with ExitStack() as stack:

        def open_shop(**config: Any) -> Shop:
            shop = Shop.open(tmp_path, **config)
            stack.callback(shop.close)
            return shop

        yield open_shop


def fail(sender: object, **said: object) -> None:
    """Fail, whatever is said."""
    raise LookupError("the receiver's own trouble")


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@pytest.mark.parametrize("propagates", [None, True])
def test_a_receiver_that_fails_keeps_nobody_out(
    opened: Open, caplog: pytest.LogCaptureFixture, signal: NamedSignal, *, propagates: bool | None
) -> None:
    """In production a login is finished whatever a receiver raises, and the log says of what."""
    shop = opened(production=True, PROPAGATE_EXCEPTIONS=propagates)
    browser = shop.browser().join()

    with signal.connected_to(fail, shop.app):
        browser.sign_out().wait()
        assert browser.send("/two-step/login", code=browser.next_code()).status_code == 303

    assert browser.is_signed_in()
    assert "LookupError: the receiver's own trouble" in caplog.text
    about = {
        event_recorded: "answer_accepted",
        login_paused: "a login that waits",
        login_completed: "a login",
    }
    expected = f"a receiver of the signal {signal.name} failed; {about[signal]} stands"
    assert any(r.getMessage().startswith(expected) and r.name == "shop" for r in caplog.records)


def two_that_fail(told: set[str]) -> list[Callable[..., None]]:
    """Return receivers that note that they were told, and fail."""

    def one(sender: object, **said: object) -> None:
        told.add("one")
        fail(sender, **said)

    def other(sender: object, **said: object) -> None:
        told.add("other")
        fail(sender, **said)

    return [one, other]


def test_the_others_hear_of_it_all_the_same(opened: Open) -> None:
    """A receiver that fails keeps no other from hearing, in whichever order they are called."""
    shop, told = opened(production=True), set[str]()
    with ExitStack() as stack:
        for receiver in two_that_fail(told):
            stack.enter_context(event_recorded.connected_to(receiver, shop.app))
        shop.browser().join()

    assert told == {"one", "other"}


def test_a_developer_is_shown_the_error(opened: Open) -> None:
    """In testing mode the error of a receiver is raised, once the others have heard."""
    shop, told = opened(), set[str]()

    with ExitStack() as stack:
        for receiver in two_that_fail(told):
            stack.enter_context(event_recorded.connected_to(receiver, shop.app))
        with pytest.raises(LookupError, match="own trouble"):
            shop.browser().join()

    assert told == {"one", "other"}


def test_a_test_may_ask_for_what_production_does(opened: Open) -> None:
    """With PROPAGATE_EXCEPTIONS set to False nothing is raised in testing mode either."""
    shop = opened(PROPAGATE_EXCEPTIONS=False)

    with event_recorded.connected_to(fail, shop.app):
        assert shop.browser().join().is_signed_in()


def test_a_signal_that_is_muted_reaches_nobody(opened: Open) -> None:
    """Whoever mutes one of our signals is heeded."""
    shop = opened()

    with event_recorded.connected_to(fail, shop.app), event_recorded.muted():
        assert shop.browser().join().is_signed_in()
