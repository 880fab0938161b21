"""What docs/operating.md and docs/quickstart.md say of refusals."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.blocks import DOCS, ROOT

from vestibule.core.verdict import Reason
from vestibule.flask.problems import STATUS

SOURCE = sorted((ROOT / "src" / "vestibule").rglob("*.py"))
# A line of a table that begins with what is said.
SAID = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
ERROR = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)


def texts_of(module: Path) -> Iterator[str]:
    """Every text in a module, what it fills in left out."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield "".join(map(str, parts))


TEXTS = [text for module in SOURCE for text in texts_of(module)]


@pytest.mark.parametrize(
    "said", SAID.findall((DOCS / "operating.md").read_text("utf-8").partition("refuses\n")[2])
)
def test_a_refusal_that_is_explained_can_happen(said: str) -> None:
    """Every refusal that an operator can look up is one that the code gives in these words."""
    assert any(said in text for text in TEXTS)


@pytest.mark.row("W15")
def test_every_reason_is_explained_to_a_program() -> None:
    """Every reason for refusing an answer stands in the quickstart, with a status that tells it."""
    explained = {
        error: int(status)
        for status, error in ERROR.findall((DOCS / "quickstart.md").read_text("utf-8"))
    }
    # A code that was right once is told like any wrong one.
    told = {reason: STATUS[reason] for reason in Reason if reason is not Reason.REPLAYED}

    assert {reason: explained.get(reason) for reason in told} == told
    assert min(told.values()) >= 400


@pytest.mark.parametrize(
    "error", [e for _, e in ERROR.findall((DOCS / "quickstart.md").read_text("utf-8"))]
)
def test_every_error_that_is_explained_can_happen(error: str) -> None:
    """Every error that the quickstart explains is one that the code gives."""
    assert error in TEXTS
