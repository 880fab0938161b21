"""Who must have a second step: led to it, let in meanwhile, and never by the password alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import after_this_request
from flask_login import current_user, login_user
from tests.flask.shop import PAGE, PASSWORD, Browser, Shop, User, said
from tests.heard import heard
from werkzeug.wrappers import Response

from vestibule.core.errors import ConfigurationError
from vestibule.flask.state import EXTENSION
from vestibule.testing import SoftwareAuthenticator, deliver, enrol_app

LOGIN, LIST, FIRST, LATER = (
    "/two-step/login",
    "/two-step/",
    "/two-step/first",
    "/two-step/first/later",
)
DAYS = 7
Open = Callable[..., Shop]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a shop of those settings."""
    shops = []

    def open_shop(**config: Any) -> Shop:
        shop = Shop.open(tmp_path, **({"VESTIBULE_REQUIRED": "everyone"} | config))
        shops.append(shop)
        return shop

    yield open_shop
    for shop in shops:
        shop.close()


@pytest.fixture
def shop(opened: Open) -> Shop:
    """A shop in which everybody must have a second step."""
    return opened()


def come(shop: Shop, days: float = 0) -> Browser:
    """Give the password so many days after the first time."""
    if days:
        first = shop.browser()
        first.give_password()
        shop.clock.move(days=days)
    browser = shop.browser()
    browser.give_password()
    return browser


def mailed(shop: Shop) -> str:
    """The code that was sent last."""
    deliver(shop.app)
    message = shop.inbox.latest(to="maren@mail.example")
    assert message is not None
    found = re.search(r"\b\d{6}\b", message.text)
    assert found
    return found[0]


@pytest.mark.row("ATK-10")
def test_meanwhile_one_may_go_on_without(shop: Shop) -> None:
    """In the days of grace the login asks for the second step, and lets in whoever says later."""
    ada = come(shop)
    assert not ada.is_signed_in()
    page = unescape(ada.get(FIRST).text)
    assert "I have time until" in page

    assert ada.send(LATER).location == "/"

    assert ada.is_signed_in()
    assert ada.get("/two-step/").status_code == 200


@pytest.mark.row("ATK-10")
def test_the_grace_ends_by_the_clock(shop: Shop) -> None:
    """A session of the days of grace ends with them, and nobody puts off any more."""
    ada = come(shop)
    ada.get(FIRST)
    ada.send(LATER)
    shop.clock.move(days=DAYS)

    assert not ada.is_signed_in()
    ada.give_password()
    ada.get(LOGIN)
    assert ada.send(LATER).status_code == 403
    assert not ada.is_signed_in()


@pytest.mark.row("ATK-10")
def test_a_code_to_the_known_address_and_then_a_way(shop: Shop) -> None:
    """After the password comes a code by mail, then the set-up, then the page that was wanted."""
    ada = come(shop, DAYS)
    page = unescape(ada.get(LOGIN).text)
    assert "m•••@mail.example" in page
    assert "I have time until" not in page
    ada.send("/two-step/login/send", method=way(ada))
    answer = ada.send(LOGIN, code=mailed(shop))
    assert answer.location == FIRST
    assert not ada.is_signed_in()
    assert "Authenticator app" in ada.get(FIRST).text

    assert ada.send("/two-step/add/totp").location == "/two-step/setup"
    ada.phone = SoftwareAuthenticator.scan(ada.shown_uri())
    answer = ada.send("/two-step/setup", code=ada.next_code())

    assert answer.location == "/two-step/recovery-codes"
    assert ada.is_signed_in()
    assert ada.note_codes()
    assert ada.send("/two-step/recovery-codes/keep", kept="yes").location == "/"


def way(browser: Browser) -> str:
    """The one way of a login that waits."""
    [method] = said(browser.ask(LOGIN, method="GET"))["methods"]
    return str(method["id"])


