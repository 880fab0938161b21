"""Somebody who works for the site acts as a user: for an hour, told of, and changing nothing."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Response, abort, after_this_request, g, redirect, request, session
from flask_login import current_user, login_user
from tests.contracts.gate_hosts import (
    PROGRAM,
    Browser,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
    replayed,
)

from vestibule.core.errors import UsageError
from vestibule.flask import Vestibule
from vestibule.store import tables
from vestibule.store.trail import Trail, Wanted
from vestibule.testing import SoftwareAuthenticator

CONFIRM = "/two-step/confirm"
REASON = "ticket 4711"
KINDS = ["flask-login", "plain"]
FAILING = [
    "failing",
    "swallowing",
    "aborting",
    "twice",
    "nested",
    "unfinished",
    "unfinished-late",
    "failing-late",
]
OPEN = {"static", "login", "answer", "send", "stuck", "cancel", "first", "put_off"}


def door(host: Host) -> Vestibule:
    """The extension of a host."""
    assert host.vestibule is not None
    return host.vestibule


def sign_in(name: str, **more: Any) -> None:
    """What a host's own view does to let somebody in."""
    if "_user_id" in session:
        login_user(Person(name), **more)
        return
    session["user_id"] = name


def user_of(name: str) -> Any:
    """What a host hands to Vestibule for a user."""
    return Person(name) if "_user_id" in session else name


def furnish(host: Host) -> None:
    """Give a host what support staff use, and views worth protecting."""
    app = host.app

    @app.post("/act-as/<name>")
    def act_as(name: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON, tell="tell" in request.form):
            sign_in(name)
        return "acting"

    @app.post("/act-remembered/<name>")
    def act_remembered(name: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON):
            session.permanent = True
            sign_in(name, remember=True)
        return "acting"

    misuse(host)
    failures(host)
    views(host)


def failures(host: Host) -> None:
    """Give a host what goes wrong within or behind the block."""
    app = host.app

    def begin(name: str) -> AbstractContextManager[None]:
        return door(host).acting_as(user_of(name), reason=REASON)

    @app.post("/act-failing/<name>")
    def act_failing(name: str) -> str:
        with begin(name):
            sign_in(name)
            return request.form["a field that was left out"]

    @app.post("/act-swallowing/<name>")
    def act_swallowing(name: str) -> str:
        with suppress(RuntimeError), begin(name):
            sign_in(name)
            raise RuntimeError("caught by the view itself")
        return "swallowed"

    @app.post("/act-aborting/<name>")
    def act_aborting(name: str) -> str:
        with begin(name):
            sign_in(name)
            abort(redirect("/"))

    failures_of_hosts(host)


def failures_of_hosts(host: Host) -> None:
    """Give a host what its developer, or its store, does wrong."""
    app = host.app

    def begin(name: str) -> AbstractContextManager[None]:
        return door(host).acting_as(user_of(name), reason=REASON)

    @app.post("/act-twice/<name>")
    def act_twice(name: str) -> str:
        with begin(name):
            sign_in(name)
            with begin("bob"):
                pass
        return "twice"

    @app.post("/act-nested/<name>")
    def act_nested(name: str) -> str:
        with begin("bob"), begin(name):
            sign_in(name)
        return "nested"

    unfinished(host)


def unfinished(host: Host) -> None:
    """Give a host blocks that are never left, and what comes after them."""
    app = host.app

    def begin(name: str) -> AbstractContextManager[None]:
        return door(host).acting_as(user_of(name), reason=REASON)

    @app.post("/act-unfinished-late/<name>")
    def act_unfinished_late(name: str) -> str:
        g.kept, g.late = begin(name), name
        g.kept.__enter__()
        return "never left"

    @app.after_request
    def late(response: Response) -> Response:
        if "late" in g:
            sign_in(g.late)
        return response

    @app.errorhandler(400)
    def explain(error: Exception) -> str:
        who = session.get("_user_id", session.get("user_id"))
        return f"{type(error).__name__} for {who}, {getattr(current_user, 'id', None)}"

    @app.post("/act-failing-late/<name>")
    def act_failing_late(name: str) -> str:
        @after_this_request
        def remember(response: Response) -> Response:
            sign_in(name, **({"remember": True} if "_user_id" in session else {}))
            session["_remember"] = "set"
            return response

        with suppress(RuntimeError), begin(name):
            raise RuntimeError("before anybody was signed in")
        return "failed"

    @app.post("/act-half/<name>")
    def act_half(name: str) -> str:
        with suppress(RuntimeError), begin(name):
            session["is_admin"] = name
            raise RuntimeError("between the two keys of a login")
        return "half"

    @app.post("/act-unfinished/<name>")
    def act_unfinished(name: str) -> str:
        begun = begin(name)
        begun.__enter__()
        g.kept = begun  # or it would be closed at once
        sign_in(name)
        return "never left"

    behind_the_block(host)


