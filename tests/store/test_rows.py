from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.events import Event, LoginPaused
from vestibule.core.model import Origin
from vestibule.store import rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENTURY = timedelta(days=36_500)
moments = st.timedeltas(-CENTURY, CENTURY).map(EPOCH.__add__)


@given(moments)
def test_a_moment_is_kept_to_the_microsecond(moment: datetime) -> None:
    """A moment comes back from the store as it went in."""
    assert rows.moment(rows.number(moment)) == moment
    assert rows.moment_or_none(rows.number_or_none(moment)) == moment
    assert rows.number_or_none(None) is None
    assert rows.moment_or_none(None) is None


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
def test_later_is_greater(moment: datetime, later: timedelta) -> None:
    """Moments keep their order as numbers, so that a database can compare them."""
    assert rows.number(moment) < rows.number(moment + later)


@pytest.mark.row("ATK-46", "ATK-73", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
@given(st.text(max_size=400), st.text(max_size=100))
def test_what_a_browser_says_of_itself_is_made_plain(agent: str, address: str) -> None:
    """Of a user agent at most two hundred printable characters are kept, and of an address 64."""
    fact = LoginPaused(passage="p", lane="known", kind="browser")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    origin = Origin(address=address, agent=agent)
    row = rows.event_row(Event(at=at, realm="r", subject="s", fact=fact, origin=origin))

    assert len(row["agent"]) <= 200
    assert row["agent"].isprintable()
    assert len(row["address"]) <= 64
    assert row["address"].isprintable()
