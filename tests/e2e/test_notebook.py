from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, notebook
from tests.e2e.visitor import SECOND_STEP, Visitor

pytestmark = pytest.mark.browser


def test_a_host_without_flask_login(open_browser: Open, tmp_path: Path) -> None:
    """A host that keeps a user id in its session gets the second step by naming that key."""
    with notebook(tmp_path) as served:
        me = open_browser(served)
        for page in ("/register", "/login"):
            _give_password(me, page)
        expect(me.page.get_by_role("button", name="Log out")).to_be_visible()
        me.set_up()

        me.page.goto("/")
        me.press("Log out")
        _give_password(me, "/login")
        me.page.wait_for_url(SECOND_STEP)
        me.page.goto("/new")
        me.page.wait_for_url(SECOND_STEP)
        me.type_next_code()
        me.page.wait_for_url(f"{served.url}/")
        expect(me.page.get_by_role("button", name="Log out")).to_be_visible()


def _give_password(me: Visitor, path: str) -> None:
    me.page.goto(path)
    me.page.get_by_label("Name").fill("agnes")
    me.page.get_by_label("Password").fill(PASSWORD)
    me.page.get_by_role("main").get_by_role("button").click()
    me.page.wait_for_url(lambda url: urlsplit(url).path != path)
