import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.flask.shop import PASSWORD, Browser, Shop, said
from tests.flask.steps import STEPS, Prepare, named
from werkzeug.test import TestResponse

from vestibule.testing import SoftwareAuthenticator

ANSWER = "/two-step/login"


@pytest.mark.parametrize("step", STEPS, ids=named)
def test_json_does_what_the_form_does(tmp_path: Path, step: Prepare) -> None:
    """A step sent as JSON leaves the database and the browser exactly as the form leaves them."""
    outcomes = []
    for kind in ("form", "JSON"):
        shop = Shop.open(tmp_path / kind)
        browser = shop.browser().join()
        path, fields = step(browser)
        answer = browser.send(path, **fields) if kind == "form" else browser.ask(path, fields)
        assert answer.status_code == (303 if kind == "form" else 200)
        location = answer.location if kind == "form" else said(answer)["location"]
        cookies, rows = browser.cookies(), shop.rows("installation")
        cookies.pop("session", None)  # says when it was signed
        outcomes.append((location.partition("?done=")[0], cookies, rows, browser.is_signed_in()))
        shop.close()

    assert outcomes[0] == outcomes[1]


def test_the_story_in_json(shop: Shop) -> None:
    """A program can turn two-step login on, take recovery codes along, and sign in by it."""
    program = shop.browser()
    program.give_password()
    begun = said(program.ask("/two-step/add/totp"))
    assert begun == {"status": "begun", "location": "/two-step/setup"}
    shown = said(program.ask("/two-step/setup", method="GET"))
    program.phone = SoftwareAuthenticator.scan(shown["otpauth"])
    assert shown["secret"] in shown["otpauth"]
    added = said(program.ask("/two-step/setup", {"code": program.next_code()}))
    assert added == {"status": "accepted", "location": "/two-step/recovery-codes"}
    codes = said(program.ask("/two-step/recovery-codes", method="GET"))["codes"]
    assert said(program.ask("/two-step/recovery-codes/keep", {"kept": "yes"}))["status"] == "codes"
    program.sign_out()

    door = program.ask_password()
    assert door.status_code == 401
    assert said(door) == {
        "error": "second_step_required",
        "location": ANSWER,
        "methods": ["totp", "recovery_codes"],
    }
    assert said(program.ask(ANSWER, method="GET"))["status"] == "waiting"
    assert said(program.ask(ANSWER, {"code": codes[0]})) == {"status": "accepted", "location": "/"}
    assert program.is_signed_in()
    listed = said(program.ask("/two-step/", method="GET"))
    assert [way["factor"] for way in listed["methods"]] == ["totp"]
    assert listed["recovery_codes"] == {"remaining": 3, "total": 4}


def test_recovery_codes_are_shown_while_they_may_be(member: Browser) -> None:
    """A program sees recovery codes until they were kept, and their number afterwards."""
    member.ask("/two-step/recovery-codes")
    shown = said(member.ask("/two-step/recovery-codes", method="GET"))
    member.ask("/two-step/recovery-codes/keep", {"kept": "yes"})
    after = said(member.ask("/two-step/recovery-codes", method="GET"))

    assert len(shown["codes"]) == 4
    assert after == {"remaining": 4, "total": 4}


def test_a_way_as_json(member: Browser) -> None:
    """A program is told of a way what a person sees before renaming or removing it."""
    enrolment_id = member.enrolment_id()
    member.ask(f"/two-step/ways/{enrolment_id}/name", {"label": "Phone"})
    shown = [
        said(member.ask(f"/two-step/ways/{enrolment_id}/{change}", method="GET"))
        for change in ("name", "remove")
    ]

    assert shown[0]["label"] == shown[1]["label"] == "Phone"
    assert shown[0]["id"] == enrolment_id
    assert shown[1]["last"] is True


# --- refusals -------------------------------------------------------------------------------------


