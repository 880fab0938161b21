"""The routes of our own pages. One view per step; a path names the step, never a person."""

import logging
from typing import cast

from flask import Blueprint, Flask, request
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from vestibule.core import registry
from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.flask import answers, bounds, pages
from vestibule.flask.state import state_of
from vestibule.flask.templating import loader_of
from vestibule.flask.views import (
    carriers,
    delivery,
    enrol,
    first,
    fresh,
    login,
    manage,
    move,
    recovery,
    report,
    sessions,
    stop,
    stuck,
)

NAME = "vestibule"


def _unavailable(error: Exception) -> Response:
    logging.getLogger("vestibule.pages").error("no page can be shown: %s", error)
    return answers.unavailable(request)


def _bring_templates(setup: BlueprintSetupState) -> None:
    """Let the templates of the factors that are switched on be found with ours."""
    factors = state_of(cast("Flask", setup.app)).settings.factors
    setup.blueprint.jinja_loader = loader_of(registry.types(factors))


def make_blueprint(url_prefix: str) -> Blueprint:
    """Return a blueprint for one application."""
    blueprint = Blueprint(
        NAME,
        __name__,
        url_prefix=url_prefix,
        static_folder="static",
    )
    blueprint.record(_bring_templates)
    blueprint.before_request(bounds.refuse_ours)
    blueprint.after_request(pages.harden)
    blueprint.register_error_handler(StoreUnavailableError, _unavailable)
    blueprint.register_error_handler(DeploymentError, _unavailable)
    get, post, both = ["GET"], ["POST"], ["GET", "POST"]
    for rule, endpoint, view, methods in (
        ("/login", "login", login.show, get),
        ("/login", "answer", login.answer, post),
        ("/login/send", "send", login.send, post),
        ("/login/help", "stuck", stuck.show, get),
        ("/cancel", "cancel", login.cancel, post),
        ("/first", "first", first.show, get),
        ("/first", "begin_first", first.begin, post),
        ("/first/later", "put_off", first.put_off, post),
        ("/confirm", "confirm", fresh.show, get),
        ("/confirm", "answer_confirm", fresh.answer, post),
        ("/confirm/send", "send_confirm", fresh.send, post),
        ("/", "manage", manage.show, get),
        ("/reset/cancel", "cancel_reset", manage.cancel_reset, post),
        ("/reset/cancel/<link>", "reset", stop.show, get),
        ("/reset/cancel/<link>", "stop_reset", stop.stop, post),
        ("/not-me/<link>", "not_me", report.show, get),
        ("/not-me/<link>", "report", report.report, post),
        ("/delivery", "delivery", delivery.show, get),
        ("/carriers/<provider>/receipt/<token>", "receipt", carriers.receipt, post),
        ("/carriers/<provider>/script/<token>", "script", carriers.script, post),
        ("/add/<factor>", "ask", enrol.ask, get),
        ("/add/<factor>", "begin", enrol.begin, post),
        ("/setup", "setup", enrol.show, get),
        ("/setup", "confirm_setup", enrol.prove, post),
        ("/setup/send", "send_setup", enrol.send, post),
        ("/setup/cancel", "cancel_setup", enrol.cancel, post),
        ("/move", "move", move.show, get),
        ("/move", "begin_move", move.begin, post),
        ("/ways/<enrolment_id>/try", "try_new", move.ask, get),
        ("/ways/<enrolment_id>/try", "answer_try", move.answer, post),
        ("/ways/<enrolment_id>/name", "rename", manage.rename, both),
        ("/ways/<enrolment_id>/first", "prefer", manage.prefer, post),
        ("/ways/<enrolment_id>/remove", "remove", manage.remove, both),
        ("/ways/<enrolment_id>/restore", "restore", manage.restore, post),
        ("/sessions", "sessions", sessions.show, get),
        ("/sessions/end", "end_others", sessions.end_others, post),
        ("/sessions/<session_id>/end", "end_session", sessions.end, post),
        ("/recovery-codes", "recovery_codes", recovery.show, get),
        ("/recovery-codes", "new_recovery_codes", recovery.renew, post),
        ("/recovery-codes/download", "download_recovery_codes", recovery.download, post),
        ("/recovery-codes/keep", "keep_recovery_codes", recovery.keep, post),
    ):
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    return blueprint
