"""Whoever can use none of the ways on offer is told what is left."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.flask.shop import Browser, Shop, said

HELP, LOGIN = "/two-step/login/help", "/two-step/login"
Open = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Open]:
    """Opens shops, and closes them."""
    opened: list[Shop] = []

    def open_one(**config: Any) -> Shop:
        opened.append(Shop.open(tmp_path, **config))
        return opened[-1]

    yield open_one
    for shop in opened:
        shop.close()


def waiting(shop: Shop) -> Browser:
    """Somebody who gave the right password and now looks for the phone."""
    return shop.browser().join().sign_out().wait()


def page(browser: Browser) -> str:
    """The page for the stuck, as it is read."""
    answer = browser.get(HELP)
    assert answer.status_code == 200
    return unescape(answer.text)


def test_the_second_step_leads_to_it(open_shop: Open) -> None:
    """The page that asks for a code has a link for whoever can use none of the ways."""
    text = waiting(open_shop()).get(LOGIN).text

    assert f'href="{HELP}"' in text
    assert "I can’t use any of these" in text


def test_recovery_codes_come_first(open_shop: Open) -> None:
    """Who has recovery codes is led to the field for them, and they work there."""
    browser = waiting(open_shop())
    found = re.search(r'href="([^"]+)">Use a recovery code<', page(browser))

    assert found is not None
    assert "Recovery code" in browser.get(found[1]).text
    assert browser.send(found[1], code=browser.codes[0]).status_code == 303


@pytest.mark.parametrize(
    ("support", "shown"),
    [
        ("https://help.site.example/login", 'href="https://help.site.example/login"'),
        ("help@site.example", 'href="mailto:help@site.example"'),
        ("Call the porter, extension 12.", ">Call the porter, extension 12.<"),
        ("javascript:alert(1)", ">javascript:alert(1)<"),
        ("", "Ask the people who run"),
    ],
)
def test_support_is_what_the_host_says(open_shop: Open, support: str, shown: str) -> None:
    """A web address and a mailbox become links, all else is a sentence; it is never empty."""
    assert shown in page(waiting(open_shop(VESTIBULE_SUPPORT=support)))


def test_a_case_number_finds_the_login_in_the_trail(open_shop: Open) -> None:
    """What a person reads out is the beginning of an id in the audit trail, and of no cookie."""
    shop = open_shop()
    browser = waiting(shop)
    found = re.search(r'dir="ltr">([0-9A-F]{4}-[0-9A-F]{4})<', page(browser))
    assert found is not None
    number = found[1].replace("-", "").lower()

    paused = [event["data"]["passage"] for event in shop.events("login_paused")]
    assert [passage[:8] for passage in paused if passage.startswith(number)] == [number]


def test_a_program_is_told_the_same(open_shop: Open) -> None:
    """The JSON twin names what is left, where to ask, and the case number."""
    browser = waiting(open_shop(VESTIBULE_SUPPORT="help@site.example"))
    told = said(browser.ask(HELP, method="GET"))

    assert told["status"] == "waiting"
    assert told["support"] == "help@site.example"
    assert {way["factor"] for way in told["methods"]} == {"totp", "recovery_codes"}
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", told["case"])


def test_nobody_who_waits_for_nothing_sees_it(open_shop: Open) -> None:
    """Without the right password there is no such page."""
    browser = open_shop().browser()

    assert browser.get(HELP).status_code == 410


def test_looking_for_help_changes_nothing(open_shop: Open) -> None:
    """The login waits as it did: the right code still opens it."""
    browser = waiting(open_shop())
    page(browser)

    assert browser.send(LOGIN, code=browser.next_code()).status_code == 303
    assert browser.is_signed_in()


def test_whoever_has_but_one_way_is_warned(open_shop: Open) -> None:
    """A list with one way and no recovery codes says what would happen if it is lost."""
    lone = open_shop(VESTIBULE_FACTORS="totp").browser().join()
    assert "only one way in" in lone.get("/two-step/").text


def test_whoever_has_recovery_codes_is_not(open_shop: Open) -> None:
    """A list with one app and recovery codes warns of nothing."""
    assert "only one way in" not in open_shop().browser().join().get("/two-step/").text
