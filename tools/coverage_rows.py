"""Say for every row of the security checklist whether a test covers it, or who else owns it.

Rows come from docs/checklist-rows.txt, tests name them by `pytest.mark.row("ATK-23")`, and a line
`| ATK-23 | reason |` under "Rows owned elsewhere" in docs/security-model.md gives one away.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collection import collected_tests

DOCS = Path(__file__).parent.parent / "docs"
OWNERS_HEADING = "Rows owned elsewhere"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the checklist."""

    id: str
    about: str

    @property
    def names(self) -> set[str]:
        """The id itself, and each id it stands for: 7.1.1/7.3.1 and 6.2.1..12 are several."""
        family, _, numbers = self.id.partition("-")
        members = {f"{family}-{one}" for part in re.split("[/,]", numbers) for one in _expand(part)}
        return {self.id} | members


def _expand(part: str) -> Iterable[str]:
    """The numbers a range such as 3.3.1..5 stands for; anything else stands for itself."""
    first, dots, last = part.partition("..")
    if not dots:
        return [part]
    stem, _, start = first.rpartition(".")
    return [f"{stem}.{number}" for number in range(int(start), int(last) + 1)]


def read_rows(checklist: str) -> list[Row]:
    """The rows of a checklist, in its order."""
    lines = [line for line in checklist.splitlines() if line.strip() and not line.startswith("#")]
    return [Row(*re.split(r"\s+", line.strip(), maxsplit=1)) for line in lines]


def read_owners(security_model: str) -> dict[str, str]:
    """Reason by id, for the rows that the security model gives away."""
    sections = re.split(r"^#+ +", security_model, flags=re.MULTILINE)
    section = next((text for text in sections if text.startswith(OWNERS_HEADING)), "")
    cells = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]
    return {ids: " · ".join(reasons) for ids, *reasons in cells if re.search(r"\d", ids)}


def read_markers() -> dict[str, list[str]]:
    """The tests that name each id."""
    tests = defaultdict(list)
    for item in collected_tests():
        for marker in item.iter_markers("row"):
            for name in marker.args:
                tests[name].append(item.nodeid.partition("[")[0])
    return tests


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which rows are covered, owned elsewhere, or open."""

    rows: list[Row]
    tests: dict[str, list[str]]
    owners: dict[str, str]

    def tests_of(self, row: Row) -> list[str]:
        """The tests that name the row, each once."""
        return sorted({test for name in row.names for test in self.tests.get(name, [])})

    def owner_of(self, row: Row) -> str | None:
        """Why the row is not ours, where the security model says so."""
        return next((self.owners[name] for name in row.names if name in self.owners), None)

    @property
    def open(self) -> list[Row]:
        """The rows that nobody answers for."""
        return [row for row in self.rows if not self.tests_of(row) and not self.owner_of(row)]

    @property
    def unknown(self) -> set[str]:
        """Ids that a test or the security model names and the checklist does not have."""
        known = {name for row in self.rows for name in row.names}
        return (self.tests.keys() | self.owners.keys()) - known


def _print(title: str, lines: list[str]) -> None:
    print(f"\n{title}: {len(lines)}")
    print("".join(f"  {line}\n" for line in lines), end="")


def report(ledger: Ledger, *, verbose: bool) -> None:
    """Print the three lists, and how long each is."""
    covered = [row for row in ledger.rows if ledger.tests_of(row)]
    owned = [row for row in ledger.rows if row not in covered and ledger.owner_of(row)]
    lines = []
    for row in covered:
        found = ledger.tests_of(row)
        lines.append(f"{row.id:34} {row.about} ({len(found)})")
        lines += [f"    {test}" for test in found if verbose]
    print(f"covered by a test: {len(covered)}")
    print("".join(f"  {line}\n" for line in lines), end="")
    _print("owned elsewhere", [f"{row.id:34} {ledger.owner_of(row)}" for row in owned])
    _print("without owner", [f"{row.id:34} {row.about}" for row in ledger.open])
    print(
        f"\n{len(ledger.rows)} rows: {len(covered)} covered, {len(owned)} owned elsewhere,"
        f" {len(ledger.open)} without owner"
    )


def main() -> int:
    """Print the report; fail for an unknown id, and for a wanted row that nobody answers for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--strict", nargs="*", metavar="ID", help="these must have an owner; every row by default"
    )
    parser.add_argument("--verbose", action="store_true", help="name the tests")
    wanted = parser.parse_args()

    model = DOCS / "security-model.md"
    owners = read_owners(model.read_text()) if model.exists() else {}
    rows = read_rows((DOCS / "checklist-rows.txt").read_text())
    ledger = Ledger(rows=rows, tests=read_markers(), owners=owners)
    report(ledger, verbose=wanted.verbose)

    answered = {name for row in rows if row not in ledger.open for name in row.names}
    strict = [row.id for row in rows] if wanted.strict == [] else wanted.strict or []
    missing = [name for name in strict if name not in answered]
    for name in sorted(ledger.unknown):
        print(f"error: {name} is no row of the checklist", file=sys.stderr)
    for name in missing:
        print(f"error: {name} has neither test nor owner", file=sys.stderr)
    return 1 if missing or ledger.unknown else 0


if __name__ == "__main__":
    sys.exit(main())
