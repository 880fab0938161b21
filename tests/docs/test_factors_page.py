"""The factor that docs/factors.md makes, in use."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.blocks import DOCS, blocks_of
from tests.flask.shop import Shop

from vestibule import oath
from vestibule.bootstrap import operate

SECRET = "3132333435363738393031323334353637383930"
MODULE = "hardware_token"
ADD, SETUP, LOGIN = "/two-step/add/hardware_token", "/two-step/setup", "/two-step/login"


def code(press: int) -> str:
    """What the device shows at a press (the vectors of RFC 4226 appendix D)."""
    return oath.hotp(bytes.fromhex(SECRET), press)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that has taken the page's factor for its own."""
    (block,) = (b for b in blocks_of(DOCS / "factors.md") if b.about == f"{MODULE}.py")
    file = tmp_path / block.about
    file.write_text(block.text, "utf-8")
    spec = importlib.util.spec_from_file_location(MODULE, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[MODULE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    opened = Shop.open(tmp_path, VESTIBULE_FACTORS=["totp", f"{MODULE}:HardwareToken"])
    yield opened
    opened.close()
    del sys.modules[MODULE]


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
