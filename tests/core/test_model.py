from dataclasses import replace
from datetime import timedelta

import pytest

from vestibule.core.model import (
    Challenge,
    ChallengeStatus,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Passage,
    PassageKind,
    PassageStatus,
    Purpose,
)
from vestibule.testing.clock import START

MINUTE = timedelta(minutes=1)
CHALLENGE = Challenge(
    id="c",
    passage_id="p",
    enrolment_id="e",
    realm="default",
    subject="ada",
    purpose=Purpose.LOGIN,
    status=ChallengeStatus.OPEN,
    created_at=START,
    expires_at=START + MINUTE,
    max_attempts=5,
)
PASSAGE = Passage(
    id="p",
    realm="default",
    subject="ada",
    status=PassageStatus.PENDING,
    kind=PassageKind.BROWSER,
    purpose=Purpose.LOGIN,
    lane=Lane.STRANGER,
    token_hash=b"t",
    created_at=START,
    expires_at=START + MINUTE,
)
ALMOST = START + MINUTE - timedelta(microseconds=1)


def test_a_challenge_is_open_until_its_end_and_its_last_try() -> None:
    """A challenge takes answers up to its last moment and its fifth try, and not beyond."""
    assert CHALLENGE.is_open(ALMOST)
    assert not CHALLENGE.is_open(START + MINUTE)
    assert replace(CHALLENGE, attempts=4).is_open(START)
    assert not replace(CHALLENGE, attempts=5).is_open(START)


@pytest.mark.parametrize("status", [s for s in ChallengeStatus if s is not ChallengeStatus.OPEN])
def test_a_challenge_that_was_decided_is_not_open(status: ChallengeStatus) -> None:
    """A challenge in a terminal state takes no answer."""
    assert not replace(CHALLENGE, status=status).is_open(START)


@pytest.mark.parametrize("status", PassageStatus)
def test_a_passage_is_one_thing_at_a_time(status: PassageStatus) -> None:
    """A passage is pending or granted while it lives, and neither once it is over."""
    passage = replace(PASSAGE, status=status)

    assert passage.is_pending(ALMOST) is (status is PassageStatus.PENDING)
    assert passage.is_granted(ALMOST) is (status is PassageStatus.GRANTED)
    assert not passage.is_pending(START + MINUTE)
    assert not passage.is_granted(START + MINUTE)


@pytest.mark.row("ATK-74")
def test_what_is_secret_in_a_value_is_not_printed() -> None:
    """A printed enrolment, challenge or passage shows no secret, salt or session."""
    enrolment = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        secret=b"SECRET",
    )
    values = [
        enrolment,
        replace(CHALLENGE, salt=b"SECRET"),
        replace(PASSAGE, parked=b"SECRET", contact=b"SECRET"),
    ]

    assert "SECRET" not in repr(values)
    assert [enrolment.failures(lane) for lane in Lane] == [0, 0]
