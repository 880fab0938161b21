"""Every page in English, in German, which has long words, and read from the right."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.arabic import bring
from tests.e2e.conftest import Open
from tests.e2e.phone import wrong
from tests.e2e.served import PASSWORD, Served, notebook
from tests.e2e.sights import DIRECTION, Sights
from tests.e2e.visitor import Visitor, sent_code

from vestibule.core.engine import Login
from vestibule.core.factor import Applicant
from vestibule.core.links import Errand, Link, written
from vestibule.core.model import Origin, Purpose
from vestibule.delivery.links import PATHS
from vestibule.flask.state import state_of
from vestibule.store import tables
from vestibule.testing import SoftwareAuthenticator

pytestmark = pytest.mark.browser

PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28.0 Safari/537.36"
TABLET = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15"

languages = pytest.mark.parametrize("language", DIRECTION)


@dataclass
class Walk:
    """Somebody on a way through all pages in one language, by what stays the same in all."""

    me: Visitor
    site: Served
    sights: Sights

    def look(self, name: str) -> None:
        """Look at the page that is there, on every screen."""
        self.sights.look(name)

    def go(self, path: str, name: str) -> None:
        """Go to a page and look at it."""
        self.me.page.goto(path)
        self.look(name)

    def press(self, button: str = "main .v-button--main") -> None:
        """Press a button and wait for what comes."""
        with self.me.page.expect_navigation():
            self.me.page.locator(button).first.click()

    def type_code(self, code: str) -> None:
        """Type a code; it sends itself where scripts run."""
        with self.me.page.expect_navigation():
            self.me.type_code(code)
            if not self.sights.scripts:
                self.me.field().press("Enter")

    def any_code(self) -> str:
        """Return what the app shows."""
        assert self.me.phone is not None
        return self.me.phone.any()

    def give_password(self, path: str = "/login") -> None:
        """Register or log in at Jotter."""
        page = self.me.page
        page.goto(path)
        page.get_by_label("Name").fill("agnes")
        page.get_by_label("Password").fill(PASSWORD)
        with page.expect_navigation():
            page.get_by_role("main").get_by_role("button").click()

    def set_up(self) -> None:
        """Add a number, an address and an app, each wrongly first."""
        page = self.me.page
        self.go("/two-step/", "first")
        self.go("/two-step/add/phone", "phone")
        page.locator("#number").fill("123")
        self.press()
        self.look("phone-wrong")
        page.locator("#country").select_option("DE")
        page.locator("#number").fill("0170 1234567")
        self.press()
        self.look("phone-setup")
        self.type_code(sent_code(self.site, 1))
        self.look("codes")
        if self.sights.scripts:
            page.locator("[data-copy]").click()
        self.me.codes = self.me.shown_codes()
        self.press("[name=kept][value=yes]")
        self.look("kept")
        self.go("/two-step/add/email", "email")
        page.locator("#address").fill("agnes@mail.example")
        self.press()
        self.look("email-setup")
        self.type_code(sent_code(self.site, 2))
        page.goto("/two-step/")
        self.press("form[action$='/add/totp'] button")
        page.locator("summary").click()
        self.look("app")
        self.type_code(wrong(self.me.scan().any()))
        self.look("app-wrong")
        self.type_code(self.me.scan().next())
        self.look("ways")

    def move(self) -> None:
        """Get a new phone, and try it wrongly first."""
        page = self.me.page
        page.goto("/two-step/")
        self.press("form[action$='/add/totp'] button")
        self.type_code(self.me.scan().next())
        self.go("/two-step/move", "move-of-two")
        page.locator("[name=method]").first.check()
        self.press()
        self.look("move-setup")
        self.type_code(self.me.scan().next())
        self.look("try")
        self.type_code(wrong(self.any_code()))
        self.look("try-wrong")
        self.go("/two-step/", "ways-moving")
        self.go("/two-step/move", "move-waiting")
        page.locator("a.v-row[href$='/try']").click()
        self.type_code(self.me.phone.next() if self.me.phone else "")
        self.look("moved")

    def manage(self) -> None:
        """Look at everything that can be done with a way."""
        page = self.me.page
        for what in ("name", "remove"):
            page.goto("/two-step/")
            with page.expect_navigation():
                page.locator(f"a[href$='/{what}']").first.click()
            self.look(what)
        self.go("/two-step/recovery-codes", "count")
        self.go("/two-step/setup", "nothing")

    def look_around(self) -> None:
        """Look at where one is signed in, alone and with others, and end what is elsewhere."""
        self.go("/two-step/sessions", "sessions-alone")
        self._sign_in_elsewhere()
        self.go("/two-step/sessions", "sessions")
        self.press(".v-card .v-actions button")
        self.look("session-ended")
        self.press("main > .v-form button")
        self.look("sessions-ended")

    def _sign_in_elsewhere(self) -> None:
        """Be signed in by three other browsers, one of which nobody knows."""
        engine = state_of(self.site.app).engine
        for agent, code in zip((PHONE, TABLET, "something"), self.me.codes, strict=False):
            new = Login(subject="1", identity="1", remembered=agent == PHONE)
            token = engine.begin_login(new).token
            assert engine.verify(token, Purpose.LOGIN, code, Origin(agent=agent)).granted

    def sign_in(self) -> None:
        """Sign in wrongly, by every other way, and until there is a pause."""
        page = self.me.page
        page.goto("/")
        with page.expect_navigation():
            page.get_by_role("button", name="Log out").click()
        self.give_password()
        self.look("login")
        self.type_code(wrong(self.any_code()))
        self.look("login-wrong")
        for number in range(page.locator("a.v-row").count()):
            page.goto("/two-step/login")
            with page.expect_navigation():
                page.locator("a.v-row").nth(number).click()
            self.look(f"login-other-{number}")
            if page.locator("[data-send-form]").count():
                self.press("[data-send-buttons] button")
                self.look(f"login-sent-{number}")
        self.go("/two-step/login/help", "help")
        page.goto("/two-step/login")
        while self.me.field().count():
            self.type_code(wrong(self.any_code()))
            page.goto("/two-step/login")
        self.look("exhausted")
        self.give_password()
        while not page.locator("[data-countdown]").count():
            self.type_code(wrong(self.any_code()))
            page.goto("/two-step/login")
        self.look("pause")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """Jotter, offering every way there is, in every language there is and one of its own."""
    bring(tmp_path / "own")
    factors = ["totp", "phone", "email", "recovery_codes"]
    with notebook(
        tmp_path / "jotter",
        VESTIBULE_FACTORS=factors,
        VESTIBULE_LOCALE_FOLDER=str(tmp_path / "own"),
        VESTIBULE_SUPPORT="https://jotter.example/hilfe",
    ) as served:
        yield served


def walker(
    open_browser: Open, site: Served, story: str, language: str, *, scripts: bool = True
) -> Walk:
    """Somebody at Jotter whose browser asks for a language."""
    me = open_browser(site, locale=language, java_script_enabled=scripts)
    return Walk(me, site, Sights(me.page, story, language, scripts))


def every_page(walk: Walk) -> None:
    """Find nothing wrong with any page that somebody meets who uses every way there is."""
    walk.give_password("/register")
    walk.give_password()
    walk.set_up()
    walk.move()
    walk.manage()
    walk.look_around()
    walk.sign_in()

    assert walk.sights.faults == []
    assert len(walk.sights.seen) > 31


@pytest.mark.row("A11Y-3")
@languages
def test_every_page_has_room_for_a_language(
    open_browser: Open, site: Served, language: str
) -> None:
    """In every language axe finds no barrier, and nothing sticks out or is tiny."""
    every_page(walker(open_browser, site, "every-page", language))


@pytest.mark.row("A11Y-3")
def test_every_page_has_room_without_scripts(open_browser: Open, site: Served) -> None:
    """Neither is there one, nor does anything stick out, where no scripts run."""
    walk = walker(open_browser, site, "without-scripts", "en", scripts=False)
    every_page(walk)


@pytest.mark.row("A11Y-3")
@languages
def test_what_went_wrong_has_room_for_a_language(
    open_browser: Open, site: Served, language: str
) -> None:
    """Neither has a form that was open too long a barrier, nor what is said of a store in ruins."""
    walk = walker(open_browser, site, "went-wrong", language)
    walk.give_password("/register")
    walk.give_password()
    page = walk.me.page
    page.goto("/two-step/")
    page.locator("form[action$='/add/totp'] [name=csrf_token]").evaluate("e => e.value = 'old'")
    walk.press("form[action$='/add/totp'] button")
    walk.look("too-old")
    page.goto("/two-step/")
    walk.press("form[action$='/add/totp'] button")
    page.locator("form:has(#code) [name=csrf_token]").evaluate("e => e.value = 'old'")
    walk.type_code(walk.me.scan().next())
    walk.look("too-old-code")
    with state_of(site.app).parts.database.write() as connection:
        tables.metadata.drop_all(connection)
    walk.go("/two-step/", "down")

    assert walk.sights.faults == []


def test_codes_are_read_from_the_left(open_browser: Open, site: Served) -> None:
    """From right to left a code, a key and a masked number stand as they do anywhere."""
    walk = walker(open_browser, site, "from-the-left", "ar")
    page = walk.me.page
    walk.give_password("/register")
    walk.give_password()
    page.goto("/two-step/add/phone")
    page.locator("#country").select_option("DE")
    page.locator("#number").fill("0170 1234567")
    walk.press()
    hint = page.locator("#hint").inner_text()

    assert "\u2068+49\u00a0•••\u00a067\u2069" in hint
    for selector in ("#code",):
        assert page.locator(selector).evaluate("e => getComputedStyle(e).direction") == "ltr"
    order = page.locator("h1").evaluate("e => getComputedStyle(e).direction")
    assert order == "rtl"


def _robbed(site: Served) -> tuple[SoftwareAuthenticator, str, str]:
    """Give Jotter's one person two apps; return the older one, and the ids of both."""
    engine = state_of(site.app).engine
    mine, apps, ids = Login(subject="1", identity="1"), [], []
    passage, token = None, ""
    for _ in range(2):
        who = Applicant(subject="1", account="agnes", issuer="Jotter")
        draft = engine.begin_enrolment(engine.registry["totp"], who, mine, passage)
        assert draft is not None
        apps.append(SoftwareAuthenticator(draft.enrolment.secret))
        ids.append(draft.enrolment.id)
        token = draft.token or token
        code = apps[-1].code(engine.now(), steps=-1)
        through = engine.verify(token, Purpose.ENROL, code).granted
        assert through is not None
        token, passage = through.token, through.passage
    return apps[0], ids[0], ids[1]


