from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vestibule.core import caps
from vestibule.core.caps import DAY, HOUR, Cap, Caps, Send
from vestibule.core.model import Lane, Tally

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAP = Cap(most=6, window=HOUR)
SEND = Send(address="a", subject="s", network="192.0.2.1", range="+4917012", lane=Lane.STRANGER)


def tally(level: float) -> Tally:
    """A tally that stood at `level` just now."""
    return Tally(realm="default", name="all", level=level, as_of=NOW)


def test_there_is_room_for_as_many_as_the_cap() -> None:
    """The sixth of six has room, the seventh not."""
    assert caps.room_at(tally(5), CAP, NOW) is None
    assert caps.room_at(tally(6), CAP, NOW) is not None


def test_room_comes_back_steadily() -> None:
    """A full cap of six an hour has room again after ten minutes, and not a moment before."""
    again = caps.room_at(tally(6), CAP, NOW)

    assert again == NOW + timedelta(minutes=10)
    assert caps.room_at(tally(6), CAP, again - timedelta(seconds=1)) is not None
    assert caps.room_at(tally(6), CAP, again) is None


def test_a_window_without_a_send_leaves_nothing() -> None:
    """After a whole window nothing counts any more, and after two it is no less than nothing."""
    assert caps.level(tally(6), CAP, NOW + HOUR) == 0
    assert caps.level(tally(6), CAP, NOW + 2 * HOUR) == 0


def test_a_clock_set_back_drains_nothing() -> None:
    """A moment before the last send counts as that of the last send."""
    assert caps.level(tally(6), CAP, NOW - HOUR) == 6
    assert caps.one_more(tally(2), CAP, NOW - HOUR) == tally(3)


@pytest.mark.row("ATK-19")
def test_a_send_is_counted_in_every_respect() -> None:
    """To whom, to where, from where, to which numbers and in all: each has a name of its own."""
    names = set(caps.counted(SEND, Caps()))

    assert names == {
        "address:stranger:1:a",
        "address:stranger:24:a",
        "subject:stranger:1:s",
        "subject:stranger:24:s",
        "network:192.0.2.1",
        "range:+4917012",
        "all",
    }


def test_known_browsers_are_counted_apart_and_keep_a_fifth() -> None:
    """What is a person's has names of its own, what is everybody's has more room."""
    known = Send(address="a", subject="s", network="192.0.2.1", range=None, lane=Lane.KNOWN)
    by_stranger, by_known = caps.counted(SEND, Caps()), caps.counted(known, Caps())

    assert set(by_stranger) & set(by_known) == {"all"}
    assert by_stranger["all"].most == 4_000
    assert by_known["all"].most == 5_000
    assert by_known["all"].window == DAY


@pytest.mark.row("ATK-19")
def test_an_address_that_nobody_proved_is_a_strangers() -> None:
    """What is only being added is counted apart, and takes nothing that is kept for the known."""
    known = replace(SEND, lane=Lane.KNOWN)
    new = caps.counted(replace(known, proven=False), Caps())

    assert set(new) - set(caps.counted(known, Caps())) == {
        "address:new:1:a",
        "address:new:24:a",
        "network:192.0.2.1",
    }
    assert new["all"].most == 4_000
    assert new["range:+4917012"].most == 400


def test_a_mailbox_has_no_range() -> None:
    """Only a number in its international form begins like others."""
    assert caps.range_of("+491701234567") == "+4917012"
    assert caps.range_of("ada@site.test") is None
