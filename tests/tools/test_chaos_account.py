"""When a run of `make chaos` counts as one: only where everything happened that it is about."""

from collections import Counter
from dataclasses import replace

import pytest
from benchmarks.chaos.audit import Account
from benchmarks.chaos.failover import FailOver
from benchmarks.chaos.plan import plan

WELL = Account(
    name="SQLite",
    seed=1,
    has_workers=True,
    waited=0.0,
    swept=0,
    ended=0,
    done=Counter({"kill": 9, "database": 3, "broker": 2, "carrier": 9}),
    told=Counter({"let in": 100}),
    promised=100,
    ends=Counter(),
    taken=100,
    unsure=0,
    most_unsure=0,
    after_crash=0,
    after_failure=0,
    failover=FailOver(seconds=[1.0], after_crash=[]),
    waits=[1.0],
    lost=[],
    twice=[],
    accepted_twice=[],
    exposed=[],
)


def test_a_run_in_which_all_went_well_misses_nothing() -> None:
    """Everything went wrong that was to go wrong, and nothing came of it."""
    assert WELL.missed == []


@pytest.mark.parametrize("kind", ["kill", "database", "broker", "carrier"])
def test_a_run_without_a_trouble_measured_nothing(kind: str) -> None:
    """Where no process was killed, or nothing else of one kind went wrong, a must is missed."""
    (said,) = replace(WELL, done=Counter(WELL.done) - Counter({kind: 9})).missed

    assert said.endswith("nothing was measured")


def test_a_run_without_a_fail_over_measured_none() -> None:
    """No fail-over is not a quick one, and nobody let in is nobody let in twice."""
    assert replace(WELL, failover=FailOver(seconds=[], after_crash=[])).missed == [
        "nothing failed over: nothing was measured"
    ]
    assert len(replace(WELL, told=Counter()).missed) == 1


def test_a_run_without_workers_needs_no_broker() -> None:
    """Where there is no broker to kill, none need be killed."""
    without = Counter(WELL.done) - Counter(broker=9)

    assert replace(WELL, has_workers=False, done=without).missed == []


def test_a_message_is_tried_no_fifth_time_by_whom_nobody_knows() -> None:
    """Where one message had more unsure tries than it may, a must is missed."""
    assert replace(WELL, most_unsure=4).missed == []
    assert replace(WELL, most_unsure=5).missed == ["one message had 5 unsure tries"]


@pytest.mark.parametrize("seed", range(20))
def test_a_minute_has_every_trouble(seed: int) -> None:
    """The run that is made by default has each kind of trouble, whatever the seed."""
    assert {deed.kind for deed in plan(seed, 60)} == {"kill", "database", "broker", "carrier"}
