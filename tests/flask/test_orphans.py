"""People with a second step whose account is gone: only the application can tell."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask_login import LoginManager
from tests.contracts.gate_hosts import Shape, flask_login_host, plain_host
from tests.flask.shop import Shop

from vestibule.core.errors import ConfigurationError
from vestibule.flask import Vestibule
from vestibule.flask.orphans import SHOWN, exists, find
from vestibule.flask.state import State, state_of


def test_who_lost_the_account_is_an_orphan(shop: Shop) -> None:
    """Whom Flask-Login's loader does not find is an orphan, and nobody else is."""
    for name in ("maren", "tobias", "ines"):
        shop.browser().join(name)
    assert find(shop.state).count == 0

    shop.people -= {"tobias", "maren"}

    found = find(shop.state)
    assert (found.count, found.of, found.first) == (2, 3, ["maren", "tobias"])


def test_the_first_few_are_named_and_all_are_counted(shop: Shop) -> None:
    """However many orphans there are, some are named, in order, and the count is right."""
    names = sorted(f"person{number}" for number in range(SHOWN + 2))
    for name in names:
        shop.browser().join(name)
    shop.people.clear()

    found = find(shop.state)

    assert (found.count, list(found.first)) == (SHOWN + 2, names[:SHOWN])


def test_the_forgotten_are_no_orphans(shop: Shop) -> None:
    """Whoever is forgotten is an orphan no more."""
    shop.browser().join("maren")
    shop.people.clear()
    assert find(shop.state).count == 1

    shop.engine.forget("maren", by="grace")

    assert find(shop.state).count == 0


def test_everybody_at_once_is_told_apart(tmp_path: Path) -> None:
    """Where a loader that wants a request finds nobody, that everybody is an orphan is seen."""
    host = flask_login_host(tmp_path, Shape(loader="silent"))
    assert not find(host.state).are_all
    host.enrol("ada")
    host.enrol("bob")

    found = find(host.state)

    assert (found.count, found.of, found.are_all) == (2, 2, True)
    host.close()


def no_loader(folder: Path) -> State:
    """A host with Flask-Login that loads nobody from a session."""
    app = Flask("bare", instance_path=str(folder))
    app.config.update(SECRET_KEY="k", TESTING=True)
    LoginManager(app)
    Vestibule(app)
    return state_of(app)


@pytest.mark.parametrize(
    "state_in",
    [
        lambda folder: plain_host(folder).state,
        lambda folder: flask_login_host(folder, Shape(loader="token")).state,
        no_loader,
    ],
    ids=["plain", "token", "no loader"],
)
def test_a_host_that_nothing_tells_of_says_so(
    tmp_path: Path, state_in: Callable[[Path], State]
) -> None:
    """Where nothing tells which accounts there are, the function that would is asked for."""
    state = state_in(tmp_path)

    with (
        state.app.app_context(),
        pytest.raises(ConfigurationError, match=r"@vestibule\.subject_exists"),
    ):
        exists(state, "ada")


def test_nobody_is_an_orphan_because_something_failed(tmp_path: Path) -> None:
    """A loader that raises makes nobody an orphan: it is named, and what it quotes is not."""
    host = flask_login_host(tmp_path, Shape(loader="late"))
    host.enrol("ada")

    with pytest.raises(ConfigurationError, match="'ada' has an account: it raised AttributeError"):
        find(host.state)
    host.close()


@pytest.mark.parametrize("with_flask_login", [True, False])
def test_a_host_can_say_it_itself(tmp_path: Path, *, with_flask_login: bool) -> None:
    """A function of the host's own goes before everything else, and is handed the subject."""
    host = (
        flask_login_host(tmp_path, Shape(loader="token"))
        if with_flask_login
        else plain_host(tmp_path)
    )
    asked: list[str] = []
    door: Vestibule = host.app.extensions["vestibule"]

    @door.subject_exists
    def there_is(subject: str) -> int:
        asked.append(subject)
        return int(subject == "ada")

    host.enrol("ada")
    host.enrol("bob")

    found = find(host.state)

    assert (found.count, found.of, found.first) == (1, 2, ["bob"])
    assert asked == ["ada", "bob"]
    host.close()
