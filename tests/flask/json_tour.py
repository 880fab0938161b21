"""A tour in JSON: every address of ours, asked in every state in which it says something else.

Each story is told in a shop of its own; what was answered is in `shop.seen`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from flask import request, session
from flask_login import login_user
from sqlalchemy import select
from tests.codes import code_in, is_code
from tests.flask.shop import PASSWORD, Browser, Shop, User, said

from vestibule.core.budget import UNIT, spent_on
from vestibule.core.links import Errand
from vestibule.flask import Vestibule
from vestibule.store import rows, tables
from vestibule.testing import SoftwareAuthenticator, deliver

P = "/two-step"
NO_WAY = "0" * 32
SESSIONS = f"{P}/sessions"
SETUP, LOGIN, CONFIRM, CODES = f"{P}/setup", f"{P}/login", f"{P}/confirm", f"{P}/recovery-codes"
WAY = f"{P}/ways/{{}}/{{}}"
NO_LINK = "x" * 40
LINKS = (f"{P}/not-me/{NO_LINK}", f"{P}/reset/cancel/{NO_LINK}")
GETS = tuple(
    P + path
    for path in (
        *("/login", "/login/help", "/first", "/confirm", "/", "/add/totp", "/setup", "/move"),
        *("/recovery-codes", "/sessions", "/delivery"),
    )
)
LOGIN_POSTS = tuple(P + path for path in ("/login", "/login/send", "/cancel", "/first/later"))
POSTS = (
    *(CONFIRM, f"{CONFIRM}/send", f"{P}/reset/cancel", f"{P}/add/totp", f"{P}/first", f"{P}/move"),
    *(CODES, f"{CODES}/download", f"{CODES}/keep"),
    *(f"{SESSIONS}/end", f"{SESSIONS}/{NO_WAY}/end"),
)
SETUP_POSTS = (SETUP, f"{SETUP}/send", f"{SETUP}/cancel")


def open_shop(folder: Path) -> Shop:
    """A shop that offers apps, recovery codes, mail and phones."""
    folder.mkdir()
    return Shop.open(
        folder,
        VESTIBULE_FACTORS=["totp", "recovery_codes", "email", "phone"],
        VESTIBULE_PRICES={"sms": 0.01, "call": 0.01},
        VESTIBULE_SPEND_PER_DAY=100,
    )


def nobody(shop: Shop) -> None:
    """Somebody who is not signed in."""
    browser = shop.browser()
    _ask_all(browser)
    _send_oddly(browser, LOGIN_POSTS)
    browser.ask("/pay", method="GET")


def without(shop: Shop) -> None:
    """Somebody who has no second step."""
    browser = shop.browser()
    browser.give_password()
    _ask_all(browser)
    for method in ("GET", "POST"):
        browser.ask(f"{P}/add/nothing", method=method)


def first_set_up(shop: Shop) -> None:
    """Somebody who sets an app up, and does it wrong first."""
    member = shop.browser()
    member.give_password()
    _scan(member).ask(f"{SETUP}/send")
    _send_oddly(member, SETUP_POSTS)
    _scan(member).ask(f"{SETUP}/cancel")
    _scan(member).ask(SETUP, {"code": "no code"})
    for _ in range(4):
        member.ask(SETUP, {"code": member.wrong_code()})
    _add_app(member)


def slowed(shop: Shop) -> None:
    """Somebody who sets an app up where many wrong codes came from."""
    guesser, member = _member(shop).sign_out(), shop.browser()
    for _ in range(7):
        guesser.ask_password()
        for _ in range(5):
            guesser.ask(LOGIN, {"code": "11111-11111-11111-11111"})
    member.give_password("tobias")
    _scan(member).ask(SETUP, {"code": member.wrong_code()})


def managing(shop: Shop) -> None:
    """Somebody who changes everything there is to change."""
    member = _member(shop)
    way = member.enrolment_id()
    _send_oddly(member, (*POSTS, *(WAY.format(way, change) for change in _CHANGES)))
    member.ask(CODES)
    member.ask(CODES, method="GET")
    for _ in range(2):
        member.open("POST", f"{CODES}/download", json={})
    member.ask(CODES)
    member.ask(f"{CODES}/keep", {"kept": "no"})
    member.ask(f"{CODES}/keep", {"kept": "no"})
    for _ in range(4):
        _add_app(member)
    member.ask(f"{P}/add/totp")
    _ask_all(member, way)


def moving(shop: Shop) -> None:
    """Somebody with a new phone, which is tried in every wrong way first."""
    member = _member(shop)
    old = member.enrolment_id()
    for way in (old, "", NO_WAY):
        _send_oddly(member, (f"{P}/move",))
        member.ask(f"{P}/move", {"method": way})
    new = _scan_new(member, old)
    _send_oddly(member, (WAY.format(new, "try"),))
    for path in (f"{P}/", f"{P}/move", WAY.format(new, "try")):
        member.ask(path, method="GET")
    for code in ("no code", *[member.wrong_code()] * 5):
        member.ask(WAY.format(new, "try"), {"code": code})
    shop.clock.move(seconds=601)
    member.ask(WAY.format(new, "try"), {"code": member.wrong_code()})
    member.ask(WAY.format(new, "try"), {"code": member.wrong_code()})
    shop.clock.move(seconds=3600)
    member.ask(WAY.format(new, "try"), {"code": member.next_code()})
    member.ask(WAY.format(new, "try"), {"code": member.next_code()})
    for _ in range(4):
        _add_app(member)
    newest = _scan_new(member, new)
    free = shop.engine.movable(shop.engine.enrolments("maren"))
    member.ask(f"{P}/move", {"method": free[0].id})
    shop.pause_all_apps()
    member.ask(WAY.format(newest, "try"), {"code": member.next_code()})


def looking_around(shop: Shop) -> None:
    """Somebody who is signed in three times, and ends what is elsewhere."""
    member = _member(shop)
    for _ in range(2):
        other = shop.browser()
        other.ask_password()
        other.ask(LOGIN, {"code": member.next_code()})
    found = said(member.ask(SESSIONS, method="GET"))["sessions"]
    for _ in range(2):
        member.ask(f"{SESSIONS}/{found[-1]['id']}/end")
    member.ask(f"{SESSIONS}/end")


def sent_codes(shop: Shop) -> None:
    """Somebody whose codes are sent."""
    member = _member(shop)
    member.ask(f"{P}/add/email", method="GET")
    member.ask(f"{P}/add/email", {"address": "nowhere"})
    member.ask(f"{P}/add/email", {"address": "maren@post.example"})
    member.ask(SETUP, method="GET")
    _send_late(member, SETUP)
    member.ask(f"{SETUP}/send")
    shop.clock.move(seconds=31)
    member.ask(f"{SETUP}/send", {"channel": "pigeon"})
    member.ask(f"{SETUP}/send")
    member.ask(SETUP, {"code": sent_code(shop)})
    way = {"method": member.enrolment_id("email")}
    shop.clock.move(seconds=3600)
    member.ask(f"{CONFIRM}/send", way | {"channel": "pigeon"})
    for _ in range(2):
        member.ask(f"{CONFIRM}/send", way)
    member.ask(f"{CONFIRM}/send", {"method": "nothing"})
    member.ask(CONFIRM, method="GET")
    member.ask(CONFIRM, {"code": sent_code(shop)})
    member.ask(f"{P}/", method="GET")
    shop.clock.move(seconds=3600)
    stranger = shop.browser()
    stranger.ask_password()
    stranger.ask(f"{LOGIN}/send", way | {"channel": "pigeon"})
    for _ in range(2):
        stranger.ask(f"{LOGIN}/send", way)
    for progress in ("queued", "sent", "delivered", "failed"):
        _say_of_messages(shop, progress)
        stranger.ask(f"{P}/delivery?step=login&method={way['method']}", method="GET")
    for path in (LOGIN, f"{LOGIN}/help"):
        stranger.ask(path, method="GET")
    for _ in range(8):
        shop.clock.move(seconds=31)
        stranger.ask_password()
        stranger.ask(f"{LOGIN}/send", way)


def _say_of_messages(shop: Shop, status: str) -> None:
    """Write into the database what the courier would, of every message there is."""
    with shop.state.parts.database.engine.begin() as connection:
        connection.execute(tables.message.update().values(status=status))


def unreachable(shop: Shop) -> None:
    """Somebody whose number gets no codes any more, and one who adds such a number."""
    member = _member(shop)
    member.ask(f"{P}/add/phone", method="GET")
    member.ask(f"{P}/add/phone", {"country": "DE", "number": "0170 1234567"})
    member.ask(SETUP, {"code": sent_code(shop)})
    way = {"method": member.enrolment_id("phone")}
    member.ask(f"{P}/add/phone", {"country": "DE", "number": "0170 7654321"})
    _make_costly(shop)
    shop.clock.move(seconds=31)
    member.ask(f"{SETUP}/send")
    shop.clock.move(seconds=3600)
    member.ask(f"{CONFIRM}/send", way)
    stranger = shop.browser()
    stranger.ask_password()
    stranger.ask(f"{LOGIN}/send", way)


def stopped(shop: Shop) -> None:
    """Somebody who asks for a code to numbers from which hardly any came back."""
    member = _member(shop)
    member.ask(f"{P}/add/phone", {"country": "DE", "number": "0170 1234567"})
    member.ask(SETUP, {"code": sent_code(shop)})
    table, until = tables.area, int((shop.clock.now().timestamp() + 86_400) * 1_000_000)
    with shop.state.parts.database.engine.begin() as connection:
        of_all = table.update().where(table.c.provider == "")
        connection.execute(of_all.values(whose="stranger", stopped_until=until))
    shop.clock.move(seconds=3600)
    stranger = shop.browser()
    stranger.ask_password()
    stranger.ask(f"{LOGIN}/send", {"method": member.enrolment_id("phone")})


def out_of_money(shop: Shop) -> None:
    """Somebody whose code no money is left for on that day."""
    member = _member(shop)
    member.ask(f"{P}/add/phone", {"country": "DE", "number": "0170 1234567"})
    member.ask(SETUP, {"code": sent_code(shop)})
    shop.clock.move(seconds=3600)
    now = shop.clock.now()
    mine = {"realm": "default", "name": spent_on(now)}
    full = mine | {"level": 100 * UNIT, "as_of": rows.number(now)}
    with shop.state.parts.database.engine.begin() as connection:
        connection.execute(tables.tally.delete().where(tables.tally.c.name == mine["name"]))
        connection.execute(tables.tally.insert().values(full))
    stranger = shop.browser()
    stranger.ask_password()
    stranger.ask(f"{LOGIN}/send", {"method": member.enrolment_id("phone")})


def _make_costly(shop: Shop) -> None:
    """Put a number into the database that costs somebody dear, in the place of each there is."""
    table, vault = tables.enrolment, shop.engine.vault
    with shop.state.parts.database.engine.begin() as connection:
        phones = connection.execute(select(table).where(table.c.factor == "phone")).mappings().all()
        for row in phones:
            sealed = vault.sealed(replace(rows.enrolment(row), secret=b"+19005551234")).secret
            mine = table.c.id == row["id"]
            connection.execute(table.update().where(mine).values(secret=sealed))


def fresh_proof(shop: Shop) -> None:
    """Somebody who has to prove who it is once more."""
    member = _member(shop)
    shop.clock.move(seconds=301)
    _ask_all(member, member.enrolment_id())
    member.ask("/pay", method="GET")
    member.ask(CONFIRM, {"code": member.wrong_code()})
    member.ask(CONFIRM, {"code": member.next_code()})
    for _ in range(2):
        shop.clock.move(seconds=601)
        for _ in range(6):
            member.ask(CONFIRM, {"code": member.wrong_code()})
        member.ask(CONFIRM, method="GET")


def logging_in(shop: Shop) -> None:
    """Somebody before the second step."""
    member = _member(shop).sign_out()
    member.ask_password()
    _send_oddly(member, LOGIN_POSTS)
    _ask_all(member)
    member.ask_password()
    member.ask(LOGIN, {"code": member.wrong_code()})
    member.ask(LOGIN, {"code": member.next_code()})
    for path in (LOGIN, f"{LOGIN}/help"):
        member.ask(path, method="GET")
    _send_oddly(member, LOGIN_POSTS)
    for path in LOGIN_POSTS:
        member.ask(path)


def a_program(shop: Shop) -> None:
    """A program that gets a token by both steps."""
    member, program = _member(shop), shop.browser()
    wanted = {"name": "maren", "password": PASSWORD}
    handle = said(program.ask("/token", wanted))["handle"]
    program.ask(f"{LOGIN}/send", {"method": NO_WAY, "handle": handle})
    program.ask(LOGIN, {"code": member.wrong_code(), "handle": handle})
    program.ask(LOGIN, {"code": member.next_code(), "handle": handle})


def spent(shop: Shop) -> None:
    """Somebody who has had all wrong codes there are."""
    member = _member(shop).sign_out()
    member.ask_password()
    for _ in range(6):
        member.ask(LOGIN, {"code": member.wrong_code()})
    member.ask(LOGIN, method="GET")
    for path in LOGIN_POSTS:
        _send_late(member, path)
    member.ask_password()
    member.ask(LOGIN, {"code": member.wrong_code()})
    member.ask(f"{LOGIN}/help", method="GET")
    shop.spend_all_odds()
    shop.clock.move(seconds=3600)
    member.ask_password()
    member.ask(LOGIN, {"code": member.next_code()})


def paused(shop: Shop) -> None:
    """Somebody whose only way is paused."""
    member = shop.browser()
    member.give_password()
    _add_app(member, kept="no")
    waiting = shop.browser()
    waiting.ask_password()
    shop.pause_all_apps()
    shop.clock.move(seconds=301)
    member.ask(CONFIRM, method="GET")
    member.ask(CONFIRM, {"code": member.next_code()})
    member.ask(f"{CONFIRM}/send", {"method": member.enrolment_id()})
    for path in (CONFIRM, f"{CONFIRM}/send"):
        _send_late(member, path)
    for path in GETS[:2]:
        waiting.ask(path, method="GET")
    for path in LOGIN_POSTS:
        _send_late(waiting, path)
        waiting.ask(path)


def help_desk(shop: Shop) -> None:
    """Somebody who objects to a ticket, and somebody who uses one."""
    member = _member(shop)
    for _ in range(2):
        shop.engine.reset("maren", by="bea", reason="lost")
        member.ask(f"{P}/", method="GET")
        member.ask(f"{P}/reset/cancel")
    early = shop.engine.reset("maren", by="bea", reason="lost")
    assert early is not None
    hasty = shop.browser()
    hasty.ask_password()
    hasty.ask(LOGIN, {"code": early.ticket})
    hasty.ask(f"{LOGIN}/help", method="GET")
    made = shop.engine.reset("maren", by="bea", reason="lost", at_once=True)
    assert made is not None
    stranger = shop.browser()
    stranger.ask_password()
    stranger.ask(LOGIN, method="GET")
    stranger.ask(LOGIN, {"code": made.ticket})


def obliged(shop: Shop) -> None:
    """Somebody who must have a second step: puts it off, is late, proves it, sets it up."""
    shop.state.loaders.policy = lambda user: user.id == "tobias"
    first, later = f"{P}/first", f"{P}/first/later"
    browser = shop.browser()
    browser.ask_password("tobias")
    for path in (first, LOGIN):
        browser.ask(path, method="GET")
    browser.ask(f"{LOGIN}/send", {"method": NO_WAY})
    _send_oddly(browser, (later, f"{P}/cancel"))
    browser.ask(later)
    for method in ("GET", "POST"):
        browser.ask(f"{P}/add/totp", method=method)
    _send_oddly(browser, (first,))
    browser.ask(first)
    shop.clock.move(days=7)
    browser.ask_password("tobias")
    browser.ask(first, method="GET")
    [way] = said(browser.ask(LOGIN, method="GET"))["methods"]
    browser.ask(later)
    browser.ask(f"{LOGIN}/send", {"method": way["id"]})
    browser.ask(LOGIN, {"code": sent_code(shop)})
    for path in (LOGIN, first):
        browser.ask(path, method="GET")
    _add_app(_scan(browser))
    for method in ("GET", "POST"):
        browser.ask(WAY.format(browser.enrolment_id(name="tobias"), "remove"), method=method)


def mailed(shop: Shop) -> None:
    """Somebody who reports a way, and has it again, and one who stops a help desk's reset."""
    member = _member(shop)
    older = member.phone
    shop.clock.move(seconds=60)
    _add_app(member)
    added = shop.engine.enrolments("maren")[-1].id
    page = shop.link_to(Errand.NOT_ME, added)
    stranger = shop.browser()
    stranger.ask(page, method="GET")
    stranger.ask(page)
    stranger.ask_password()
    _send_oddly(stranger, [page])
    for method in ("GET", "POST", "GET"):
        stranger.ask(page, method=method)
    owner = shop.browser()
    owner.phone = older
    owner.ask_password()
    owner.ask(LOGIN, {"code": owner.next_code()})
    _suspended(owner, added)
    shop.engine.reset("maren", by="bea", reason="lost")
    ticket = shop.engine.enrolments("maren")[-1].id
    page = shop.link_to(Errand.CANCEL_RESET, ticket)
    _send_oddly(stranger, [page])
    for method in ("GET", "POST", "GET", "POST"):
        stranger.ask(page, method=method)


