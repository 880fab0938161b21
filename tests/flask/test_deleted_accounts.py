"""Sessions of deleted accounts: an application's own functions fail for them, and nobody else's."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import session
from flask_login import current_user
from tests.contracts.gate_hosts import Host, Shape, flask_login_host, plain_host

from vestibule.flask import Vestibule
from vestibule.flask.state import EXTENSION
from vestibule.testing import SoftwareAuthenticator

Furnish = Callable[[Host, Vestibule], None]
STRANGER = "None admin=None"


@pytest.fixture
def asked() -> list[str]:
    """The subjects whose account was asked for."""
    return []


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host without Flask-Login; its functions fail for the ids of deleted accounts."""
    made = plain_host(tmp_path, PROPAGATE_EXCEPTIONS=False)
    yield made
    made.close()


def account_of(host: Host, name: str) -> str:
    """Look an account up, as functions of a host do that never thought of a deleted one."""
    return {"ada": "a row of ada", "bob": "a row of bob"}[
        "nobody" if name.removeprefix("member ") in host.gone else name.removeprefix("member ")
    ]


def with_stamp(host: Host, door: Vestibule) -> None:
    """Have a host tell of passwords."""
    door.password_stamp(lambda name: account_of(host, name))


def with_policy(host: Host, door: Vestibule) -> None:
    """Have a host tell who must have a second step."""
    door.policy_loader(lambda name: account_of(host, name) == "somebody else")


def with_contact(host: Host, door: Vestibule) -> None:
    """Have a host tell where people are reached."""
    door.contact_loader(lambda name: {"name": account_of(host, name)})


def with_subjects(host: Host, door: Vestibule) -> None:
    """Have a host say whom an id means, and what changes with the password."""
    door.subject_loader(lambda name: f"member {name}" if account_of(host, name) else "")
    with_stamp(host, door)


def tells(host: Host, asked: list[str]) -> None:
    """Have a host say which accounts there are."""

    def exists(subject: str) -> bool:
        asked.append(subject)
        return subject.removeprefix("member ") not in host.gone

    host.app.extensions[EXTENSION].subject_exists(exists)


def furnished(host: Host, furnish: Furnish) -> None:
    """Register a host's functions."""
    furnish(host, host.app.extensions[EXTENSION])


@pytest.mark.parametrize(
    ("furnish", "subject"), [(with_stamp, "ada"), (with_subjects, "member ada")]
)
def test_a_granted_session_of_a_deleted_account_ends(
    host: Host,
    asked: list[str],
    caplog: pytest.LogCaptureFixture,
    furnish: Furnish,
    subject: str,
) -> None:
    """Where a function fails for a deleted account, its browser is a stranger's from then on."""
    furnished(host, furnish)
    tells(host, asked)
    app = host.enrol(subject, identity="ada")
    browser = host.browser()
    browser.login()
    browser.second_step(app)
    assert browser.is_in()
    asked.clear()
    host.gone.add("ada")

    assert browser.sees("/public") == "PUBLIC"

    assert asked == [subject]
    assert browser.sees() == STRANGER
    assert browser.logout().status_code == 302
    assert "its account is gone" in caplog.text
    assert "KeyError: 'nobody'" in caplog.text
    assert [r.exc_info for r in caplog.records if r.levelno >= logging.ERROR] == []


CODES = "/two-step/recovery-codes"


def at_our_pages(host: Host) -> Any:
    """A browser that is signed in, whose account is deleted while it looks at a page of ours."""
    app = host.enrol()
    browser = host.browser()
    browser.login()
    browser.second_step(app)
    assert browser.get(CODES).status_code == 200
    host.gone.add("ada")
    return browser