@pytest.mark.row("ATK-10")
def test_the_password_alone_sets_up_nothing(shop: Shop) -> None:
    """Signed in, in grace, at the door: without the proof no way is begun and none is shown."""
    ada = come(shop)
    ada.get(FIRST)
    ada.send(LATER)
    assert ada.get(LIST).text.count("/two-step/add/") == 0
    assert ada.send("/two-step/add/totp").location == LIST
    assert said(ada.ask("/two-step/add/totp"))["error"] == "proof_needed"

    eve = come(shop, DAYS)
    assert eve.send("/two-step/add/totp").location != "/two-step/setup"
    assert not shop.engine.standing("maren", None).enrolled
    assert {e.factor for e in shop.engine.enrolments("maren")} <= {"known_address"}


@pytest.mark.row("ATK-10")
def test_signed_in_one_is_led_to_the_proof_and_back(shop: Shop) -> None:
    """The list of whoever still has time leads to the door, and after the set-up home again."""
    ada = come(shop)
    ada.get(FIRST)
    ada.send(LATER)
    shop.clock.move(days=DAYS - 1)
    assert ada.is_signed_in()
    ada.get(LIST)

    assert ada.send(FIRST).location == LOGIN

    assert not ada.is_signed_in()
    ada.get(FIRST)
    assert ada.send(LATER).location == "/"
    assert ada.is_signed_in()


def test_without_a_known_address_it_takes_a_ticket(shop: Shop) -> None:
    """Who cannot be sent a code yet is told of the ticket, of when a code will do, and a number."""
    ada = come(shop)
    page = ada.get(FIRST)

    assert page.status_code == 403
    assert "one-time ticket" in page.text
    assert "from then on a code sent to your mail address is enough" in page.text
    assert 'class="v-case"' in page.text
    told = said(ada.ask(FIRST, method="GET"))
    assert told["error"] == "ticket_needed"
    assert told["until"]


def test_the_moment_a_code_will_do_is_the_one_the_login_goes_by(shop: Shop) -> None:
    """With the host's own word for when an address changed the page names that day, and on it a
    code does.
    """
    changed = shop.clock.now() - timedelta(days=DAYS - 1)
    door: Any = shop.app.extensions[EXTENSION]
    door.contact_loader(lambda _user: {"email": "maren@mail.example", "email_changed_at": changed})
    ada = come(shop)

    told = said(ada.ask(FIRST, method="GET"))["code_from"]

    assert datetime.fromisoformat(told) == changed + timedelta(days=DAYS)
    [shown] = re.findall(r"sign in again after ([^:]+:[^:]+):", ada.get(FIRST).text)
    assert shown.startswith(f"{changed + timedelta(days=DAYS):%Y-%m-%d}")
    shop.clock.move(days=1)
    assert way(come(shop))


def test_where_no_code_will_ever_do_no_moment_is_told(opened: Open) -> None:
    """A site that wants tickets says of no code when it comes."""
    ada = come(opened(VESTIBULE_FIRST_ENROLMENT="ticket"))

    assert "code_from" not in said(ada.ask(FIRST, method="GET"))
    assert "sent to your mail address" not in ada.get(FIRST).text


def test_the_password_alone_objects_to_no_first_ticket(opened: Open) -> None:
    """In the days of grace nobody is asked for more than the password: it ends no ticket."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="ticket")
    thief = put_off(shop)
    made = shop.engine.reset("maren", by="bea", reason="new here", obliged=True)
    assert made is not None
    thief.get("/two-step/")

    assert thief.send("/two-step/reset/cancel").status_code == 404
    owner = shop.browser().wait()
    assert owner.send(LOGIN, code=made.ticket).location == FIRST


def test_a_ticket_of_the_help_desk_opens_the_set_up(opened: Open) -> None:
    """Where only a ticket will do the host's own page makes one that works at once."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="ticket", VESTIBULE_GRACE_DAYS=0)
    ada = come(shop)
    assert ada.get(LOGIN).location == FIRST
    door: Any = shop.app.extensions[EXTENSION]
    with shop.app.test_request_context():
        made = door.reset(User("maren"), by="bea", reason="new here")
    assert made.valid_from == shop.clock.now()

    ada = shop.browser().wait()
    assert ada.send(LOGIN, code=made.ticket).location == FIRST
    ada.send("/two-step/add/totp")
    ada.phone = SoftwareAuthenticator.scan(ada.shown_uri())
    ada.send("/two-step/setup", code=ada.next_code())
    assert ada.is_signed_in()


