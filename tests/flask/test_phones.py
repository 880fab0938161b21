"""Phone numbers on the pages: which countries there are, and what is told where no code goes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.codes import code_in
from tests.flask.shop import Browser, Shop, said

from vestibule.store import tables
from vestibule.testing import deliver

ADD, SETUP, LOGIN = "/two-step/add/phone", "/two-step/setup", "/two-step/login"
NUMBER = "+491701234567"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that sends codes to phones in Germany and Austria."""
    opened = Shop.open(
        tmp_path,
        VESTIBULE_FACTORS=["phone", "totp", "recovery_codes"],
        VESTIBULE_COUNTRIES=["DE", "AT"],
    )
    yield opened
    opened.close()


@pytest.fixture
def owner(shop: Shop) -> Browser:
    """Somebody signed in who has an app and a number."""
    browser = shop.browser().join()
    browser.get(ADD)
    browser.send(ADD, country="DE", number="0170 1234567")
    browser.get(SETUP)
    deliver(shop.app)
    text = next(m.text for m in shop.inbox.messages if m.to == NUMBER)
    assert browser.send(SETUP, code=code_in(text)).status_code == 303
    shop.clock.move(seconds=3600)
    return browser


@pytest.mark.row("C16")
def test_only_countries_that_get_codes_can_be_chosen(shop: Shop) -> None:
    """The list has the countries that were named, and no other."""
    page = shop.browser().join().get(ADD).text

    assert re.findall(r'<option value="(..)"', page) == ["AT", "DE"]


@pytest.mark.parametrize(
    ("languages", "chosen"), [("", "DE"), ("en-US", "DE"), ("de-AT", "AT"), ("de-DE", "DE")]
)
def test_the_country_that_was_named_first_is_chosen(
    shop: Shop, languages: str, chosen: str
) -> None:
    """Where the browser names no country that gets codes, the first that was named is chosen."""
    page = shop.browser().join().get(ADD, **{"Accept-Language": languages}).text

    assert re.findall(r'<option value="(..)"[^>]* selected', page) == [chosen]


@pytest.mark.row("ATK-56", "ATK-57", "C16")
@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+1 201 555 0123", "No codes are sent to numbers of that country."),
        ("+1 (900) 555-1234", "That is no phone number we can reach."),
        ("+881 612345678", "That is no phone number we can reach."),
    ],
)
def test_a_number_that_gets_no_code_is_refused_at_its_field(
    shop: Shop, number: str, text: str
) -> None:
    """Who types a number of another country, or a costly one, is told so, and nothing is begun."""
    browser = shop.browser().join()
    before = shop.rows()
    browser.get(ADD)
    answer = browser.send(ADD, country="DE", number=number)

    assert answer.status_code == 422
    assert text in answer.text
    program = browser.ask(ADD, {"country": "DE", "number": number})
    assert (program.status_code, said(program)["error"]) == (422, "unusable")
    assert shop.rows() == before


def test_a_stopped_area_is_told_and_another_way_works(shop: Shop, owner: Browser) -> None:
    """Where codes to numbers alike are stopped a person is told so, and signs in by another way."""
    tomorrow = int(shop.clock.now().timestamp() + 86_400) * 1_000_000
    with shop.state.parts.database.write() as connection:
        stop = tables.area.update().values(stopped_until=tomorrow, whose="stranger")
        connection.execute(stop.where(tables.area.c.provider == ""))
    phone = owner.enrolment_id("phone")
    stranger = Browser(shop, phone=owner.phone)
    stranger.wait()
    stranger.get(LOGIN)

    refused = stranger.send(f"{LOGIN}/send?method={phone}")
    assert refused.status_code == 403
    assert "No codes are sent to numbers like this one just now" in refused.text
    assert "Use another way until then." in refused.text
    program = stranger.ask(f"{LOGIN}/send", {"method": phone})
    assert (program.status_code, said(program)["error"]) == (403, "stopped")
    assert stranger.send(LOGIN, code=stranger.next_code()).status_code == 303


def test_a_number_that_gets_codes_no_more_is_told(shop: Shop, owner: Browser) -> None:
    """Who has a number of a country that was taken off is told so, and to use another way."""
    shop.clock.move(seconds=60)
    now, folder = shop.clock.now(), Path(shop.app.instance_path)
    phone = owner.enrolment_id("phone")
    shop.close()
    shop = Shop.open(
        folder, VESTIBULE_FACTORS=["phone", "totp", "recovery_codes"], VESTIBULE_COUNTRIES=["AT"]
    )
    shop.clock.stand_at(now)
    stranger = Browser(shop, phone=owner.phone)
    stranger.wait()
    stranger.get(LOGIN)

    refused = stranger.send(f"{LOGIN}/send?method={phone}")
    assert refused.status_code == 403
    assert "No codes are sent to that number" in refused.text
    program = stranger.ask(f"{LOGIN}/send", {"method": phone})
    assert (program.status_code, said(program)["error"]) == (403, "unreachable")
    shop.close()
