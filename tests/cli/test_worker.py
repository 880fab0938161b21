import pytest
from click.testing import CliRunner

from vestibule.cli import group


@pytest.mark.parametrize("hands", ["0", "-1"])
def test_a_worker_has_a_hand(hands: str) -> None:
    """A worker that could send nothing is not started."""
    result = CliRunner().invoke(group, ["worker", "--hands", hands])

    assert result.exit_code == 2
    assert "x>=1" in result.output
