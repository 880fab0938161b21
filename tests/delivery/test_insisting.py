import time

import pytest

from vestibule.core.errors import StoreUnavailableError
from vestibule.delivery.insisting import Insisting


def away() -> None:
    """Be a store that is away."""
    raise StoreUnavailableError("away")


def test_one_allowance_is_for_all_that_is_asked() -> None:
    """What one wait for the store has used up is not waited for by the next."""
    allowance = Insisting(seconds=0.5).together()
    with pytest.raises(StoreUnavailableError):
        allowance(away)
    began = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        allowance(away)

    assert time.monotonic() - began < 0.3


def test_each_is_waited_for_by_itself_elsewhere() -> None:
    """Where nothing was said of several together each has the whole time."""
    insist = Insisting(seconds=0.2)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            insist(away)
        assert time.monotonic() - began >= 0.1
