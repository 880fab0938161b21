import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session
from flask_login import current_user
from tests.arabic import bring
from tests.flask.shop import PAGE, Browser, Shop

from vestibule.core.errors import ConfigurationError
from vestibule.core.model import Notice, Origin
from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.testing import SoftwareAuthenticator, deliver

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}
LOGIN, CONFIRM = "/two-step/login", "/two-step/confirm"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that chooses no language itself."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


def door_of(shop: Shop) -> Vestibule:
    """What the shop made, to register something more with."""
    door = shop.app.extensions["vestibule"]
    assert isinstance(door, Vestibule)
    return door


def letters(shop: Shop) -> list[str]:
    """The subjects and texts of what has arrived, newest first."""
    deliver(shop.app)
    return [f"{m.subject}\n{m.text}" for m in shop.inbox.messages]


def waiting(shop: Shop, headers: dict[str, str] = GERMAN) -> Browser:
    """Somebody with an app, asked for the second step in another browser."""
    phone = shop.browser().join().phone
    browser = shop.browser()
    browser.headers, browser.phone = headers, phone
    return browser.wait()


# How it is chosen


def test_the_browsers_language_is_told(shop: Shop) -> None:
    """A page is in the language the browser wants, and says so to it and to what stands between."""
    german = waiting(shop).get(LOGIN)
    english = shop.browser().wait().get(LOGIN)

    assert '<html lang="de" dir="ltr">' in german.text
    assert "Noch ein Schritt zur Anmeldung" in german.text
    assert german.headers["Content-Language"] == "de"
    assert "Accept-Language" in german.headers["Vary"]
    assert '<html lang="en" dir="ltr">' in english.text
    assert english.headers["Content-Language"] == "en"


@pytest.mark.parametrize("accepted", ["fr", "de;q=0", "en, de;q=0.5", "", "*", "%", "d" * 2000])
def test_english_is_told_to_everybody_else(shop: Shop, accepted: str) -> None:
    """Whoever wants no language there is, none in particular, or English first, reads English."""
    page = shop.browser().get("/two-step/", **{"Accept-Language": accepted})

    assert page.headers.get("Content-Language", "en") == "en"
    assert state_of(shop.app).languages.names == ["en", "de"]


def test_a_file_is_in_no_language(shop: Shop) -> None:
    """The stylesheet is one and the same for everybody."""
    answer = shop.browser().get("/two-step/static/vestibule.css", **GERMAN)

    assert "Content-Language" not in answer.headers
    assert "Accept-Language" not in answer.headers.get("Vary", "")


def test_a_site_in_one_language(tmp_path: Path) -> None:
    """A site that names its languages is told in no other, whatever the browser wants."""
    shop = Shop.open(tmp_path, VESTIBULE_LANGUAGES="de")
    page = waiting(shop, {"Accept-Language": "en"}).get(LOGIN)
    shop.close()

    assert "Noch ein Schritt zur Anmeldung" in page.text


def test_the_host_chooses(shop: Shop) -> None:
    """Where a host names the language itself, the browser's is not asked; None leaves it to it."""
    named: list[str | None] = ["de_CH"]
    door_of(shop).locale_loader(lambda: named[-1])
    browser = waiting(shop, {"Accept-Language": "en"})
    assert "Noch ein Schritt" in browser.get(LOGIN).text
    named.append(None)
    assert "One more step" in browser.get(LOGIN).text
    named.append("fr")
    assert "One more step" in browser.get(LOGIN, **GERMAN).text


def test_the_host_may_look_at_session_and_user(shop: Shop) -> None:
    """A host's loader may read its session and its user, in every request of a login and after."""
    asked: list[str] = []

    @door_of(shop).locale_loader
    def locale() -> str:
        asked.append(str(current_user.get_id()))
        return "de" if session.get("_user_id") == "maren" or current_user.is_active else "en"

    browser = waiting(shop)
    assert "One more step" in browser.get(LOGIN).text
    browser.send(LOGIN, code=browser.next_code())
    assert "Anmeldung in zwei Schritten" in browser.get("/two-step/").text
    assert {"maren", "None"} <= set(asked)


