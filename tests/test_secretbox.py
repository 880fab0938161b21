import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestibule.secretbox import (
    KeyRing,
    SealError,
    SecretBox,
    UnknownKeyError,
    decode_key,
    encode_key,
)
from vestibule.testing import FixedRandom

# A busy machine is no failure.
UNHURRIED = settings(deadline=None)
FIRST, SECOND = FixedRandom("first").bytes(32), FixedRandom("second").bytes(32)


@dataclass
class File:
    """A key file that is replaced when a test says so."""

    replaced: Mapping[int, bytes] | None = None
    looks: int = field(default=0)

    def newer(self) -> Mapping[int, bytes] | None:
        """What is new since the last look."""
        self.looks += 1
        found, self.replaced = self.replaced, None
        return found


def box(keys: Mapping[int, bytes] | None = None, file: File | None = None) -> SecretBox:
    """A box under one key, or under `keys`."""
    watched = file or File()
    return SecretBox(KeyRing(keys or {1: FIRST}, watched.newer), FixedRandom().bytes)


@pytest.mark.row("ASVS-11.3.2/11.3.3", "ATK-75")
@UNHURRIED
@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_was_sealed_opens_in_its_place(plain: bytes, place: str) -> None:
    """A sealed value opens in the place it was made for."""
    one = box()

    assert one.open(one.seal(plain, place=place), place=place) == plain


@pytest.mark.row("ATK-75")
@UNHURRIED
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_other_place_opens_it(place: str, other: str) -> None:
    """A sealed value opens in no place but its own, however alike the two are spelled."""
    one = box()
    sealed = one.seal(b"secret", place=place)

    if other == place:
        assert one.open(sealed, place=other) == b"secret"
    else:
        with pytest.raises(SealError):
            one.open(sealed, place=other)


