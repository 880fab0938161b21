"""The crawl: with the password alone no route of any host shows more than a stranger sees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts.example import DOOR, Cookies, Example, kept
from tests.hosts.foreign import club_with_door, tutorial_with_door
from tests.hosts.ours import microblog, notebook
from tests.security.crawl import Step, View, long_walk, short_walk

from vestibule.testing import SoftwareAuthenticator

OURS = {
    *("vestibule.login", "vestibule.answer", "vestibule.stuck", "vestibule.cancel"),
    *("vestibule.first", "vestibule.begin_first", "vestibule.put_off"),
}
"""The second step itself: the one place where a login that waits is shown something else."""


@pytest.fixture(params=[microblog, notebook, club_with_door, tutorial_with_door])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Example]:
    """Each of the examples, and two applications that nobody wrote for this purpose."""
    with request.param(tmp_path) as made:
        yield made


def alone_and_together(cookies: Cookies) -> Iterator[Cookies]:
    """Each of the cookies alone, and all together."""
    yield cookies
    if len(cookies) > 1:
        for name, value in cookies.items():
            yield {name: value}


def is_led_on(step: Step, visitor: View, stranger: View) -> bool:
    """Say whether a difference is the second step, or the way there instead of to a login page."""
    if step.endpoint in OURS:
        return True
    sent_away = step.endpoint.startswith("vestibule.") and stranger.status == 303
    asked_to_sign_in = stranger.status == 401 or "/login" in stranger.location or sent_away
    shown = re.sub(r"\s", "", visitor.body)
    to_page = (visitor.status, visitor.location) == (303, DOOR)
    # What it can go on by is said to whoever holds the cookie of the login that waits.
    to_program = visitor.status == 401 and shown == (
        '{"error":"second_step_required","location":"' + DOOR + '","methods":["totp"]}'
    )
    return asked_to_sign_in and (to_page or to_program)


def ends_a_login(step: Step) -> bool:
    """Say whether a step could be the end of a login that waits, or of one that is made."""
    path, ours = step.path.lower(), OURS - {"vestibule.stuck", "vestibule.first"}
    writes = step.method == "POST" and ("/log" in path or "/change" in path)
    return step.endpoint in ours or "/logout" in path or writes


def walk_through(example: Example, walk: list[Step], cookies: Cookies) -> list[str]:
    """Every difference from a stranger; what could end a login that waits is tried last."""
    return example.crawl.differences(sorted(walk, key=ends_a_login), cookies, allowed=is_led_on)


def assert_is_stranger(example: Example, *browsers: Cookies) -> None:
    """A browser with these cookies sees and changes what a stranger does."""
    before, walk = example.rows(), short_walk(example.app, example.values)
    for cookies in browsers:
        found = walk_through(example, walk, cookies)
        assert found == [], "\n".join(found[:5])
    assert example.rows() == before


def waiting(example: Example) -> Cookies:
    """Every cookie of the password step; the login it began still waits."""
    client = example.app.test_client()
    example.sign_in(client, remember="y")
    assert client.get(DOOR, headers={"Accept": "application/json"}).status_code == 200
    return kept(client)


@pytest.mark.row("H-7", "ATK-01", "ATK-02", "ATK-70", "ASVS-7.2.1", "ASVS-8.2.1", "ASVS-8.3.1")
def test_a_crawl_finds_what_is_there(example: Example) -> None:
    """The crawl tells somebody signed in by both steps from a stranger, and what he changes."""
    phone, client = example.enrol(), example.app.test_client()
    example.sign_in(client)
    example.second_step(client, phone)
    before = example.rows()

    found = walk_through(example, short_walk(example.app, example.values), kept(client))

    assert len(found) > 12
    assert example.rows() != before


@pytest.mark.row("H-7", "ATK-01", "ATK-03", "ASVS-7.2.1", "ASVS-8.3.1")
def test_the_password_shows_no_more_than_a_stranger_sees(example: Example) -> None:
    """After the password each route but the second step itself answers as to a stranger."""
    example.enrol()
    for name in waiting(example):
        assert_is_stranger(example, {name: waiting(example)[name]})
    assert_is_stranger(example, waiting(example))


@pytest.mark.row("H-7", "ATK-01", "ATK-70", "ASVS-2.3.1")
def test_no_method_spelling_or_header_shows_more(example: Example) -> None:
    """Neither methods nor spellings of paths nor headers make more of a login that waits."""
    example.enrol()
    before, cookies = example.rows(), waiting(example)
    walk = long_walk(example.app, example.values)

    found = walk_through(example, [step for step in walk if not ends_a_login(step)], cookies)
    client = example.crawl.browser(cookies)
    still = client.get(DOOR, headers={"Accept": "application/json"})
    found += walk_through(example, [step for step in walk if ends_a_login(step)], cookies)

    assert found == [], "\n".join(found[:5])
    assert still.get_json()["status"] == "waiting"
    assert example.rows() == before


@pytest.mark.row("ATK-06", "A6", "ASVS-7.4.1")
def test_after_a_logout_nothing_is_left(example: Example) -> None:
    """Every cookie from before a logout is a stranger's, alone and together."""
    phone, client = example.enrol(), example.app.test_client()
    example.sign_in(client, remember="y")
    example.second_step(client, phone)
    cookies = kept(client)
    example.sign_out(client)

    assert_is_stranger(example, *alone_and_together(cookies))


@pytest.mark.row("ATK-36", "ATK-37", "ASVS-7.4.3", "ASVS-6.5.6")
def test_after_the_removal_of_a_factor_nothing_is_left(example: Example) -> None:
    """When one of two apps is removed, other browsers are strangers again."""
    phone, client, other = example.enrol(), example.app.test_client(), example.app.test_client()
    example.sign_in(client)
    example.second_step(client, phone)
    assert client.post("/two-step/add/totp", json={}).status_code == 200
    setup = client.get("/two-step/setup", headers={"Accept": "application/json"}).get_json()
    second = SoftwareAuthenticator.scan(setup["otpauth"])
    code = second.next_code(example.engine.now())
    assert client.post("/two-step/setup", json={"code": code}).status_code == 200
    example.sign_in(other, remember="y")
    example.second_step(other, second)
    first = next(e.id for e in example.engine.enrolments("1") if e.factor == "totp")

    assert client.post(f"/two-step/ways/{first}/remove", json={}).status_code == 200

    assert_is_stranger(example, *alone_and_together(kept(other)))


@pytest.mark.row("ATK-37", "A5")
def test_what_is_older_than_the_enrolment_is_a_strangers(example: Example) -> None:
    """Session and remember cookies from before the enrolment show no more than a stranger sees."""
    client = example.app.test_client()
    example.sign_in(client, remember="y")
    cookies = kept(client)
    example.enrol()

    assert_is_stranger(example, *alone_and_together(cookies))


@pytest.mark.row("ATK-03", "ATK-06", "W7")
def test_who_has_the_hosts_key_and_database_is_a_stranger(example: Example) -> None:
    """Cookies forged with the host's own key and data show no more than a stranger sees."""
    example.enrol()

    assert_is_stranger(example, *alone_and_together(example.forged()))
