from dataclasses import replace

import pytest

from vestibule.core.model import Enrolment, EnrolmentStatus
from vestibule.core.vault import Vault
from vestibule.secretbox import KeyRing, SealError, SecretBox
from vestibule.testing import FixedRandom
from vestibule.testing.clock import START

DRAWS = FixedRandom("vault")
VAULT = Vault(SecretBox(KeyRing({1: DRAWS.bytes(32)}), DRAWS.bytes))
PLAIN = Enrolment(
    id="e" * 32,
    realm="default",
    subject="ada",
    factor="totp",
    status=EnrolmentStatus.ACTIVE,
    created_at=START,
    secret=b"twenty secret bytes.",
)


@pytest.mark.row("ATK-75", "ASVS-6.7.1")
def test_a_secret_opens_in_its_own_row_only() -> None:
    """An enrolment's secret opens for its realm, subject and id, and for no other."""
    sealed = VAULT.sealed(PLAIN)

    assert PLAIN.secret not in sealed.secret
    assert VAULT.opened(sealed) == PLAIN
    for moved in (
        replace(sealed, realm="shop"),
        replace(sealed, subject="eve"),
        replace(sealed, id="f" * 32),
        replace(sealed, subject="ada\x1f" + "e" * 32, id=""),
    ):
        with pytest.raises(SealError):
            VAULT.opened(moved)


def test_no_secret_needs_no_seal() -> None:
    """An enrolment without a secret is kept as it is."""
    bare = replace(PLAIN, secret=b"")

    assert VAULT.sealed(bare) is bare
    assert VAULT.opened(bare) is bare


def test_each_sealed_thing_belongs_to_its_row() -> None:
    """What was parked, a contact and a destination open for their own row and kind only."""
    parked = VAULT.seal_parked("p1", b"session")
    contact = VAULT.seal_contact("p1", {"email": "zoë@site.test"})
    destination = VAULT.seal_destination("m1", "ada@site.test")

    assert VAULT.open_parked("p1", parked) == b"session"
    assert VAULT.open_contact("p1", contact) == {"email": "zoë@site.test"}
    assert VAULT.open_destination("m1", destination) == "ada@site.test"
    for attempt in (
        lambda: VAULT.open_parked("p2", parked),
        lambda: VAULT.open_parked("p1", contact),
        lambda: VAULT.open_contact("p1", parked),
        lambda: VAULT.open_destination("p1", parked),
        lambda: VAULT.open_destination("m2", destination),
    ):
        with pytest.raises(SealError):
            attempt()
