"""A tour of everything we answer: every page in every state, and every other kind of answer."""

from tests.flask.shop import PAGE, Browser, Shop

from vestibule.core.links import Errand
from vestibule.testing import SoftwareAuthenticator

SETUP, LOGIN, CONFIRM, CODES, SESSIONS = (
    "/two-step/setup",
    "/two-step/login",
    "/two-step/confirm",
    "/two-step/recovery-codes",
    "/two-step/sessions",
)
NOTES = ("added", "renamed", "preferred", "removed", "restored", "codes", "nothing")


def tour(shop: Shop, label: str = "Work phone", agent: str = "a browser") -> Shop:
    """Walk through all of it; what was answered is in `shop.seen`."""
    member = shop.browser()
    member.headers = {"User-Agent": agent}
    _set_up(member)
    _manage(member, label)
    _move(member)
    _confirm(member)
    _look_around(member)
    _sign_in(member)
    _odd_requests(member)
    _mailed(shop)
    _paused(shop)
    _down(shop)
    return shop


def _set_up(member: Browser) -> None:
    member.give_password()
    member.get("/two-step/")
    for _ in range(2):
        member.send("/two-step/add/totp")
        member.get(SETUP)
        member.send("/two-step/setup/cancel")
        member.get(SETUP)
    member.get("/two-step/")
    member.send("/two-step/add/totp")
    member.set_up_wrongly()
    member.send(SETUP, code="no code")
    for _ in range(3):
        member.send(SETUP, code=member.wrong_code())
    member.get("/two-step/")
    member.set_up(keep=False)
    member.get("/two-step/")
    member.get(CODES)
    member.send(CODES)
    member.note_codes()
    member.open("POST", f"{CODES}/download", data={"csrf_token": member.token})
    member.send(f"{CODES}/keep", kept="yes")
    for note in NOTES:
        member.get(f"/two-step/?done={note}")
    member.get(CODES)


def _manage(member: Browser, label: str) -> None:
    first = member.enrolment_id()
    member.get(f"/two-step/ways/{first}/remove")
    member.get(f"/two-step/ways/{first}/name")
    member.send(f"/two-step/ways/{first}/name", label=label)
    for _ in range(4):
        member.get("/two-step/")
        phone = member.phone
        member.set_up()
        member.phone = phone
    member.get("/two-step/")
    member.send("/two-step/add/totp")
    member.get(f"/two-step/ways/{first}/remove")
    member.send(f"/two-step/ways/{first}/first")
    member.get("/two-step/")
    member.get("/two-step/ways/unknown/name")
    member.token = "of long ago"
    for path in (f"/two-step/ways/{first}/remove", f"/two-step/ways/{first}/name", CODES):
        member.send(path)
        member.token = "of long ago"
    for enrolment in member.shop.engine.enrolments("maren"):
        if enrolment.factor == "totp" and enrolment.id != first:
            member.get(f"/two-step/ways/{enrolment.id}/remove")
            member.send(f"/two-step/ways/{enrolment.id}/remove")
    member.get("/two-step/?done=removed")


def _move(member: Browser) -> None:
    member.get("/two-step/")
    member.get("/two-step/move")
    member.send("/two-step/move")
    member.send("/two-step/move", method=member.enrolment_id())
    phone = SoftwareAuthenticator.scan(member.shown_uri())
    began = member.send(SETUP, code=phone.next_code(member.shop.clock.now()))
    member.get(began.location)
    member.get("/two-step/")
    member.get("/two-step/move")
    member.token, token = "of long ago", member.token
    member.send(began.location, code="123456")
    member.send("/two-step/move")
    member.token = token
    for code in ("no code", *[member.wrong_code()] * 5):
        member.send(began.location, code=code)
    member.get(began.location)
    member.shop.clock.move(seconds=3600)
    member.phone = phone
    member.get(began.location)
    member.send(began.location, code=member.next_code())
    member.get("/two-step/?done=moved")


def _confirm(member: Browser) -> None:
    member.shop.clock.move(seconds=301)
    member.get(f"/two-step/ways/{member.enrolment_id()}/remove")
    member.get("/pay")
    member.get(CONFIRM)
    member.get(f"{CONFIRM}?method={member.enrolment_id('recovery_codes')}")
    member.token, token = "of long ago", member.token
    member.send(CONFIRM, code="123456")
    member.token = token
    member.send(CONFIRM, code="no code")
    member.send(CONFIRM, code=member.past_code())
    member.send(CONFIRM, code=member.next_code())
    member.shop.clock.move(seconds=601)
    member.get(CONFIRM)
    for _ in range(6):
        member.send(CONFIRM, code=member.wrong_code())
    member.shop.clock.move(seconds=3600)


