import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.tokens import identity_hash, new_id, new_token, token_hash
from vestibule.system import SystemRandom


@pytest.mark.row("ASVS-7.2.3", "ASVS-11.5.1", "ASVS-6.7.2", "NIST-45")
def test_tokens_are_long_and_never_repeat() -> None:
    """A hundred thousand tokens of 256 bits and ids of 128 bits hold no repetition."""
    draw = SystemRandom().bytes
    tokens = {new_token(draw) for _ in range(100_000)}
    ids = {new_id(draw) for _ in range(100_000)}

    assert len(tokens) == len(ids) == 100_000
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}
    assert {len(bytes.fromhex(one)) for one in ids} == {16}


@pytest.mark.row("ATK-77", "NIST-10")
@given(st.text(max_size=300))
def test_a_token_is_known_by_its_hash_only(token: str) -> None:
    """What is kept of a token is a hash, and nothing that cannot be a token has one."""
    found = token_hash(token)

    assert (found is None) == (not token or len(token) > 200)
    assert found is None or len(found) == 32


def test_no_token_has_no_hash() -> None:
    """A request without a token names no passage."""
    assert token_hash(None) is None
    assert token_hash("") is None


@given(st.text(max_size=400), st.text(max_size=400))
def test_identities_of_any_length_are_told_apart(one: str, other: str) -> None:
    """Two login values are the same only if they are equal, however long they are."""
    assert (identity_hash(one) == identity_hash(other)) == (one == other)
    assert identity_hash("x" * 300 + one) != identity_hash("x" * 301 + one)


def test_a_lone_surrogate_is_no_error() -> None:
    """Text that cannot be written in UTF-8 names nothing and raises nothing."""
    assert token_hash("\ud800") not in {None, token_hash("\ud801")}
    assert identity_hash("\ud800") != identity_hash("\ud801")