def test_an_open_site_leads_straight_to_the_set_up(opened: Open) -> None:
    """Where nothing is to be proven the password leads to the choice of a way, and no further."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="open", VESTIBULE_GRACE_DAYS=0)
    ada = come(shop)
    assert ada.get(LOGIN).location == FIRST
    assert not ada.is_signed_in()
    ada.get(FIRST)
    ada.send("/two-step/add/totp")
    ada.phone = SoftwareAuthenticator.scan(ada.shown_uri())
    assert ada.send("/two-step/setup/cancel").location == FIRST
    ada.send("/two-step/add/totp")
    ada.phone = SoftwareAuthenticator.scan(ada.shown_uri())
    ada.send("/two-step/setup", code=ada.next_code())

    assert ada.is_signed_in()


@pytest.mark.row("ATK-10")
def test_the_last_way_cannot_go(opened: Open) -> None:
    """Who must have a way is told to add another before the only one can be removed."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="open", VESTIBULE_GRACE_DAYS=0)
    ada = come(shop)
    ada.get(FIRST)
    ada.send("/two-step/add/totp")
    ada.phone = SoftwareAuthenticator.scan(ada.shown_uri())
    ada.send("/two-step/setup", code=ada.next_code())
    remove = f"/two-step/ways/{ada.enrolment_id()}/remove"

    assert ada.get(remove).status_code == 409
    ada.get(LIST)
    assert ada.send(remove).status_code == 409
    assert said(ada.ask(remove))["error"] == "needed"
    assert ada.enrolment_id()


@pytest.mark.row("ATK-10")
def test_a_program_is_given_no_token(opened: Open) -> None:
    """A token view refuses whoever must set up a second step first, once the grace is over."""
    shop = opened()
    first = shop.browser()
    first.give_password()
    sent = {"name": "maren", "password": PASSWORD}
    assert "token" in said(shop.browser().ask("/token", sent))
    shop.clock.move(days=DAYS)

    refused = shop.browser().ask("/token", sent)

    assert refused.status_code == 403
    assert said(refused)["error"] == "second_step_not_set_up"


@pytest.mark.row("ATK-10")
def test_a_remember_cookie_is_no_way_round(shop: Shop) -> None:
    """A cookie of the days of grace brings nobody in after them."""
    ada = shop.browser()
    ada.give_password(remember="yes")
    ada.get(FIRST)
    ada.send(LATER)
    assert ada.is_signed_in()
    shop.clock.move(days=DAYS)
    ada.client.delete_cookie("session", domain="localhost")

    assert not ada.is_signed_in()


def test_a_role_must(opened: Open) -> None:
    """With roles named, whoever has one of them must, and nobody else."""
    shop = opened(VESTIBULE_REQUIRED="staff,admin")
    door: Any = shop.app.extensions[EXTENSION]
    door.policy_loader(lambda user: ["staff"] if user.id == "maren" else ["customer"])

    tobias = shop.browser()
    tobias.give_password("tobias")

    assert tobias.is_signed_in()
    assert not come(shop).is_signed_in()


def test_a_loader_may_decide_alone(opened: Open) -> None:
    """Without the setting the loader's yes or no is all there is."""
    shop = opened(VESTIBULE_REQUIRED="")
    door: Any = shop.app.extensions[EXTENSION]
    door.policy_loader(lambda user: user.id == "maren")

    assert not come(shop).is_signed_in()
    tobias = shop.browser()
    tobias.give_password("tobias")
    assert tobias.is_signed_in()


