"""What a session that had ended is worth where nothing stands before the account any more."""

import pytest
from flask import Flask
from flask_login import LoginManager, login_required
from tests.flask.shop import Browser, Shop, User


def without_vestibule(key: str) -> Flask:
    """The shop's application as it was before, with the key its sessions are signed with."""
    app = Flask("shop")
    app.config |= {"SECRET_KEY": key, "TESTING": True}
    manager = LoginManager(app)
    manager.user_loader(User)

    @app.get("/orders")
    @login_required
    def orders() -> str:
        return "the orders"

    return app


def ended_by_a_new_password(shop: Shop) -> tuple[Browser, Browser]:
    """A browser whose session a new password has ended, and one that came in by the new one."""
    stamp = ["old"]
    shop.state.loaders.password_stamp = lambda _: stamp[0]
    old = shop.browser().join()
    assert old.is_signed_in()
    kept = old.cookies()["session"]
    stamp[0] = "new"
    assert not old.is_signed_in()
    old.client.set_cookie("session", kept)
    assert not old.is_signed_in()
    old.client.set_cookie("session", kept)
    new = shop.browser()
    new.phone = old.phone
    new.wait()
    assert new.send("/two-step/login", code=new.next_code()).status_code == 303
    return old, new


@pytest.mark.parametrize(("key", "status"), [("a key for tests", 200), ("a new key", 401)])
def test_only_a_new_key_ends_what_vestibule_had_ended(shop: Shop, key: str, status: int) -> None:
    """Where Vestibule was taken out a session it had ended is good again, unless the key is new."""
    old, _ = ended_by_a_new_password(shop)
    client = without_vestibule(key).test_client()
    client.set_cookie("session", old.cookies()["session"])

    assert client.get("/orders").status_code == status


def test_after_the_last_way_an_ended_session_is_good_again(shop: Shop) -> None:
    """Who removes the last way is where they were before: what a new password ended opens again."""
    old, new = ended_by_a_new_password(shop)
    path = f"/two-step/ways/{new.enrolment_id()}/remove"
    new.get(path)
    assert new.send(path).status_code == 303

    assert old.is_signed_in()
