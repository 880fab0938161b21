"""What a report suspends: the way it is about and all that came after, and nothing older."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.model import Enrolment, EnrolmentStatus
from vestibule.core.policy import is_suspended
from vestibule.core.suspension import LIFE, added_at, reported, restored, suspended
from vestibule.testing.clock import START

HOUR = timedelta(hours=1)
NOW = START + 3 * HOUR
WAY = Enrolment(
    id="0",
    realm="default",
    subject="ada",
    factor="totp",
    status=EnrolmentStatus.ACTIVE,
    created_at=START,
    confirmed_at=START,
)


def way(name: str, hours: float, factor: str = "totp") -> Enrolment:
    """A way that was proven so many hours after the beginning."""
    return replace(WAY, id=name, factor=factor, confirmed_at=START + hours * HOUR)


def names(enrolments: list[Enrolment], about: str) -> list[str]:
    """The ids of what reporting one of these suspends."""
    return [e.id for e in reported(enrolments, about, NOW)]


OLD, NEW, NEWEST = way("old", 0), way("new", 1), way("newest", 2, "phone")


@pytest.mark.row("NIST-36", "NIST-37")
@pytest.mark.parametrize(
    ("about", "expected"),
    [("newest", ["newest"]), ("new", ["new", "newest"]), ("old", ["old", "new", "newest"])],
)
def test_a_report_takes_what_came_after_with_it(about: str, expected: list[str]) -> None:
    """What is suspended is the reported way, and all that was added since."""
    assert names([OLD, NEW, NEWEST], about) == expected
    assert reported([NEWEST, NEW, OLD], about, NOW)[0].id == about


@pytest.mark.row("NIST-36", "ATK-18")
@given(st.lists(st.floats(0, 3), min_size=1, max_size=6), st.data())
def test_nothing_older_is_ever_touched(hours: list[float], data: st.DataObject) -> None:
    """Whatever there is and whichever is reported, nothing that was there before is suspended."""
    ways = [way(str(number), hour) for number, hour in enumerate(hours)]
    about = data.draw(st.sampled_from(ways))

    out = reported(ways, about.id, NOW)
    assert out[0] == about
    assert all(added_at(e) >= added_at(about) for e in out)
    assert {e.id for e in ways if added_at(e) > added_at(about)} <= {e.id for e in out}


def test_recovery_codes_count_by_when_they_were_made() -> None:
    """Recovery codes made after a way go with it, and those made before it stay."""
    before, after = way("before", 0.5, "recovery_codes"), way("after", 1.5, "recovery_codes")

    assert names([OLD, NEW, before], "new") == ["new"]
    assert names([OLD, NEW, after], "new") == ["new", "after"]
    assert names([OLD, NEW, after], "after") == ["after"]


@pytest.mark.row("ATK-39")
def test_a_ticket_is_not_a_way() -> None:
    """A help desk's ticket is neither reported nor suspended with anything."""
    ticket = way("ticket", 2, "ticket")

    assert names([OLD, ticket], "ticket") == []
    assert names([OLD, ticket], "old") == ["old"]


def test_a_draft_and_a_removed_way_are_not_reported() -> None:
    """Only what is in force can be suspended."""
    for status in (EnrolmentStatus.PENDING, EnrolmentStatus.REVOKED):
        assert names([OLD, replace(NEW, status=status)], "new") == []
    assert names([OLD], "unknown") == []


def test_a_way_is_reported_within_seven_days() -> None:
    """Seven days after it was added a way is not suspended any more."""
    late = added_at(NEW) + LIFE

    assert [e.id for e in reported([OLD, NEW], "new", late - HOUR)] == ["new"]
    assert reported([OLD, NEW], "new", late) == []


@pytest.mark.row("ATK-24")
def test_a_way_is_reported_once() -> None:
    """Neither while it is suspended nor after that is a way suspended by its own link again."""
    out = suspended(NEW, NOW)
    back = restored(out, NOW)

    assert is_suspended(out, NOW + LIFE - HOUR)
    assert not is_suspended(out, NOW + LIFE)
    assert not is_suspended(back, NOW)
    assert names([OLD, out], "new") == []
    assert names([OLD, back], "new") == []
