"""A short run of what `make chaos` does at length."""

import pytest
from benchmarks.chaos import run, trouble

from vestibule.delivery.outbox import MOST_UNSURE


@pytest.mark.slow
@pytest.mark.row("C14", "W14", "W16", "ATK-80")
@pytest.mark.parametrize(
    "database", ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.postgresql)]
)
def test_whatever_dies_every_code_is_accounted_for(database: str) -> None:
    """Whatever is killed and troubled, no code is lost, and none goes out twice for no reason."""
    if database not in trouble.databases():
        pytest.skip(f"{database}: none can be started here, and none answers")

    account = run.run(database, run.Order(seed=3, seconds=12, patience=2))

    # How long a fail-over takes is for `make chaos` to say: a busy machine is no fault of ours.
    assert account.told["let in"] > 0
    assert account.done.keys() >= {"kill", "carrier"}
    assert account.lost == []
    assert account.twice == []
    assert account.most_unsure <= MOST_UNSURE
    assert account.accepted_twice == []
    assert account.exposed == []
