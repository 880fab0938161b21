"""Collect the test suite without running it."""

import contextlib
import io

import pytest


class _Collected:
    """A pytest plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the items of the finished collection."""
        self.items = list(session.items)


def collected_tests() -> list[pytest.Item]:
    """Every test of the suite; a suite that cannot be collected is an error."""
    collected, said = _Collected(), io.StringIO()
    with contextlib.redirect_stdout(said):
        status = pytest.main(["--collect-only", "--quiet"], plugins=[collected])
    if status != pytest.ExitCode.OK:
        raise SystemExit(f"The tests cannot be collected:\n{said.getvalue()}")
    return collected.items