def _suspended(owner: Browser, way: str) -> None:
    """See a way that is suspended, wherever it is told of, and have it again."""
    owner.ask(f"{P}/", method="GET")
    for change in ("name", "remove"):
        owner.ask(WAY.format(way, change), method="GET")
    owner.ask(WAY.format(way, "restore"))


def lost_account(shop: Shop) -> None:
    """Somebody whose account is closed meanwhile."""
    member = _member(shop)
    waiting = shop.browser()
    waiting.ask_password()
    shop.people.clear()
    _ask_all(member)
    waiting.ask(LOGIN, {"code": member.next_code()})


def by_header(shop: Shop) -> None:
    """Somebody whom the application signs in before every view, by a header of its own."""

    @shop.app.before_request
    def sign_in() -> None:
        if name := request.headers.get("Remote-User"):
            session["_user_id"] = name

    _member(shop)
    for name in ("maren", "a stranger"):
        for method, path in [("GET", path) for path in (*GETS[:3], *LINKS)] + [
            ("POST", path) for path in (*LOGIN_POSTS, *LINKS)
        ]:
            browser = shop.browser()
            browser.headers = {"Remote-User": name, "Accept": "application/json"}
            browser.open(method, path)


def acting(shop: Shop) -> None:
    """Somebody of the shop's people, who is there as a customer."""
    door: Vestibule = shop.app.extensions["vestibule"]
    door.may_act_as(lambda staff, user: (staff.id, user.id) == ("maren", "tobias"))

    @shop.app.post("/help")
    def act() -> str:
        with door.acting_as(User("tobias"), reason="asked"):
            login_user(User("tobias"))
        return "there"

    member = _member(shop)
    assert member.ask("/help").text == "there"
    _ask_all(member)
    member.ask("/pay", method="GET")


