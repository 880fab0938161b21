"""Recovery codes: shown until they are kept, counted afterwards, renewed whole."""

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.engine.recovery import CodeSet
from vestibule.flask import pages
from vestibule.flask.answers import origin_of, set_up_first
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.submission import Sent
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import freshly_proven, posted, pressed
from vestibule.flask.views.replies import done, lost, on_to, unknown
from vestibule.flask.wanted import recall


@freshly_proven
def show(person: Person) -> Response:
    """Show the codes while they may be seen, else how many are left."""
    if not _is_enrolled(person):
        return _without_second_step()
    codes = _current(person)
    if wants_json(request):
        return said(
            200,
            codes=list(codes.codes) if codes and codes.codes else None,
            remaining=codes.remaining if codes else 0,
            total=codes.total if codes else 0,
        )
    return pages.page(
        "recovery_codes",
        codes=list(codes.codes) if codes and codes.codes else None,
        first=_is_first_set_up(person),
        download_url=url_for("vestibule.download_recovery_codes"),
        done_url=url_for("vestibule.keep_recovery_codes"),
        new_url=url_for("vestibule.new_recovery_codes"),
        remaining=codes.remaining if codes else 0,
        total=codes.total if codes else 0,
        account=person.applicant().account,
        back_url=url_for("vestibule.manage"),
    )


@freshly_proven
@pressed("vestibule.recovery_codes")
def renew(person: Person) -> Response:
    """Make a new set; the old one is dead at once."""
    if not _is_enrolled(person):
        return unknown()
    here = state()
    applicant = person.applicant()
    here.engine.new_recovery_codes(applicant, person.grant, origin_of(request))
    return on_to(url_for("vestibule.recovery_codes"), "made")


@freshly_proven
@pressed("vestibule.recovery_codes")
def download(person: Person) -> Response:
    """Hand out the codes as a text file."""
    codes = _current(person)
    if codes is None or not codes.codes:
        return _shown_no_more()
    # Who has the file has the codes: from now on they are only counted.
    state().engine.keep_recovery_codes(codes, origin_of(request), kept=True)
    heading = _("Recovery codes for %(site)s. Each works once.", site=state().site)
    text = "\r\n".join([heading, "", *codes.codes, ""])
    response = make_response(text)
    response.mimetype = "text/plain"
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@freshly_proven
@posted("kept")
def keep(sent: Sent, person: Person) -> Response:
    """Note that the codes were saved, or waved off; either way they are shown no more."""
    if sent.is_stale:
        return lost(url_for("vestibule.recovery_codes"))
    codes = _current(person)
    kept = sent.fields["kept"] != "no"
    if codes is not None and codes.codes:
        state().engine.keep_recovery_codes(codes, origin_of(request), kept=kept)
    wanted = recall(request)
    if wanted != url_for("vestibule.manage"):
        return on_to(wanted, "codes")
    return done("codes" if kept else "added")


def _without_second_step() -> Response:
    """Answer where there are no codes to show, because there is nothing they would help out of."""
    if wants_json(request):
        return set_up_first(request)
    return redirect(url_for("vestibule.manage"), 303)


def _shown_no_more() -> Response:
    """Answer a download of codes that were saved before, or shown long ago."""
    if wants_json(request):
        return said(404, error="not_found", location=url_for("vestibule.recovery_codes"))
    return message(
        _("These codes are no longer shown"),
        _("They were saved before, or made a while ago. Have you lost them? Then make new ones."),
        status=404,
        label=_("Recovery codes"),
        url=url_for("vestibule.recovery_codes"),
    )


def _current(person: Person) -> CodeSet | None:
    engine = state().engine
    return engine.recovery_codes(engine.enrolments(person.subject))


def _is_first_set_up(person: Person) -> bool:
    """Say whether this is the end of the first set-up, which may be left without codes."""
    engine = state().engine
    primary = [
        e
        for e in state().engine.enrolments(person.subject)
        if e.factor in engine.registry.primary_names()
    ]
    added = primary[0].confirmed_at if len(primary) == 1 else None
    return added is not None and engine.now() - added < engine.profile.enrolment_life


def _is_enrolled(person: Person) -> bool:
    return person.grant is not None and state().engine.registry.recovery_codes is not None
