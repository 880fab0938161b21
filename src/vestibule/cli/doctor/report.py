"""What the doctor says: a table of routes and a list of findings, or the same in JSON."""

import json
from collections.abc import Iterator
from typing import Any, Final

from vestibule.cli.doctor.examine import Examination
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.routes import Answer, Route

SCHEMA: Final = 1
SEVERITIES: Final = {Severity.HOLE: "HOLE", Severity.WARNING: "WARNING", Severity.NOTE: "NOTE"}


def as_text(seen: Examination) -> str:
    """Return the report for a person."""
    return "\n".join(_lines(seen)) + "\n"


def as_json(seen: Examination) -> str:
    """Return the report for a program."""
    return json.dumps(_as_data(seen), indent=2, ensure_ascii=False) + "\n"


def _lines(seen: Examination) -> Iterator[str]:
    mode = "production" if seen.is_production else "development"
    door = "" if seen.has_own_door else ", with a door put on it for this look"
    yield f"{seen.application}, in {mode}{door}"
    yield ""
    if seen.routes:
        yield "Whom each view would see, where somebody comes with the password alone."
        yield "Before: without a second step. After: with one that was not taken."
        yield ""
        yield from _table(seen)
        yield ""
        yield (
            f"Somebody with the password alone is signed in on {seen.signed_in_before()} of "
            f"{len(seen.routes)} routes before, and on {seen.signed_in_after()} after. "
            "No view was called."
        )
        yield ""
    yield from _carriers(seen)
    for finding in seen.findings:
        yield from _finding(finding)
    counts = (f"{seen.count(s)} {_plural(s, seen.count(s))}" for s in Severity)
    yield ", ".join(counts) + "."
    if not seen.is_production:
        unseen = "proxy and database" if seen.carriers else "proxy, database and carriers"
        yield (
            f"Keys, cookies, {unseen} were not looked at: run this where the site runs, with its "
            "settings."
        )


def _table(seen: Examination) -> Iterator[str]:
    rows = [("", "", "before", "after", "")]
    rows += [
        (
            ", ".join(route.methods),
            route.rule,
            str(route.before),
            str(route.after),
            f"{route.endpoint}{''.join(f' · {word}' for word in route.words)}",
        )
        for route in seen.routes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _carriers(seen: Examination) -> Iterator[str]:
    if not seen.carriers:
        return
    yield "Who carries messages, the first that is asked first."
    yield ""
    width = max(map(len, seen.carriers))
    for where, names in sorted(seen.carriers.items()):
        yield f"  {where:<{width}}  {', '.join(names)}"
    yield ""


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{SEVERITIES[finding.severity]}  {finding.fault}  {finding.where}"
    yield f"    {finding.what}"
    yield f"    -> {finding.mend}"
    yield ""


def _plural(severity: Severity, count: int) -> str:
    return severity if count == 1 else f"{severity}s"


def _as_data(seen: Examination) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "application": seen.application,
        "mode": "production" if seen.is_production else "development",
        "door": seen.has_own_door,
        "played": seen.by_whom,
        "routes": [_route(route) for route in seen.routes],
        "carriers": [
            {"where": where, "providers": list(names)}
            for where, names in sorted(seen.carriers.items())
        ],
        "findings": [
            {
                "severity": finding.severity,
                "fault": finding.fault,
                "where": finding.where,
                "what": finding.what,
                "mend": finding.mend,
            }
            for finding in seen.findings
        ],
        "summary": {
            "routes": len(seen.routes),
            "signed_in_before": seen.signed_in_before(),
            "signed_in_after": seen.signed_in_after(),
            **{f"{severity}s": seen.count(severity) for severity in Severity},
        },
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "rule": route.rule,
        "endpoint": route.endpoint,
        "methods": list(route.methods),
        "before": _answer(route.before),
        "after": _answer(route.after),
        "words": list(route.words),
        "open_by": list(route.open_by),
    }


def _answer(answer: Answer) -> dict[str, str]:
    return {"seen": answer.seen, "detail": answer.detail}
