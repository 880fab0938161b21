"""The factor that docs/factors.md makes, in use."""

import base64
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from tests.docs.blocks import DOCS, blocks_of, prose_of
from tests.flask.shop import Shop

from vestibule import oath
from vestibule.bootstrap import operate
from vestibule.core.factor import Env, Traits

SECRET = "3132333435363738393031323334353637383930"
PAGE = DOCS / "factors.md"
MODULE, PACKAGE = "hardware_token", "programmed_token"
ADD, SETUP, LOGIN = "/two-step/add/hardware_token", "/two-step/setup", "/two-step/login"


def code(press: int) -> str:
    """What the device shows at a press (the vectors of RFC 4226 appendix D)."""
    return oath.hotp(bytes.fromhex(SECRET), press)


def save(folder: Path) -> None:
    """Save every file that the page has its reader save."""
    for block in (b for b in blocks_of(PAGE) if b.said == "file"):
        file = folder / block.about
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")


def load(name: str, file: Path) -> None:
    """Have a module of the page's as if it could be imported."""
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that has taken the page's factors for its own."""
    save(tmp_path)
    load(MODULE, tmp_path / f"{MODULE}.py")
    load(PACKAGE, tmp_path / PACKAGE / "__init__.py")
    factors = ["totp", f"{MODULE}:HardwareToken", f"{PACKAGE}:ProgrammedToken"]
    opened = Shop.open(tmp_path, VESTIBULE_FACTORS=factors)
    yield opened
    opened.close()
    del sys.modules[MODULE], sys.modules[PACKAGE]


def test_the_factor_of_the_page_is_one(shop: Shop) -> None:
    """A device is added by its secret, signs in by each code once, and is safe after a restore."""
    assert code(0) == "755224"
    browser = shop.browser()
    browser.give_password()
    assert "Set up your security device" in browser.get(ADD).text
    assert browser.send(ADD, secret="no secret").status_code == 422
    assert browser.send(ADD, secret=SECRET).location == SETUP
    browser.get(SETUP)
    assert browser.send(SETUP, code=code(0)).location.startswith("/two-step/?done=added")

    browser.sign_out().wait()
    assert "type the 6 digits it shows" in browser.get(LOGIN).text
    assert browser.send(LOGIN, code=code(0)).status_code == 422
    assert browser.send(LOGIN, code=code(3)).status_code == 303
    browser.sign_out()
    operate.after_restore(shop.state.parts)
    browser.wait()
    assert browser.send(LOGIN, code=code(4)).status_code == 422
    assert browser.send(LOGIN, code=code(14)).status_code == 303


def test_the_page_of_its_own_shows_what_is_made(shop: Shop) -> None:
    """A factor in a package has a page that shows its person what was made for them."""
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    assert browser.send(f"/two-step/add/{PACKAGE}").location == SETUP
    page = browser.get(SETUP).text
    found = re.search(r"type it: <code>([A-Z2-7]{32})</code>", page)

    assert found is not None
    assert 'aria-label="The same, for the camera"><svg' in page
    assert "Program your security device" in page
    first = oath.hotp(base64.b32decode(found[1]), 0)
    assert browser.send(SETUP, code=first).location.startswith("/two-step/?done=added")


@pytest.mark.parametrize("kind", [Traits, Env])
def test_the_page_tells_what_an_author_can_say_and_ask(kind: type) -> None:
    """The page explains every trait, and all that a factor is handed of the world."""
    told = re.findall(r"^\| `(?:env\.)?(\w+)(?:\([\w, ]*\))?` \|", prose_of(PAGE), re.MULTILINE)

    assert {f.name for f in fields(kind)} <= set(told)