def down(shop: Shop) -> None:
    """Somebody who comes while the database does not answer."""
    member = _member(shop)
    shop.break_down()
    _ask_all(member)
    member.ask("/orders", method="GET")


STORIES: Final[tuple[Callable[[Shop], None], ...]] = (
    *(nobody, without, first_set_up, managing, moving, looking_around, sent_codes, fresh_proof),
    *(logging_in, a_program, acting, unreachable, stopped, out_of_money),
    *(slowed, spent, paused, help_desk, mailed, obliged, lost_account, by_header, down),
)
_CHANGES: Final = ("name", "first", "restore", "remove", "try")


def _ask_all(browser: Browser, way: str = NO_WAY) -> None:
    """Ask every address, and send each nothing at all."""
    ways = [WAY.format(way, change) for change in _CHANGES]
    for path in (*GETS, *LINKS, ways[0], *ways[3:]):
        browser.ask(path, method="GET")
    for path in (*POSTS, *LINKS, *SETUP_POSTS, *ways, *LOGIN_POSTS):
        browser.ask(path)


def _send_oddly(browser: Browser, paths: Sequence[str]) -> None:
    """Send each address what it does not take."""
    site = {"Sec-Fetch-Site": "cross-site"}
    for path in paths:
        _send_late(browser, path)
        browser.open("POST", path, json={}, headers=site)
        browser.ask(path, [])
        browser.ask(path, {"code": "7" * 20_000})