@pytest.mark.row("ASVS-11.3.2/11.3.3", "ASVS-6.7.1")
def test_no_altered_byte_opens() -> None:
    """A sealed value of which any single bit was changed is refused, and so is every part of it."""
    one = box()
    sealed = one.seal(b"twenty bytes of it..", place="here")

    spoilt = [
        sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(8)
    ]
    for wrong in [*spoilt, *(sealed[:end] for end in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealError):
            one.open(wrong, place="here")


def test_one_plain_value_is_sealed_differently_each_time() -> None:
    """Two seals of one value share nothing but their header: each has a nonce of its own."""
    one = box()
    sealed = {one.seal(b"the same", place="here") for _ in range(1000)}

    assert len(sealed) == 1000
    assert len({value[3:15] for value in sealed}) == 1000


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_the_newest_key_seals_and_every_key_opens() -> None:
    """After a rotation new values are under the new key, and old ones still open."""
    old = box().seal(b"secret", place="here")
    rotated = box({1: FIRST, 2: SECOND})
    new = rotated.seal(b"secret", place="here")

    assert (rotated.version(old), rotated.version(new)) == (1, 2)
    assert rotated.open(old, place="here") == rotated.open(new, place="here") == b"secret"


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_running_box_notices_a_newer_key() -> None:
    """A box that runs while a key is added seals under it from the next value on."""
    file = File()
    one = box(file=file)
    one.seal(b"secret", place="here")
    file.replaced = {1: FIRST, 2: SECOND}

    assert one.version(one.seal(b"secret", place="here")) == 2


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_value_under_a_key_not_yet_seen_opens() -> None:
    """A box opens what another process sealed under a key that it has not read yet itself."""
    file = File()
    one = box(file=file)
    theirs = box({1: FIRST, 2: SECOND}).seal(b"secret", place="here")
    file.replaced = {1: FIRST, 2: SECOND}

    assert one.open(theirs, place="here") == b"secret"


@pytest.mark.row("ASVS-13.3.1/13.3.4", "ATK-80")
def test_a_key_once_known_stays_what_it_is() -> None:
    """A running box keeps every key it has, whatever the file says of its version later."""
    file = File()
    one = box({1: FIRST, 2: SECOND}, file)
    sealed = [box({1: FIRST}).seal(b"old", place="here"), one.seal(b"new", place="here")]
    file.replaced = {1: SECOND}

    assert [one.open(value, place="here") for value in sealed] == [b"old", b"new"]
    assert one.version(one.seal(b"secret", place="here")) == 2
    assert file.looks > 0


def test_a_missing_key_is_named() -> None:
    """A value under a key that is nowhere raises an error that names the version to look for."""
    theirs = box({7: SECOND}).seal(b"secret", place="here")

    with pytest.raises(UnknownKeyError, match="key version 7"):
        box().open(theirs, place="here")


def test_another_key_of_the_same_version_opens_nothing() -> None:
    """A key file that belongs to another store opens nothing of this one."""
    theirs = box({1: SECOND}).seal(b"secret", place="here")

    with pytest.raises(SealError):
        box().open(theirs, place="here")


@pytest.mark.row("OTP-11")
def test_each_use_has_a_key_of_its_own() -> None:
    """No two uses share a derived key, and none is the key in the file."""
    ring = KeyRing({1: FIRST, 2: SECOND})
    derived = {ring.derive(version, use) for version in (1, 2) for use in ("seal", "code", "x")}

    assert len(derived) == 6
    assert not derived & {FIRST, SECOND}
    assert {len(key) for key in derived} == {32}


@UNHURRIED
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_stamp_matches_its_own_value_only(value: str, other: str) -> None:
    """A stamp says whether a value is the one it was made of, for the same use."""
    one = box()
    stamp = one.stamp(value, use="password")

    assert one.matches(stamp, value, use="password")
    assert one.matches(stamp, other, use="password") == (value == other)
    assert not one.matches(stamp, value, use="contact")


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_stamp_outlives_a_rotation() -> None:
    """A stamp names its key, so that it still matches after a rotation."""
    stamp = box().stamp("hash of a password", use="password")

    assert box({1: FIRST, 2: SECOND}).matches(stamp, "hash of a password", use="password")
    assert not box({2: SECOND}).matches(stamp, "hash of a password", use="password")


@pytest.mark.parametrize("stamp", [b"", b"\x01", b"\x02" * 40, b"\0" * 35])
def test_what_is_no_stamp_matches_nothing(stamp: bytes) -> None:
    """Bytes that are no stamp of ours match no value and raise nothing."""
    assert not box().matches(stamp, "", use="password")


def test_a_key_is_read_back_as_it_was_written() -> None:
    """A key survives being written as text."""
    assert decode_key(encode_key(FIRST)) == FIRST
    assert decode_key(encode_key(FIRST) + "=") == FIRST


@pytest.mark.row("ASVS-13.3.1/13.3.4", "ATK-69", "W7")
@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"short",
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        b"changeme" * 4,
        b"0123456789abcdef0123456789abcdef",
        b"please-replace-me-with-32-bytes!",
        FIRST[:31],
        FIRST + b"\0",
    ],
)
def test_a_placeholder_is_no_key(key: bytes) -> None:
    """A key that is too short, too long, repeated, counted up or a text is refused."""
    with pytest.raises(ValueError, match="32 random bytes"):
        decode_key(base64.urlsafe_b64encode(key).decode())


@pytest.mark.parametrize("text", ["ключ", "a", "!" * 43, "YOUR-KEY-HERE"])
def test_what_is_not_base64_is_no_key(text: str) -> None:
    """Text that is no base64url of 32 bytes is refused by saying what a key is."""
    with pytest.raises(ValueError, match="32"):
        decode_key(text)


@pytest.mark.row("ATK-74")
def test_no_key_is_seen_in_a_box() -> None:
    """What a box, or anything that holds one, prints of itself holds no byte of a key."""
    one = box()
    one.seal(b"secret", place="here")

    assert repr(FIRST) not in repr(one)
    assert repr(one.ring.derive(1, "seal")) not in repr(one)
    assert "b'" not in repr(one.ring)
