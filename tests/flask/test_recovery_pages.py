"""What the pages say of recovery codes: how long they are shown, and of one that is not right."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from tests.flask.shop import Browser, Shop, said

from vestibule.bootstrap import operate
from vestibule.testing import SoftwareAuthenticator, deliver

CODES, LOGIN = "/two-step/recovery-codes", "/two-step/login"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop as it is shipped."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


def newcomer(shop: Shop) -> Browser:
    """Somebody who has set up an app, and is shown recovery codes."""
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")
    browser.phone = SoftwareAuthenticator.scan(browser.shown_uri())
    assert browser.send("/two-step/setup", code=browser.next_code()).status_code == 303
    return browser


def read(browser: Browser, path: str) -> str:
    """A page as it is read."""
    return unescape(browser.get(path).text)


@pytest.mark.row("ATK-40")
def test_the_page_of_codes_says_how_long_they_are_shown(shop: Shop) -> None:
    """Loaded again it shows the same codes until they were saved, and promises nothing else."""
    browser = newcomer(shop)
    first = read(browser, CODES)
    assert browser.note_codes()

    assert all(code in first for code in browser.codes)
    assert "Save them now: afterwards they are not shown again." in first
    assert "only now" not in first
    browser.send(f"{CODES}/keep", kept="yes")
    assert not any(code in read(browser, CODES) for code in browser.codes)


@pytest.mark.parametrize("path", [LOGIN, "/two-step/confirm"])
def test_a_used_recovery_code_is_told_in_words_of_its_own(shop: Shop, path: str) -> None:
    """Used before, or never one of ours: the same words, of recovery codes and of no app."""
    browser = shop.browser().join().sign_out().wait()
    assert browser.send(LOGIN, code=browser.codes[0]).status_code == 303
    if path == LOGIN:
        browser.sign_out().wait()
    else:
        shop.clock.move(seconds=3600)
        browser.get(path)

    used, never = (
        unescape(browser.send(path, code=code).text)
        for code in (browser.codes[0], "11111-11111-11111-11111")
    )

    words = "Each recovery code works once, and only those of your newest set do."
    assert words in used
    assert words in never
    assert "newest one for this account" not in used + never


@pytest.mark.parametrize("path", [LOGIN, "/two-step/confirm"])
@pytest.mark.parametrize("end", ["used up", "restored"])
def test_a_code_of_a_set_that_is_over_is_no_slip_of_the_hand(
    shop: Shop, end: str, path: str
) -> None:
    """A code of a set used up, or void after a restore, is answered as one that is not right."""
    browser = shop.browser().join()
    if end == "restored":
        operate.after_restore(shop.state.parts)
        shop.clock.move(seconds=60)
    for code in browser.codes if end == "used up" else ():
        browser.sign_out().wait()
        assert browser.send(LOGIN, code=code).status_code == 303
    browser.sign_out().wait()
    if path != LOGIN:
        assert browser.send(LOGIN, code=browser.next_code()).status_code == 303
        shop.clock.move(seconds=3600)
        browser.get(path)

    answer = browser.send(path, code=browser.codes[0])

    assert answer.status_code == 422
    told = unescape(answer.text)
    assert "That code isn’t right" in told
    assert "No recovery code works here just now. Use another way, or ask for help." in told
    fact = shop.events("answer_rejected")[-1]["data"]
    assert (fact["reason"], fact["evaluated"], fact["odds"]) == ("wrong", False, 0)


def test_a_recovery_code_proves_no_new_app(shop: Shop) -> None:
    """Where an app is set up a recovery code is no code that could be right."""
    browser = shop.browser().join()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")

    answer = browser.ask("/two-step/setup", {"code": browser.codes[0]})

    assert said(answer)["error"] == "malformed"


def test_a_wrong_code_of_an_app_is_told_as_ever(shop: Shop) -> None:
    """Six digits may be a code of an app or one that was sent: they are told in general words."""
    browser = shop.browser().join().sign_out().wait()

    told = unescape(browser.send(LOGIN, code=browser.wrong_code()).text)

    assert "Check that it is the newest one for this account. Each code works once." in told


@pytest.mark.parametrize(("kept", "mails"), [("yes", 1), ("no", 0)])
def test_a_mail_tells_of_codes_that_are_there(shop: Shop, kept: str, mails: int) -> None:
    """Who kept the first codes is told of them; of codes that were waved off there is no mail."""
    browser = newcomer(shop)
    browser.get(CODES)
    browser.send(f"{CODES}/keep", kept=kept)
    deliver(shop.app)

    told = [mail for mail in shop.inbox.messages if "recovery codes" in mail.text]
    assert len(told) == mails
    shown = read(browser, "/two-step/")
    assert ("You have none yet" in shown) == (kept == "no")
