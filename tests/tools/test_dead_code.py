"""What the look for dead code takes for a user of a name, and what it does not."""

import tomllib

import pytest

from dead_code import ROOT, Users, names_in_documents


def unused(code: str) -> set[str]:
    """The functions and methods of a module that nothing uses."""
    users = Users()
    users.scan(code)
    return {item.name for item in users.get_unused_code() if item.typ in {"function", "method"}}


def test_who_hands_on_by_the_same_name_is_no_user() -> None:
    """A function that is called by its namesake alone is dead, and so is one that calls itself."""
    handed_on = "class Face:\n    def end(self):\n        inner.end()\n"

    assert unused(f"{handed_on}Face()") == {"end"}
    assert unused(f"{handed_on}Face().end()") == set()
    assert unused("def count(n):\n    return count(n - 1)\n") == {"count"}


def test_a_command_uses_its_namesake() -> None:
    """What stands under a decorator is called by somebody else, and uses what it calls."""
    command = "@group.command\ndef end():\n    engine.end()\n"

    assert unused(f"{command}class Engine:\n    def end(self): ...\nEngine()") == set()


@pytest.mark.parametrize(("name", "is_public"), [("policy_loader", True), ("end_all", False)])
def test_what_the_documents_name_is_used(name: str, *, is_public: bool) -> None:
    """The names in the documents' code are the public API, and no other names are."""
    assert (name in set(names_in_documents())) is is_public


def test_tests_are_no_users() -> None:
    """No folder of tests is looked at for uses."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert settings["tool"]["vulture"]["paths"] == ["src", "examples", "tools"]
