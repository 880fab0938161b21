"""What the list of a person's ways says of each: for a page, and for a program."""

from collections.abc import Mapping

from flask import url_for

from vestibule.core import policy
from vestibule.core.engine.recovery import CodeSet
from vestibule.core.model import Enrolment
from vestibule.flask import showing
from vestibule.flask.pages import state
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _


def row(enrolment: Enrolment, moves: Mapping[str, Enrolment]) -> dict[str, object]:
    """Return what a page says of a way, and where it is changed."""
    return {
        "id": enrolment.id,
        "title": showing.title_of(showing.factor_of(enrolment)),
        "icon": showing.factor_of(enrolment).presentation.icon,
        "label": showing.label_of(enrolment),
        "added": day_and_time(enrolment.confirmed_at),
        "last_used": day_and_time(enrolment.last_used_at),
        "preferred": enrolment.preferred,
        "paused": _paused(enrolment),
        "suspended": _suspended(enrolment),
        "rename_url": url_for("vestibule.rename", enrolment_id=enrolment.id),
        "prefer_url": url_for("vestibule.prefer", enrolment_id=enrolment.id),
        "restore_url": url_for("vestibule.restore", enrolment_id=enrolment.id),
        "remove_url": url_for("vestibule.remove", enrolment_id=enrolment.id),
        **_move(enrolment, moves),
    }


def recovery(codes: CodeSet | None) -> dict[str, object] | None:
    """Return what a page says of recovery codes, None where there are none at this site."""
    factor = state().engine.registry.recovery_codes
    if factor is None:
        return None
    return {
        "icon": factor.presentation.icon,
        "remaining": codes.remaining if codes else 0,
        "total": codes.total if codes else 0,
        "url": url_for("vestibule.recovery_codes"),
        "low": codes is None or codes.is_low,
        "suspended": _suspended(codes.enrolment) if codes else None,
    }


def as_json(
    enrolment: Enrolment, moves: Mapping[str, Enrolment] | None = None
) -> dict[str, object]:
    """Return what a program is told of a way; of a move, where `moves` has it."""
    return {
        "id": enrolment.id,
        "factor": enrolment.factor,
        "label": enrolment.label,
        "preferred": enrolment.preferred,
        "last_used_at": enrolment.last_used_at.isoformat() if enrolment.last_used_at else None,
        **_until(enrolment),
        **_move_as_json(enrolment, moves or {}),
    }


def recovery_as_json(codes: CodeSet | None) -> dict[str, object] | None:
    """Return what a program is told of recovery codes."""
    if codes is None:
        return None
    return {"remaining": codes.remaining, "total": codes.total, **_until(codes.enrolment)}


def _move(enrolment: Enrolment, moves: Mapping[str, Enrolment]) -> dict[str, object]:
    """Return what a move under way says on a row: of the new way, and of the old."""
    old = moves.get(enrolment.id)
    return {
        "takes_place_of": None if old is None else _named(old),
        "try_url": old and url_for("vestibule.try_new", enrolment_id=enrolment.id),
        "goes": any(way.id == enrolment.id for way in moves.values()),
    }


def _named(enrolment: Enrolment) -> str:
    """Return how a sentence tells one way from another of its kind."""
    label = showing.label_of(enrolment)
    title = showing.title_of(showing.factor_of(enrolment))
    added = day_and_time(enrolment.confirmed_at) or ""
    return _("%(name)s, added %(date)s", name=label or title, date=added)


def _paused(enrolment: Enrolment) -> str | None:
    limit = state().engine.profile.limits.consecutive
    if enrolment.failures_known >= limit:
        return _("Paused after many wrong codes. Remove it and add it again.")
    if enrolment.failures_stranger >= limit:
        return _("Paused in new browsers after many wrong codes. Remove it and add it again.")
    return None


def _suspended(enrolment: Enrolment) -> str | None:
    """Return until when a way does not work because it was reported, None where it was not."""
    return day_and_time(policy.suspended_until(enrolment, state().engine.now()))


def _move_as_json(enrolment: Enrolment, moves: Mapping[str, Enrolment]) -> dict[str, object]:
    return {"takes_place_of": moves[enrolment.id].id} if enrolment.id in moves else {}


def _until(enrolment: Enrolment) -> dict[str, str]:
    """Return what a program is told of a way that is suspended; nothing of any other."""
    until = policy.suspended_until(enrolment, state().engine.now())
    return {} if until is None else {"suspended_until": until.isoformat()}
