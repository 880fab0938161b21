"""What a login and a signed-in request cost the database, counted at the driver over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.flask.shop import Browser, Shop, said
from tests.heard import heard
from werkzeug.test import TestResponse

from vestibule.bootstrap.operate import initialise

MOST: Final = {"sqlite": 6, "postgresql": 2}
OF_A_RECOVERY_CODE: Final = {"sqlite": 8, "postgresql": 4}
DOOR: Final = "/two-step/login"

Send = Callable[[Browser, str], TestResponse]


@pytest.fixture
def counted(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on SQLite and on PostgreSQL."""
    keys = tmp_path / "door.keys"
    initialise(database_url, keys)
    shop = Shop.open(tmp_path, VESTIBULE_DATABASE_URL=database_url, VESTIBULE_KEY_FILE=str(keys))
    yield shop
    shop.close()


def database_of(shop: Shop) -> str:
    """Return what kind of database a shop's door is kept in."""
    return shop.state.parts.database.engine.dialect.name


def as_form(browser: Browser, code: str) -> TestResponse:
    """Send a code as the page does."""
    return browser.send(DOOR, code=code)


def as_json(browser: Browser, code: str) -> TestResponse:
    """Send a code as a program does."""
    return browser.ask(DOOR, {"code": code})


@pytest.mark.parametrize("send", [as_form, as_json])
@pytest.mark.parametrize("wrong_before", [0, 1, 4])
def test_a_right_code_takes_few_statements(counted: Shop, send: Send, wrong_before: int) -> None:
    """A request with a right code makes few statements, whatever wrong ones came before."""
    browser = counted.browser().join().sign_out().wait()
    for _ in range(wrong_before):
        assert send(browser, browser.wrong_code()).status_code == 422
    code = browser.next_code()

    with heard(counted.state.parts.database.engine) as spoken:
        answer = send(browser, code)

    assert len(spoken) <= MOST[database_of(counted)], spoken
    assert answer.status_code == (303 if send is as_form else 200)
    assert browser.is_signed_in()


@pytest.mark.parametrize("send", [as_form, as_json])
@pytest.mark.parametrize("wrong_before", [0, 1, 3])
def test_a_wrong_code_takes_few_statements(counted: Shop, send: Send, wrong_before: int) -> None:
    """A request with a wrong code makes few statements, those of its page included."""
    browser = counted.browser().join().sign_out().wait()
    for _ in range(wrong_before):
        assert send(browser, browser.wrong_code()).status_code == 422
    code = browser.wrong_code()

    with heard(counted.state.parts.database.engine) as spoken:
        answer = send(browser, code)

    assert len(spoken) <= MOST[database_of(counted)], spoken
    assert answer.status_code == 422


@pytest.mark.parametrize("send", [as_form, as_json])
def test_a_code_that_is_held_back_takes_few_statements(counted: Shop, send: Send) -> None:
    """A right code that comes while there is a pause makes few statements."""
    browser = counted.browser().join().sign_out().wait()
    for _ in range(4):
        send(browser, browser.wrong_code())
    browser.wait()
    send(browser, browser.wrong_code())
    counted.clock.move(seconds=1)
    assert browser.phone is not None
    code = browser.phone.code(counted.clock.now(), steps=1)

    with heard(counted.state.parts.database.engine) as spoken:
        answer = send(browser, code)

    assert len(spoken) <= MOST[database_of(counted)], spoken
    assert answer.status_code == 429


def test_what_a_recovery_code_takes(counted: Shop) -> None:
    """A recovery code is judged between two transactions, which makes a few statements more."""
    browser = counted.browser().join().sign_out().wait()

    with heard(counted.state.parts.database.engine) as spoken:
        answer = as_form(browser, browser.codes[0])

    assert len(spoken) <= OF_A_RECOVERY_CODE[database_of(counted)], spoken
    assert answer.status_code == 303


def test_a_signed_in_request_adds_one_statement(counted: Shop) -> None:
    """A page of somebody signed in asks our database one thing and tells it nothing."""
    browser = counted.browser().join()

    for path in ("/orders", "/", "/missing"):
        with heard(counted.state.parts.database.engine) as spoken:
            browser.get(path)
        assert [statement.split(maxsplit=1)[0] for statement in spoken] == ["SELECT"]


def test_a_signed_in_program_adds_one_statement(counted: Shop) -> None:
    """A program's request with a signed-in session asks our database one thing too."""
    browser = counted.browser()
    browser.join()

    with heard(counted.state.parts.database.engine) as spoken:
        browser.ask("/orders", method="GET")

    assert [statement.split(maxsplit=1)[0] for statement in spoken] == ["SELECT"]


def test_an_anonymous_request_adds_no_statement(counted: Shop) -> None:
    """A page of somebody who is not signed in asks our database nothing."""
    with heard(counted.state.parts.database.engine) as spoken:
        counted.browser().get("/")

    assert spoken == []


def test_looking_at_the_second_step_writes_nothing(counted: Shop) -> None:
    """The page that asks for a code only reads, by two statements at most."""
    browser = counted.browser().join().sign_out()
    browser.give_password()

    with heard(counted.state.parts.database.engine) as spoken:
        browser.get(DOOR)

    assert 1 <= len(spoken) <= 2
    assert {statement.split(maxsplit=1)[0] for statement in spoken} == {"SELECT"}
    assert said(browser.ask(DOOR, method="GET"))["status"] == "waiting"
