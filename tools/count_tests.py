"""Keep the number of tests from falling unseen: .ci/collected holds the last number agreed on."""

import sys
from pathlib import Path

from collection import collected_tests

AGREED = Path(__file__).parent.parent / ".ci" / "collected"


def main() -> int:
    """Compare the suite with the agreed number, or with --update agree on the present one."""
    found = len(collected_tests())
    if "--update" in sys.argv[1:]:
        AGREED.write_text(f"{found}\n")
    agreed = int(AGREED.read_text())
    print(f"{found} tests collected, at least {agreed} expected")
    if found < agreed:
        print("Tests have gone missing. If that is meant: python tools/count_tests.py --update")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
