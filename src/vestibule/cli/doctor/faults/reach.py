"""What the routes said: where the password alone is still enough, and what could not be asked."""

from collections.abc import Iterator, Sequence
from typing import Final

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.routes import NO_ADDRESS, Route, Seen
from vestibule.cli.doctor.site import Site

BY_ID: Final = "Name the id of somebody real: --user ID."
NOT_BY_ID: Final = (
    "They want more of the session than the id, such as a stamp of the password: leave --user out."
)
BY_HAND: Final = "Go there by hand, with the password alone."


def found_on(site: Site, routes: Sequence[Route]) -> Iterator[Finding]:
    """Return the holes in the door, and one finding for each reason not to have asked."""
    for route in routes:
        if route.open_by:
            yield Finding(
                severity=Severity.HOLE,
                fault="open-route",
                where=f"{', '.join(route.methods)} {route.rule} ({route.endpoint})",
                what=(
                    f"A {' or a '.join(route.open_by)} made with the password alone is let in "
                    "although the person has a second step."
                ),
                mend=_cause(site),
            )
    unseen = [route.endpoint for route in routes if route.before.seen is Seen.NOBODY]
    if unseen:
        yield Finding(
            severity=Severity.WARNING,
            fault="unproven",
            where=", ".join(dict.fromkeys(unseen)),
            what="Even without a second step nobody was seen there, so nothing is shown by it.",
            mend=BY_ID,
        )
    reasons: dict[str, list[str]] = {}
    for route in routes:
        for answer in (route.before, route.after):
            if answer.seen is Seen.NOT_ASKED and route.endpoint not in reasons.setdefault(
                answer.detail, []
            ):
                reasons[answer.detail].append(route.endpoint)
    for reason, endpoints in reasons.items():
        yield Finding(
            severity=Severity.WARNING,
            fault="not-asked",
            where=", ".join(endpoints),
            what=f"Nobody could be sent there: {reason}.",
            mend=BY_HAND if reason == NO_ADDRESS else BY_ID,
        )


def nobody_to_play(error: Exception, user: str | None) -> Finding:
    """Return why no route was asked: the host's own functions want somebody else."""
    whom = "no stand-in" if user is None else f"nobody by the id {user} alone"
    return Finding(
        # Somebody named it: a run that has asked nothing must not look like one that found nothing.
        severity=Severity.WARNING if user is None else Severity.HOLE,
        fault="not-asked",
        where="every route",
        what=f"The application's loaders take {whom} ({type(error).__name__}: {error}).",
        mend=BY_ID if user is None else NOT_BY_ID,
    )


def _cause(site: Site) -> str:
    """Say what took the gate off, where that is known."""
    places = ("preprocess_request", "dispatch_request", "process_response")
    gone = [name for name in places if not _is_ours(vars(site.app).get(name))]
    if gone:
        names = ", ".join(f"app.{name}" for name in gone)
        return f"Make Vestibule(app) after whatever replaces {names}."
    return "Make Vestibule(app) last, after every other extension, and run this again."


def _is_ours(function: object) -> bool:
    return getattr(function, "__module__", "").startswith("vestibule.")
