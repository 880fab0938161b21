from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.model import Message
from vestibule.delivery import retry
from vestibule.testing.clock import START

MESSAGE = Message(
    id="m",
    realm="default",
    channel="email",
    text="code",
    subject="ada",
    created_at=START,
    not_after=START + timedelta(days=7),
)


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [(0, 2), (1, 4), (2, 8), (3, 16), (4, 32), (5, 64), (6, 128), (7, 256), (8, 300), (99, 300)],
)
def test_the_wait_doubles_up_to_five_minutes(tries: int, seconds: int) -> None:
    """A failed message is tried again after 2 seconds, then twice as long, up to 5 minutes."""
    again = retry.next_try(replace(MESSAGE, tries=tries), START, permanent=False)

    assert again == START + timedelta(seconds=seconds)


def test_what_can_never_be_sent_is_given_up() -> None:
    """A message that its carrier refused for good is not tried again."""
    assert retry.next_try(MESSAGE, START, permanent=True) is None


@given(st.integers(0, 50), st.timedeltas(-timedelta(days=8), timedelta(days=8)))
def test_no_try_is_made_past_the_end(tries: int, later: timedelta) -> None:
    """A message is tried again within its life or not at all, and never at once."""
    now = START + later
    again = retry.next_try(replace(MESSAGE, tries=tries), now, permanent=False)

    assert again is None or now < again < MESSAGE.not_after
