"""Logging in through the second step, in a host's own tests."""

import re
import time
from datetime import datetime
from html import unescape
from http import HTTPStatus
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from vestibule.flask.state import state_of
from vestibule.testing.authenticator import SoftwareAuthenticator
from vestibule.testing.delivery import deliver
from vestibule.testing.recipient import Recipient, code_in

PAGE: Final = {"Accept": "text/html"}
PROGRAM: Final = {"Accept": "application/json"}
PATIENCE: Final = 5.0
"""Seconds of real time in which a code has come that a thread of the application's carries."""
LOOK_AGAIN: Final = 0.05


def enrol_app(client: FlaskClient) -> SoftwareAuthenticator:
    """Set up an authenticator app for whoever is signed in, through the pages, and return it.

    Its first code is spent by that. The recovery codes that follow are waved off.
    """
    app = client.application
    state = state_of(app)
    prefix = state.settings.url_prefix
    data = {"csrf_token": csrf_token(_where_ways_are_added(client, prefix))}
    begun = client.post(f"{prefix}/add/totp", data=data, headers=PAGE)
    _expect(begun, 303)
    page = client.get(f"{prefix}/setup", headers=PAGE)
    found = re.search(r'"(otpauth://[^"]+)"', page.text)
    if found is None:
        raise AssertionError(
            "the set-up page shows no otpauth link: whoever has a second step adds another app "
            "only after a proof made a short time ago"
        )
    authenticator = SoftwareAuthenticator.scan(unescape(found.group(1)))
    first = authenticator.next_code(_now(client))
    confirmed = client.post(
        f"{prefix}/setup", data={"code": first, "csrf_token": csrf_token(page)}, headers=PAGE
    )
    _expect(confirmed, 303)
    codes = client.get(f"{prefix}/recovery-codes", headers=PAGE)
    if codes.status_code == 200:  # noqa: PLR2004 - HTTP's own number
        client.post(
            f"{prefix}/recovery-codes/keep",
            data={"kept": "no", "csrf_token": csrf_token(codes)},
            headers=PAGE,
        )
    return authenticator


def _where_ways_are_added(client: FlaskClient, prefix: str) -> TestResponse:
    """Return the page of one's ways, or that of a first way where one is owed at the door."""
    manage = client.get(f"{prefix}/", headers=PAGE)
    if manage.status_code == HTTPStatus.OK:
        return manage
    first = client.get(f"{prefix}/first", headers=PAGE)
    if first.status_code != HTTPStatus.OK:
        raise AssertionError(
            "nobody is signed in, or a first way is owed that only a proof besides the password "
            "sets up: give the test VESTIBULE_FIRST_ENROLMENT = 'open', or VESTIBULE_REQUIRED = "
            f"'nobody' ({manage.status}, {first.status})"
        )
    return first


def take_second_step(client: FlaskClient, way: SoftwareAuthenticator | Recipient) -> TestResponse:
    """Answer the second step of the login that waits in `client`; return what follows.

    `way` is the app on the phone, or the recipient of the inbox that carries: then the code is sent
    first, where the password has not sent it yet, and delivered; one that a thread of the
    application's carries is waited for, some seconds at most. Raises `AssertionError` where no
    login waits, nothing is sent to that recipient or comes there, or the answer is refused.
    """
    prefix = state_of(client.application).settings.url_prefix
    page = client.get(f"{prefix}/login", headers=PAGE)
    _expect(page, HTTPStatus.OK)
    if isinstance(way, Recipient):
        code = _sent_code(client, way, csrf_token(page))
    else:
        code = way.next_code(_now(client))
    data = {"code": code, "csrf_token": csrf_token(page)}
    answer = client.post(f"{prefix}/login", data=data, headers=PAGE)
    if answer.status_code != HTTPStatus.SEE_OTHER:
        title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
        why = unescape(title[1]) if title else answer.text[:200]
        raise AssertionError(f"the code {code} was not taken: {answer.status}, {why!r}")
    return answer


def _sent_code(client: FlaskClient, recipient: Recipient, token: str) -> str:
    """Return the code that the login that waits sends to `recipient`, once it is there."""
    prefix = state_of(client.application).settings.url_prefix
    method = _method_to(client, recipient)
    if not method["sent"]:
        wish, data = {"method": method["id"]}, {"csrf_token": token}
        sent = client.post(f"{prefix}/login/send", query_string=wish, data=data, headers=PAGE)
        _expect(sent, HTTPStatus.SEE_OTHER)
    deliver(client.application)
    _wait_for_code(client, recipient)
    return recipient.code()


def _method_to(client: FlaskClient, recipient: Recipient) -> Any:
    """Return the way on offer, as a program is told of it, that sends to a recipient."""
    prefix = state_of(client.application).settings.url_prefix
    methods = client.get(f"{prefix}/login", headers=PROGRAM).get_json()["methods"]
    found = [method for method in methods if recipient.could_be(method.get("to", ""))]
    if len(found) != 1:
        offered = [method.get("to") or method["factor"] for method in methods]
        raise AssertionError(
            f"{len(found)} of the ways on offer send to {recipient.to}, where one must: {offered}"
        )
    return found[0]


def _wait_for_code(client: FlaskClient, recipient: Recipient) -> None:
    """Wait until the code of the login that waits is there: before that an older one is read."""
    until = time.monotonic() + PATIENCE
    while True:
        how_far = _method_to(client, recipient)["delivery"]
        newest = next(iter(recipient.messages), None)
        # A call is taken before it is answered, and says its code only then.
        is_ringing = newest is not None and newest.channel == "call" and not code_in(newest.text)
        if how_far not in {"sending", "failed"} and not is_ringing:
            return
        if how_far == "failed" or time.monotonic() >= until:
            raise AssertionError(
                f"the code for {recipient.to} has not come, it is {how_far}: nobody took it, or "
                f"whoever carries needs longer than {PATIENCE:g} seconds"
            )
        time.sleep(LOOK_AGAIN)


def login_with_second_factor(
    client: FlaskClient,
    way: SoftwareAuthenticator | Recipient,
    path: str,
    **fields: str,
) -> TestResponse:
    """Post `fields` to the host's login at `path`, then answer the second step by `way`.

    For hosts whose login needs no CSRF field; others post their own form and call
    `take_second_step`, which says what `way` may be.
    """
    answered = client.post(path, data=fields, headers=PAGE)
    prefix = state_of(client.application).settings.url_prefix
    if answered.location != f"{prefix}/login":
        raise AssertionError(
            "the login did not stop at the second step: the password was not taken, or this person "
            f"has none ({answered.status}, to {answered.location})"
        )
    return take_second_step(client, way)


def csrf_token(page: TestResponse) -> str:
    """Return the anti-forgery value of the first form of a page of ours."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if found is None:
        raise AssertionError("the page has no form of Vestibule's")
    return found.group(1)


def _now(client: FlaskClient) -> datetime:
    return state_of(client.application).engine.now()


def _expect(response: TestResponse, status: int) -> None:
    if response.status_code != status:
        raise AssertionError(f"expected {status}, got {response.status}: {response.text[:200]}")