def behind_the_block(host: Host) -> None:
    """Give a host what goes wrong once the block is left."""
    app = host.app

    def begin(name: str) -> AbstractContextManager[None]:
        return door(host).acting_as(user_of(name), reason=REASON)

    @app.post("/act-down/<name>")
    def act_down(name: str) -> str:
        with begin(name):
            sign_in(name)
            tables.metadata.drop_all(host.state.parts.database.engine)
        return "acting"

    @app.post("/act-because")
    def act_because() -> str:
        with door(host).acting_as(user_of("ada"), reason=request.get_json()["reason"]):
            sign_in("ada")
        return "acting"

    @app.post("/act-late-remember/<name>")
    def act_late_remember(name: str) -> str:
        @after_this_request
        def remember(response: Response) -> Response:
            session["_remember"] = "set"
            session.permanent = True
            return response

        with begin(name):
            sign_in(name)
        return "acting"


def misuse(host: Host) -> None:
    """Give a host what can be written wrongly."""
    app = host.app

    @app.post("/act-wrongly/<name>/<other>")
    def act_wrongly(name: str, other: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON):
            sign_in(other)
        return "acting"

    @app.post("/act-then/<name>/<other>")
    def act_then(name: str, other: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON):
            sign_in(name)
        sign_in(other)
        return "acting"

    @app.post("/act-late/<name>")
    def act_late(name: str) -> str:
        sign_in(name)
        with door(host).acting_as(user_of(name), reason=REASON):
            pass
        return "acting"

    @app.post("/act-not/<name>")
    def act_not(name: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON):
            pass
        return "not acting"

    @app.post("/act-not-then/<name>/<other>")
    def act_not_then(name: str, other: str) -> str:
        with door(host).acting_as(user_of(name), reason=REASON):
            pass
        sign_in(other)
        return "not acting"

    @app.post("/act-idly/<name>")
    def act_idly(name: str) -> str:
        door(host).acting_as(user_of(name), reason=REASON)
        sign_in(name)
        return "acting"

    @app.post("/act-anonymously")
    def act_anonymously() -> str:
        with door(host).acting_as(None, reason=REASON):
            pass
        return "acting"


def views(host: Host) -> None:
    """Give a host views that ask Vestibule something."""
    app = host.app

    @app.route("/pay", methods=["GET", "POST"])
    @Vestibule.fresh
    def pay() -> str:
        return "paid"

    @app.get("/token")
    def token() -> Any:
        name = session.get("_user_id") or session.get("user_id")
        return door(host).challenge(user_of(str(name))) or "token"

    @app.get("/told")
    def told() -> dict[str, Any]:
        name = session.get("_user_id") or session.get("user_id")
        status, proof = door(host).status(user_of(str(name))), door(host).proof
        return {
            "by": status.acting_by,
            "proof": None if proof is None else [proof.by, proof.purpose],
        }


@contextmanager
def opened(kind: str, folder: Path, **config: Any) -> Iterator[Host]:
    """Lend a host; whose name begins with an s works there, and bob does not."""
    if kind == "plain":
        made = plain_host(folder, PlainShape(loads_in="app"), add=furnish, **config)
    else:
        made = flask_login_host(folder, Shape(protection="strong"), add=furnish, **config)

    @door(made).may_act_as
    def may_act_as(staff: Any, user: Any) -> bool:
        name, wanted = (str(getattr(who, "id", who)) for who in (staff, user))
        return name.startswith("s") and not wanted.startswith("s")

    yield made
    made.close()


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of each kind."""
    with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=KINDS)
def strict_host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of each kind where everybody must have a second step, at once."""
    obliging = {"VESTIBULE_REQUIRED": "everyone", "VESTIBULE_FIRST_ENROLMENT": "ticket"}
    with opened(request.param, tmp_path, VESTIBULE_GRACE_DAYS=0, **obliging) as made:
        yield made