def _link(site: Served, errand: Errand, about: str) -> str:
    """The path of a link as a mail has it."""
    context = state_of(site.app).engine.context
    until = context.now() + timedelta(days=7)
    link = Link(errand=errand, subject="1", about=about, until=until)
    return f"/two-step{PATHS[errand]}{written(context.vault.box, context.realm, link)}"


@pytest.mark.row("A11Y-3")
@languages
def test_the_pages_of_links_have_room_for_a_language(
    open_browser: Open, site: Served, language: str
) -> None:
    """What links in mails lead to has no barrier either, in any language."""
    walk = walker(open_browser, site, "mailed-links", language)
    walk.give_password("/register")
    app, older, newer = _robbed(site)
    page, risk = walk.me.page, "main .v-button--risk"
    walk.go(_link(site, Errand.NOT_ME, newer), "report")
    walk.press()
    walk.give_password()
    walk.look("report-known")
    walk.press(risk)
    walk.look("suspended")
    page.goto("/two-step/login")
    walk.type_code(app.code(state_of(site.app).engine.now()))
    walk.go("/two-step/", "ways")
    engine = state_of(site.app).engine
    assert engine.reset("1", by="bea", reason="lost") is not None
    ticket = next(e.id for e in engine.enrolments("1") if e.factor == "ticket")
    stop = _link(site, Errand.CANCEL_RESET, ticket)
    walk.go(stop, "stop")
    walk.press()
    walk.look("stopped")
    walk.go(stop, "over")
    walk.go(_link(site, Errand.NOT_ME, older), "report-alone")
    walk.press(risk)
    walk.look("suspended-alone")
    walk.give_password()
    walk.go("/two-step/login/help", "stuck")
    assert engine.reset("1", by="bea", reason="lost") is not None
    walk.go("/two-step/login/help", "stuck-with-ticket")

    assert walk.sights.faults == []
    assert len(walk.sights.seen) == 11
