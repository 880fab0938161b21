from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core import caps
from vestibule.core.booking import SHARE
from vestibule.core.caps import DAY, HOUR, Cap, Caps, Send
from vestibule.core.model import Lane, Tally

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAP = Cap(most=6, window=HOUR)
SEND = Send(
    address="a",
    subject="s",
    network="192.0.2.1",
    range="+4917012",
    lane=Lane.STRANGER,
    way="w",
)


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


def ceiling(most: int) -> Cap:
    """A cap that no day sees more than."""
    return Cap(most=most, window=DAY, is_ceiling=True)


def sends(asked: Sequence[tuple[Cap, timedelta]]) -> list[datetime]:
    """When a code went out, of those asked for one after the other under a cap each."""
    count, now, sent = tally(0), NOW, []
    for cap, gap in asked:
        now += gap
        if caps.room_at(count, cap, now) is None:
            count = caps.one_more(count, cap, now)
            sent.append(now)
    return sent


def most_in_a_day(sent: Sequence[datetime]) -> int:
    """How many are in those 24 hours that hold most of them."""
    return max(sum(first <= one < first + DAY for one in sent) for first in sent)


GAPS = st.lists(
    st.tuples(st.booleans(), st.timedeltas(timedelta(), timedelta(hours=9))), min_size=1
)


@pytest.mark.row("ATK-19", "ATK-56")
@given(most=st.integers(1, 25), gaps=GAPS)
def test_a_ceiling_holds_in_any_24_hours(most: int, gaps: Sequence[tuple[bool, timedelta]]) -> None:
    """No 24 hours see more codes than the ceiling, whenever they begin and whoever asks."""
    known, stranger = ceiling(most), ceiling(caps.for_strangers(most))

    sent = sends([(stranger if strange else known, gap) for strange, gap in gaps])

    assert most_in_a_day(sent) <= most


@pytest.mark.row("ATK-19", "ATK-56")
@pytest.mark.parametrize("most", [1, 2, 3, 5, 20, 100])
def test_who_asks_without_end_gets_the_ceiling_and_no_more(most: int) -> None:
    """Codes asked for each minute of three days are as many in a day as the ceiling says."""
    sent = sends([(ceiling(most), timedelta(minutes=1))] * (3 * 24 * 60))

    assert most_in_a_day(sent) == most


@given(most=st.integers(2, 25), gaps=GAPS)
def test_half_of_a_ceiling_is_never_refused(
    most: int, gaps: Sequence[tuple[bool, timedelta]]
) -> None:
    """Where no 24 hours need more than half of a ceiling, nobody is refused."""
    now = NOW
    asked: list[datetime] = []
    for _, gap in gaps:
        now += gap
        if sum(one > now - DAY for one in asked) < most // 2:
            asked.append(now)
    waits = [then - before for before, then in zip([NOW, *asked], asked, strict=False)]

    assert sends([(ceiling(most), wait) for wait in waits]) == asked


def test_what_is_no_ceiling_sees_nearly_twice_as_many() -> None:
    """Six an hour, six of them at once, are eleven in the busiest hour."""
    sent = sends([(CAP, timedelta(seconds=30))] * 120)

    assert len(sent) == 11


def test_what_is_sold_as_a_ceiling_is_one() -> None:
    """Codes to anybody, and those of one number that count where it is watched, have a ceiling."""
    assert Caps().all.is_ceiling
    assert SHARE.is_ceiling


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
        "unanswered:stranger:w",
        "all",
    }


def test_known_browsers_are_counted_apart_and_keep_a_fifth() -> None:
    """What is a person's has names of its own, what is everybody's has more room."""
    known = replace(SEND, lane=Lane.KNOWN)
    by_stranger, by_known = caps.counted(SEND, Caps()), caps.counted(known, Caps())

    assert set(by_stranger) & set(by_known) == {"all", "range:+4917012"}
    assert by_stranger["all"].most == 4_000
    assert by_known["all"].most == 5_000
    assert by_known["all"].window == DAY


@pytest.mark.row("ATK-19")
def test_of_one_a_day_strangers_have_it_too() -> None:
    """A cap of one is one for strangers as well: a fifth of it would be nothing to send at all."""
    caps_of_one = Caps(all=Cap(most=1, window=timedelta(days=1)))

    assert caps.counted(SEND, caps_of_one)["all"].most == 1


def test_an_address_that_nobody_proved_is_a_strangers() -> None:
    """What is only being added is counted apart, and takes nothing that is kept for the known."""
    known = replace(SEND, lane=Lane.KNOWN)
    new = caps.counted(replace(known, proven=False), Caps())

    assert set(new) - set(caps.counted(known, Caps())) == {
        "address:new:1:a",
        "address:new:24:a",
        "network:192.0.2.1",
        "unanswered:new:a",
    }
    assert new["all"].most == 4_000
    assert new["range:+4917012"].most == 400


def test_an_address_that_only_the_application_vouches_for_is_counted_apart() -> None:
    """What goes to a mailbox that nobody proved uses up nothing of whoever has proven it."""
    word = caps.counted(replace(SEND, is_stand_in=True), Caps())

    assert {name for name in word if name.startswith("address:")} == {
        "address:stand_in:stranger:1:a",
        "address:stand_in:stranger:24:a",
    }


@pytest.mark.row("ATK-19")
def test_nobody_uses_up_the_mail_of_known_browsers() -> None:
    """Mail costs nothing: in a known browser no count of everybody's holds it up."""
    known = caps.counted(replace(SEND, range=None, lane=Lane.KNOWN), Caps())

    assert not [name for name in known if name.startswith(("all", "network"))]


@pytest.mark.row("ATK-19")
def test_mailboxes_use_up_nothing_of_phones() -> None:
    """What goes to mailboxes is counted apart from what goes to phones, and by the same figure."""
    mail = caps.counted(replace(SEND, range=None), Caps())

    assert "all" not in mail
    assert mail["all:mail"] == caps.counted(SEND, Caps())["all"]


def test_what_was_counted_before_counts_no_more() -> None:
    """A count that is kept since a moment forgets what was counted until then."""
    fresh = replace(CAP, since=NOW)

    assert caps.level(tally(6), fresh, NOW) == 0
    assert caps.level(tally(6), replace(CAP, since=NOW - timedelta(seconds=1)), NOW) == 6


def test_a_mailbox_has_no_range() -> None:
    """Only a number in its international form begins like others."""
    assert caps.range_of("+491701234567") == "+4917012"
    assert caps.range_of("ada@site.test") is None
