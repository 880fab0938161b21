"""Settings of authenticator apps that change while people have apps."""

from pathlib import Path
from typing import Any

from tests.flask.shop import Browser, Shop

LOGIN = "/two-step/login"


def reopened(folder: Path, **config: Any) -> Shop:
    """The same shop, started again with other settings."""
    return Shop.open(folder, **config)


def test_an_app_outlives_a_change_of_settings(tmp_path: Path) -> None:
    """An app of eight digits is asked for eight after six were set, beside a new one of six."""
    first = Shop.open(tmp_path, VESTIBULE_TOTP_DIGITS=8, VESTIBULE_TOTP_PERIOD=60)
    old = first.browser().join().phone
    assert old is not None
    now = first.clock.now()
    first.close()

    shop = reopened(tmp_path)
    shop.clock.stand_at(now)
    browser = Browser(shop, phone=old)
    page = browser.wait().get(LOGIN).text
    assert "Type the 8-digit code" in page
    assert 'data-digits="8"' in page
    assert browser.send(LOGIN, code="123456").status_code == 422
    code = browser.next_code()
    assert len(code) == 8
    assert browser.send(LOGIN, code=code).status_code == 303

    browser.set_up()
    assert browser.phone is not None
    assert (browser.phone.digits, browser.phone.period) == (6, 30)
    browser.sign_out().wait()
    for phone in (browser.phone, old):
        browser.phone = phone
        assert browser.send(LOGIN, code=browser.next_code()).status_code == 303
        browser.sign_out().wait()
    shop.close()


def test_a_length_that_no_app_has_costs_nothing(tmp_path: Path) -> None:
    """Eight digits at a person whose app shows six are no code: a try is gone, but no odds."""
    shop = Shop.open(tmp_path)
    member = shop.browser().join()
    member.sign_out().wait()
    before = shop.rows()["ledger"]

    answer = member.send(LOGIN, code="12345678")

    assert answer.status_code == 422
    assert "That doesn’t look like a code" in answer.text
    assert shop.rows()["ledger"] == before
    shop.close()
