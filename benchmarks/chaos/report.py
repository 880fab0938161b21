"""The table of one run."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.chaos.audit import Account
from benchmarks.chaos.failover import percentile

SHOWN: Final = 5
"""Of many that are wrong in one way, so many are named."""


def print_account(account: Account) -> None:
    """Print every figure, then every must that was missed."""
    print(f"\n{account.name}, seed {account.seed}")
    print("-" * 100)
    for name, value in _lines(account):
        print(f"{name.ljust(52)} {value}")
    for must in account.missed:
        print(f"MISSED: {must}")
    for found in (account.lost, account.twice, account.accepted_twice, account.exposed):
        for one in found[:SHOWN]:
            print(f"  {one}")
    print("" if account.missed else "every must is met", flush=True)


def _lines(account: Account) -> Iterator[tuple[str, object]]:
    done, failover = account.done, account.failover
    carried = "workers, told by Redis" if account.has_workers else "the web processes' couriers"
    yield "carried by", carried
    yield "processes killed", done["kill"]
    yield "processes that ended by themselves", account.ended
    yield "database taken away", done["database"]
    yield "broker killed", done["broker"]
    yield "carriers' turns to fail", done["carrier"]
    for how, count in account.told.most_common():
        yield f"logins: {how}", count
    yield "codes promised to people", account.promised
    for end, count in account.ends.most_common():
        yield f"messages {end}", count
    yield "messages taken by carriers", account.taken
    yield "lost", _must(account.lost)
    yield "unsure tries", f"{account.unsure}, of one message {account.most_unsure} at most"
    yield "sent again, taken before a crash", account.after_crash
    yield "sent again, taken before a failure", account.after_failure
    yield "sent again without a reason", _must(account.twice)
    yield "codes accepted twice", _must(account.accepted_twice)
    yield "codes in tables and logs", _must(account.exposed)
    yield (
        f"fail-over of {len(failover.seconds)} messages",
        _spread(failover.seconds),
    )
    yield "from asking until a carrier has it", _spread(account.waits)
    if failover.after_crash:
        slowest = max(failover.after_crash)
        yield f"and of {len(failover.after_crash)}, a crash between", f"slowest {slowest:.0f} s"
    yield "at rest after", f"{account.waited:.1f} s, and {account.swept} left to a later courier"
    for what, count in account.tracebacks.most_common(SHOWN):
        yield "stumbled", f"{count} x {what}"


def _spread(seconds: Sequence[float]) -> str:
    half, most = percentile(seconds, 0.5), percentile(seconds, 0.99)
    return f"p50 {half:.2f} s, p99 {most:.2f} s, slowest {max(seconds, default=0):.2f} s"


def _must(found: Sequence[str]) -> str:
    return f"{len(found)} (must be 0)"
