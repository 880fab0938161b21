"""Moving to a new phone on the pages: begun by a fresh proof, finished by a code of the new one."""

import re

import pytest
from tests.flask.shop import Browser, Shop, User

from vestibule.flask import Vestibule
from vestibule.testing import SoftwareAuthenticator

MOVE, MANAGE, SETUP, CONFIRM = (
    "/two-step/move",
    "/two-step/",
    "/two-step/setup",
    "/two-step/confirm",
)


@pytest.fixture
def maren(shop: Shop) -> Browser:
    """Maren's browser, with an app and recovery codes."""
    return shop.browser().join()


def begin(browser: Browser) -> tuple[str, SoftwareAuthenticator]:
    """Set up the new phone; return where it is tried, and the phone."""
    browser.get(MOVE)
    began = browser.send(MOVE, method=browser.enrolment_id())
    assert began.location == SETUP
    new = SoftwareAuthenticator.scan(browser.shown_uri())
    set_up = browser.send(SETUP, code=new.next_code(browser.shop.clock.now()))
    assert set_up.status_code == 303
    browser.get(set_up.location)
    return set_up.location, new


def ways(browser: Browser) -> list[str]:
    """The ids of Maren's apps."""
    found = browser.shop.engine.enrolments("maren")
    return [e.id for e in found if e.factor == "totp"]


def code_of(phone: SoftwareAuthenticator, shop: Shop) -> str:
    """What a phone shows half a minute later."""
    shop.clock.move(seconds=30)
    return phone.next_code(shop.clock.now())


def test_the_whole_journey(maren: Browser) -> None:
    """From the list to a new phone: one button, a QR code, two codes, and the old one is gone."""
    old = maren.enrolment_id()
    assert f'href="{MOVE}"' in maren.get(MANAGE).text
    page = maren.get(MOVE).text
    assert 'type="radio"' not in page
    where, new = begin(maren)
    assert re.fullmatch(r"/two-step/ways/[0-9a-f]{32}/try", where)
    assert "once, and the one you set it up with is used" in maren.get(where).text

    moved = maren.send(where, code=code_of(new, maren.shop))

    assert moved.location == "/two-step/?done=moved"
    assert "taken the old one’s place" in maren.get(moved.location).text
    assert old not in ways(maren)
    assert len(ways(maren)) == 1


def test_the_set_up_page_speaks_of_the_move(maren: Browser) -> None:
    """Its heading and its first sentence are those of the journey, and no recovery codes follow."""
    maren.get(MOVE)
    maren.send(MOVE, method=maren.enrolment_id())
    page = maren.get(SETUP).text

    assert "<h1>Set up your new phone</h1>" in page
    assert "The old one works until you have used the new one." in page


def test_the_used_code_is_refused_kindly(maren: Browser) -> None:
    """The code that set it up is refused like any wrong one; the page says when to type which."""
    maren.get(MOVE)
    maren.send(MOVE, method=maren.enrolment_id())
    new = SoftwareAuthenticator.scan(maren.shown_uri())
    code = new.next_code(maren.shop.clock.now())
    where = maren.send(SETUP, code=code).location

    maren.get(where)
    refused = maren.send(where, code=code)

    assert refused.status_code == 422
    assert "Wait until the new phone shows the next one" in refused.text
    assert len(ways(maren)) == 2


def test_who_leaves_in_the_middle_loses_nothing(maren: Browser) -> None:
    """The list says what is under way and leads on; a login by the new phone finishes it."""
    where, new = begin(maren)
    page = maren.get(MANAGE).text
    assert "It takes the place of" in page
    assert "It works until you have used the new one" in page
    assert f'href="{where}"' in page
    assert (
        maren.shop.browser().wait().send("/two-step/login", code=maren.next_code()).status_code
        == 303
    )
    assert len(ways(maren)) == 2

    other = maren.shop.browser().wait()
    assert other.send("/two-step/login", code=code_of(new, maren.shop)).status_code == 303

    assert len(ways(maren)) == 1
    assert other.is_signed_in()
    assert not maren.is_signed_in()


def test_one_of_several_is_chosen(maren: Browser) -> None:
    """With two apps the person says which one moves, and the other stays as it is."""
    first = maren.enrolment_id()
    maren.set_up()
    assert len(ways(maren)) == 2
    page = maren.get(MOVE).text
    assert page.count('type="radio"') == 2

    unsaid = maren.send(MOVE)
    assert unsaid.status_code == 422
    assert "Choose which one moves" in unsaid.text

    where, new = begin(maren)
    maren.send(where, code=code_of(new, maren.shop))
    assert first not in ways(maren)
    assert len(ways(maren)) == 2


