"""What somebody writes into an application that is not ours, to have the second step.

Lines are only added, each after one that is there and stays as it is: that nothing else is touched
needs no proof, and what the second step costs is counted.
"""

import importlib.util
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final
from uuid import uuid4

from tests.hosts import club, tutorial


@dataclass(frozen=True)
class Addition:
    """Lines of one kind, and the line they follow."""

    kind: str
    after: str
    lines: str


IMPORT: Final = "from vestibule.flask import Vestibule"
IN_CLUB: Final = "    app.register_blueprint(pages)"
IN_TUTORIAL: Final = '    app.add_url_rule("/", endpoint="index")'
CLUB: Final = (
    Addition("gate", "from itsdangerous import BadData, URLSafeTimedSerializer", IMPORT),
    Addition("gate", IN_CLUB, "    vestibule = Vestibule(app)"),
    Addition(
        "subject",
        IN_CLUB,
        """
    @vestibule.subject_loader
    def subject(user: User) -> str:
        return str(user.id)
""",
    ),
    Addition(
        "stamp",
        IN_CLUB,
        """
    @vestibule.password_stamp
    def stamp(user: User) -> str:
        return user.password
""",
    ),
    Addition(
        "contacts",
        IN_CLUB,
        """
    @vestibule.contact_loader
    def contact(user: User) -> dict[str, str]:
        return {"name": user.email, "email": user.email}
""",
    ),
    Addition("marks", '@pages.get("/api/members/<int:member_id>")', "@Vestibule.accepts_tokens"),
    Addition(
        "links",
        '<a href="{{ url_for("accounts.change") }}">Change the password</a>',
        '<a href="{{ url_for("vestibule.manage") }}">Two-step login</a>',
    ),
)
TUTORIAL: Final = (
    Addition(
        "gate", "from werkzeug.security import check_password_hash, generate_password_hash", IMPORT
    ),
    Addition("settings", IN_TUTORIAL, '    app.config["VESTIBULE_LOGIN_KEYS"] = ["user_id"]'),
    Addition("gate", IN_TUTORIAL, "    vestibule = Vestibule(app)"),
    Addition(
        "stamp",
        IN_TUTORIAL,
        """
    @vestibule.password_stamp
    def stamp(user_id: int) -> Any:
        return get_db().execute("SELECT password FROM user WHERE id = ?", (user_id,)).fetchone()[0]
""",
    ),
    Addition(
        "links",
        '{% if g.user %}<p>Hello {{ g.user["username"] }}</p>{% else %}<p>Log in</p>{% endif %}',
        '{% if g.user %}<a href="{{ url_for("vestibule.manage") }}">Two-step login</a>{% endif %}',
    ),
)
DOORS: Final[Mapping[ModuleType, Sequence[Addition]]] = {club: CLUB, tutorial: TUTORIAL}


def cost(additions: Sequence[Addition]) -> dict[str, int]:
    """How many lines each kind takes, empty ones apart."""
    found: Counter[str] = Counter()
    for addition in additions:
        found[addition.kind] += sum(bool(line.strip()) for line in addition.lines.splitlines())
    return dict(found)


def with_door(source: str, additions: Sequence[Addition]) -> str:
    """Return an application's text with the lines in it."""
    lines = source.splitlines()
    for after in dict.fromkeys(addition.after for addition in additions):
        here = [addition.lines for addition in additions if addition.after == after]
        (place,) = [number for number, line in enumerate(lines) if line == after]
        lines[place + 1 : place + 1] = "\n".join(here).splitlines()
    return "\n".join(lines) + "\n"


@contextmanager
def opened(host: ModuleType, folder: Path, without: Collection[str] = ()) -> Iterator[ModuleType]:
    """The application of a module, with the door written into a copy of its text.

    Lines of the kinds in `without` are left out.
    """
    lines = [addition for addition in DOORS[host] if addition.kind not in without]
    name = f"{host.__name__.rpartition('.')[2]}_{uuid4().hex}"
    file = folder / f"{name}.py"
    file.write_text(with_door(Path(str(host.__file__)).read_text(), lines))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise AssertionError("a file of Python can be imported")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        yield module
    finally:
        del sys.modules[name]
