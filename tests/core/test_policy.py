from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core import policy
from vestibule.core.limits import Limits
from vestibule.core.model import (
    Enrolment,
    EnrolmentStatus,
    Lane,
    Passage,
    PassageKind,
    PassageStatus,
    Purpose,
)
from vestibule.core.profiles import DEFAULT, STRICT, Profile
from vestibule.core.registry import Registry
from vestibule.factors.recovery_codes import RecoveryCodes
from vestibule.factors.totp import Totp
from vestibule.testing import Letters
from vestibule.testing.clock import START

REGISTRY = Registry([Totp(), RecoveryCodes(), Letters()])
SECOND = timedelta(seconds=1)
GRANT = Passage(
    id="p" * 32,
    realm="default",
    subject="ada",
    status=PassageStatus.GRANTED,
    kind=PassageKind.BROWSER,
    purpose=Purpose.LOGIN,
    lane=Lane.KNOWN,
    token_hash=b"t",
    created_at=START,
    granted_at=START,
    proven_at=START,
    expires_at=START + timedelta(days=1),
)


def enrolment(factor: str, name: str = "", **changes: object) -> Enrolment:
    """An active enrolment of a factor."""
    made = Enrolment(
        id=name or factor,
        realm="default",
        subject="ada",
        factor=factor,
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


APP, MAIL, CODES = enrolment("totp"), enrolment("letters"), enrolment("recovery_codes")


def order(*enrolments: Enrolment, last: str | None = None) -> list[str]:
    """The ids in the order they are offered."""
    return [e.id for e in policy.offered(enrolments, REGISTRY, last_factor=last)]


@pytest.mark.parametrize("shuffled", list(permutations([APP, MAIL, CODES])))
def test_the_strongest_is_offered_first(shuffled: tuple[Enrolment, ...]) -> None:
    """Whatever their order in the store, ways are offered by strength, and recovery codes last."""
    assert order(*shuffled) == ["totp", "letters", "recovery_codes"]


def test_the_preferred_is_offered_before_the_strongest() -> None:
    """A way its owner prefers is shown first although another is stronger."""
    assert order(APP, replace(MAIL, preferred=True), CODES)[0] == "letters"


def test_the_last_successful_is_offered_before_the_preferred() -> None:
    """The way that last worked in this browser is shown first although another is preferred."""
    found = order(replace(APP, preferred=True), MAIL, CODES, last="letters")

    assert found == ["letters", "totp", "recovery_codes"]


def test_what_only_helps_out_is_never_shown_first() -> None:
    """Recovery codes come last even where they were used last or are preferred."""
    preferred = replace(CODES, preferred=True)

    assert order(preferred, MAIL, APP, last="recovery_codes")[-1] == "recovery_codes"


def test_of_two_alike_the_one_used_last_is_first() -> None:
    """Of two apps the one used more recently is shown first, a new one counting as used."""
    old = enrolment("totp", "old", last_used_at=START + SECOND)
    new = enrolment("totp", "new", confirmed_at=START + 2 * SECOND)
    unused = enrolment("totp", "unused")

    assert order(unused, old, new) == ["new", "old", "unused"]


def test_a_factor_that_is_switched_off_is_not_offered() -> None:
    """An enrolment whose factor is not in the settings any more is not shown."""
    assert order(APP, enrolment("carrier_pigeon")) == ["totp"]


@pytest.mark.parametrize("status", EnrolmentStatus)
@pytest.mark.parametrize("lane", Lane)
def test_only_an_active_enrolment_is_usable(status: EnrolmentStatus, lane: Lane) -> None:
    """A draft and a removed enrolment judge nothing."""
    found = policy.is_usable(replace(APP, status=status), lane, Limits(), START)

    assert found == (status is EnrolmentStatus.ACTIVE)


@pytest.mark.row("NIST-26", "ATK-18")
@pytest.mark.parametrize(("failures", "usable"), [(0, True), (49, True), (50, False), (51, False)])
def test_fifty_failures_close_their_own_lane_only(failures: int, usable: bool) -> None:  # noqa: FBT001
    """Fifty wrong answers in a row close an enrolment for their lane, and not for the other."""
    stranger, known = (
        replace(APP, failures_stranger=failures),
        replace(APP, failures_known=failures),
    )
    numbers = Limits()

    assert policy.is_usable(stranger, Lane.STRANGER, numbers, START) is usable
    assert policy.is_usable(stranger, Lane.KNOWN, numbers, START)
    assert policy.is_usable(known, Lane.KNOWN, numbers, START) is usable
    assert policy.is_usable(known, Lane.STRANGER, numbers, START)


@pytest.mark.row("ASVS-7.5.3")
@pytest.mark.parametrize(
    ("seconds", "fresh"), [(-1, False), (0, True), (299, True), (300, False), (301, False)]
)
def test_a_proof_is_fresh_for_its_minutes(seconds: int, fresh: bool) -> None:  # noqa: FBT001
    """A proof counts as fresh for exactly the profile's minutes, and never from the future."""
    now = START + seconds * SECOND

    assert policy.is_fresh(GRANT, now, DEFAULT.fresh_for) is fresh


def test_what_is_not_a_live_grant_is_never_fresh() -> None:
    """A waiting login, an ended grant, an expired one and one never proven are not fresh."""
    week = timedelta(days=7)
    for passage in (
        replace(GRANT, status=PassageStatus.PENDING),
        replace(GRANT, status=PassageStatus.ENDED),
        replace(GRANT, expires_at=START),
        replace(GRANT, proven_at=None),
    ):
        assert not policy.is_fresh(passage, START, week)


def test_being_remembered_makes_nothing_fresh() -> None:
    """A browser that is remembered is not fresh by it: only a proof is."""
    remembered = replace(GRANT, remembered=True, expires_at=START + timedelta(days=30))

    assert not policy.is_fresh(remembered, START + timedelta(days=1), DEFAULT.fresh_for)


@pytest.mark.row("NIST-07", "NIST-48")
def test_a_grant_goes_idle_in_the_strict_profile_only() -> None:
    """An hour without use ends a strict grant, and no default one."""
    hour = timedelta(hours=1)
    used = replace(GRANT, seen_at=START + hour)

    assert not policy.is_idle(GRANT, START + hour - SECOND, STRICT)
    assert policy.is_idle(GRANT, START + hour, STRICT)
    assert not policy.is_idle(used, START + hour, STRICT)
    assert not policy.is_idle(GRANT, START + 23 * hour, DEFAULT)


@pytest.mark.row("NIST-06")
@pytest.mark.parametrize(
    ("profile", "remembered", "hours"),
    [(DEFAULT, False, 24), (DEFAULT, True, 720), (STRICT, False, 12), (STRICT, True, 12)],
    ids=["default", "default, remembered", "strict", "strict, remembered"],
)
def test_a_grant_lives_as_long_as_its_profile_says(
    profile: Profile,
    remembered: bool,  # noqa: FBT001
    hours: int,
) -> None:
    """A grant ends after its profile's hours; a remembered one later, but not in strict."""
    ends = policy.expires_at(START, remembered=remembered, profile=profile)

    assert ends == START + timedelta(hours=hours)


@given(st.permutations([APP, MAIL, CODES]), st.sampled_from([None, "totp", "letters", "x"]))
def test_every_way_is_offered_once(enrolments: list[Enrolment], last: str | None) -> None:
    """No order of offering loses a way or shows one twice."""
    assert sorted(order(*enrolments, last=last)) == ["letters", "recovery_codes", "totp"]
