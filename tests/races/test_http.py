"""Requests that arrive at one moment, at two web servers with a process each, on one database."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import pytest
from tests.races.people import (
    Person,
    Site,
    count,
    enrolled,
    evaluated,
    events,
    next_code,
    recovery_codes,
)
from tests.races.web import DOOR, PAGE, Answer, Web, served

from vestibule.bootstrap import Parts

pytestmark = pytest.mark.timeout(20, func_only=True)

PRESSES: Final = 100
ATTEMPTS: Final = 5
SESSION: Final = "session"
REFUSALS: Final = frozenset({410, 422, 429})
LOGINS: Final = "SELECT count(*) FROM passage WHERE purpose = 'login' AND status = '{}'"


@pytest.fixture
def web(site: Site) -> Iterator[Web]:
    """Two web servers that share the site."""
    with served(site) as both:
        yield both


@pytest.fixture
def ann(parts: Parts) -> Person:
    """Somebody with an authenticator app."""
    return enrolled(parts, "ann")


def let_in(answers: Sequence[Answer]) -> int:
    """Return which answer leads into the account; all others refuse, and none is an error."""
    [admitted] = [n for n, answer in enumerate(answers) if answer.status == 303]
    refused = [answer for n, answer in enumerate(answers) if n != admitted]
    assert {answer.status for answer in refused} <= REFUSALS
    assert not any(SESSION in answer.cookies for answer in refused)
    assert answers[admitted].location == PAGE
    return admitted


def assert_one_login(parts: Parts, person: Person) -> None:
    """Assert that one login was granted, and that one accepted answer is in the audit trail."""
    accepted = events(parts, person.subject, "answer_accepted")
    assert count(parts, LOGINS.format("granted")) == 1
    assert [fact["purpose"] for fact in accepted] == ["enrol", "login"]


@pytest.mark.row("H-5", "ATK-24", "C6")
def test_a_right_code_opens_once(web: Web, parts: Parts, ann: Person) -> None:
    """A right code posted a hundred times at once to two servers opens the account once."""
    browser = web.waiting("ann")
    press = browser.sends(DOOR, code=next_code(parts, ann))

    answers = web.at_once([press] * PRESSES)

    admitted = let_in(answers)
    assert_one_login(parts, ann)
    assert web.is_in(browser.holding(answers[admitted]))
    assert not web.is_in(browser)


@pytest.mark.row("H-5", "ATK-24", "C6")
def test_a_right_code_opens_one_of_two_logins(web: Web, parts: Parts, ann: Person) -> None:
    """One app code posted a hundred times at once from two waiting browsers opens one of them."""
    browsers = [web.waiting("ann"), web.waiting("ann")]
    code = next_code(parts, ann)
    # Neighbours go to different servers: each browser is heard by both.
    senders = [browsers[n // 2 % 2] for n in range(PRESSES)]

    answers = web.at_once([browser.sends(DOOR, code=code) for browser in senders])

    admitted = let_in(answers)
    assert_one_login(parts, ann)
    after = [
        browser.holding(answers[admitted]) if browser is senders[admitted] else browser
        for browser in browsers
    ]
    assert Counter(web.is_in(browser) for browser in after) == {True: 1, False: 1}


@pytest.mark.row("ATK-24", "ASVS-6.5.1", "C6")
def test_a_recovery_code_opens_one_of_two_logins(web: Web, parts: Parts, ann: Person) -> None:
    """A recovery code posted a hundred times at once from two browsers opens one and is spent."""
    code = recovery_codes(parts, ann)[0]
    browsers = [web.waiting("ann"), web.waiting("ann")]
    senders = [browsers[n // 2 % 2] for n in range(PRESSES)]

    answers = web.at_once([browser.sends(DOOR, code=code) for browser in senders])

    admitted = let_in(answers)
    assert_one_login(parts, ann)
    assert web.is_in(senders[admitted].holding(answers[admitted]))
    kept = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert kept is not None
    assert kept.remaining == 9


@pytest.mark.row("ATK-24", "C6")
def test_two_right_codes_open_once(web: Web, parts: Parts, ann: Person) -> None:
    """An app code and a recovery code posted at once, fifty times each, open the account once."""
    codes = [next_code(parts, ann), recovery_codes(parts, ann)[0]]
    browser = web.waiting("ann")

    answers = web.at_once([browser.sends(DOOR, code=codes[n // 2 % 2]) for n in range(PRESSES)])

    admitted = let_in(answers)
    assert_one_login(parts, ann)
    assert web.is_in(browser.holding(answers[admitted]))


@pytest.mark.row("ATK-23", "ATK-13")
def test_wrong_codes_are_counted_exactly(web: Web, parts: Parts, ann: Person) -> None:
    """Of a hundred wrong codes posted at once to two servers exactly five are compared."""
    browser = web.waiting("ann")

    answers = web.at_once([browser.sends(DOOR, code=code) for code in wrong_codes(parts, ann)])

    # The fifth is told what all later ones are told: that this login is over.
    assert Counter(answer.status for answer in answers) == {422: 4, 429: PRESSES - 4}
    assert len(evaluated(parts, "ann")) == ATTEMPTS
    assert count(parts, "SELECT max(attempts) FROM challenge") == ATTEMPTS
    assert count(parts, LOGINS.format("granted")) == 0
    assert not web.is_in(browser)


@pytest.mark.row("ATK-23")
def test_a_right_code_among_wrong_ones_is_judged_by_its_turn(
    web: Web, parts: Parts, ann: Person
) -> None:
    """A right code amid wrong ones opens only where it is heard before five wrong ones are."""
    browser = web.waiting("ann")
    codes = wrong_codes(parts, ann)
    codes[::10] = [next_code(parts, ann)] * len(codes[::10])

    answers = web.at_once([browser.sends(DOOR, code=code) for code in codes])

    admitted = [answer for answer in answers if answer.status == 303]
    compared = len(evaluated(parts, "ann"))
    assert {answer.status for answer in answers} <= REFUSALS | {303}
    assert count(parts, LOGINS.format("granted")) == len(admitted) <= 1
    assert compared < ATTEMPTS if admitted else compared == ATTEMPTS


@pytest.mark.row("C6")
def test_a_logout_and_a_right_code_agree(web: Web, parts: Parts, ann: Person) -> None:
    """Of a right code and a logout posted at once, fifty times each, no half of either is left."""
    browser = web.waiting("ann")
    code = next_code(parts, ann)
    presses = [browser.sends(DOOR, code=code), browser.sends("/logout")]

    answers = web.at_once([presses[n // 2 % 2] for n in range(PRESSES)])

    codes = [answer for n, answer in enumerate(answers) if n // 2 % 2 == 0]
    logouts = [answer for n, answer in enumerate(answers) if n // 2 % 2]
    admitted = [answer for answer in codes if answer.status == 303]
    assert {(answer.status, answer.location) for answer in logouts} == {(303, "/")}
    assert {answer.status for answer in codes} <= REFUSALS | {303}
    assert len(admitted) == len(events(parts, "ann", "answer_accepted")) - 1 <= 1
    assert not web.is_in(browser)
    # Whoever was let in is in as long as the store says so, and else was logged out since.
    ins = sum(web.is_in(browser.holding(answer)) for answer in admitted)
    assert ins == count(parts, LOGINS.format("granted"))
    assert count(parts, LOGINS.format("pending")) == 0


@pytest.mark.row("C6")
def test_a_logout_ends_what_other_requests_use(web: Web, parts: Parts, ann: Person) -> None:
    """A logout amid a hundred requests of one browser leaves no cookie that opens the account."""
    waiting = web.waiting("ann")
    admitted = web.ask(waiting.sends(DOOR, code=next_code(parts, ann)))
    browser = waiting.holding(admitted)
    presses = [browser.opens(PAGE)] * PRESSES
    presses[PRESSES // 2] = browser.sends("/logout")
    assert web.is_in(browser)

    answers = web.at_once(presses)

    assert {answer.status for answer in answers} <= {200, 303, 401}
    assert count(parts, LOGINS.format("granted")) == 0
    after = [browser.holding(answer) for answer in answers if answer.cookies]
    assert not any(web.is_in(one) for one in [browser, *after])


def wrong_codes(parts: Parts, person: Person) -> list[str]:
    """Return a hundred codes, all different, that the person's app does not show about now."""
    now = parts.engine.now()
    right = {person.app.code(now, steps=step) for step in range(-9, 10)}
    found = (code for n in range(2 * PRESSES) if (code := f"{n * 4_999:06d}") not in right)
    return list(islice(found, PRESSES))