def test_a_program_is_told_in_its_language(shop: Shop) -> None:
    """A program reads sentences in its language, and the same error codes as in any other."""
    browser = waiting(shop)
    answer = browser.ask(LOGIN, {"code": browser.wrong_code()})

    assert answer.json is not None
    assert answer.json["error"] == "wrong"
    assert answer.json["detail"].startswith("Prüfen Sie, ob es der neueste")


def test_a_store_that_is_down_is_told_in_german(shop: Shop) -> None:
    """Even while the database does not answer, the page is in the reader's language."""
    browser = waiting(shop)
    shop.break_down()
    page = browser.get(LOGIN)

    assert page.status_code == 503
    assert '<html lang="de"' in page.text
    assert "Wir können Ihre Anmeldung gerade nicht prüfen" in page.text
    assert page.headers["Content-Language"] == "de"


# Moments


def test_moments_are_written_the_german_way(shop: Shop) -> None:
    """The list says in the reader's way when a way was added; a pause, when it is over."""
    browser = shop.browser().join()
    browser.headers = GERMAN
    day = shop.clock.now()
    assert f"Seit {day:%d.%m.%Y, %H:%M} UTC" in browser.get("/two-step/").text

    browser.sign_out().wait()
    for _ in range(6):
        page = browser.wait().send(LOGIN, code=browser.wrong_code())
    assert re.search(r"Sie können es ab \d\d:\d\d:\d\d UTC wieder versuchen", page.text)


# Messages


def test_a_code_is_sent_in_the_language_it_was_asked_for_in(tmp_path: Path) -> None:
    """A code that is sent, also the one that goes out with the password, is in its reader's
    language.
    """
    shop = Shop.open(tmp_path, VESTIBULE_FACTORS=["email", "recovery_codes"])
    browser = shop.browser()
    browser.headers = GERMAN
    browser.give_password()
    browser.get("/two-step/add/email")
    browser.send("/two-step/add/email", address="maren@post.example")
    first = letters(shop)[0]
    assert first.startswith("Ihr Code für Shop\n")
    browser.get("/two-step/setup")
    browser.send("/two-step/setup", code=first.split("\n")[1].split()[0])
    browser.note_codes()
    browser.send("/two-step/recovery-codes/keep", kept="yes")
    codes, way = letters(shop)[:2]
    assert "Sie haben neue Notfallcodes" in codes
    assert "Ein neuer Weg zur Bestätigung" in way
    assert "Codes per E‑Mail" in way

    browser.sign_out().wait()
    assert "ist Ihr Code zur Anmeldung bei Shop" in letters(shop)[0]
    browser.headers = {"Accept-Language": "en"}
    shop.clock.move(seconds=31)
    browser.get(LOGIN)
    browser.send(f"{LOGIN}/send?method={browser.enrolment_id('email')}")
    assert " is your code to " in letters(shop)[0]
    shop.close()


def test_what_nobody_at_a_page_asked_for_is_in_the_owners_language(shop: Shop) -> None:
    """A notice of what an operator did is in the language of the owner's last sign-in."""
    browser = shop.browser()
    browser.headers = GERMAN
    browser.join()
    assert "Sie haben neue Notfallcodes" in letters(shop)[0]
    (way,) = [e for e in shop.engine.enrolments("maren") if e.factor == "totp"]
    shop.engine.revoke(way)

    assert "Ein Weg zur Bestätigung wurde entfernt" in letters(shop)[0]


def test_a_stranger_does_not_choose_how_the_owner_is_warned(shop: Shop) -> None:
    """Whoever has the password and types wrong codes in another language warns in the owner's."""
    browser = shop.browser()
    browser.headers = GERMAN
    browser.join()
    stranger = shop.browser()
    stranger.headers, stranger.phone = {"Accept-Language": "en"}, browser.phone
    for _ in range(5):
        stranger.wait().send(LOGIN, code=stranger.wrong_code())

    assert "Jemand kennt Ihr Passwort" in letters(shop)[0]


