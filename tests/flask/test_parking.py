"""What a login put into the session: told apart from what was there, kept, and put back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import redirect, session
from flask.json.tag import JSONTag, TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from tests.contracts.gate_hosts import DOOR, Host, PlainShape, plain_host

from vestibule.flask import parking
from vestibule.flask.parking import Parked

FLASKS = parking.serializer_of(SecureCookieSessionInterface())
VALUES: dict[str, Any] = {
    "text": "é \ud800",
    "number": -7,
    "fraction": 1.5,
    "nothing": None,
    "truth": True,
    "bytes": b"\x00\xff",
    "tuple": (1, ("a",)),
    "markup": Markup("<b>"),
    "id": UUID(int=7),
    "moment": datetime(2026, 1, 5, 9, tzinfo=UTC),
    "nested": {"a": [1, {"b": (2,)}]},
    " t": ["a key that looks like a tag"],
}


def opened(**values: Any) -> SecureCookieSession:
    """A session as Flask opens it."""
    return SecureCookieSession(values)


def test_what_is_taken_out_comes_back() -> None:
    """Every kind of value that Flask can keep comes back as it was."""
    session = opened()
    before = parking.snapshot(session, FLASKS)
    session.update(VALUES)

    data = parking.take_out(session, before, "text", FLASKS)
    assert dict(session) == {}
    parking.put_back(session, data, FLASKS)

    assert dict(session) == VALUES
    assert isinstance(session["markup"], Markup)


def test_what_was_there_stays() -> None:
    """What a login did not touch stays, and what it changed stands as before."""
    session = opened(basket=["tea"], theme="dark", csrf="x", gone="y")
    before = parking.snapshot(session, FLASKS)
    session["basket"].append("milk")
    session.update(user="ada", theme="light", fresh=True)
    del session["gone"]

    data = parking.take_out(session, before, "user", FLASKS)

    assert dict(session) == {"basket": ["tea"], "theme": "dark", "csrf": "x"}
    assert FLASKS.loads(data) == {
        "basket": ["tea", "milk"],
        "theme": "light",
        "user": "ada",
        "fresh": True,
    }
    assert session.modified


def test_the_login_value_goes_in_any_case() -> None:
    """The login value is taken out even where it stood there before."""
    session = opened(user="ada")

    data = parking.take_out(session, parking.snapshot(session, FLASKS), "user", FLASKS)

    assert dict(session) == {}
    assert FLASKS.loads(data) == {"user": "ada"}


def test_looking_leaves_no_trace() -> None:
    """A snapshot neither reads nor changes a session, as far as the session knows."""
    session = opened(basket=["tea"])
    session.accessed = session.modified = False

    parking.snapshot(session, FLASKS)

    assert not session.accessed
    assert not session.modified


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())),
    st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())),
)
def test_before_and_after_are_both_whole(
    before: dict[str, object], after: dict[str, object]
) -> None:
    """Whatever a login changes, the session stands as before without it and as after with it."""
    session = opened(**before)
    seen = parking.snapshot(session, FLASKS)
    session.clear()
    session.update(after | {"user": "ada"})

    data = parking.take_out(session, seen, "user", FLASKS)
    assert dict(session) == {k: v for k, v in before.items() if k in after and k != "user"}
    parking.put_back(session, data, FLASKS)

    assert dict(session) == after | {"user": "ada"}


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), ("", None), (1, "1")])
def test_a_value_of_another_kind_is_another_value(old: object, new: object) -> None:
    """What compares equal but is of another kind counts as changed, and the old one returns."""
    session = opened(flag=old)
    before = parking.snapshot(session, FLASKS)
    session.update(flag=new, user="ada")

    data = parking.take_out(session, before, "user", FLASKS)

    assert FLASKS.loads(data)["flag"] is new
    assert session["flag"] is old


def test_a_parked_login_survives_as_bytes() -> None:
    """A parked login reads back as it was written, and prints neither values nor cookies."""
    parked = Parked(
        values=b"\x00secret",
        cookies=("a=secret; Path=/",),
        wanted="/a?b=c",
        entrance="/login",
        code_from=datetime(2026, 1, 5, tzinfo=UTC),
    )

    assert Parked.from_bytes(parked.to_bytes()) == parked
    assert "secret" not in repr(parked)
    assert Parked.from_bytes(Parked(values=b"").to_bytes()) == Parked(values=b"")


def test_a_login_parked_by_the_version_before_reads_back() -> None:
    """What was parked when no moment was kept with it is whole without."""
    whole = json.loads(Parked(values=b"v", wanted="/a").to_bytes())
    del whole["code_from"]

    assert Parked.from_bytes(json.dumps(whole).encode()) == Parked(values=b"v", wanted="/a")


@dataclass(frozen=True)
class Colour:
    name: str


class TagColour(JSONTag):
    key = " colour"

    def check(self, value: Any) -> bool:
        return isinstance(value, Colour)

    def to_json(self, value: Any) -> Any:
        return value.name

    def to_python(self, value: Any) -> Any:
        return Colour(value)


class ColouredSessions(SecureCookieSessionInterface):
    def __init__(self) -> None:
        self.serializer = TaggedJSONSerializer()
        self.serializer.register(TagColour)


class InMemory(SecureCookieSessionInterface):
    """Sessions that stay in the process and may hold anything."""

    serializer = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def open_session(self, app: Any, request: Any) -> SecureCookieSession:
        del app
        sid = request.cookies.get("session", "")
        return SecureCookieSession(dict(self.kept.get(sid, {})))

    def save_session(self, app: Any, session: SessionMixin, response: Any) -> None:
        del app
        sid = f"sid-{len(self.kept)}"
        self.kept[sid] = dict(session)
        response.set_cookie("session", sid)


@pytest.fixture(params=[ColouredSessions, InMemory])
def colourful(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host whose sessions hold values that Flask knows nothing of."""

    def add(host: Host) -> None:
        host.app.session_interface = request.param()

        @host.app.get("/paint")
        def paint() -> str:
            session["wall"] = Colour("green")
            return "PAINTED"

        @host.app.get("/wall")
        def wall() -> str:
            return f"{session.get('wall')} {session.get('user_id')}"

        @host.app.post("/paint-and-enter")
        def enter() -> Any:
            session.update(user_id="ada", door=Colour("red"))
            return redirect("/wall")

    host = plain_host(tmp_path, PlainShape(clears=False), add=add)
    yield host
    host.close()