@pytest.fixture
def sam(host: Host) -> Browser:
    """Somebody who works there, signed in by both steps just now."""
    return signed_in(host)


def signed_in(host: Host) -> Browser:
    """Have somebody who works there sign in by both steps."""
    phone = host.enrol("sam")
    browser = host.browser()
    browser.login("sam", remember="yes")
    browser.second_step(phone)
    assert browser.is_in()
    return browser


@pytest.fixture(params=[True, False], ids=["with-second-step", "without"])
def ada(request: pytest.FixtureRequest, host: Host) -> SoftwareAuthenticator | None:
    """A user with a second step, and one without."""
    return host.enrol("ada") if request.param else None


def act(browser: Browser, path: str = "/act-as/ada", **fields: str) -> Any:
    """Ask to act, as a person does."""
    return browser.client.post(path, data=fields, headers={"Accept": "text/html"})


def who(browser: Browser) -> str:
    """Whom the host sees."""
    return browser.sees("/who").split()[0]


def facts(host: Host, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """What the audit trail says of a subject."""
    wanted = Wanted(realm="default", subject=subject)
    return [(e.name, dict(e.data)) for e in Trail(host.state.parts.database).whole(wanted)]


def rows(host: Host) -> list[tuple[Any, ...]]:
    """Every way as it stands."""
    with host.state.parts.database.read() as connection:
        return [tuple(row) for row in connection.execute(tables.enrolment.select())]


# --- what it is -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_staff_use_the_site_as_the_user(host: Host, sam: Browser) -> None:
    """After it the site sees the user, on this request and on those that follow."""
    assert act(sam).text == "acting"

    assert who(sam) == "ada"
    assert sam.is_in()
    host.clock.move(minutes=59)
    assert sam.is_in()


def test_who_must_have_a_second_step_and_has_none_is_shown_too(strict_host: Host) -> None:
    """Whoever acts sees a user whom the password alone would not let in, and is shown no set-up."""
    sam, ada = signed_in(strict_host), strict_host.browser()
    ada.login("ada")
    assert not ada.is_in()

    assert act(sam).text == "acting"

    assert who(sam) == "ada"
    assert sam.is_in()
    assert not ada.is_in()
    page = {"Accept": "text/html"}
    assert sam.client.get("/two-step/first", headers=page).status_code == 303  # nobody waits there
    assert sam.client.get("/two-step/", headers=page).status_code == 403
    assert sam.client.post("/two-step/add/totp", headers=page).status_code in {400, 403}
    strict_host.clock.move(hours=1)
    assert who(sam) == "None"


@pytest.mark.usefixtures("ada")
def test_it_ends_after_an_hour(host: Host, sam: Browser) -> None:
    """An hour later nobody is signed in, whether or not the user has a second step."""
    act(sam)
    host.clock.move(hours=1)

    assert who(sam) == "None"
    assert not sam.is_in()


@pytest.mark.usefixtures("ada")
def test_it_ends_with_the_logout(host: Host, sam: Browser) -> None:
    """After a logout nobody is signed in: the session of the one who acted does not come back."""
    act(sam)
    kept = sam.cookies()
    sam.logout()

    assert who(sam) == "None"
    for browser in replayed(host, kept):
        assert not browser.is_in()


@pytest.mark.usefixtures("ada")
def test_the_own_session_is_over(host: Host, sam: Browser) -> None:
    """What the browser held before is worth nothing any more: sam signs in again, by both steps."""
    before = sam.cookies()
    act(sam)

    for browser in replayed(host, before):
        assert not browser.is_in()
    sam.logout()
    assert sam.login("sam").location == "/two-step/login"


@pytest.mark.usefixtures("ada")
def test_both_are_in_the_audit_trail(host: Host, sam: Browser) -> None:
    """Under each of the two stands who, whom and why; sam's own session is told to have ended."""
    act(sam)

    for subject in ("ada", "sam"):
        begun = [data for name, data in facts(host, subject) if name == "acting_begun"]
        assert [(d["by"], d["user"], d["reason"]) for d in begun] == [("sam", "ada", REASON)]
    assert ("passage_ended", "acting as somebody") in [
        (name, data.get("why")) for name, data in facts(host, "sam")
    ]


@pytest.mark.usefixtures("ada")
def test_the_host_can_tell(sam: Browser) -> None:
    """`status` and `proof` say by whom; to the owner they say nothing of it."""
    assert sam.client.get("/told").get_json() == {"by": None, "proof": ["", "login"]}
    act(sam)

    assert sam.client.get("/told").get_json() == {"by": "sam", "proof": ["sam", "act"]}


@pytest.mark.usefixtures("ada")
def test_nothing_of_the_own_session_stays(host: Host, sam: Browser) -> None:
    """What stood in the session of whoever acts is not there for the user, nor afterwards."""
    act(sam)

    assert sam.sees("/who").split()[1] in {"None", "admin=None"}
    assert who(sam) == "ada"
    del host


# --- what it is not -------------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_no_page_of_ours_is_open(host: Host, sam: Browser) -> None:
    """Every page where the user manages how to log in is refused, and changes nothing."""
    act(sam)
    before = rows(host)
    asked = 0
    for rule in host.app.url_map.iter_rules():
        owner, _, endpoint = rule.endpoint.rpartition(".")
        if owner != "vestibule" or endpoint in OPEN:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", "totp", rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            asked += 1
            body = {"code": "000000"} if method == "POST" else None
            refused = sam.client.open(path, method=method, json=body, headers=PROGRAM)
            assert (path, refused.status_code) == (path, 403)
            assert refused.get_json()["error"] == "acting_for_somebody"
            page = sam.client.open(path, method=method, headers={"Accept": "text/html"})
            assert page.status_code == 403
            assert "You are here for somebody else" in page.text
    assert asked > 15
    assert rows(host) == before
    assert who(sam) == "ada"


def test_the_users_own_code_makes_it_no_more(
    host: Host, sam: Browser, ada: SoftwareAuthenticator | None
) -> None:
    """A code that the user reads out over the telephone proves nothing in the acting session."""
    act(sam)
    code = ada.next_code(host.clock.now()) if ada else "000000"

    for path in (CONFIRM, "/two-step/setup"):
        assert sam.client.post(path, json={"code": code}).status_code == 403
    assert sam.client.post("/two-step/login", json={"code": code}).status_code in {200, 410, 422}
    assert sam.client.get("/told").get_json()["proof"] == ["sam", "act"]
    assert sam.client.get("/pay", headers=PROGRAM).status_code == 403


@pytest.mark.usefixtures("ada")
def test_a_view_that_wants_a_fresh_proof_is_refused(sam: Browser) -> None:
    """`@vestibule.fresh` refuses at once: no proof of the user's can be made here."""
    act(sam)

    for method in ("GET", "POST"):
        assert sam.client.open("/pay", method=method, headers=PROGRAM).status_code == 403
        page = sam.client.open("/pay", method=method, headers={"Accept": "text/html"})
        assert page.status_code == 403
        assert "paid" not in page.text


@pytest.mark.usefixtures("ada")
def test_no_token_is_handed_out(sam: Browser) -> None:
    """A view that hands out tokens hands out none: it would outlive the session."""
    act(sam)

    refused = sam.client.get("/token", headers=PROGRAM)
    assert refused.status_code == 403
    assert "token" not in refused.get_json()


@pytest.mark.usefixtures("ada")
def test_a_remembered_login_is_not(host: Host, sam: Browser) -> None:
    """A view that remembers the user's login leaves no cookie that outlives the session."""
    act(sam, "/act-remembered/ada")
    assert who(sam) == "ada"
    kept = sam.cookies()
    assert "remember_token" not in kept or not kept["remember_token"]

    host.clock.move(hours=1)
    for browser in (sam, *replayed(host, kept)):
        assert not browser.is_in()


@pytest.mark.usefixtures("ada")
def test_a_lost_cookie_leaves_nobody(host: Host, sam: Browser) -> None:
    """No part of what the browser holds is worth anything by itself: the host's session neither."""
    act(sam)
    kept = sam.cookies()
    assert kept.keys() >= {"session", "vestibule-default"}
    parts = [
        {k: v for k, v in kept.items() if k != gone} for gone in ("session", "vestibule-default")
    ]
    for part in parts:
        assert who(host.browser(**part)) == "None"
    assert who(host.browser(**kept)) == "ada"


@pytest.mark.usefixtures("ada")
def test_the_browser_is_not_known_to_the_user(host: Host, sam: Browser) -> None:
    """Acting counts as no login of the user's: the browser stays a stranger to them."""
    act(sam)
    with host.state.parts.database.read() as connection:
        found = connection.execute(tables.passage.select().where(tables.passage.c.subject == "ada"))
        acting = [row for row in found if row.purpose == "act"]
    assert [(row.browser_hash, row.contact, row.proven_at) for row in acting] == [
        (None, None, None)
    ]


# --- who may --------------------------------------------------------------------------------------


def test_a_customers_view_that_calls_it_is_refused(host: Host) -> None:
    """A user who comes to a view that calls it by mistake stays who he is."""
    phone = host.enrol("bob")
    bob = host.browser()
    bob.login("bob")
    bob.second_step(phone)

    refused = act(bob)

    assert refused.status_code == 403
    assert who(bob) == "bob"
    assert act(bob, "/act-as/ada").status_code == 403
    assert facts(host, "ada") == []


def test_no_other_staff_member_is_acted_as(host: Host, sam: Browser) -> None:
    """Whom the host does not give away is nobody to act as."""
    assert act(sam, "/act-as/sue").status_code == 403
    assert who(sam) == "sam"
    refused = sam.client.post("/act-as/sue", headers=PROGRAM)
    assert refused.get_json()["error"] == "may_not_act"
    assert facts(host, "sue") == []


@pytest.mark.usefixtures("ada")
def test_an_old_proof_leads_to_a_new_one(host: Host, sam: Browser) -> None:
    """Whose proof is older than five minutes is led to prove anew, and is still himself."""
    host.clock.move(minutes=5)

    assert act(sam).location == CONFIRM
    refused = sam.client.post("/act-as/ada", headers=PROGRAM)
    assert (refused.status_code, refused.get_json()["error"]) == (401, "proof_required")
    assert who(sam) == "sam"


@pytest.mark.usefixtures("ada")
def test_staff_without_a_second_step_are_refused(host: Host) -> None:
    """Somebody who works there and has no second step is led to set one up."""
    sue = host.browser()
    sue.login("sue")

    assert act(sue).location == "/two-step/"
    assert who(sue) == "sue"


@pytest.mark.usefixtures("ada")
def test_nobody_acts(host: Host) -> None:
    """Somebody who is not signed in, or waits, is led to sign in."""
    waiting = host.browser()
    host.enrol("sam")
    waiting.login("sam")
    for browser in (host.browser(), waiting):
        answer = act(browser)
        assert answer.status_code in {302, 303, 401}
        assert who(browser) == "None"


def test_whoever_acts_acts_as_nobody_else(host: Host, sam: Browser) -> None:
    """From one user there is no way to another, though the user may act as others too."""
    act(sam)
    door(host).may_act_as(lambda *_: True)

    assert act(sam, "/act-as/bob").status_code == 403
    assert who(sam) == "ada"
    assert facts(host, "bob") == []


# --- misuse ---------------------------------------------------------------------------------------


def test_another_login_within_it_is_an_error(host: Host, sam: Browser) -> None:
    """To sign in somebody else than was named raises, and nobody is signed in."""
    with pytest.raises(UsageError, match="somebody else"):
        act(sam, "/act-wrongly/ada/bob")

    assert who(sam) != "bob"
    assert facts(host, "bob") == []
    assert "acting_begun" not in [name for name, _ in facts(host, "ada")]


def test_a_login_before_it_is_an_error(host: Host, sam: Browser) -> None:
    """To sign the user in before the block raises: it would be an ordinary login."""
    host.enrol("ada")
    with pytest.raises(UsageError, match="within"):
        act(sam, "/act-late/ada")

    assert who(sam) != "ada"


@pytest.mark.parametrize("enrolled", [["bob"], []], ids=["with-second-step", "without"])
def test_a_second_login_in_the_request_is_dropped(
    host: Host, sam: Browser, enrolled: list[str]
) -> None:
    """Whoever is signed in after the block is not, and the acting is over."""
    for name in enrolled:
        host.enrol(name)
    act(sam, "/act-then/ada/bob")

    assert who(sam) == "None"
    assert sam.get("/two-step/login").status_code == 410


def test_without_the_block_nothing_is_given(host: Host, sam: Browser) -> None:
    """To call it without `with` gives nothing away: the login waits for its owner's second step."""
    host.enrol("ada")

    assert act(sam, "/act-idly/ada").location == "/two-step/login"
    assert who(sam) == "None"


@pytest.mark.usefixtures("ada")
def test_a_block_without_a_login_changes_nothing(host: Host, sam: Browser) -> None:
    """Where the host refuses the user's login, whoever works there stays who they are."""
    assert act(sam, "/act-not/ada").text == "not acting"
    assert who(sam) == "sam"
    assert "acting_begun" not in [name for name, _ in facts(host, "ada")]


def test_a_login_after_a_block_without_one_is_ordinary(host: Host, sam: Browser) -> None:
    """Who was signed in as nobody is let in afterwards as anybody is."""
    act(sam, "/act-not-then/ada/bob")

    assert who(sam) == "bob"
    assert "acting_begun" not in [name for name, _ in facts(host, "bob")]


def test_a_host_that_says_nothing_may_not(tmp_path: Path) -> None:
    """Without `may_act_as` nobody may, and the error says what to write."""
    silent = flask_login_host(tmp_path, add=furnish)
    phone = silent.enrol("sam")
    sam = silent.browser()
    sam.login("sam")
    sam.second_step(phone)
    with pytest.raises(UsageError, match="may_act_as"):
        act(sam)
    with pytest.raises(UsageError, match="may_act_as"):
        act(sam, "/act-anonymously")
    silent.close()


def test_nobody_is_no_user(sam: Browser) -> None:
    """To act as nobody is a mistake in the view."""
    with pytest.raises(UsageError, match="nobody"):
        act(sam, "/act-anonymously")


# --- afterwards -----------------------------------------------------------------------------------


def test_signing_in_again_after_it(host: Host) -> None:
    """After acting the same browser signs in as itself, and manages its own ways again."""
    phone = host.enrol("sam")
    sam = host.browser()
    sam.login("sam")
    sam.second_step(phone)
    act(sam)
    sam.logout()

    sam.login("sam")
    sam.second_step(phone)

    assert who(sam) == "sam"
    assert sam.get("/two-step/").status_code == 200


def test_another_login_over_it(host: Host) -> None:
    """Who signs in as somebody else without a logout is that somebody, and acts no more."""
    phone = host.enrol("sam")
    sam = host.browser()
    sam.login("sam")
    sam.second_step(phone)
    act(sam)

    sam.login("sam")
    assert who(sam) == "None"
    sam.second_step(phone)

    assert who(sam) == "sam"
    assert sam.get("/two-step/").status_code == 200
    host.clock.move(hours=2)
    assert who(sam) == "sam"


def test_what_ends_the_users_sessions_ends_it(host: Host, sam: Browser) -> None:
    """When the user removes a way, which ends all their sessions, the acting one ends too."""
    host.enrol("ada")
    act(sam)
    assert who(sam) == "ada"
    [way] = [e for e in host.engine.enrolments("ada") if e.factor == "totp"]
    assert host.engine.revoke(way)

    assert who(sam) == "None"


def test_the_users_own_session_goes_on(host: Host, sam: Browser) -> None:
    """The user who is signed in meanwhile notices nothing, and can change what is theirs."""
    phone = host.enrol("ada")
    ada = host.browser()
    ada.login("ada")
    ada.second_step(phone)
    act(sam)

    assert who(ada) == "ada"
    assert ada.client.get("/told").get_json() == {"by": None, "proof": ["", "login"]}
    assert ada.get("/two-step/").status_code == 200
    sam.logout()
    assert who(ada) == "ada"


def test_flask_login_asks_for_the_password(tmp_path: Path) -> None:
    """A view that Flask-Login keeps for a password typed just now is closed to whoever acts."""
    made = flask_login_host(tmp_path, add=furnish, REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True)
    door(made).may_act_as(lambda staff, user: staff.id == "sam" and user.id != "sam")
    phone = made.enrol("sam")
    sam = made.browser()
    sam.login("sam")
    sam.second_step(phone)
    assert sam.sees("/fresh") == "FRESH"
    act(sam)

    assert sam.sees("/fresh") != "FRESH"
    assert who(sam) == "ada"
    assert not sam.cookies().get("remember_token")
    made.close()


# --- where something fails ------------------------------------------------------------------------


@pytest.mark.parametrize("how", FAILING)
@pytest.mark.usefixtures("ada")
def test_a_block_that_fails_signs_nobody_in(host: Host, sam: Browser, how: str) -> None:
    """A login of a block that was not left in order is none: nothing of it stays in the browser."""
    with suppress(UsageError):  # a host that is tested is shown what it does wrong
        act(sam, f"/act-{how}/ada")

    assert who(sam) in {"None", "sam"}
    for browser in (sam, *replayed(host, sam.cookies())):
        assert who(browser) != "ada"
    assert [name for name, _ in facts(host, "ada") if name == "acting_begun"] == []
    assert not sam.cookies().get("remember_token", "").startswith("ada")


@pytest.mark.usefixtures("ada")
def test_the_page_of_an_error_sees_nobody(host: Host, sam: Browser) -> None:
    """The application's own error page is not made for the user whose login failed."""
    told = act(sam, "/act-failing/ada").text

    assert told.startswith("BadRequestKeyError for None")
    assert "ada" not in told
    del host


@pytest.mark.usefixtures("ada")
def test_a_store_that_fails_behind_the_block_signs_nobody_in(host: Host, sam: Browser) -> None:
    """Where the grant cannot be written the answer is 503, and the session names nobody."""
    assert act(sam, "/act-down/ada").status_code == 503

    with sam.client.session_transaction() as left:
        assert left.get("_user_id", left.get("user_id")) in {None, "sam"}


@pytest.mark.usefixtures("ada")
def test_a_failed_block_before_its_login_changes_nothing(host: Host, sam: Browser) -> None:
    """Whoever acts stays signed in where the block fails before somebody was signed in."""
    act(sam, "/act-not/ada")

    assert who(sam) == "sam"
    assert sam.is_in()
    del host


@pytest.mark.usefixtures("ada")
def test_a_login_remembered_late_is_not(host: Host, sam: Browser) -> None:
    """What asks for a remember cookie after the view gets none either."""
    act(sam, "/act-late-remember/ada")
    assert who(sam) == "ada"
    kept = sam.cookies()
    assert not kept.get("remember_token")

    host.clock.move(hours=1)
    for browser in (sam, *replayed(host, kept)):
        assert not browser.is_in()


def test_a_customer_without_a_second_step_is_told_no(host: Host) -> None:
    """Whoever may not act is told so, and not led to set up a second step for it."""
    bob = host.browser()
    bob.login("bob")

    assert act(bob).status_code == 403
    assert who(bob) == "bob"


def test_no_other_login_key_of_staff_stays(tmp_path: Path) -> None:
    """What else a login is made of is the new one's own; a block without a login takes nothing."""
    with opened("plain", tmp_path, VESTIBULE_LOGIN_KEYS=["user_id", "is_admin"]) as host:
        host.enrol("ada")
        sam = signed_in(host)
        act(sam, "/act-half/ada")
        with sam.client.session_transaction() as half:
            assert half["is_admin"] is True
        act(sam, "/act-not/ada")
        with sam.client.session_transaction() as kept:
            assert kept["is_admin"]
        act(sam)

        assert who(sam) == "ada"
        with sam.client.session_transaction() as kept:
            assert "is_admin" not in kept


def test_a_reason_is_a_text(sam: Browser) -> None:
    """What is no text is a mistake of the application, told before anybody is signed in."""
    with pytest.raises(UsageError, match="wants a text"):
        sam.client.post("/act-because", json={"reason": {"ticket": 4711}})

    assert who(sam) == "sam"