def test_a_hosts_word_on_its_users_language_goes_before_all(tmp_path: Path) -> None:
    """A locale in what the host says of its user is the language of the user's notices."""
    shop = Shop.open(tmp_path)
    told = {"email": "maren@mail.example", "locale": "de_CH"}
    door_of(shop).contact_loader(lambda user: told | {"name": user.id})
    shop.browser().join()

    assert "Sie haben neue Notfallcodes" in letters(shop)[0]
    shop.close()


def test_without_any_word_a_notice_is_in_the_sites_first_language(tmp_path: Path) -> None:
    """Where neither a login nor the host has told a language, the first of the site's is taken."""
    shop = Shop.open(tmp_path, VESTIBULE_LANGUAGES=["de", "en"])
    notices = shop.engine.context.notice(
        Notice.RECOVERY_CODES_MADE, "maren", shop.clock.now(), Origin()
    )
    courier = shop.state.parts.courier
    assert courier is not None

    assert notices[0].locale == ""
    assert courier.parcels.languages.of(notices[0].locale).name == "de"
    shop.close()


# A language of the host's own


def test_a_language_of_the_hosts_own(tmp_path: Path) -> None:
    """A host brings a language in a folder beside its module; it is read from the right."""
    bring(tmp_path / "translations")
    app = Flask("shop", root_path=str(tmp_path), instance_path=str(tmp_path))
    app.config |= {
        "TESTING": True,
        "SECRET_KEY": "a key for tests",
        "VESTIBULE_LOGIN_KEYS": ["user_id"],
        "VESTIBULE_LOCALE_FOLDER": "translations",
    }
    Vestibule(app)

    @app.post("/login")
    def login() -> str:
        session["user_id"] = "maren"
        return "in"

    client = app.test_client()
    client.post("/login")
    page = client.get("/two-step/", headers=PAGE | {"Accept-Language": "ar-EG"}).text
    state_of(app).close()

    assert '<html lang="ar" dir="rtl">' in page
    assert "نص تجريبي" in page


def test_codes_stay_as_they_are_from_right_to_left(tmp_path: Path) -> None:
    """In a page read from the right, keys, codes and the field for one are read from the left."""
    bring(tmp_path / "own")
    shop = Shop.open(tmp_path, VESTIBULE_LOCALE_FOLDER=str(tmp_path / "own"))
    browser = shop.browser()
    browser.headers = {"Accept-Language": "ar"}
    browser.give_password()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")
    setup = browser.get("/two-step/setup").text
    browser.phone = SoftwareAuthenticator.scan(browser.shown_uri())
    browser.send("/two-step/setup", code=browser.next_code())
    codes = browser.get("/two-step/recovery-codes").text
    shop.close()

    assert 'id="code" name="code" type="text" dir="ltr"' in setup
    assert '<p class="v-key" id="key" dir="ltr">' in setup
    assert '<ol class="v-codes" id="codes" role="list" dir="ltr">' in codes


def test_dialling_codes_stay_as_they_are_from_right_to_left(tmp_path: Path) -> None:
    """In a list of countries read from the right, the plus stands in front of the digits."""
    bring(tmp_path / "own")
    shop = Shop.open(
        tmp_path,
        VESTIBULE_LOCALE_FOLDER=str(tmp_path / "own"),
        VESTIBULE_FACTORS=["totp", "phone"],
    )
    browser = shop.browser()
    browser.headers = {"Accept-Language": "ar"}
    browser.give_password()
    page = unescape(browser.get("/two-step/add/phone").text)
    shop.close()

    codes = re.findall(r"\((\W*\+\d+\W*)\)</option>", page)
    assert codes
    assert all(code[0] + code[-1] == "\u2066\u2069" for code in codes)


@pytest.mark.parametrize(
    "wrong", [{"VESTIBULE_LANGUAGES": ["fr"]}, {"VESTIBULE_LOCALE_FOLDER": "nothing"}]
)
def test_what_is_not_there_is_refused_at_the_start(wrong: dict[str, Any], tmp_path: Path) -> None:
    """A language without a catalogue, and a folder without one, are refused when it is made."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_LANGUAGES or VESTIBULE_LOCALE_FOLDER"):
        Shop.open(tmp_path, **wrong)
