import pytest

from vestibule.delivery.segment import fits_one


@pytest.mark.row("SMS-05")
@pytest.mark.parametrize(
    ("character", "most"),
    [("a", 160), ("ä", 160), ("@", 160), ("\n", 160), ("€", 80), ("[", 80), ("ą", 70), ("😀", 35)],
)
def test_what_one_message_holds(character: str, most: int) -> None:
    """A segment is 160 letters of the GSM alphabet, 80 of its rarer ones, or 70 units of any."""
    assert fits_one(character * most)
    assert not fits_one(character * (most + 1))


def test_one_foreign_letter_changes_all() -> None:
    """A single letter of no GSM alphabet leaves room for 70 instead of 160."""
    assert fits_one("a" * 69 + "\u0107")
    assert not fits_one("a" * 70 + "\u0107")