def _look_around(member: Browser) -> None:
    member.get(SESSIONS)
    for number in range(4):
        other = member.shop.browser()
        other.headers, other.phone = dict(member.headers), member.phone
        remembered = {"remember": "yes"} if number else {}
        other.wait(**remembered).send(LOGIN, code=member.next_code())
    found = member.shop.engine.sessions("maren", first=getattr(member.passage(), "id", ""))
    ends = [f"{SESSIONS}/{session.id}/end" for session in found.told]
    member.shop.clock.move(seconds=301)
    member.get(SESSIONS)
    member.send(ends[1])
    member.get(CONFIRM)
    member.get(member.send(CONFIRM, code=member.next_code()).location)
    for end in (*ends[:2], ends[1]):
        member.get(member.send(end).location or SESSIONS)
    member.token, token = "of long ago", member.token
    member.send(ends[2])
    member.token = token
    member.get(member.send(f"{SESSIONS}/end").location)


def _sign_in(member: Browser) -> None:
    stranger = member.shop.browser()
    for path in ("/two-step/", CONFIRM, LOGIN, SETUP, CODES, SESSIONS):
        stranger.get(path)
        stranger.ask(path, method="GET")
    stranger.wait()
    stranger.get("/orders")
    stranger.get(f"{LOGIN}/help")
    stranger.get(f"{LOGIN}?method={member.enrolment_id('recovery_codes')}")
    stranger.send(LOGIN, code="no code")
    stranger.send(LOGIN, code=member.past_code())
    saved = member.codes[0]
    stranger.send(LOGIN, code=saved[:-1] + ("1" if saved[-1] == "0" else "0"))
    for _ in range(2):
        stranger.send(LOGIN, code=member.wrong_code())
    stranger.get(LOGIN)
    for _ in range(2):
        stranger.wait().send(LOGIN, code=member.wrong_code())
    stranger.wait().send(LOGIN, code=member.wrong_code())
    stranger.ask_password()
    stranger.ask(LOGIN, {"code": member.wrong_code()})
    stranger.get(LOGIN)
    stranger.send("/two-step/cancel")
    stranger.wait().send(LOGIN, code=member.codes[0])
    stranger.send(LOGIN, code=member.codes[0])
    stranger.get(LOGIN)
    stranger.get("/two-step/")


def _odd_requests(member: Browser) -> None:
    member.get("/two-step/")
    member.send("/two-step/add/nothing")
    member.send(LOGIN, padding="x" * 20_000)
    member.open("POST", LOGIN, headers=PAGE | {"Sec-Fetch-Site": "cross-site"})
    member.open("POST", LOGIN, data="[", content_type="application/json")
    member.ask("/two-step/add/totp")
    member.ask("/two-step/", method="GET")
    for name in ("vestibule.css", "code.js", "copy.js", "recovery.js", "mark.svg", "nothing"):
        member.get(f"/two-step/static/{name}")


def _mailed(shop: Shop) -> None:
    owner = shop.browser().join("person1")
    older = owner.phone
    shop.clock.move(seconds=60)
    owner.get("/two-step/confirm")
    owner.send(CONFIRM, code=owner.next_code())
    owner.set_up()
    added = shop.engine.enrolments("person1")[-1].id
    page = shop.link_to(Errand.NOT_ME, added, "person1")
    shop.browser().join("person2").get(page)
    reader = shop.browser()
    reader.get(page)
    reader.send(page)
    reader.give_password("person1")
    reader.get(page)
    reader.token, token = "of long ago", reader.token
    reader.send(page)
    reader.token = token
    reader.send(page)
    for browser in (reader, shop.browser()):
        browser.get(page)
    reader.phone = older
    reader.get(f"{LOGIN}/help")
    reader.send(LOGIN, code=reader.next_code())
    reader.get("/two-step/")
    reader.send(f"/two-step/ways/{added}/restore")
    reader.get("/two-step/?done=restored")
    _only_one(shop)
    shop.engine.reset("person1", by="bea", reason="lost")
    ticket = shop.engine.enrolments("person1")[-1].id
    page = shop.link_to(Errand.CANCEL_RESET, ticket, "person1")
    stranger = shop.browser()
    stranger.get(page)
    for _ in range(2):
        stranger.send(page)


def _only_one(shop: Shop) -> None:
    shop.browser().join("person3")
    page = shop.link_to(Errand.NOT_ME, shop.engine.enrolments("person3")[0].id, "person3")
    reader = shop.browser().wait("person3")
    reader.get(page)
    reader.send(page)
    reader.get(f"{LOGIN}/help")
    reader.get(page)


def _paused(shop: Shop) -> None:
    browser = shop.browser()
    browser.give_password("tobias")
    browser.get("/two-step/")
    browser.set_up(keep=False).sign_out().wait("tobias")
    browser.send(LOGIN, code=browser.wrong_code())
    shop.spend_all_odds()
    browser.send(LOGIN, code=browser.next_code())
    browser.get(LOGIN)
    shop.pause_all_apps()
    browser.send(LOGIN, code=browser.next_code())
    browser.get(LOGIN)
    sure = shop.browser().wait("maren")
    sure.get(LOGIN)


def _down(shop: Shop) -> None:
    browser = shop.browser().join("ines")
    shop.break_down()
    browser.get("/two-step/")
    browser.get(LOGIN)
    browser.send(LOGIN, code="123456")
    browser.ask("/two-step/", method="GET")
    browser.give_password("ines")
    shop.browser().get(LOGIN)
    shop.browser().ask(LOGIN, {"code": "123456"})
