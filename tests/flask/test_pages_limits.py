from pathlib import Path
from typing import Any

import pytest
from tests.flask.shop import Browser, Shop, said
from tests.flask.tour import LOGIN
from werkzeug.middleware.proxy_fix import ProxyFix

FORGED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7",
    "X-Client-IP": "203.0.113.7",
    "CF-Connecting-IP": "203.0.113.7",
    "X_Forwarded_For": "203.0.113.7",
    "True-Client-IP": "203.0.113.7",
}


def people(shop: Shop, count: int) -> list[Browser]:
    """Let as many people stand before their second step as are asked for, in browsers not known."""
    waiting = []
    for number in range(count):
        name = f"person{number}"
        browser = shop.browser()
        browser.give_password(name)
        phone = browser.set_up(keep=False).phone
        waiting.append(Browser(shop, phone=phone).wait(name))
    return waiting


def answer(browser: Browser, code: str, address: str = "198.51.100.1", **headers: str) -> Any:
    """Answer the second step from an address."""
    peer = {"REMOTE_ADDR": address}
    return browser.open("POST", LOGIN, json={"code": code}, headers=headers, environ_overrides=peer)


def sources(shop: Shop) -> set[str]:
    """The addresses that were counted."""
    return {row[1] for row in shop.rows()["source"]}


@pytest.mark.row("ATK-15", "ATK-18")
def test_spraying_is_slowed(shop: Shop) -> None:
    """Who tries one code on many accounts from one address has to wait, and nobody else has to."""
    sprayed = people(shop, 8)
    told = [answer(victim, victim.wrong_code()) for victim in sprayed for _ in range(4)]
    refusals = [refused for refused in told if said(refused)["error"] == "delayed"]

    assert [refused.status_code for refused in told[:30]] == [422] * 30
    assert len(refusals) == 2
    assert all(0 < int(refused.headers["Retry-After"]) <= 60 for refused in refusals)
    for victim in sprayed:
        assert answer(victim, victim.next_code(), "192.0.2.9").status_code == 200


@pytest.mark.row("ATK-15")
def test_a_slowed_address_is_not_locked(shop: Shop) -> None:
    """An address that was slowed is heard again after a minute at the most."""
    sprayed = people(shop, 9)
    for victim in sprayed:
        for _ in range(4):
            answer(victim, victim.wrong_code())
    shop.clock.move(seconds=61)

    assert answer(sprayed[0], sprayed[0].next_code()).status_code == 200


@pytest.mark.row("ATK-16", "CS-08")
def test_an_address_is_not_taken_from_a_header(member: Browser) -> None:
    """What a request says of its own address counts nowhere: not for limits, not in the trail."""
    member.sign_out().wait()
    answer(member, member.wrong_code(), **FORGED)

    assert sources(member.shop) == {"198.51.100.1"}
    assert "203.0.113.7" not in repr(member.shop.rows())


@pytest.mark.row("ATK-16")
@pytest.mark.parametrize(
    ("forwarded", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("192.0.2.66, 203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_behind_a_proxy(tmp_path: Path, forwarded: str, counted: str) -> None:
    """Behind a proxy the host has named, its word counts and no other, and a network as one."""
    shop = Shop.open(tmp_path)
    shop.app.wsgi_app = ProxyFix(shop.app.wsgi_app, x_for=1)  # type: ignore[method-assign]
    (victim,) = people(shop, 1)
    answer(victim, victim.wrong_code(), **{"X-Forwarded-For": forwarded})

    assert sources(shop) == {counted}
    shop.close()


@pytest.mark.parametrize("address", ["", "unix:", "not an address", "::1%eth0"])
def test_an_address_that_is_none(member: Browser, address: str) -> None:
    """Where a server names no address of the peer, codes are judged all the same."""
    member.sign_out().wait()

    assert answer(member, member.wrong_code(), address).status_code == 422
    assert answer(member, member.next_code(), address).status_code == 200


@pytest.mark.row("ATK-14", "ATK-13")
def test_a_new_login_brings_no_new_patience(member: Browser) -> None:
    """However often the password is given anew, after five wrong codes there is a pause."""
    for _ in range(5):
        member.sign_out().wait()
        assert member.ask(LOGIN, {"code": member.wrong_code()}).status_code == 422
    member.sign_out().wait()

    assert said(member.ask(LOGIN, {"code": member.wrong_code()}))["error"] == "delayed"
    page = member.get(LOGIN)
    assert "Please wait a moment" in page.text
    assert 'role="timer"' in page.text


@pytest.mark.row("ATK-18")
def test_a_stranger_does_not_slow_the_owner(member: Browser) -> None:
    """Wrong codes in a browser nobody knows do not make the owner's own browser wait."""
    stranger = member.shop.browser()
    stranger.phone = member.phone
    for _ in range(6):
        stranger.wait()
        stranger.ask(LOGIN, {"code": stranger.wrong_code()})
    assert said(stranger.ask(LOGIN, {"code": stranger.wrong_code()}))["error"] == "delayed"

    member.sign_out().wait()
    assert member.ask(LOGIN, {"code": member.wrong_code()}).status_code == 422
    assert member.ask(LOGIN, {"code": member.next_code()}).status_code == 200


@pytest.mark.row("ATK-22", "W4", "ASVS-6.3.8", "CS-09")
def test_nothing_before_the_password(member: Browser) -> None:
    """Before the password is right, nothing tells whether somebody has two-step login."""
    told = {}
    for name in ("maren", "tobias"):
        browser = member.shop.browser()
        fields = {"name": name, "password": "not it"}
        wrong = browser.open("POST", "/login", data=fields)
        door, asked = browser.get(LOGIN), browser.ask(LOGIN, {"code": "123456", "name": name})
        answers = (wrong, door, asked)
        heads = [[line for line in a.headers if line[0] != "Set-Cookie"] for a in answers]
        told[name] = [*heads, *((a.status_code, a.text) for a in answers)]
        assert browser.cookies().keys() == {"vestibule-default-browser"}

    assert told["maren"] == told["tobias"]