def test_nobody_is_nobody(opened: Open) -> None:
    """An operator can switch all of it off, whatever the application says."""
    shop = opened(VESTIBULE_REQUIRED="nobody")
    door: Any = shop.app.extensions[EXTENSION]
    door.policy_loader(lambda _user: True)

    assert come(shop).is_signed_in()


def test_roles_without_a_loader_are_an_error_that_says_what_to_do(opened: Open) -> None:
    """Roles that nobody tells are no reason to let everybody in."""
    shop = opened(VESTIBULE_REQUIRED="staff")

    with pytest.raises(ConfigurationError, match="policy_loader"):
        come(shop)


def test_who_was_enrolled_before_is_asked_as_always(opened: Open) -> None:
    """For whoever has a way nothing changes."""
    shop = opened(VESTIBULE_REQUIRED="nobody")
    maren = shop.browser().join()
    shop.close()
    again = opened()
    browser = again.browser()
    browser.phone = maren.phone
    browser.wait()

    again.clock.move(timedelta(minutes=1))
    assert browser.send(LOGIN, code=browser.next_code()).location == "/"


def test_a_hosts_own_test_sets_an_app_up(opened: Open) -> None:
    """The login helper of the test kit sets a first way up where that is open, and says why not."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="open")
    client = shop.app.test_client()
    client.post("/login", data={"name": "maren", "password": PASSWORD}, headers=PAGE)
    enrol_app(client)
    assert client.get("/orders").text == "the orders"

    guarded = opened()
    client = guarded.app.test_client()
    client.post("/login", data={"name": "tobias", "password": PASSWORD}, headers=PAGE)
    with pytest.raises(AssertionError, match="VESTIBULE_FIRST_ENROLMENT"):
        enrol_app(client)


def test_the_status_tells_the_host(shop: Shop) -> None:
    """A template can say who must have a second step."""
    door: Any = shop.app.extensions[EXTENSION]
    with shop.app.test_request_context():
        assert door.status(User("maren")).required


class Role(StrEnum):
    """Roles as many an application has them."""

    STAFF = "staff"


class Rank(Enum):
    """Roles that are no text."""

    STAFF = "staff"


def test_a_role_that_is_an_enum_counts_by_its_value(opened: Open) -> None:
    """Roles are compared as the text they are, and what is no text is an error that says so."""
    shop = opened(VESTIBULE_REQUIRED="staff")
    door: Any = shop.app.extensions[EXTENSION]
    door.policy_loader(lambda _user: [Role.STAFF])
    assert not come(shop).is_signed_in()

    door.policy_loader(lambda _user: [Rank.STAFF])
    with pytest.raises(ConfigurationError, match="by their names"):
        come(shop)


@pytest.mark.row("ATK-10")
def test_a_changed_password_ends_a_set_up_at_the_door(opened: Open) -> None:
    """Whoever stands at the door by a password that was changed since sets nothing up."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="open", VESTIBULE_GRACE_DAYS=0)
    stamps = ["old"]
    door: Any = shop.app.extensions[EXTENSION]
    door.password_stamp(lambda _user: stamps[-1])
    eve = come(shop)
    eve.get(FIRST)
    eve.send("/two-step/add/totp")
    eve.phone = SoftwareAuthenticator.scan(eve.shown_uri())

    stamps.append("new")

    assert eve.send("/two-step/setup", code=eve.next_code()).status_code != 200
    assert not eve.is_signed_in()
    assert shop.engine.enrolments("maren") == []