def test_a_session_may_hold_what_only_the_host_can_keep(colourful: Host) -> None:
    """Values of a host's own kind do not get in the way, and stay while a login waits."""
    phone, browser = colourful.enrol(), colourful.browser()
    assert browser.sees("/paint") == "PAINTED"

    assert browser.login("ada").location == DOOR
    assert browser.sees("/wall") == "Colour(name='green') None"
    browser.second_step(phone)

    assert browser.sees("/wall") == "Colour(name='green') ada"


def test_a_tag_of_the_hosts_own_is_used(tmp_path: Path) -> None:
    """What a login keeps by a tag the host registered waits and comes back by that tag."""
    coloured = parking.serializer_of(ColouredSessions())
    values = {"door": Colour("red")}

    assert coloured.loads(coloured.dumps(values)) == values


def test_what_nobody_can_keep_lets_nobody_in(tmp_path: Path) -> None:
    """A login that puts a bare object into the session does not wait, and does not get in."""

    def add(host: Host) -> None:
        host.app.session_interface = InMemory()

        @host.app.post("/object")
        def enter() -> str:
            session.update(user_id="ada", door=object())
            return "IN"

    host = plain_host(tmp_path, PlainShape(clears=False), add=add, PROPAGATE_EXCEPTIONS=False)
    host.enrol()
    browser = host.browser()

    assert browser.client.post("/object").status_code == 500
    assert not browser.is_in()
    assert browser.sees("/who").startswith("None")
    host.close()
