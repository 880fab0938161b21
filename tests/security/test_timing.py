"""How secrets are compared and looked up, read from the source, and what may draw at random."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import vestibule
from vestibule.store.tables import metadata

SOURCE = Path(inspect.getfile(vestibule)).parent
MODULES = sorted(SOURCE.rglob("*.py"))
ENGINE = [
    module
    for module in MODULES
    if module.relative_to(SOURCE).parts[0] not in {"flask", "cli", "testing"}
]

MEASURING = {
    *("delivery/http.py", "delivery/insisting.py", "delivery/rehearsal.py"),
    *("delivery/thread.py", "delivery/waiting.py"),
    *("providers/smtp/line.py", "providers/smtp/provider.py"),
}
# What a variable that holds something secret is called.
SECRET_WORDS = ("code", "secret", "hash", "stamp", "digest", "token", "answer", "signature")


def trees() -> Iterator[tuple[Path, ast.AST]]:
    """Every module below the web, parsed."""
    for module in ENGINE:
        yield module, ast.parse(module.read_text(encoding="utf-8"))


def compares_secrets(node: ast.Compare) -> bool:
    """Whether a comparison by == or != is one of two things called as secrets are."""
    sides = [node.left, *node.comparators]
    if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
        return False
    if any(isinstance(side, ast.Constant) for side in sides):
        return False
    named = [side for side in sides if isinstance(side, ast.Name | ast.Attribute)]
    names = {(one.id if isinstance(one, ast.Name) else one.attr).lower() for one in named}
    return any(word in name for name in names for word in SECRET_WORDS)


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.row("ATK-21", "ASVS-6.5.3", "C7")
def test_one_module_draws_at_random() -> None:
    """No module but the door to the operating system draws a random byte or asks the time."""
    wanted = {"random", "secrets", "numpy", "uuid", "time", "os.urandom", "os.getrandom"}
    found = {
        module.relative_to(SOURCE).as_posix()
        for module, tree in trees()
        for name in imports(tree)
        if name in wanted
    }
    calls = {
        module.relative_to(SOURCE).as_posix()
        for module, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"urandom", "getrandom", "utcnow"}
    }

    assert found <= MEASURING
    assert calls == {"system.py"}


def test_who_measures_how_long_something_takes_asks_no_time() -> None:
    """The modules that wait for somebody use the clock that tells no time, and no other."""
    used = {
        node.attr
        for module, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and module.relative_to(SOURCE).as_posix() in MEASURING
    }

    assert used == {"monotonic", "sleep"}


@pytest.mark.row("ATK-77", "C9", "ASVS-11.2.4")
def test_what_is_secret_is_compared_in_constant_time() -> None:
    """No code, secret or stamp is compared with == below the web; hmac.compare_digest does it."""
    found = []
    for module, tree in trees():
        if "store" in module.parts:
            continue  # there == builds SQL, and rows are found by hash
        found += [
            f"{module.relative_to(SOURCE)}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare) and compares_secrets(node)
        ]

    assert found == []


@pytest.mark.row("ATK-77")
def test_compare_digest_is_used_where_codes_are_judged() -> None:
    """Each module that compares a code or a fingerprint does so in constant time."""
    users = {
        module.relative_to(SOURCE).as_posix()
        for module in MODULES
        if "compare_digest(" in module.read_text(encoding="utf-8")
    }

    assert {"oath.py", "secretbox.py", "core/sent.py"} <= users


@pytest.mark.row("ATK-77", "ASVS-7.2.3")
def test_tokens_are_looked_up_by_their_hash() -> None:
    """No column holds a token; those that name a passage are hashes, and one of them is its key."""
    columns = metadata.tables["passage"].columns
    named = {column.name for column in columns if "token" in column.name or "hash" in column.name}

    assert named == {"token_hash", "identity_hash", "browser_hash"}
    assert columns["token_hash"].unique
    everywhere = {c.name for table in metadata.tables.values() for c in table.columns}
    assert not everywhere & {"token", "code", "codes", "password", "cookie"}
