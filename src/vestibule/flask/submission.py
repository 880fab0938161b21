"""Reading what a form or a program sends to us, and refusing what nobody of ours sent."""

from dataclasses import dataclass
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from vestibule.flask import csrf, pages
from vestibule.flask.navigation import is_cross_site, is_same_origin_json
from vestibule.flask.texts import gettext as _

LARGEST_BODY: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The fields of a submission, all text; or the answer that refuses it."""

    fields: dict[str, str]
    refusal: Response | None = None
    is_stale: bool = False
    """The form is one of ours, but was shown too long ago or in another browser."""


def read(*names: str, by_program: str = "") -> Sent:
    """Return the fields called `names`; nothing is changed before this says it may be.

    A field called `by_program` comes in JSON only. A form carries an anti-forgery value, whatever
    the host has switched off for its own.
    """
    if _is_too_large():
        return Sent(fields={}, refusal=_refused(413, "too_large", _("That was too long.")))
    if request.is_json:
        return _read_json((*names, by_program) if by_program else names)
    if is_cross_site(request):
        text = _("Another site sent this. Nothing was changed.")
        return Sent(fields={}, refusal=_refused(403, "cross_site", text))
    form = request.form
    fields = {name: form.get(name, "") for name in names}
    if by_program:
        fields[by_program] = ""
    return Sent(fields=fields, is_stale=not csrf.is_valid(form.get(csrf.FIELD)))


def _read_json(names: tuple[str, ...]) -> Sent:
    if not is_same_origin_json(request):
        text = _("Another site sent this. Nothing was changed.")
        return Sent(fields={}, refusal=_refused(403, "cross_site", text))
    body = _parsed()
    if not isinstance(body, dict):
        return Sent(
            fields={}, refusal=_refused(400, "bad_request", _("A JSON object is expected."))
        )
    fields = {}
    for name in names:
        value = body.get(name, "")
        if not isinstance(value, str):
            text = _("%(name)s must be text.", name=name)
            return Sent(fields={}, refusal=_refused(400, "bad_request", text))
        fields[name] = value
    return Sent(fields=fields)


def _parsed() -> object:
    """Return the body that was sent as JSON, None where it is none."""
    try:
        return request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        return None


def _is_too_large() -> bool:
    if request.content_length is None:
        return bool(request.headers.get("Transfer-Encoding"))
    return request.content_length > LARGEST_BODY


def _refused(status: int, error: str, text: str) -> Response:
    if request.is_json:
        return pages.said(status, error=error, detail=text)
    return pages.message(_("That did not work"), text, status=status, tone="warn")
