from collections import Counter
from dataclasses import replace

import pytest

from vestibule.core.codes import Codes
from vestibule.core.model import Challenge, ChallengeStatus, Purpose
from vestibule.secretbox import KeyRing, UnknownKeyError
from vestibule.testing import FixedRandom
from vestibule.testing.clock import START

DRAWS = FixedRandom("codes")
KEY, OTHER_KEY = DRAWS.bytes(32), DRAWS.bytes(32)
CODES = Codes(ring=KeyRing({1: KEY, 2: OTHER_KEY}), epoch=1)
CHALLENGE = Challenge(
    id="c" * 32,
    passage_id="p" * 32,
    enrolment_id="e" * 32,
    realm="default",
    subject="ada",
    purpose=Purpose.LOGIN,
    status=ChallengeStatus.OPEN,
    created_at=START,
    expires_at=START,
    max_attempts=5,
    salt=b"0123456789abcdef",
    key_version=1,
)


@pytest.mark.row("C7", "ATK-21", "NIST-16")
def test_codes_are_spread_evenly() -> None:
    """A hundred thousand codes fill each place with each digit equally often, zero included."""
    count = 100_000
    challenges = (replace(CHALLENGE, id=f"{number:032x}") for number in range(count))
    codes = [CODES.code_for(challenge, 6) for challenge in challenges]

    for place in range(6):
        found = Counter(code[place] for code in codes)
        expected = count / 10
        squares = sum((found[digit] - expected) ** 2 / expected for digit in "0123456789")
        assert squares < 33.7, (place, found)  # nine degrees of freedom, one in ten thousand
    assert 0.097 < sum(code[0] == "0" for code in codes) / count < 0.103
    # Of a million values, 1 - e^-0.1 are met: fewer would say the range is not the whole.
    assert 94_500 < len(set(codes)) < 95_800
    assert {len(code) for code in codes} == {6}


@pytest.mark.row("ATK-21")
def test_a_longer_code_is_not_a_shorter_one_filled_up() -> None:
    """A code of eight digits spreads over the whole range of eight digits."""
    codes = [CODES.code_for(replace(CHALLENGE, id=str(number)), 8) for number in range(2000)]

    assert {len(code) for code in codes} == {8}
    assert len({code[:4] for code in codes}) > 1750


@pytest.mark.row("ATK-30", "A12")
@pytest.mark.parametrize(
    "other",
    [
        replace(CHALLENGE, realm="shop"),
        replace(CHALLENGE, id="d" * 32),
        replace(CHALLENGE, purpose=Purpose.FRESH),
        replace(CHALLENGE, generation=2),
        replace(CHALLENGE, salt=b"fedcba9876543210"),
        replace(CHALLENGE, key_version=2),
    ],
    ids=["realm", "challenge", "purpose", "generation", "salt", "key"],
)
def test_a_code_is_bound_to_everything_it_is_for(other: Challenge) -> None:
    """Another realm, challenge, purpose, generation, salt or key makes another code."""
    assert CODES.code_for(other, 8) != CODES.code_for(CHALLENGE, 8)


@pytest.mark.row("ATK-76")
def test_a_restore_changes_every_code() -> None:
    """After a restore the epoch has grown, and no code made before it is right."""
    after = replace(CODES, epoch=2)

    assert after.code_for(CHALLENGE, 8) != CODES.code_for(CHALLENGE, 8)


def test_the_same_challenge_has_one_code() -> None:
    """A code is the same whenever it is derived, in whatever process, and whoever is named."""
    again = Codes(ring=KeyRing({1: KEY}), epoch=1)

    assert again.code_for(CHALLENGE, 6) == CODES.code_for(CHALLENGE, 6)


@pytest.mark.row("C8", "CS-04")
def test_no_code_is_made_without_the_key() -> None:
    """Who has the row and not the key of its version derives nothing."""
    with pytest.raises(UnknownKeyError):
        Codes(ring=KeyRing({2: OTHER_KEY}), epoch=1).code_for(CHALLENGE, 6)
