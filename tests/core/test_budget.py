from datetime import UTC, datetime, timedelta

import pytest

from vestibule.core import caps
from vestibule.core.budget import Budget, must_pay, next_midnight, parted, spent_on
from vestibule.core.model import Charge, Tally

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
NUMBER = "+491701234567"
PRICES = {"sms": 60_000, "sms:+49": 90_000, "sms:+4917": 95_000, "call": 200_000}
BUDGET = Budget(prices=PRICES, per_day=1_000_000)


@pytest.mark.parametrize(
    ("channel", "number", "price"),
    [
        ("sms", NUMBER, 95_000),
        ("sms", "+4930901820", 90_000),
        ("sms", "+12015550123", 60_000),
        ("call", NUMBER, 200_000),
        ("email", "ada@post.example", 0),
    ],
)
def test_the_longest_prefix_has_the_price(channel: str, number: str, price: int) -> None:
    """Of several prices that fit a number the one for the longest prefix counts."""
    assert BUDGET.price(channel, number) == price


@pytest.mark.row("ATK-56")
def test_a_day_is_counted_by_itself_and_does_not_drain() -> None:
    """What was spent is gone until midnight, when another count begins."""
    ((name, cap),) = BUDGET.counted("sms", NUMBER, NOW, strange=False).items()
    assert name == "spent:2026-01-31"
    full = Tally(realm="default", name=name, level=950_000, as_of=NOW - timedelta(hours=23))

    assert caps.room_at(full, cap, NOW) == next_midnight(NOW) == datetime(2026, 2, 1, tzinfo=UTC)
    (tomorrow,) = BUDGET.counted("sms", NUMBER, next_midnight(NOW), strange=False)
    assert tomorrow == spent_on(next_midnight(NOW)) == "spent:2026-02-01"


@pytest.mark.row("ATK-56")
def test_the_last_message_still_fits_or_is_not_sent() -> None:
    """A message that would cost more than is left is not sent, and one that costs as much is."""
    ((name, cap),) = BUDGET.counted("sms", NUMBER, NOW, strange=False).items()
    tally = Tally(realm="default", name=name, level=1_000_000 - 95_000, as_of=NOW)

    assert caps.room_at(tally, cap, NOW) is None
    after = caps.one_more(tally, cap, NOW)
    assert after.level == 1_000_000
    assert caps.room_at(after, cap, NOW) is not None


def test_a_fifth_is_kept_for_known_browsers() -> None:
    """Strangers and new numbers spend no more than four fifths of a day's money."""
    (strange,) = BUDGET.counted("sms", NUMBER, NOW, strange=True).values()
    (known,) = BUDGET.counted("sms", NUMBER, NOW, strange=False).values()

    assert (strange.most, known.most) == (800_000, 1_000_000)


def test_without_a_ceiling_it_is_only_counted() -> None:
    """Prices alone refuse nothing, and what was spent can be asked for; no price, no count."""
    (cap,) = Budget(prices=PRICES).counted("sms", NUMBER, NOW, strange=True).values()
    much = Tally(realm="default", name=spent_on(NOW), level=10**12, as_of=NOW)

    assert caps.room_at(much, cap, NOW) is None
    assert Budget().counted("sms", NUMBER, NOW, strange=True) == {}


def charge(channel: str, day: str = "a") -> Charge:
    """One charge."""
    return Charge(channel=channel, tally=f"spent:{day}", amount=1)


@pytest.mark.parametrize(
    ("paid", "taken", "is_due"),
    [
        (["sms"], [], False),
        ([], [], False),
        (["sms"], ["sms"], True),
        (["sms", "sms"], ["sms"], False),
        (["sms", "sms"], ["sms", "sms"], True),
        (["sms"], ["call"], False),
        ([], ["sms"], True),
    ],
)
def test_as_many_are_paid_for_as_may_have_been_taken(
    paid: list[str], taken: list[str], *, is_due: bool
) -> None:
    """One more try is due to be paid where all that was paid for may have been taken."""
    assert must_pay("sms", [charge(channel) for channel in paid], taken) is is_due


def test_what_was_paid_first_is_used_first() -> None:
    """Of charges on two days the later goes back, and each channel's stand for its own tries."""
    paid = [charge("sms", "a"), charge("call", "a"), charge("sms", "b")]

    used, unused = parted(paid, ["sms", "call", "call"])

    assert used == [charge("sms", "a"), charge("call", "a")]
    assert unused == [charge("sms", "b")]


def test_a_price_that_is_just_left_is_not_refused() -> None:
    """What the rest of the money pays for to the last millionth is had still, and no more."""
    budget = Budget(prices={"sms": 60, "call": 200, "email": 0}, per_day=1000)

    assert budget.refused(740, strange=True) == ["call"]
    assert budget.refused(741, strange=True) == ["sms", "call"]
    assert budget.refused(800, strange=False) == []
    assert budget.refused(801, strange=False) == ["call"]
    assert Budget(prices={"sms": 60}).refused(10**9, strange=True) == []