def _send_late(browser: Browser, path: str) -> None:
    """Send a form that was shown too long ago, and take JSON for an answer."""
    late = {"csrf_token": "of long ago"}
    browser.open("POST", path, data=late, headers={"Accept": "application/json"})


def _member(shop: Shop) -> Browser:
    """Somebody who has an app and recovery codes, signed in."""
    browser = shop.browser()
    browser.give_password()
    return _add_app(browser)


def _scan(browser: Browser) -> Browser:
    """Begin to add an app."""
    browser.ask(f"{P}/add/totp")
    shown = said(browser.ask(SETUP, method="GET"))
    browser.phone = SoftwareAuthenticator.scan(shown["otpauth"])
    return browser


def _add_app(browser: Browser, kept: str = "yes") -> Browser:
    """Add an app; with the first one come recovery codes, which may be waved off."""
    _scan(browser).ask(SETUP, {"code": browser.next_code()})
    browser.ask(CODES, method="GET")
    browser.ask(f"{CODES}/keep", {"kept": kept})
    return browser


def _scan_new(browser: Browser, old: str) -> str:
    """Set up what takes the place of an app, and return its id."""
    browser.ask(f"{P}/move", {"method": old})
    shown = said(browser.ask(SETUP, method="GET"))
    browser.phone = SoftwareAuthenticator.scan(shown["otpauth"])
    began = said(browser.ask(SETUP, {"code": browser.next_code()}))
    return str(began["location"]).split("/")[-2]


def sent_code(shop: Shop) -> str:
    """The newest code that arrived."""
    deliver(shop.app)
    return code_in(next(m.text for m in shop.inbox.messages if is_code(m.text)))
