"""Users whose session value may change, with nothing that names them for good."""

from collections.abc import Iterator
from typing import Any

from vestibule.cli.doctor.code import classes_in
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site


def own_get_id(site: Site) -> Iterator[Finding]:
    """Find user classes that override `get_id`, where no `subject_loader` is given."""
    if site.manager is None or site.loaders.subject is not None:
        return
    for kind in _kinds(site):
        yield Finding(
            severity=Severity.HOLE,
            fault="own-get-id",
            where=f"{kind.__module__}.{kind.__qualname__}",
            what=(
                "get_id() is your own. When what it returns changes, the person has no second "
                "step any more; in production nobody can sign in."
            ),
            mend="Write a function marked @vestibule.subject_loader that returns str(user.id).",
        )


def _kinds(site: Site) -> list[type]:
    """Return the user classes: those the host's loaders name, and those of its own modules."""
    from flask_login import AnonymousUserMixin, UserMixin

    theirs = {UserMixin.get_id, AnonymousUserMixin.get_id}
    kinds = {kind for kind in _candidates(site) if _get_id(kind) not in {None, *theirs}}
    # What others are made from is no kind of user itself.
    return sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__))


def _candidates(site: Site) -> Iterator[type]:
    from flask_login import UserMixin

    for name in ("_user_callback", "_request_callback"):
        loader = getattr(site.manager, name, None)
        if loader is None:
            continue
        facts = site.reader.read(loader)
        yield from classes_in(facts)
        if not facts.names:
            # A library's loader names no class of the host's: it may load any of them.
            yield from (kind for kind in _made_from(UserMixin) if site.reader.is_own(kind))
    for _, facts in site.facts():
        yield from (kind for kind in classes_in(facts) if issubclass(kind, UserMixin))


def _made_from(kind: type) -> Iterator[type]:
    made: type
    for made in kind.__subclasses__():
        yield made
        yield from _made_from(made)


def _get_id(kind: type) -> Any:
    return getattr(kind, "get_id", None)