@pytest.mark.row("ATK-10")
def test_what_was_begun_before_one_had_to_is_proven_at_the_door(opened: Open) -> None:
    """A set-up begun by the password alone is not finished by somebody who must prove more."""
    shop = opened(VESTIBULE_REQUIRED="")
    must = [False]
    door: Any = shop.app.extensions[EXTENSION]
    door.policy_loader(lambda _user: must[-1])
    eve = come(shop)
    eve.get(LIST)
    eve.send("/two-step/add/totp")
    eve.phone = SoftwareAuthenticator.scan(eve.shown_uri())

    must.append(True)

    assert eve.send("/two-step/setup", code=eve.next_code()).location == LIST
    assert shop.engine.enrolments("maren") == []


@pytest.mark.row("ATK-10")
def test_no_set_up_that_was_open_stays_so(opened: Open) -> None:
    """A login that began where nothing was to be proven sets nothing up where something is."""
    shop = opened(VESTIBULE_FIRST_ENROLMENT="open", VESTIBULE_GRACE_DAYS=0)
    eve = come(shop)
    assert eve.get(FIRST).status_code == 200
    cookies = eve.cookies()
    assert eve.token
    shop.close()
    closed = opened(VESTIBULE_FIRST_ENROLMENT="ticket", VESTIBULE_GRACE_DAYS=0)
    later = closed.browser()
    for name, value in cookies.items():
        later.client.set_cookie(name, value, domain="localhost")
    later.token = eve.token

    assert later.get(FIRST).status_code == 410
    assert later.send("/two-step/add/totp").location != "/two-step/setup"
    assert later.send("/two-step/add/totp").status_code != 400
    assert closed.engine.enrolments("maren") == []


@pytest.mark.row("ATK-10")
def test_a_token_of_the_days_of_grace_ends_with_them(shop: Shop) -> None:
    """What a token view gave out while the password was enough opens no view that takes tokens."""
    door: Any = shop.app.extensions[EXTENSION]
    manager: Any = shop.app.login_manager  # type: ignore[attr-defined]
    manager.request_loader(lambda sent: User("maren") if sent.authorization else None)

    @shop.app.get("/api")
    @door.accepts_tokens
    def api() -> str:
        return f"api {current_user.get_id()}"

    token = {"Authorization": "Bearer maren"}
    come(shop)
    assert shop.browser().open("GET", "/api", headers=token).text == "api maren"

    shop.clock.move(days=DAYS)

    assert shop.browser().open("GET", "/api", headers=token).text == "api None"


def test_a_contact_is_asked_for_at_a_login_only(shop: Shop) -> None:
    """In the days of grace no request asks the application for an address anew."""
    ada = come(shop)
    ada.get(FIRST)
    ada.send(LATER)
    asked = []
    door: Any = shop.app.extensions[EXTENSION]

    @door.contact_loader
    def contact(user: Any) -> dict[str, str]:
        asked.append(user)
        return {}

    assert ada.is_signed_in()
    assert asked == []


def stamped(shop: Shop) -> list[str]:
    """Have the shop tell what changes with a password: the last of the list that is returned."""
    stamps = ["old"]
    door: Any = shop.app.extensions[EXTENSION]
    door.password_stamp(lambda _user: stamps[-1])
    return stamps


def put_off(shop: Shop, **more: str) -> Browser:
    """Give the password, and say later."""
    browser = shop.browser()
    browser.give_password(**more)
    browser.get(FIRST)
    browser.send(LATER)
    return browser


@pytest.mark.row("ATK-10")
def test_a_changed_password_ends_a_session_of_the_days_of_grace(shop: Shop) -> None:
    """Whoever was let in meanwhile by a password that was changed since must sign in again."""
    stamps = stamped(shop)
    eve, other = put_off(shop), put_off(shop, name="tobias")
    assert eve.is_signed_in()

    stamps.append("new")

    assert not eve.is_signed_in()
    assert not other.is_signed_in()
    eve.give_password()
    eve.get(FIRST)
    eve.send(LATER)
    assert eve.is_signed_in()