def test_a_page_of_ours_ends_the_session_of_a_deleted_account(
    host: Host, asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the contact of a deleted account cannot be told, our page answers as to a stranger."""
    furnished(host, with_contact)
    tells(host, asked)
    browser = at_our_pages(host)
    asked.clear()

    assert browser.get(CODES).status_code == 303

    assert asked == ["ada"]
    assert browser.sees() == STRANGER
    assert "its account is gone" in caplog.text
    assert "KeyError: 'nobody'" in caplog.text


def test_a_way_that_is_added_for_a_deleted_account_is_not(host: Host, asked: list[str]) -> None:
    """Adding a way asks where its owner is reached, and signs out whose account is gone."""
    furnished(host, with_contact)
    tells(host, asked)
    browser = at_our_pages(host)

    assert browser.client.post("/two-step/add/totp", json={}).status_code == 401

    assert browser.sees() == STRANGER


def test_a_contact_that_fails_for_somebody_who_is_there_stays_an_error(
    host: Host, asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A contact loader with a fault in it is a failure for all to see, and signs nobody out."""
    tells(host, asked)
    door: Vestibule = host.app.extensions[EXTENSION]
    app = host.enrol()
    browser = host.browser()
    browser.login()
    browser.second_step(app)
    door.contact_loader(lambda name: {"email": name.misspelled})

    assert browser.get(CODES).status_code == 500

    assert browser.is_in()
    assert "AttributeError" in caplog.text


def test_a_contact_that_fails_names_what_would_tell_of_deleted_accounts(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing tells of accounts, the error of a contact loader says what would."""
    furnished(host, with_contact)
    browser = at_our_pages(host)

    assert browser.get(CODES).status_code == 500

    assert "@vestibule.subject_exists" in caplog.text


def test_a_contact_of_nothing_is_none(host: Host) -> None:
    """A contact loader that returns None for a deleted account leaves our pages as they are."""
    door: Vestibule = host.app.extensions[EXTENSION]
    door.contact_loader(lambda name: None if name in host.gone else {"name": name})

    assert at_our_pages(host).get(CODES).status_code == 200


def test_a_subject_that_cannot_be_told_says_what_to_do(
    host: Host, asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the subject loader fails too, nobody can be asked, and the log names the loader."""
    furnished(host, with_subjects)
    furnished(host, with_policy)
    tells(host, asked)
    browser = host.browser()
    browser.login()
    host.gone.add("ada")

    assert browser.get("/public").status_code == 500

    assert "Have it look nothing up that goes with the account" in caplog.text


def test_an_ended_session_leaves_no_grant(host: Host, asked: list[str]) -> None:
    """What opened the door to a deleted account opens it no more, should the id come back."""
    furnished(host, with_stamp)
    tells(host, asked)
    app = host.enrol()
    browser = host.browser()
    browser.login()
    browser.second_step(app)
    before = browser.cookies()
    host.gone.add("ada")
    browser.get("/public")
    host.gone.clear()

    assert host.browser(**before).sees() == STRANGER


def test_a_session_without_a_second_step_ends_too(host: Host, asked: list[str]) -> None:
    """Whoever has no second step and no account any more is nobody either."""
    furnished(host, with_policy)
    tells(host, asked)
    browser = host.browser()
    browser.login()
    assert browser.is_in()
    host.gone.add("ada")

    assert browser.sees() == STRANGER
    assert asked == ["ada"]


@pytest.mark.parametrize("furnish", [with_stamp, with_policy])
def test_an_ordinary_request_asks_for_no_account(
    host: Host, asked: list[str], furnish: Furnish
) -> None:
    """Whether there is an account is asked of nobody for whom the other functions answer."""
    furnished(host, furnish)
    tells(host, asked)
    app = host.enrol()
    enrolled, other = host.browser(), host.browser()
    enrolled.login()
    enrolled.second_step(app)
    other.login("bob")
    asked.clear()

    with host.statements() as said:
        assert enrolled.is_in()
    assert other.is_in()

    assert said == ["SELECT"]
    assert asked == []


def test_a_function_that_fails_for_somebody_who_is_there_ends_nothing(
    host: Host, asked: list[str]
) -> None:
    """A failure for an account that exists stays the application's own, and signs nobody out."""
    tells(host, asked)
    door: Vestibule = host.app.extensions[EXTENSION]
    is_down: list[bool] = []

    @door.password_stamp
    def stamp(name: Any) -> str:
        if is_down:
            raise OSError("the database is down")
        return f"hash of {name}"

    app = host.enrol()
    browser = host.browser()
    browser.login()
    browser.second_step(app)
    is_down.append(True)
    assert browser.get("/secret").status_code == 500
    is_down.clear()

    assert browser.is_in()


def test_where_nothing_tells_of_accounts_the_log_says_what_would(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a function that knows the accounts nobody gets in by a failure, and it is named."""
    furnished(host, with_policy)
    browser = host.browser()
    browser.login()
    host.gone.add("ada")

    assert browser.get("/public").status_code == 500

    assert "@vestibule.subject_exists" in caplog.text


def waiting(host: Host) -> tuple[Any, SoftwareAuthenticator]:
    """A browser whose login waits, and the app it waits for."""
    app = host.enrol()
    browser = host.browser()
    browser.login()
    return browser, app


def test_an_account_deleted_between_the_steps_is_let_in_nowhere(
    host: Host, asked: list[str]
) -> None:
    """A right code lets nobody in whose account was deleted after the password."""
    tells(host, asked)
    browser, app = waiting(host)
    host.gone.add("ada")

    answer = browser.second_step(app)

    assert answer.status_code != 200
    assert asked == ["ada"]
    assert browser.sees() == STRANGER


def test_an_account_deleted_between_the_steps_is_asked_for_by_its_subject(
    host: Host, asked: list[str]
) -> None:
    """Nothing fails for an account deleted after the password, whose functions all would."""
    furnished(host, with_subjects)
    tells(host, asked)
    app = host.enrol("member ada", identity="ada")
    browser = host.browser()
    browser.login()
    host.gone.add("ada")

    answer = browser.second_step(app)

    assert 400 <= answer.status_code < 500
    assert asked == ["member ada"]
    assert browser.sees() == STRANGER


def test_an_account_that_is_there_is_let_in(host: Host, asked: list[str]) -> None:
    """Whoever has an account is let in by the right code, after one question for it."""
    tells(host, asked)
    browser, app = waiting(host)

    assert browser.second_step(app).status_code == 200

    assert asked == ["ada"]
    assert browser.is_in()


def test_later_is_for_those_who_have_an_account(tmp_path: Path, asked: list[str]) -> None:
    """Nobody goes on without a second step whose account was deleted after the password."""
    host = plain_host(tmp_path, VESTIBULE_REQUIRED="everyone")
    tells(host, asked)
    stays, goes = host.browser(), host.browser()
    stays.login("bob")
    goes.login()
    host.gone.add("ada")

    for browser in (stays, goes):
        browser.client.post("/two-step/first/later", json={})

    assert stays.sees() == "bob admin=True"
    assert goes.sees() == STRANGER
    host.close()


def test_a_user_loader_that_fails_is_named_where_it_costs_a_login(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A login dropped because the user loader raised an error has that error in the log."""

    def add(host: Host) -> None:
        @host.manager.user_loader  # type: ignore[untyped-decorator, unused-ignore]
        def load(identity: str) -> Any:
            raise LookupError(f"no table for {identity}")

        @host.app.post("/by-hand")
        def by_hand() -> str:
            assert not current_user.is_authenticated
            session["_user_id"] = "ada"
            return "IN"

    host = flask_login_host(tmp_path, add=add)

    host.browser().client.post("/by-hand")

    errors = [r for r in caplog.records if r.name == "vestibule.gate"]
    assert [r.levelname for r in errors] == ["WARNING", "ERROR"]
    assert "LookupError: no table for ada" in caplog.text
    assert "its user_loader raised an error" in errors[1].getMessage()
    host.close()


def test_a_user_loader_that_cannot_tell_yet_is_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A loader that wants what only the view prepares fills no log at every request."""
    caplog.set_level(logging.DEBUG, "vestibule.gate")
    host = flask_login_host(tmp_path, Shape(loader="late"))
    door: Vestibule = host.app.extensions[EXTENSION]
    door.subject_loader(lambda user: str(user.id))
    browser = host.browser()
    browser.login()
    caplog.clear()

    assert browser.is_in()

    assert {r.levelname for r in caplog.records if r.name == "vestibule.gate"} == {"DEBUG"}
    assert "AttributeError" in caplog.text
    host.close()
