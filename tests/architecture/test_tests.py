"""What every test of this suite owes its reader."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from coverage_rows import read_rows

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
MODULES = sorted(TESTS.rglob("test_*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef

# The end of one sentence and the capital that begins the next.
BETWEEN_SENTENCES = re.compile(r"[.!?][\"')]*\s+[\"'(]*[A-Z]")


def functions_of(module: Path) -> Iterator[Function]:
    """Every test function and test method of a module."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, Function) and node.name.startswith("test"):
            yield node


def is_one_sentence(text: str | None) -> bool:
    """Whether a text is there, ends with a full stop, and holds nothing between two sentences."""
    return text is not None and text.endswith(".") and not BETWEEN_SENTENCES.search(text)


def rows_named_in(module: Path) -> Iterator[str]:
    """Every id that a row marker of a module names."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"row", "pytest.mark.row"}:
            yield from (ast.literal_eval(argument) for argument in node.args)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_each_test_says_a_fact(module: Path) -> None:
    """Each test has a docstring of exactly one sentence."""
    wordless = [
        f"{module.relative_to(ROOT)}:{test.lineno} {test.name}"
        for test in functions_of(module)
        if not is_one_sentence(ast.get_docstring(test))
    ]

    assert wordless == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_each_row_is_in_the_checklist(module: Path) -> None:
    """Each row that a test names has its line in the checklist, alone or as a member of a range."""
    rows = read_rows((ROOT / "docs" / "checklist-rows.txt").read_text())
    known = {name for row in rows for name in row.names}

    assert set() == set(rows_named_in(module)) - known
