"""The moments in which anything is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz.stages import MOMENTS, Moment, Stage


@pytest.fixture(scope="module", params=MOMENTS, ids=lambda moment: moment.__name__)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Each moment; a test goes back to it before it sends."""
    moment: Moment = request.param
    made = moment(_folder(tmp_path_factory))
    yield made
    made.close()


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("shop")
