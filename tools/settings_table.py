"""Write the tables of docs/settings.md: what the code says, in the code's own words.

A table stands between a comment that names it and `<!-- end -->`. Names, defaults and meanings come
from the dataclasses; a field without a docstring is an error, because then nobody knows it.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

from vestibule.core.caps import Cap, Caps
from vestibule.core.conversion import Watch
from vestibule.core.limits import CERTAIN, Limits
from vestibule.core.profiles import PROFILES, Profile
from vestibule.core.registry import ALSO, factor_type, house_names
from vestibule.delivery.registry import HOUSE, provider_type
from vestibule.settings import PREFIX, Settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "settings.md"
TABLE: Final = re.compile(
    r"(?P<begin><!-- table: (?P<name>[a-z_]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)
UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
ODDS: Final = frozenset({"capacity", "refill_per_year"})


def meanings(kind: type) -> dict[str, str]:
    """The docstring under each field of a class and of those it extends, in one line."""
    said: dict[str, str] = {}
    for part in reversed(kind.__mro__[:-1]):
        said |= _meanings(part)
    return said


def _meanings(kind: type) -> dict[str, str]:
    """The same of the class's own fields; one that has no docstring has an empty one."""
    body = [
        statement
        for found in ast.parse(dedent(inspect.getsource(kind))).body
        if isinstance(found, ast.ClassDef)
        for statement in found.body
    ]
    said = {}
    for statement, following in pairwise([*body, ast.Pass()]):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(value=str(text))):
                said[name] = " ".join(text.split())
            case ast.AnnAssign(target=ast.Name(id=name)), _:
                said[name] = ""
    return said


def described(kind: type) -> Iterator[tuple[Field[Any], str]]:
    """Each field of a dataclass with its meaning; raise `LookupError` where it has none."""
    said = meanings(kind)
    for field in fields(kind):
        if not said.get(field.name):
            raise LookupError(f"{kind.__name__}.{field.name} has no docstring")
        yield field, said[field.name]


def shown(value: object, name: str = "") -> str:
    """A value as the page shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return _length(value)
    if name in ODDS and isinstance(value, int):
        return f"{100 * value / CERTAIN:g} %"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{value}`"


def settings_table() -> str:
    """The settings that are no factor's own."""
    rows = [
        (
            f"`{PREFIX}{field.name.upper()}`",
            "unset" if field.default in (None, (), MISSING) else shown(field.default),
            meaning,
        )
        for field, meaning in described(Settings)
        if not field.name.endswith("_settings")
    ]
    return _table(("setting", "default", "meaning"), rows)


def factor_table() -> str:
    """The settings of the factors of the house, those first that are on offer by default."""
    default = Settings().factors
    names = [*default, *sorted(house_names() - set(default))]
    rows = [
        (f"`{PREFIX}{factor.upper()}_{field.name.upper()}`", shown(field.default), meaning)
        for factor in names
        for field, meaning in described(factor_type(factor))
    ]
    return _table(("setting", "default", "meaning"), rows)


def provider_table() -> str:
    """The settings of the providers of the house."""
    rows = [
        (
            f"`{PREFIX}{provider.upper()}_{field.name.upper()}`",
            f"`{field.metadata[ALSO]}`" if field.metadata.get(ALSO) else "",
            _set_or_not(field.default),
            meaning,
        )
        for provider in sorted(HOUSE)
        for field, meaning in described(provider_type(provider))
    ]
    return _table(("setting", "also", "default", "meaning"), rows)


def _set_or_not(default: object) -> str:
    if default is MISSING:
        return "must be set"
    return "unset" if default in (None, ()) else shown(default)


def profile_table() -> str:
    """How long things live, by profile."""
    rows = [
        (f"`{field.name}`", *(shown(getattr(p, field.name)) for p in PROFILES.values()), meaning)
        for field, meaning in described(Profile)
        if field.name not in {"name", "limits", "caps", "watch", "factor_settings"}
    ]
    rows += [
        (f"`{PREFIX}{factor.upper()}_{name.upper()}`", *_of_factor(factor, name), "See above.")
        for factor, name in sorted({pair for p in PROFILES.values() for pair in _set_by(p)})
    ]
    return _table(("number", *PROFILES, "meaning"), rows)


def caps_table() -> str:
    """How many codes are sent, by profile."""
    rows = [
        (f"`{field.name}`", *(_caps(getattr(p.caps, field.name)) for p in PROFILES.values()), text)
        for field, text in described(Caps)
    ]
    return _table(("number", *PROFILES, "meaning"), rows)


def watch_table() -> str:
    """How many codes must come back, by profile."""
    rows = [
        (f"`{field.name}`", *(shown(getattr(p.watch, field.name)) for p in PROFILES.values()), text)
        for field, text in described(Watch)
    ]
    return _table(("number", *PROFILES, "meaning"), rows)


def _caps(caps: Cap | tuple[Cap, ...]) -> str:
    each = caps if isinstance(caps, tuple) else (caps,)
    return "; ".join(_cap(cap) for cap in each)


def _cap(cap: Cap) -> str:
    if cap.is_ceiling:
        return f"{cap.most} in any {_length(cap.window)}"
    return f"{cap.most} at once and {cap.most} spread over {_length(cap.window)}"


def limits_table() -> str:
    """How much guessing is borne, by profile."""
    rows = [
        (
            f"`{field.name}`",
            *(shown(getattr(p.limits, field.name), field.name) for p in PROFILES.values()),
            meaning,
        )
        for field, meaning in described(Limits)
    ]
    return _table(("number", *PROFILES, "meaning"), rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "settings": settings_table,
    "factors": factor_table,
    "providers": provider_table,
    "profiles": profile_table,
    "limits": limits_table,
    "caps": caps_table,
    "watch": watch_table,
}


def written(page: str) -> str:
    """The page with each of its tables as the code says."""
    return TABLE.sub(lambda m: f"{m['begin']}\n{TABLES[m['name']]()}\n{m['end']}", page)


def _set_by(profile: Profile) -> list[tuple[str, str]]:
    return [(factor, name) for factor, own in profile.factor_settings.items() for name in own]


def _of_factor(factor: str, name: str) -> list[str]:
    (own,) = (f.default for f, _ in described(factor_type(factor)) if f.name == name)
    return [shown(p.factor_settings.get(factor, {}).get(name, own)) for p in PROFILES.values()]


def _length(span: timedelta) -> str:
    seconds = span // timedelta(seconds=1)
    name, size = next((name, size) for name, size in UNITS if seconds % size == 0)
    count = seconds // size
    if (name, count) == ("day", 1):
        name, count = "hour", 24
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
