import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.phone import Phone
from tests.e2e.served import PASSWORD, microblog
from tests.e2e.visitor import SECOND_STEP, Visitor

pytestmark = pytest.mark.browser


@pytest.mark.row("ATK-47")
def test_the_whole_story(open_browser: Open, tmp_path: Path, zbarimg: str, oathtool: str) -> None:
    """Who signs up can turn two-step login on, sign in by it, and still does after a restart."""
    with microblog(tmp_path) as served:
        me = open_browser(served)
        _sign_up(me, "agnes")

        me.follow("Profile")
        me.follow("Two-step login")
        me.press("Start with: Authenticator app")
        link = me.page.locator("a[href^='otpauth:']").get_attribute("href")
        me.page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert _scanned(zbarimg, tmp_path / "page.png") == link
        me.type_code(me.scan().next())
        expect(me.heading()).to_have_text("Keep these recovery codes")
        me.codes = me.shown_codes()
        me.press("I have saved them")
        expect(me.page.get_by_text("It is on.")).to_be_visible()
        me.sign_out()

        me.sign_in()
        assert me.is_signed_in()
        assert me.phone
        assert me.typed[-1] in _made_by(oathtool, me.phone)
        me.sign_out()

        me.give_password()
        me.page.wait_for_url(SECOND_STEP)
    with microblog(tmp_path, served.port):
        me.type_recovery_code(me.codes[0])
        me.page.wait_for_url(f"{served.url}/")
        me.page.goto("/two-step/")
        expect(me.page.get_by_text("Left: 9 of 10")).to_be_visible()

    _, _, query = str(link).partition("?secret=")
    assert me.watch.leaks([query[:32], *me.codes, *me.typed]) == []


def _sign_up(me: Visitor, name: str) -> None:
    me.page.goto("/sign-up")
    me.page.get_by_label("E-mail address").fill(f"{name}@mail.example")
    me.page.get_by_role("main").get_by_role("button").click()
    me.page.wait_for_url("**/sent")
    me.page.goto("/inbox")
    me.page.locator("a[href*='/sign-up/']").click()
    me.page.get_by_label("Username").fill(name)
    me.page.get_by_label("Password").fill(PASSWORD)
    me.press("Make my account")
    me.name = name


def _scanned(zbarimg: str, picture: Path) -> str:
    command = [
        zbarimg,
        "--quiet",
        "--raw",
        "--oneshot",
        "-Sdisable",
        "-Sqrcode.enable",
        str(picture),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _made_by(oathtool: str, phone: Phone) -> list[str]:
    """Return the codes of two minutes around now, as another program makes them."""
    command = [oathtool, "--totp", "--window=4", f"--now=@{int(time.time()) - 60}"]
    made = subprocess.run(
        [*command, phone.app.secret.hex()], capture_output=True, text=True, check=True
    )
    return made.stdout.split()