@pytest.mark.row("ATK-10")
def test_a_late_login_ends_with_its_password_too(shop: Shop) -> None:
    """A login made after the view, in the days of grace, is bound to its password like any."""
    stamps = stamped(shop)

    @shop.app.post("/late")
    def late() -> str:
        @after_this_request
        def sign_in(response: Response) -> Response:
            login_user(User("maren"))
            return response

        return "late"

    eve = shop.browser()
    eve.send("/late")
    assert eve.is_signed_in()

    stamps.append("new")

    assert not eve.is_signed_in()


@pytest.mark.row("ATK-10")
def test_a_remember_cookie_of_an_older_password_brings_nobody_in(shop: Shop) -> None:
    """In the days of grace a remembered login comes back by the password of today only."""
    stamps = stamped(shop)
    ada, eve = put_off(shop, remember="yes"), put_off(shop, remember="yes")
    for browser in (ada, eve):
        browser.client.delete_cookie("session", domain="localhost")
        assert browser.is_signed_in()

    stamps.append("new")
    eve.client.delete_cookie("session", domain="localhost")

    assert not ada.is_signed_in()
    assert not eve.is_signed_in()


@pytest.mark.row("ATK-10")
def test_a_remember_cookie_alone_brings_nobody_in_meanwhile(shop: Shop) -> None:
    """Without the cookie that says by which password, a remembered login is nobody's."""
    stamped(shop)
    eve, other = put_off(shop, remember="yes"), put_off(shop, remember="yes", name="tobias")
    name = shop.state.cookies.later
    for browser in (eve, other):
        browser.client.delete_cookie("session", domain="localhost")
    eve.client.set_cookie(name, other.cookies()[name], domain="localhost")
    other.client.set_cookie(name, "é?", domain="localhost")

    assert not eve.is_signed_in()
    assert not other.is_signed_in()


def test_whoever_need_not_have_one_stays_by_the_remember_cookie(opened: Open) -> None:
    """Of somebody whom nothing obliges, no password is asked about that the host does not ask."""
    shop = opened(VESTIBULE_REQUIRED="nobody")
    stamps = stamped(shop)
    ada = shop.browser()
    ada.give_password(remember="yes")
    stamps.append("new")
    ada.client.delete_cookie("session", domain="localhost")

    assert ada.is_signed_in()


def test_who_was_there_before_one_had_to_goes_on(shop: Shop) -> None:
    """A session from before somebody was obliged to have a second step goes on in the grace."""
    stamped(shop)
    required = shop.state.settings.required
    shop.state.settings = replace(shop.state.settings, required=())
    ada = shop.browser()
    ada.give_password()
    shop.state.settings = replace(shop.state.settings, required=required)

    assert ada.is_signed_in()


def test_another_login_is_not_held_to_an_earlier_ones_password(opened: Open) -> None:
    """Who signs in where somebody else went on without a second step is bound by nothing of it."""
    shop = opened(VESTIBULE_REQUIRED="staff")
    door: Any = shop.app.extensions[EXTENSION]
    staff = {"maren"}
    door.policy_loader(lambda user: ["staff"] if user.id in staff else [])
    stamps = stamped(shop)
    browser = put_off(shop)
    browser.give_password("tobias")
    stamps.append("new")
    assert browser.is_signed_in()

    mine = put_off(shop)
    mine.sign_out()
    staff.clear()
    stamps.append("newer")
    mine.give_password()
    assert mine.is_signed_in()


def test_what_binds_a_session_costs_no_statement(shop: Shop) -> None:
    """A request in the days of grace asks our database no more where the password is told of."""
    counts = []
    for tell in (False, True):
        if tell:
            stamped(shop)
        browser = put_off(shop)
        with heard(shop.state.parts.database.engine) as spoken:
            answer = browser.get("/orders")
        assert answer.text == "the orders"
        assert not answer.headers.getlist("Set-Cookie")
        counts.append(len(spoken))

    assert counts[0] == counts[1]
