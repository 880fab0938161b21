from vestibule.testing import FixedRandom


def test_a_seed_draws_the_same_each_time() -> None:
    """Two generators of one seed draw the same bytes in the same order, and repeat none."""
    one, other = FixedRandom("x"), FixedRandom("x")
    drawn = [one.bytes(16) for _ in range(1000)]

    assert drawn == [other.bytes(16) for _ in range(1000)]
    assert len(set(drawn)) == 1000


def test_another_seed_draws_other_bytes() -> None:
    """Generators of different seeds share nothing."""
    one, other = FixedRandom("x"), FixedRandom("y")

    assert not {one.bytes(16) for _ in range(100)} & {other.bytes(16) for _ in range(100)}


def test_as_many_bytes_as_asked_are_drawn() -> None:
    """A draw has the length that was asked for."""
    draw = FixedRandom().bytes

    assert [len(draw(count)) for count in (0, 1, 16, 300)] == [0, 1, 16, 300]
