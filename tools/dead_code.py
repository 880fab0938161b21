"""Name the code that nothing uses: vulture, told what it cannot see by itself.

A name in a page's template is used. A field or an enum's member is part of a value's meaning even
where nobody reads it yet; the linter finds the local variables that are of no use.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parent.parent
IN_BRACES = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)


def names_in_templates(folder: Path) -> Iterator[str]:
    """Every name between a template's braces; words of its texts do no harm among them."""
    for template in folder.rglob("templates/**/*.*"):
        for expression in IN_BRACES.findall(template.read_text()):
            yield from (name for name in re.findall(r"[a-zA-Z_]\w+", expression))


def main() -> int:
    """Print where each unused function, method, class, property and import stands."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vulture"]
    vulture = Vulture(
        ignore_names=wanted["ignore_names"], ignore_decorators=wanted["ignore_decorators"]
    )
    folders = [ROOT / name for name in wanted["paths"] if (ROOT / name).is_dir()]
    vulture.scavenge([str(folder) for folder in folders])
    used = {
        name for folder in folders for name in names_in_templates(folder) if not iskeyword(name)
    }
    vulture.scan("\n".join(f"template.{name}" for name in sorted(used)))
    # Tests and examples use what is ours; what they define for frameworks is theirs to know.
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
