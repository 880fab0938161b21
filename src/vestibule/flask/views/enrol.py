"""Adding an authenticator app, and whatever else is proven by use: begun, shown, confirmed."""

import io
from typing import TYPE_CHECKING, cast

from flask import redirect, request, url_for
from flask.globals import request_ctx
from markupsafe import Markup
from werkzeug.wrappers import Response

from vestibule import oath
from vestibule.core.model import Enrolment, Purpose
from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import pages, session, submission
from vestibule.flask.answers import origin_of
from vestibule.flask.hosts import raw_session
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.problems import SHOWN_AGAIN, STATUS, Problem, problem_of
from vestibule.flask.session import Person
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.manage import (
    can_be_set_up,
    done,
    freshly_proven,
    lost,
    signed_in,
    unknown,
)

if TYPE_CHECKING:
    from vestibule.factors.totp import Totp

APPS = ("Google Authenticator", "Microsoft Authenticator", "2FAS")


@freshly_proven
def begin(person: Person, factor: str) -> Response:
    """Begin to add a way; a former attempt is void."""
    sent = submission.read()
    if sent.refusal is not None:
        return sent.refusal
    if sent.is_stale:
        return lost(url_for("vestibule.manage"))
    here = state()
    registry = here.engine.house.registry
    if factor not in registry or not can_be_set_up(registry[factor]):
        return unknown()
    login = here.login_of(
        subject=person.subject,
        identity=person.identity,
        user=person.user,
        remembered=here.host.is_remembered(raw_session(request_ctx)),
        request=request,
    )
    applicant = here.applicant(person.subject, person.user)
    draft = here.engine.begin_enrolment(
        registry[factor], applicant, login, person.grant, origin_of(request)
    )
    if draft is None:
        return _no_more()
    token = draft.token
    if token is not None:
        session.visit().on_response.append(lambda out: here.cookies.set_token(out, token, None))
    if wants_json(request):
        return said(200, status="begun", location=url_for("vestibule.setup"))
    return redirect(url_for("vestibule.setup"), 303)


@signed_in
def show(person: Person) -> Response:
    """Show the secret of the way being added, until it is proven."""
    draft = _draft(person)
    if draft is None:
        return _nothing_begun()
    return _page(person, draft, None)


@signed_in
def confirm(person: Person) -> Response:
    """Judge the first code; the right one adds the way for good."""
    sent = submission.read("code")
    if sent.refusal is not None:
        return sent.refusal
    draft = _draft(person)
    if draft is None:
        return _nothing_begun()
    if sent.is_stale:
        problem = Problem(
            title=_("Please type the code once more"),
            text=_("The page was open too long, or in another window. Nothing was lost."),
        )
        return _page(person, draft, problem, status=400)
    here = state()
    token = here.cookies.token(request)
    outcome = here.engine.verify(token, Purpose.ENROL, sent.fields["code"], origin_of(request))
    if outcome.granted is None:
        rejected = outcome.verdict
        refused = rejected if isinstance(rejected, Rejected) else Rejected(reason=Reason.GONE)
        return _refused(person, draft, refused, sent.fields["code"])
    session.name(outcome.granted)
    return _added(person)


@signed_in
def cancel(person: Person) -> Response:
    """Forget a way that was begun."""
    sent = submission.read()
    if sent.refusal is not None:
        return sent.refusal
    if sent.is_stale:
        return lost(url_for("vestibule.setup"))
    draft = _draft(person)
    if draft is not None:
        state().engine.drop_draft(draft)
    if wants_json(request):
        return said(200, status="cancelled", location=url_for("vestibule.manage"))
    return redirect(url_for("vestibule.manage"), 303)


def _draft(person: Person) -> Enrolment | None:
    """Return what this person is adding in this browser; anybody else's does not exist."""
    here = state()
    draft = here.engine.draft_on(here.engine.look(here.cookies.token(request)))
    return draft if draft is not None and draft.subject == person.subject else None


def _added(person: Person) -> Response:
    """Go on to recovery codes where there are none yet: the first set-up ends with them."""
    here = state()
    enrolments = here.engine.enrolments(person.subject)
    wants_codes = "recovery_codes" in here.engine.house.registry
    if wants_codes and here.engine.recovery_codes(enrolments) is None:
        applicant = here.applicant(person.subject, person.user)
        here.engine.new_recovery_codes(applicant, session.visit().grant, origin_of(request))
        location = url_for("vestibule.recovery_codes")
        if wants_json(request):
            return said(200, status="accepted", location=location)
        return redirect(location, 303)
    return done("added")


def _refused(person: Person, draft: Enrolment, rejected: Rejected, typed: str) -> Response:
    if rejected.reason in {Reason.GONE, Reason.EXHAUSTED} or rejected.tries_left == 0:
        return _begin_again()
    now = state().engine.house.now()
    problem = problem_of(rejected, now, start_url=url_for("vestibule.manage"))
    status, error = STATUS[rejected.reason], rejected.reason.value
    if wants_json(request):
        answer = said(status, error=error, detail=problem.text, retry_at=problem.when)
    else:
        again = typed if rejected.reason in SHOWN_AGAIN else ""
        answer = _page(person, draft, problem, status=status, typed=again)
    return pages.wait_for(answer, problem.seconds)


def _page(
    person: Person,
    draft: Enrolment,
    problem: Problem | None,
    *,
    status: int = 200,
    typed: str = "",
) -> Response:
    here = state()
    applicant = here.applicant(person.subject, person.user)
    factor = cast("Totp", here.engine.house.registry[draft.factor])
    uri = factor.uri(draft.secret, applicant)
    secret = oath.base32(draft.secret)
    if wants_json(request):
        return said(status, status="waiting", otpauth=uri, secret=secret)
    return pages.page(
        "setup_app",
        status,
        qr=qr_of(uri),
        secret_groups=[secret[i : i + 4] for i in range(0, len(secret), 4)],
        otpauth_url=uri,
        apps=APPS,
        account=applicant.account,
        field=pages.field_of(draft, typed),
        action=url_for("vestibule.setup"),
        problem=problem,
        cancel_url=url_for("vestibule.cancel_setup"),
    )


def qr_of(uri: str) -> Markup:
    """Return the QR code of a URI as an inline SVG, black on white, with its quiet zone."""
    import segno  # needed on this page only

    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=True,
        border=4,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
        omitsize=True,
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by segno: paths and numbers only


def _nothing_begun() -> Response:
    if wants_json(request):
        return said(404, error="not_found", location=url_for("vestibule.manage"))
    return message(
        _("Nothing is being set up"),
        _("It was finished, given up, or took longer than ten minutes."),
        status=404,
        label=_("Two-step login"),
        url=url_for("vestibule.manage"),
    )


def _begin_again() -> Response:
    if wants_json(request):
        return said(429, error="exhausted", location=url_for("vestibule.manage"))
    return message(
        _("Please start the set-up again"),
        _("There were several wrong codes. Remove the entry from your app and scan a new one."),
        status=429,
        label=_("Start again"),
        url=url_for("vestibule.manage"),
    )


def _no_more() -> Response:
    if wants_json(request):
        return said(409, error="too_many", location=url_for("vestibule.manage"))
    return message(
        _("You have as many as there can be"),
        _("Remove one you no longer use, then add the new one."),
        status=409,
        label=_("Two-step login"),
        url=url_for("vestibule.manage"),
    )
