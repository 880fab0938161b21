"""Runs on every database there is, prints what was counted, and fails where a must is missed."""

import argparse
import logging
import sys
from pathlib import Path

from benchmarks.chaos import report, run, trouble


def main() -> int:
    """Return 1 where a must is missed on any database."""
    asked = _arguments()
    logging.getLogger("vestibule").setLevel(logging.ERROR)  # ours alone says what is to be seen
    names = [asked.database] if asked.database else trouble.databases()
    missed = False
    for name in names:
        order = run.Order(
            seed=asked.seed, seconds=asked.seconds, patience=asked.patience, logs=asked.logs
        )
        account = run.run(name, order)
        report.print_account(account)
        missed = missed or bool(account.missed)
        if not account.has_workers:
            print("left out: workers and their broker, there is no redis-server to start")
    if "PostgreSQL" not in trouble.databases():
        print("left out: PostgreSQL, there is none to start and none that answers")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos",
        description="Kills, restarts and troubles everything while codes are sent; then counts.",
    )
    parser.add_argument("--seconds", type=float, default=60, help="of load (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="fixes what goes wrong (default: 1)")
    parser.add_argument(
        "--patience",
        type=float,
        default=75,
        help="seconds to wait until nothing is on its way any more (default: 75); what is left "
        "then is carried by a courier whose clock is a minute ahead",
    )
    parser.add_argument("--database", choices=trouble.databases(), help="this one alone")
    parser.add_argument("--logs", type=Path, help="a folder to keep what the processes wrote")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
