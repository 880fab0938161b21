"""Logging in through the second step, in a host's own tests."""

import re
from datetime import datetime
from html import unescape
from http import HTTPStatus
from typing import Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from vestibule.flask.state import state_of
from vestibule.testing.authenticator import SoftwareAuthenticator

PAGE: Final = {"Accept": "text/html"}


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


def take_second_step(client: FlaskClient, authenticator: SoftwareAuthenticator) -> TestResponse:
    """Answer the second step of the login that waits in `client`; return what follows."""
    prefix = state_of(client.application).settings.url_prefix
    page = client.get(f"{prefix}/login", headers=PAGE)
    _expect(page, 200)
    data = {"code": authenticator.next_code(_now(client)), "csrf_token": csrf_token(page)}
    return client.post(f"{prefix}/login", data=data, headers=PAGE)


def login_with_second_factor(
    client: FlaskClient,
    authenticator: SoftwareAuthenticator,
    path: str,
    **fields: str,
) -> TestResponse:
    """Post `fields` to the host's login at `path`, then answer the second step.

    For hosts whose login needs no CSRF field; others post their own form and call
    `take_second_step`.
    """
    answered = client.post(path, data=fields, headers=PAGE)
    prefix = state_of(client.application).settings.url_prefix
    if answered.location != f"{prefix}/login":
        raise AssertionError(
            "the login did not stop at the second step: the password was not taken, or this person "
            f"has none ({answered.status}, to {answered.location})"
        )
    return take_second_step(client, authenticator)


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