def refused(answer: TestResponse, status: int, error: str) -> dict[str, Any]:
    """Check a refusal's status and error, and return it."""
    body = said(answer)
    assert (answer.status_code, body["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    return body


@pytest.mark.row("W15")
def test_wrong(waiting: Browser) -> None:
    """A wrong code is refused with 422 and the words a person would read."""
    body = refused(waiting.ask(ANSWER, {"code": waiting.wrong_code()}), 422, "wrong")

    assert body["detail"].startswith("Check that it is the newest one")
    assert body["location"] == ANSWER


def test_malformed(waiting: Browser) -> None:
    """What cannot be a code is refused with 422 as such."""
    refused(waiting.ask(ANSWER, {"code": "hello"}), 422, "malformed")
    refused(waiting.ask(ANSWER, {}), 422, "malformed")


def test_what_is_malformed_counts_and_says_how_many_are_left(waiting: Browser) -> None:
    """It is one of a login's five answers: the last two are counted out, and the sixth is none."""
    tried = [waiting.ask(ANSWER, {"code": "hello"}) for _ in range(6)]

    hint = "Type the code exactly as it is shown. Spaces don’t matter."
    assert [said(answer)["detail"] for answer in tried[:4]] == [
        hint,
        hint,
        f"{hint} You have 2 more tries.",
        f"{hint} You have one more try.",
    ]
    assert [said(answer)["error"] for answer in tried] == [*["malformed"] * 4, *["exhausted"] * 2]


@pytest.mark.row("ATK-22", "ATK-30")
def test_used_is_told_like_wrong(member: Browser) -> None:
    """A code that was used is refused in the very words of a wrong one, as JSON and as a page."""
    used = member.next_code()
    member.sign_out().wait()
    member.ask(ANSWER, {"code": used})
    member.sign_out().wait()
    told = {}
    for kind, code in (("used", used), ("wrong", member.wrong_code())):
        answer = member.ask(ANSWER, {"code": code})
        page = member.send(ANSWER, code=code)
        text = page.text.replace(member.token, "").replace(code, "")
        told[kind] = (answer.status_code, said(answer), page.status_code, text)
        member.sign_out().wait()

    reasons = [event["data"]["reason"] for event in member.shop.events("answer_rejected")]
    assert set(reasons) == {"replayed", "wrong"}
    assert told["used"] == told["wrong"]


@pytest.mark.row("ATK-13")
def test_exhausted(waiting: Browser) -> None:
    """After five wrong codes the right one is refused too, with 429 and where to begin again."""
    for _ in range(4):
        refused(waiting.ask(ANSWER, {"code": waiting.wrong_code()}), 422, "wrong")
    body = refused(waiting.ask(ANSWER, {"code": waiting.wrong_code()}), 429, "exhausted")
    assert body["location"] == "/login"

    refused(waiting.ask(ANSWER, {"code": waiting.next_code()}), 429, "exhausted")
    refused(waiting.ask(ANSWER, method="GET"), 429, "exhausted")
    assert not waiting.is_signed_in()


def test_delayed(waiting: Browser) -> None:
    """In a pause even the right code is refused, with 429 and when it will be heard."""
    for _ in range(5):
        waiting.ask(ANSWER, {"code": waiting.wrong_code()})
    waiting.wait()
    answer = waiting.ask(ANSWER, {"code": waiting.wrong_code()})

    body = refused(answer, 429, "delayed")
    assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert body["retry_at"] == "2026-01-05T09:01:00+00:00"
    assert waiting.ask(ANSWER, {"code": waiting.codes[0]}).status_code == 200


def test_closed(waiting: Browser) -> None:
    """Where the odds are spent codes are refused with 429, and a recovery code is taken."""
    waiting.ask(ANSWER, {"code": waiting.wrong_code()})
    waiting.shop.spend_all_odds()
    answer = waiting.ask(ANSWER, {"code": waiting.next_code()})

    refused(answer, 429, "closed")
    assert int(answer.headers["Retry-After"]) > 3600
    assert waiting.ask(ANSWER, {"code": waiting.codes[0]}).status_code == 200


def test_paused(waiting: Browser) -> None:
    """A paused app leaves recovery codes, and where there are none the answer is 403."""
    waiting.shop.pause_all_apps()
    refused(waiting.ask(ANSWER, {"code": waiting.next_code()}), 422, "malformed")
    assert waiting.ask(ANSWER, {"code": waiting.codes[0]}).status_code == 200
    lone = waiting.shop.browser()
    lone.give_password("tobias")
    lone.set_up(keep=False).sign_out().wait("tobias")
    lone.shop.pause_all_apps()

    refused(lone.ask(ANSWER, {"code": lone.next_code()}), 403, "disabled")
    refused(lone.ask(ANSWER, method="GET"), 403, "disabled")
    lone.wait("tobias")  # nothing at all is asked any more
    refused(lone.ask(ANSWER, {"code": lone.next_code()}), 403, "disabled")


@pytest.mark.parametrize("field", ["code", "method", "channel", "handle"])
def test_half_a_character_is_no_text(waiting: Browser, field: str) -> None:
    """JSON that names half of a character is refused like any other wrong word, wherever it is."""
    for path in (ANSWER, f"{ANSWER}/send"):
        assert waiting.ask(path, {field: "\ud800"}).status_code in {410, 422}, path


@pytest.mark.row("W11")
def test_gone(waiting: Browser) -> None:
    """A login that took too long is over with 410, whatever is sent to it."""
    waiting.shop.clock.move(seconds=601)

    refused(waiting.ask(ANSWER, {"code": waiting.next_code()}), 410, "gone")
    refused(waiting.ask(ANSWER, method="GET"), 410, "gone")
    refused(waiting.shop.browser().ask(ANSWER, {"code": "123456"}), 410, "gone")


def test_signed_in_already(member: Browser) -> None:
    """Who is signed in is told so when he answers a door that stands open: no code was judged."""
    told = said(member.ask(ANSWER, {"code": "123456"}))

    assert told == {"status": "signed_in", "location": "/"}


@pytest.mark.parametrize("path", ["/two-step/", "/two-step/setup", "/two-step/recovery-codes"])
def test_sign_in_again(waiting: Browser, path: str) -> None:
    """Whatever is a person's own is refused with 401 to who is not signed in, or not yet."""
    refused(waiting.ask(path, method="GET"), 401, "second_step_required")
    refused(waiting.shop.browser().ask(path, method="GET"), 401, "sign_in_again")


@pytest.mark.row("ATK-35", "ASVS-7.5.1")
@pytest.mark.parametrize(
    "path",
    [
        "/two-step/add/totp",
        "/two-step/ways/{id}/name",
        "/two-step/ways/{id}/first",
        "/two-step/ways/{id}/remove",
        "/two-step/recovery-codes",
        "/two-step/recovery-codes/download",
        "/two-step/recovery-codes/keep",
    ],
)
def test_proof_required(member: Browser, path: str) -> None:
    """Every change is refused with 401 to who proved too long ago who he is, and allowed after."""
    member.ask("/two-step/recovery-codes")
    member.shop.clock.move(seconds=301)
    path = path.format(id=member.enrolment_id())
    before = member.shop.rows()
    body = refused(member.ask(path), 401, "proof_required")
    assert body["location"] == "/two-step/confirm"
    assert member.shop.rows() == before

    assert member.ask("/two-step/confirm", {"code": member.wrong_code()}).status_code == 422
    assert member.ask("/two-step/confirm", {"code": member.next_code()}).status_code == 200
    assert member.ask(path).status_code == 200


def test_confirming_too_often(member: Browser) -> None:
    """Five wrong codes in the place of a fresh proof end the proving with 429, not the login."""
    member.shop.clock.move(seconds=301)
    for _ in range(4):
        refused(member.ask("/two-step/confirm", {"code": member.wrong_code()}), 422, "wrong")
    for _ in range(2):
        answer = member.ask("/two-step/confirm", {"code": member.wrong_code()})
        body = refused(answer, 429, "exhausted")

    # What was asked with the first of them lives ten minutes: then something new is asked.
    until = member.shop.clock.now() + timedelta(minutes=10)
    assert body["retry_at"] == until.isoformat()
    assert body["location"] == "/two-step/"
    assert answer.headers["Retry-After"] == "600"
    assert member.is_signed_in()


def test_a_page_to_confirm_says_at_once_that_it_takes_nothing(member: Browser) -> None:
    """Whoever comes back before the time is up is told the clock time before he types."""
    member.shop.clock.move(seconds=301)
    for _ in range(5):
        member.ask("/two-step/confirm", {"code": member.wrong_code()})
    page = member.get("/two-step/confirm").text

    assert "Too many wrong codes" in page
    assert re.search(r"You can try again at \d\d:\d\d", page)

    member.shop.clock.move(seconds=601)
    assert "Too many wrong codes" not in member.get("/two-step/confirm").text


@pytest.mark.parametrize("path", ["/two-step/confirm", "/two-step/recovery-codes"])
def test_what_needs_a_second_step_says_so(shop: Shop, path: str) -> None:
    """A program that asks where there is no second step is told so, and where to set one up."""
    program = shop.browser()
    program.give_password()

    body = refused(program.ask(path, method="GET"), 403, "second_step_not_set_up")
    assert body["location"] == "/two-step/"


def test_confirming_in_a_pause(member: Browser) -> None:
    """A pause is told to who proves anew with 429, when it ends and how long it takes."""
    for _ in range(2):
        member.shop.clock.move(seconds=601)
        for _ in range(5):
            answer = member.ask("/two-step/confirm", {"code": member.wrong_code()})

    body = refused(answer, 429, "delayed")
    assert body["retry_at"]
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.row("ATK-38", "W4")
def test_not_found(member: Browser) -> None:
    """A way of another person, a removed one and one that never was are the same 404."""
    other = member.shop.browser().join("tobias")
    theirs = other.enrolment_id(name="tobias")
    mine = member.enrolment_id()
    codes = member.enrolment_id("recovery_codes")
    member.ask(f"/two-step/ways/{mine}/remove")
    before = member.shop.rows()

    for change in ("name", "first", "remove"):
        for enrolment_id in (theirs, mine, codes, "0" * 32, "x", "%00", "é"):
            answer = member.ask(f"/two-step/ways/{enrolment_id}/{change}")
            assert (answer.status_code, said(answer)) == (404, {"error": "not_found"})
    assert member.ask("/two-step/add/recovery_codes").status_code == 404
    assert member.ask("/two-step/add/nothing").status_code == 404
    assert member.shop.rows() == before


@pytest.mark.row("ATK-42")
def test_another_site(waiting: Browser) -> None:
    """JSON that a browser says comes from elsewhere is refused with 403."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = waiting.open("POST", ANSWER, json={"code": "123456"}, headers=headers)

    refused(answer, 403, "cross_site")


def test_too_large(waiting: Browser) -> None:
    """JSON that is too large is refused with 413."""
    refused(waiting.ask(ANSWER, {"code": "7" * 20_000}), 413, "too_large")


# --- tokens for programs --------------------------------------------------------------------------


@pytest.mark.row("CS-02", "ATK-02")
def test_a_token_by_both_steps(member: Browser) -> None:
    """A program gets its token for a password and a proof that a code was right, and only once."""
    program = member.shop.browser()
    wanted = {"name": "maren", "password": PASSWORD}
    door = program.ask("/token", wanted)
    assert door.status_code == 401
    handle = said(door)["handle"]
    answered = said(program.ask(ANSWER, {"code": member.next_code(), "handle": handle}))
    assert answered["status"] == "accepted"
    assert answered["expires_in"] == 300

    proof = {"Vestibule-Proof": answered["proof"]}
    granted = program.open("POST", "/token", json=wanted, headers=proof)
    assert said(granted) == {"token": "token of maren"}
    assert program.open("POST", "/token", json=wanted, headers=proof).status_code == 401
    assert program.cookies() == {}
    assert not program.is_signed_in()


@pytest.mark.row("ATK-07")
@pytest.mark.parametrize("fault", ["of another", "late", "of a cookie", "odd"])
def test_a_proof_that_proves_nothing(member: Browser, fault: str) -> None:
    """A proof of another person, one too old, and what is no proof open nothing."""
    program = member.shop.browser()
    handle = said(program.ask("/token", {"name": "maren", "password": PASSWORD}))["handle"]
    answered = said(program.ask(ANSWER, {"code": member.next_code(), "handle": handle}))
    proof, name = answered["proof"], "maren"
    if fault == "of another":
        member.shop.browser().join("tobias")
        name = "tobias"
    elif fault == "late":
        member.shop.clock.move(seconds=301)
    elif fault == "of a cookie":
        proof = member.cookies()["vestibule-default"]
    else:
        proof = "é" * 300
    wanted = {"name": name, "password": PASSWORD}
    headers = [("Vestibule-Proof", proof)]

    assert program.open("POST", "/token", json=wanted, headers=headers).status_code == 401
    assert member.is_signed_in()
