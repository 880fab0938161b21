"""A person's ways to confirm it's them: the list, a name, the first one asked, removal."""

from collections.abc import Callable, Mapping, Sequence

from flask import request, url_for
from werkzeug.wrappers import Response

from vestibule.core.engine.managing import LONGEST_LABEL
from vestibule.core.model import Enrolment
from vestibule.flask import listing, obliged, pages, showing, submission
from vestibule.flask.answers import origin_of
from vestibule.flask.navigation import wants_json
from vestibule.flask.owing import owes
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.texts import day_and_time, gettext
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import freshly_proven, pressed, signed_in
from vestibule.flask.views.replies import done, lost, unknown


@signed_in
def show(person: Person) -> Response:
    """Show the list, or the invitation where it is empty."""
    here = state()
    enrolments = here.engine.enrolments(person.subject)
    primary = [e for e in enrolments if e.factor in here.engine.registry.primary_names()]
    codes = here.engine.recovery_codes(enrolments) if primary else None
    moves = here.engine.moves(enrolments)
    is_only_way = here.engine.has_one_way(enrolments)
    if wants_json(request):
        reset_at = here.engine.pending_reset(enrolments)
        return said(
            200,
            methods=[listing.as_json(e, moves) for e in primary],
            only_way=is_only_way,
            recovery_codes=listing.recovery_as_json(codes),
            reset_at=reset_at.isoformat() if reset_at else None,
        )
    return pages.page(
        "manage",
        methods=[listing.row(enrolment, moves) for enrolment in primary],
        move_url=url_for("vestibule.move") if _may_move(primary, moves) else None,
        recovery=listing.recovery(codes) if primary else None,
        sessions_url=url_for("vestibule.sessions") if person.grant is not None else None,
        addable=[
            showing.offer_of(factor, again=any(e.factor == factor.name for e in primary))
            for factor in here.engine.addable(enrolments)
        ],
        owed=not primary and owes(person),
        owed_until=day_and_time(here.engine.grace_until(person.subject)) if not primary else None,
        notice=_notice(),
        stopped_at=day_and_time(here.engine.stopped_at(person.subject)) if primary else None,
        reset_at=day_and_time(here.engine.pending_reset(enrolments)) if primary else None,
        is_only_way=is_only_way,
        enabled=bool(primary),
        back_url=here.settings.home_url,
    )


@signed_in
@pressed("vestibule.manage")
def cancel_reset(person: Person) -> Response:
    """Object to what a help desk was asked for. Nothing is proven anew: it only keeps what is."""
    here = state()
    if person.grant is None:
        # Nothing is there to be kept, and the ticket is how the owner would get something.
        return unknown()
    if not here.engine.cancel_reset(person.subject, by="the owner", origin=origin_of(request)):
        return unknown()
    return done("kept")


@freshly_proven
def rename(person: Person, enrolment_id: str) -> Response:
    """Ask for a name of the person's own, and keep it."""
    enrolment = _own(person, enrolment_id)
    if enrolment is None:
        return unknown()
    if request.method != "POST":
        if wants_json(request):
            return said(200, **listing.as_json(enrolment))
        return pages.page(
            "rename",
            method=showing.way_of(enrolment),
            field=pages.Field(label=_("Name"), maxlength=LONGEST_LABEL, value=enrolment.label),
            action=url_for("vestibule.rename", enrolment_id=enrolment.id),
            problem=None,
            cancel_url=url_for("vestibule.manage"),
        )
    sent = submission.read("label")
    if sent.refusal is not None:
        return sent.refusal
    if sent.is_stale:
        return lost(request.path)
    state().engine.rename(enrolment, sent.fields["label"], origin_of(request))
    return done("renamed")


@freshly_proven
def prefer(person: Person, enrolment_id: str) -> Response:
    """Make a way the one that is asked first."""
    return _change(
        person, enrolment_id, lambda e: state().engine.prefer(e, origin_of(request)), "preferred"
    )


@freshly_proven
def remove(person: Person, enrolment_id: str) -> Response:
    """Ask once more, then remove a way and end all other sessions."""
    here = state()
    enrolment = _own(person, enrolment_id)
    if enrolment is None:
        return unknown()
    last = here.engine.is_last(enrolment)
    keeps = obliged.is_obliged(here, person.user)
    if last and keeps:
        return _needed()
    if request.method != "POST":
        if wants_json(request):
            return said(200, **listing.as_json(enrolment), last=last)
        return pages.page(
            "remove",
            method=showing.way_of(enrolment),
            last=last,
            strands=not last and _strands(person, enrolment),
            move_url=url_for("vestibule.move") if here.engine.movable([enrolment]) else None,
            action=url_for("vestibule.remove", enrolment_id=enrolment.id),
            cancel_url=url_for("vestibule.manage"),
        )
    return _change(
        person,
        enrolment_id,
        lambda e: here.engine.revoke(e, person.grant, origin_of(request), keeps_last=keeps),
        "removed",
    )


def _strands(person: Person, enrolment: Enrolment) -> bool:
    """Say whether all that a person would have left is suspended."""
    engine = state().engine
    return engine.is_only_way(enrolment, engine.enrolments(person.subject))


def _needed() -> Response:
    """Answer where the last way of somebody who must have one was to be removed."""
    if wants_json(request):
        return said(409, error="needed", location=url_for("vestibule.manage"))
    return message(
        _("This is your only way, and one is needed"),
        _("Add another way first, then remove this one."),
        status=409,
        label=_("Two-step login"),
        url=url_for("vestibule.manage"),
    )


@freshly_proven
def restore(person: Person, enrolment_id: str) -> Response:
    """Take a way into use again that was suspended; the fresh proof was made by another one."""
    here, grant = state(), person.grant
    if grant is None:
        return unknown()
    return _change(
        person,
        enrolment_id,
        lambda e: here.engine.restore(e, grant, origin_of(request)),
        "restored",
    )


def _own(person: Person, enrolment_id: str) -> Enrolment | None:
    """Return a person's own way of that id; one that is switched off is not shown and not there."""
    here = state()
    found = here.engine.own(person.subject, enrolment_id)
    return found if found is not None and found.factor in here.engine.registry else None


def _change(
    person: Person, enrolment_id: str, change: Callable[[Enrolment], bool], note: str
) -> Response:
    sent = submission.read()
    if sent.refusal is not None:
        return sent.refusal
    if sent.is_stale:
        return lost(url_for("vestibule.manage"))
    enrolment = _own(person, enrolment_id)
    if enrolment is None:
        return unknown()
    change(enrolment)
    return done(note)


def _notice() -> str | None:
    notices = {
        "added": _added_notice(),
        "renamed": _("The new name is saved."),
        "preferred": _("You will be asked for this first."),
        "removed": _("It was removed."),
        "restored": _("It works again."),
        "moved": _(
            "Your new phone has taken the old one’s place. Delete the entry on the old one."
        ),
        "codes": _("Your recovery codes are in place."),
        "kept": _("All stays as it is. Change your password now, if somebody else may know it."),
    }
    return notices.get(request.args.get("done", ""))


def _added_notice() -> str:
    registry, way = state().engine.registry, request.args.get("way", "")
    if way in registry:
        return gettext(registry[way].presentation.added)
    return _("Done. From now on you confirm it’s you after your password.")


def _may_move(primary: Sequence[Enrolment], moves: Mapping[str, Enrolment]) -> bool:
    """Say whether a new phone changes anything: an app goes with it, and so may a number."""
    engine = state().engine
    numbers = any(engine.registry[way.factor].traits.replaces for way in primary)
    return bool(moves or numbers or engine.movable(primary))
