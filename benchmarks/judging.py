"""What judging a code costs, against the three bare HMACs it cannot do without."""

import hmac
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from benchmarks.figures import Figure, at_most
from vestibule.core.factor import Env
from vestibule.core.model import (
    Challenge,
    ChallengeStatus,
    Enrolment,
    EnrolmentStatus,
    Purpose,
)
from vestibule.factors.totp import Totp
from vestibule.testing import FixedRandom, SoftwareAuthenticator

NOW: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECRET: Final = bytes(range(20))
CALLS: Final = 2000
ROUNDS: Final = 15


def figures() -> Iterator[Figure]:
    """Judge a right code, many times, beside three HMACs of the same secret."""
    factor, enrolment, challenge = Totp(), _enrolment(), _challenge()
    env = Env(now=NOW, random=FixedRandom().bytes, code_for=lambda _, digits: "0" * digits)
    code = SoftwareAuthenticator(SECRET).code(NOW)
    steps = [number.to_bytes(8, "big") for number in range(3)]

    def three() -> None:
        for step in steps:
            hmac.digest(SECRET, step, "sha1")

    ratios, floors = [], []
    for _ in range(ROUNDS):
        floors.append(_seconds(three))
        ours = _seconds(lambda: factor.judge(challenge, enrolment, code, env))
        ratios.append(ours / floors[-1])
    floor = statistics.median(floors) / CALLS * 1e6
    yield Figure(
        "judging a TOTP code",
        statistics.median(ratios),
        "3 HMACs",
        at_most(4),
        f"3 HMACs take {floor:.1f} microseconds",
    )


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - began


def _enrolment() -> Enrolment:
    return Enrolment(
        id="e",
        realm="default",
        subject="1",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=NOW,
        secret=SECRET,
    )


def _challenge() -> Challenge:
    return Challenge(
        id="c",
        passage_id="p",
        enrolment_id="e",
        realm="default",
        subject="1",
        purpose=Purpose.LOGIN,
        status=ChallengeStatus.OPEN,
        created_at=NOW,
        expires_at=NOW,
        max_attempts=5,
    )