def test_a_stolen_session_begins_no_move(maren: Browser) -> None:
    """Without a fresh proof nobody sees or begins a move; neither is what waits there opened."""
    old = maren.enrolment_id()
    maren.shop.clock.move(seconds=301)

    assert maren.get(MOVE).location == CONFIRM
    assert maren.send(MOVE, method=old).location == CONFIRM
    assert ways(maren) == [old]


def test_a_thief_finishes_nothing(maren: Browser) -> None:
    """Who has the session of a move under way, and not the new phone, guesses at a known price."""
    where, _new = begin(maren)
    maren.shop.clock.move(seconds=301)

    answers = [maren.send(where, code=maren.wrong_code()).status_code for _ in range(8)]

    assert answers[0] == 422
    assert answers[-1] == 429
    assert len(ways(maren)) == 2
    maren.get(where)
    assert maren.send(where, code="000000").status_code == 429


def test_two_windows_finish_once(maren: Browser) -> None:
    """The second window of a finished move leads to the list, and removes nothing more."""
    where, new = begin(maren)
    maren.get(where)
    maren.send(where, code=code_of(new, maren.shop))

    assert maren.get(where).location == MANAGE
    assert maren.send(where, code=code_of(new, maren.shop)).location == MANAGE
    assert len(ways(maren)) == 1


def test_a_move_of_two_windows_is_begun_once(maren: Browser) -> None:
    """Another window's move that was set up meanwhile is not begun anew."""
    old = maren.enrolment_id()
    begin(maren)

    maren.get(MANAGE)
    again = maren.send(MOVE, method=old)

    assert again.status_code == 404
    assert "A new phone is waiting to be tried" in maren.get(MOVE).text


def test_the_new_one_removed_leaves_the_old(maren: Browser) -> None:
    """Who removes the new phone by hand goes on with the old one, and may begin again."""
    old = maren.enrolment_id()
    where, _new = begin(maren)
    way = where.split("/")[-2]
    maren.get(f"/two-step/ways/{way}/remove")
    maren.send(f"/two-step/ways/{way}/remove")

    assert ways(maren) == [old]
    assert "It works until" not in maren.get(MANAGE).text
    assert maren.get(where).status_code == 404
    begin(maren)


def test_the_old_one_removed_leaves_the_new(maren: Browser) -> None:
    """Who removes the old phone by hand has a way like any other."""
    old = maren.enrolment_id()
    where, new = begin(maren)
    maren.get(f"/two-step/ways/{old}/remove")
    maren.send(f"/two-step/ways/{old}/remove")

    assert maren.get(where).location == MANAGE
    assert "It takes the place of" not in maren.get(MANAGE).text
    maren.sign_out().wait()
    assert maren.send("/two-step/login", code=code_of(new, maren.shop)).status_code == 303
    assert len(ways(maren)) == 1


def test_another_persons_way_is_neither_moved_nor_tried(maren: Browser, shop: Shop) -> None:
    """Ids of others are not there."""
    tobias = shop.browser().join("tobias")
    his = tobias.enrolment_id(name="tobias")

    assert maren.send(MOVE, method=his).status_code == 404
    assert maren.get(f"/two-step/ways/{his}/try").status_code == 404


def test_who_has_nothing_to_move_is_led_back(shop: Shop) -> None:
    """Without an app there is no such journey, and no link to it."""
    browser = shop.browser()
    browser.give_password()

    assert MOVE not in browser.get(MANAGE).text
    assert browser.get(MOVE).location == MANAGE


def test_a_lone_way_is_warned_of_everywhere(shop: Shop) -> None:
    """The page, its JSON and what a host's template asks agree on whether there is only one way."""
    browser = shop.browser().join()
    warning = "You have only one way in."

    def told() -> tuple[bool, bool, bool]:
        said = browser.ask(MANAGE, method="GET").get_json()
        with shop.app.test_request_context():
            status = Vestibule.status(User("maren"))
        return warning in browser.get(MANAGE).text, said["only_way"], status.only_way

    assert told() == (False, False, False)
    codes = browser.enrolment_id("recovery_codes")
    browser.ask(f"/two-step/ways/{codes}/remove")
    assert told() == (True, True, True)
    where, new = begin(browser)
    assert told() == (True, True, True)
    browser.send(where, code=code_of(new, shop))
    assert told() == (True, True, True)
    browser.set_up()
    assert told() == (False, False, False)
