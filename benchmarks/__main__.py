"""Takes the figures that are named, or all of them, and prints a table."""

import sys
from collections.abc import Callable, Iterable
from typing import Final

from benchmarks import checks, growing, hanging, judging, login, requests, starting
from benchmarks.figures import Figure, print_figures, print_heading

BENCHMARKS: Final[dict[str, Callable[[], Iterable[Figure]]]] = {
    "checks": checks.figures,
    "login": login.figures,
    "requests": requests.figures,
    "judging": judging.figures,
    "starting": starting.figures,
    "growing": growing.figures,
    "hanging": hanging.figures,
}


def main(names: list[str]) -> int:
    """Run the benchmarks of those names; return 2 where there is none of a name."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"There is no {', '.join(sorted(unknown))}: choose from {', '.join(BENCHMARKS)}")
        return 2
    print_heading()
    for name in names or BENCHMARKS:
        for figure in BENCHMARKS[name]():
            print_figures([figure])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
