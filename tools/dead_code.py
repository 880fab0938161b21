"""Name the code that nothing uses: vulture, told what it cannot see by itself.

A test is no user: what only tests call is of no use to anybody. Neither is a function that hands on
to another of its own name, as the engine's do. A name in a page's template is used, and so is one
that the documents name, which is there for others to use. A field or an enum's member is part of a
value's meaning even where nobody reads it yet; the linter finds the local variables that are of no
use.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path
from typing import Any

from vulture import Vulture

ROOT = Path(__file__).parent.parent
IN_BRACES = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
IN_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
NAME = re.compile(r"[a-zA-Z_]\w+")


class Users(Vulture):  # type: ignore[misc]
    """Vulture, to which a plain function of some name is no user of that name."""

    def __init__(self, **told: Any) -> None:
        """Stand in no function yet."""
        super().__init__(**told)
        self._inside: list[str] = []

    def visit(self, node: ast.AST) -> None:
        """Look at a node and all below it."""
        # What stands under a decorator is called by somebody else: a command, a handler.
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            super().visit(node)
            return
        self._inside.append(node.name)
        super().visit(node)
        self._inside.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:  # noqa: N802 - as the syntax tree names it
        """Take a name after a dot as used."""
        if node.attr not in self._inside:
            super().visit_Attribute(node)

    def visit_Name(self, node: ast.Name) -> None:  # noqa: N802 - as above
        """Take a name as used."""
        if node.id not in self._inside:
            super().visit_Name(node)


def names_in_templates(folder: Path) -> Iterator[str]:
    """Every name between a template's braces; words of its texts do no harm among them."""
    for template in folder.rglob("templates/**/*.*"):
        for expression in IN_BRACES.findall(template.read_text()):
            yield from NAME.findall(expression)


def names_in_documents() -> Iterator[str]:
    """Every name in a document's code: that is the public API, and what it is used with."""
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for code in IN_CODE.findall(document.read_text()):
            yield from NAME.findall(code)


def main() -> int:
    """Print where each unused function, method, class, property and import stands."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vulture"]
    vulture = Users(
        ignore_names=wanted["ignore_names"], ignore_decorators=wanted["ignore_decorators"]
    )
    folders = [ROOT / name for name in wanted["paths"] if (ROOT / name).is_dir()]
    vulture.scavenge([str(folder) for folder in folders])
    used = {name for folder in folders for name in names_in_templates(folder)}
    used.update(names_in_documents())
    vulture.scan("\n".join(f"seen.{name}" for name in sorted(used) if not iskeyword(name)))
    # Examples use what is ours; what they define for frameworks is theirs to know.
    ours = (str(ROOT / "src"), str(ROOT / "tools"))
    unused = [
        item
        for item in vulture.get_unused_code()
        if item.typ != "variable" and str(item.filename).startswith(ours)
    ]
    for item in unused:
        place = Path(item.filename).relative_to(ROOT)
        print(f"{place}:{item.first_lineno}: unused {item.typ} {item.name}")
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
