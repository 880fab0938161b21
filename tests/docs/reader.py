"""A reader who does in an empty folder what a page says, block after block."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask
from tests.docs.blocks import ROOT, Block
from tests.docs.conversation import Conversation

from vestibule.flask.state import state_of
from vestibule.testing import FakeClock

# Folders of a server, which a test keeps in its own.
SERVER = re.compile(r"(?<![\w.~])/(etc|var)(?=/)")
# A database server, in whose place a test has one of its own.
DATABASE = "postgresql+psycopg://site@db.example/site"
OF_A_RUN = shutil.ignore_patterns("instance", "__pycache__")
OURS = ("FLASK_", "VESTIBULE_", "PYTHON")


class Reader:
    """Follows one page. What a block leaves behind is there for the next one."""

    def __init__(self, folder: Path, database: str = DATABASE) -> None:
        """Begin in an empty folder, with nothing set that would matter, and an empty database."""
        self._folder = folder
        self._database = database
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        self._environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._said = ""
        self._conversation: Conversation | None = None
        self._app: Flask | None = None

    def follow(self, block: Block) -> None:
        """Do what a block shows; fail where that does not work."""
        if block.said == "file":
            self._file(block)
        elif block.language == "python":
            self._python(block)
        elif block.language == "diff":
            self._diff(block)
        elif block.language == "sh" and block.said != "not run":
            if block.said == "with":
                shutil.copytree(ROOT / block.about, self._folder / block.about, ignore=OF_A_RUN)
            self._shell(block.text)
        elif block.said == "output":
            self._compare(block.text)
        elif block.language == "http":
            self._converse(block)

    def _file(self, block: Block) -> None:
        """Save what is to be saved under the name that the page says."""
        if block.language == "python":
            compile(block.text, str(block), "exec")
        file = self._folder / block.about
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")

    def _python(self, block: Block) -> None:
        compile(block.text, str(block), "exec")
        if block.said != "fragment":
            self._run([sys.executable, "-c", block.text])

    def _diff(self, block: Block) -> None:
        if block.said == "in":
            shown = (ROOT / block.about).read_text("utf-8")
            for _, after in _hunks(block.text):
                assert shown.count(after) == 1, f"{block}: this is not in {block.about}:\n{after}"
            return
        file = self._folder / block.about
        text = file.read_text("utf-8")
        for before, after in _hunks(block.text):
            assert text.count(before) == 1, f"{block}: this is not in {block.about}:\n{before}"
            text = text.replace(before, after)
        file.write_text(text, "utf-8")

    def _shell(self, text: str) -> None:
        """Run commands; what they export stays."""
        here = SERVER.sub(lambda match: f"{self._folder}{match[0]}", text)
        here = here.replace(DATABASE, self._database)
        kept = self._folder / ".environment"
        self._said = self._run(["sh", "-euc", f"{here}\nenv -0 > {kept}"])
        pairs = [line.split("=", 1) for line in kept.read_text("utf-8").split("\0") if line]
        self._environment = dict(pairs)

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.replace(str(self._folder), "")

    def _compare(self, shown: str) -> None:
        lines = [
            "(?s:.*)" if line == "…" else _pattern(line) for line in shown.strip().splitlines()
        ]
        pattern = "\n".join(lines)
        assert re.fullmatch(pattern, self._said.strip()), f"{self._said}\nis not\n{shown}"

    def _converse(self, block: Block) -> None:
        if self._conversation is None:
            clock = FakeClock()
            settings = {
                "TESTING": True,
                "SECRET_KEY": "not secret in a test",
                "WTF_CSRF_ENABLED": False,
                "VESTIBULE_DATABASE_URL": f"sqlite:///{self._folder / 'conversation.db'}",
            }
            self._conversation = Conversation(self.application(settings, clock), clock)
        self._conversation.play(block.text, block.said, block.about)

    def application(self, settings: Mapping[str, Any], clock: FakeClock | None = None) -> Flask:
        """The application that the page has made of `app.py` up to here."""
        module = _loaded(self._folder / "app.py")
        app: Flask = module.create_app(settings, clock)
        self._app = app
        return app

    def close(self) -> None:
        """Leave nothing open."""
        if self._app is not None:
            state_of(self._app).close()


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


def _loaded(file: Path) -> ModuleType:
    name = f"page_{file.parent.name}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    # Flask looks for the folder of an application by its module's name.
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _hunks(diff: str) -> list[tuple[str, str]]:
    """What stood there and what stands there then, for each piece between `@@` lines."""
    pieces = re.split(r"^@@.*\n", diff, flags=re.MULTILINE)
    return [(_side(piece, "-"), _side(piece, "+")) for piece in pieces if piece]


def _side(piece: str, sign: str) -> str:
    kept = [line[1:] for line in piece.splitlines() if line[:1] in {" ", sign, ""}]
    return "".join(f"{line}\n" for line in kept)
