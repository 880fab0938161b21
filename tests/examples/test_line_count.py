"""The price of the second step in the example applications, counted in statements."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
OUR_NAMES = {"Vestibule", "vestibule"}
GATE, CONTACTS, TOKENS, MARKS, SETTINGS = "gate", "contacts", "tokens", "marks", "settings"

Count = dict[str, int]


def statements(example: str) -> Iterator[ast.stmt]:
    """Every statement of an example's own code, the development server's apart."""
    for path in sorted((EXAMPLES / example).rglob("*.py")):
        if path.name not in {"serve.py", "stand_in.py"}:
            yield from statements_in(path)


def statements_in(path: Path) -> Iterator[ast.stmt]:
    """Every statement of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.stmt):
            yield node


def names_us(node: ast.AST) -> bool:
    """Say whether a piece of code names us, in an import, a name or a setting."""
    return any(
        (isinstance(part, ast.Name) and part.id in OUR_NAMES)
        or (isinstance(part, ast.ImportFrom) and (part.module or "").startswith("vestibule"))
        or (isinstance(part, ast.Constant) and str(part.value).startswith("VESTIBULE_"))
        for part in ast.walk(node)
    )


def kinds(statement: ast.stmt) -> Iterator[str]:
    """What a statement that names us is for: one word for each line it costs."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        for decorator in statement.decorator_list:
            if names_us(decorator):
                yield from _kinds_of_decorator(statement, ast.unparse(decorator))
    elif isinstance(statement, ast.If):
        if names_us(statement.test):
            yield TOKENS  # with the return in it: the formatter made two lines of one
    elif not isinstance(statement, ast.With | ast.For | ast.Try) and names_us(statement):
        yield SETTINGS if "VESTIBULE_" in ast.unparse(statement) else GATE


def _kinds_of_decorator(function: ast.stmt, decorator: str) -> Iterator[str]:
    if decorator.endswith("contact_loader"):
        yield from [CONTACTS] * (2 + len(getattr(function, "body", ())))
    elif decorator.endswith("accepts_tokens"):
        yield MARKS
    else:
        raise AssertionError(decorator)


def count(example: str) -> Count:
    """How many statements each thing costs."""
    found: Count = {}
    for statement in statements(example):
        for kind in kinds(statement):
            found[kind] = found.get(kind, 0) + 1
    return found


def links(example: str) -> int:
    """How many lines of templates lead to our pages."""
    return sum(
        "vestibule." in line
        for path in (EXAMPLES / example).rglob("*.html")
        for line in path.read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("example", "price", "linked"),
    [
        # The import stands twice: where the gate is made, and where views take tokens.
        ("microblog", {GATE: 3, CONTACTS: 3, TOKENS: 1, MARKS: 4}, 1),
        ("plain_session", {GATE: 2, SETTINGS: 1}, 1),
    ],
)
def test_the_second_step_costs_what_was_promised(example: str, price: Count, linked: int) -> None:
    """Two lines for the gate, three for contacts, one for each view that hands out tokens."""
    assert count(example) == price
    assert links(example) == linked


def test_the_gate_is_two_lines() -> None:
    """In the module that makes the application the gate is an import and a call."""
    for example in ("microblog", "plain_session"):
        module = statements_in(EXAMPLES / example / "__init__.py")
        assert [kind for line in module for kind in kinds(line)].count(GATE) == 2


def test_no_table_view_or_login_of_the_hosts_knows_us() -> None:
    """Neither the users' table nor the code that signs in, out, up or resets names us."""
    for path in ("microblog/models.py", "microblog/auth.py", "microblog/logins.py"):
        assert not names_us(ast.parse((EXAMPLES / path).read_text()))
    for path in ("plain_session/auth.py", "plain_session/notes.py", "plain_session/database.py"):
        assert not names_us(ast.parse((EXAMPLES / path).read_text()))
