"""What `make run` says while it sets up, typed as the first command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.docs.blocks import ROOT

PYTHON = """#!/bin/sh
case "$*" in
  --version) echo Python 3.12.0 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/pyvenv.cfg" ;;
  "-m examples.microblog.serve") echo served $CARRIER ;;
esac
"""
"""A Python that makes an environment and serves, and does nothing of it in earnest."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that nothing was typed in yet, with what make reads of it."""
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    for name in ("Makefile", "pyproject.toml", "requirements/run.txt"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy)
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def run(checkout: Path, *more: str) -> list[str]:
    """The lines of `make run`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "run", f"PYTHON={checkout / 'python'}", *more],
        cwd=checkout,
        env=kept,
        text=True,
        capture_output=True,
        check=True,
    ).stdout.splitlines()


def test_the_first_run_says_what_takes_so_long(checkout: Path) -> None:
    """Before it is quiet for half a minute the first command says in one line why."""
    told = "Setting up .venv with Python 3.12.0, once: about half a minute"

    assert run(checkout) == [told, "served"]


def test_a_run_with_nothing_to_set_up_says_nothing(checkout: Path) -> None:
    """The second time there is nothing to say."""
    run(checkout)

    assert run(checkout) == ["served"]


def test_what_is_brought_up_to_date_is_said(checkout: Path) -> None:
    """After other requirements, or a first run that was stopped, the quiet is told of as well."""
    run(checkout)
    (checkout / ".venv" / ".ready-run").unlink()

    assert run(checkout) == [
        "Bringing .venv up to requirements/run.txt: about half a minute",
        "served",
    ]


def test_a_carrier_that_is_named_is_handed_on(checkout: Path) -> None:
    """Which carriers codes are to go through is told as it was typed, with spaces or without."""
    run(checkout)

    assert run(checkout, "CARRIER=signalwire, smtp") == ["served signalwire, smtp"]
