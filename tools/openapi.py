"""Write docs/openapi.json: what every address of ours takes and answers in JSON.

A test compares the paths and methods with the blueprint's, the file with what this would write, and
the schemas with what the application really answers.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from openapi_schemas import HANDLE, ID, REFUSALS, SUCCESSES, TEXT, Schema, one_of, ref

FILE: Final = Path(__file__).parent.parent / "docs" / "openapi.json"
ABOUT: Final = (
    "Every step that a page of Vestibule offers, for a single-page application and for programs. "
    "docs/api.md shows how it is used. The application's own addresses answer a request that is no "
    "navigation with SecondStepRequired, SignInAgain, ProofRequired, SecondStepNotSetUp, "
    "ActingForSomebody or Unavailable, as their statuses are here. No answer may be cached."
)
Answers = Mapping[int, tuple[str, ...]]

GATE: Final[Answers] = {401: ("SignInAgain", "SecondStepRequired"), 503: ("Unavailable",)}
ACTING: Final[Answers] = {403: ("ActingForSomebody",)}
FRESH: Final[Answers] = {401: ("ProofRequired",)}
POSTED: Final[Answers] = {400: ("BadRequest",), 403: ("CrossSite",), 413: ("TooLarge",)}
STALE: Final[Answers] = {400: ("StaleForm",)}
STILL: Final[Answers] = {400: ("StillWaiting",)}
NOT_WAITING: Final[Answers] = {200: ("SignedIn",), 410: ("Gone",)}
NO_WAY: Final[Answers] = {403: ("NoWay",)}
SPENT: Final[Answers] = {403: ("NoWay",), 429: ("Exhausted",)}
JUDGED: Final[Answers] = {422: ("Wrong", "Unchecked"), 429: ("Later",)}
NO_SECOND_STEP: Final[Answers] = {403: ("SecondStepNotSetUp",)}
UNSENT: Final[Answers] = {
    403: ("NotThere",),
    410: ("Gone",),
    422: ("NoChannel",),
    429: ("NotSent",),
}
FIRST_WAY: Final[Answers] = {200: ("FirstWay",)}
PROOF_NEEDED: Final[Answers] = {403: ("ProofNeeded",)}
UNKNOWN: Final[Answers] = {404: ("NotFound",)}
NOTHING: Final[Answers] = {404: ("NothingThere",)}
LINK_OVER: Final[Answers] = {410: ("LinkOver",)}

HERE: Final[list[Schema]] = [{"secondStep": []}]
HERE_OR_BY_HANDLE: Final[list[Schema]] = [*HERE, {}]
SIGNED_IN: Final[list[Schema]] = [{"session": [], "secondStep": []}, {"session": []}]
CHANNEL: Final = TEXT | {"description": "One of the way's channels, such as `call`."}
METHOD: Final = TEXT | {"description": "The id of the way."}
CODE: Final = TEXT | {"description": "What was typed; spaces and hyphens do not matter."}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What one method of one address takes and answers."""

    name: str
    summary: str
    answers: tuple[Answers, ...]
    fields: Mapping[str, Schema] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    any_field: bool = False
    """Whether the fields are named by the way: each of them is text."""
    security: list[Schema] = field(default_factory=lambda: SIGNED_IN)
    query: Mapping[str, Schema] = field(default_factory=dict)
    gate: Answers = field(default_factory=lambda: GATE)
    """What it answers to whoever may not pass, and while the store is down."""

    def said(self) -> dict[int, list[str]]:
        """The names of the schemas that each status may answer with."""
        found: dict[int, list[str]] = {}
        for answers in (*self.answers, self.gate):
            for status, names in answers.items():
                found.setdefault(status, []).extend(n for n in names if n not in found[status])
        return dict(sorted(found.items()))

    def body(self) -> Schema:
        """What is sent; a field that is not named here is not looked at."""
        schema: Schema = {"type": "object", "properties": dict(self.fields)}
        if self.needed:
            schema["required"] = list(self.needed)
        if self.any_field:
            schema["additionalProperties"] = TEXT
        return {"required": True, "content": {"application/json": {"schema": schema}}}


def of_login(name: str, summary: str, *answers: Answers, **more: Any) -> Operation:
    """An operation on the login that waits in this browser, or under a handle where one is sent."""
    security = HERE_OR_BY_HANDLE if "handle" in more.get("fields", ()) else HERE
    return Operation(name=name, summary=summary, answers=answers, security=security, **more)


def of_link(name: str, summary: str, *answers: Answers) -> Operation:
    """An operation on what a link in a mail is about: the link says whose it is."""
    said = (*answers, LINK_OVER, ACTING)
    return Operation(name=name, summary=summary, answers=said, security=[{}])


def of_person(name: str, summary: str, *answers: Answers, **more: Any) -> Operation:
    """An operation for somebody who is signed in."""
    return Operation(name=name, summary=summary, answers=(*answers, ACTING), **more)


def ok(name: str) -> Answers:
    """The answer to what went well."""
    return {200: (name,)}


LOGIN: Final = {
    ("/login", "get"): of_login(
        "login",
        "By which ways the login that waits can go on.",
        *(ok("Waiting"), FIRST_WAY, NOT_WAITING, SPENT),
    ),
    ("/login", "post"): of_login(
        "answer",
        "Answer the login that waits with a code of any way. The right one signs in.",
        *(ok("Accepted"), NOT_WAITING, ok("Proof"), FIRST_WAY, POSTED, STILL, JUDGED, SPENT),
        fields={"code": CODE, "handle": HANDLE},
        needed=("code",),
    ),
    ("/login/send", "post"): of_login(
        "send",
        "Have a code sent for the login that waits.",
        *(ok("Sent"), NOT_WAITING, POSTED, STILL, UNSENT, SPENT),
        fields={"method": METHOD, "channel": CHANNEL, "handle": HANDLE},
        needed=("method",),
    ),
    ("/login/help", "get"): of_login(
        "stuck", "What is left to whoever can use none of the ways.", ok("Help"), NOT_WAITING
    ),
    ("/first", "get"): of_login(
        "first",
        "Which first way can be set up, or what comes before that.",
        *(ok("Choosing"), ok("ProofFirst"), {403: ("TicketNeeded",)}, NOT_WAITING),
    ),
    ("/first", "post"): of_person(
        "begin_first",
        "Begin with the proof that comes before a first way is set up.",
        *(UNKNOWN, POSTED, STALE),
    ),
    ("/first/later", "post"): of_login(
        "put_off",
        "Go on without a second step, as long as that may be.",
        *(ok("Accepted"), NOT_WAITING, {403: ("TooLate",)}, POSTED, STALE),
    ),
    ("/cancel", "post"): of_login(
        "cancel",
        "Give up the login that waits in this browser.",
        *(ok("Cancelled"), FIRST_WAY, POSTED, STILL, SPENT),
    ),
}
DELIVERED: Final = {
    ("/delivery", "get"): Operation(
        name="delivery",
        summary="How far the newest code of a way has come, in the browser that asked for it.",
        answers=(ok("Delivery"), UNKNOWN, ACTING),
        security=HERE,
        gate={503: ("Unavailable",)},
        query={
            "method": METHOD,
            "step": one_of("login", "confirm", "setup"),
        },
    ),
}
PROOF: Final = {
    ("/confirm", "get"): of_person(
        "confirm",
        "By which ways a fresh proof can be made.",
        *(ok("Waiting"), NO_SECOND_STEP, NO_WAY),
    ),
    ("/confirm", "post"): of_person(
        "answer_confirm",
        "Prove anew who you are.",
        *(ok("Accepted"), POSTED, STILL, NO_SECOND_STEP, JUDGED, SPENT, {410: ("Gone",)}),
        fields={"code": CODE},
        needed=("code",),
    ),
    ("/confirm/send", "post"): of_person(
        "send_confirm",
        "Have a code sent for a fresh proof.",
        *(ok("Sent"), POSTED, STILL, NO_SECOND_STEP, NO_WAY, UNSENT),
        fields={"method": METHOD, "channel": CHANNEL},
        needed=("method",),
    ),
}
ADDING: Final = {
    ("/add/{factor}", "get"): of_person(
        "ask",
        "What has to be told before a way is begun.",
        *(ok("Asking"), FRESH, PROOF_NEEDED, UNKNOWN),
    ),
    ("/add/{factor}", "post"): of_person(
        "begin",
        "Begin to add a way. A former attempt is void.",
        *(ok("Begun"), FRESH, PROOF_NEEDED, UNKNOWN, POSTED, STALE),
        {409: ("TooMany",), 422: ("Unusable",)},
        any_field=True,
    ),
    ("/setup", "get"): of_person(
        "setup", "What the way being added shows until it is proven.", ok("SettingUp"), NOTHING
    ),
    ("/setup", "post"): of_person(
        "confirm_setup",
        "Prove the way being added by its first code.",
        *(ok("Added"), NOTHING, POSTED, {400: ("StillSettingUp",)}),
        {
            410: ("GoneFirst",),
            422: ("WrongFirst", "Unchecked"),
            429: ("LaterFirst", "ExhaustedFirst"),
        },
        fields={"code": CODE},
        needed=("code",),
    ),
    ("/setup/send", "post"): of_person(
        "send_setup",
        "Have another code sent to the way being added.",
        *(ok("Sent"), NOTHING, POSTED, {400: ("StillSettingUp",)}, UNSENT),
        fields={"channel": CHANNEL},
    ),
    ("/setup/cancel", "post"): of_person(
        "cancel_setup", "Forget the way being added.", ok("Cancelled"), POSTED, STALE
    ),
}
WAYS: Final = {
    ("/", "get"): of_person("manage", "All ways of the person.", ok("Overview")),
    ("/reset/cancel", "post"): of_person(
        "cancel_reset", "Object to the help desk's ticket.", ok("Kept"), UNKNOWN, POSTED, STALE
    ),
    ("/ways/{enrolment_id}/name", "get"): of_person(
        "way", "One way of the person.", ok("OneEnrolment"), FRESH, UNKNOWN
    ),
    ("/ways/{enrolment_id}/name", "post"): of_person(
        "rename",
        "Name a way.",
        *(ok("Renamed"), FRESH, UNKNOWN, POSTED, STALE),
        fields={"label": TEXT | {"description": "At most 40 characters are kept."}},
        needed=("label",),
    ),
    ("/ways/{enrolment_id}/first", "post"): of_person(
        "prefer", "Ask for a way first.", ok("Preferred"), FRESH, UNKNOWN, POSTED, STALE
    ),
    ("/ways/{enrolment_id}/restore", "post"): of_person(
        "restore",
        "Use a way again that was suspended. The fresh proof was made by another one.",
        *(ok("Restored"), FRESH, UNKNOWN, POSTED, STALE),
    ),
    ("/ways/{enrolment_id}/remove", "get"): of_person(
        "removal",
        "One way, and whether it is the last.",
        *(ok("Removal"), FRESH, UNKNOWN, {409: ("Needed",)}),
    ),
    ("/ways/{enrolment_id}/remove", "post"): of_person(
        "remove",
        "Remove a way and end all other sessions.",
        *(ok("Removed"), FRESH, UNKNOWN, {409: ("Needed",)}, POSTED, STALE),
    ),
}
MOVING: Final = {
    ("/move", "get"): of_person(
        "move", "Which ways live in a phone, and can be moved to a new one.", ok("Moving"), FRESH
    ),
    ("/move", "post"): of_person(
        "begin_move",
        "Begin to add what takes the place of a way once it has been used.",
        *(ok("Begun"), FRESH, UNKNOWN, POSTED, STALE),
        {409: ("TooMany",), 422: ("Unusable",)},
        fields={"method": METHOD},
        needed=("method",),
    ),
    ("/ways/{enrolment_id}/try", "get"): of_person(
        "try_new", "A way that takes another’s place, to be tried.", ok("Waiting"), UNKNOWN
    ),
    ("/ways/{enrolment_id}/try", "post"): of_person(
        "answer_try",
        "Try a way that takes another’s place with a code of it. The right one removes the other.",
        *(ok("Moved"), UNKNOWN, POSTED, STILL, JUDGED, SPENT, {410: ("Gone",)}),
        fields={"code": CODE},
        needed=("code",),
    ),
}
CODES: Final = {
    ("/recovery-codes", "get"): of_person(
        "recovery_codes",
        "The recovery codes while they may be seen, and how many are left.",
        *(ok("RecoveryCodes"), FRESH, NO_SECOND_STEP),
    ),
    ("/recovery-codes", "post"): of_person(
        "new_recovery_codes",
        "Make a new set. The old one is dead at once.",
        *(ok("Made"), FRESH, UNKNOWN, POSTED, STALE),
    ),
    ("/recovery-codes/download", "post"): of_person(
        "download_recovery_codes",
        "The codes as a text file. They are shown no more after it.",
        *({200: ()}, FRESH, NOTHING, POSTED, STALE),
    ),
    ("/recovery-codes/keep", "post"): of_person(
        "keep_recovery_codes",
        "Say that the codes were saved, or wave them off. They are shown no more.",
        *(ok("CodesKept"), FRESH, POSTED, STALE),
        fields={"kept": one_of("yes", "no")},
    ),
}
SESSIONS: Final = {
    ("/sessions", "get"): of_person(
        "sessions",
        "Where the person is signed in by both steps: this browser first, then the newest.",
        *(ok("Sessions"), NO_SECOND_STEP),
    ),
    ("/sessions/end", "post"): of_person(
        "end_others",
        "Sign the person out everywhere but here.",
        *(ok("EndedOthers"), FRESH, UNKNOWN, POSTED, STALE),
    ),
    ("/sessions/{session_id}/end", "post"): of_person(
        "end_session",
        "Sign another browser of the person's out.",
        *(ok("Ended"), FRESH, UNKNOWN, POSTED, STALE),
    ),
}
MAILED: Final = {
    ("/not-me/{link}", "get"): of_link(
        "not_me", "What reporting a way would suspend, or has suspended.", ok("Report")
    ),
    ("/not-me/{link}", "post"): of_link(
        "report",
        "Report a way that was added by somebody else. It takes a browser in which the password "
        "was right: that of a login that waits, or of one that took both steps.",
        *(ok("Reported"), POSTED, STALE),
    ),
    ("/reset/cancel/{link}", "get"): of_link(
        "reset", "When the help desk’s ticket takes effect.", ok("ResetToStop")
    ),
    ("/reset/cancel/{link}", "post"): of_link(
        "stop_reset", "Make the help desk’s ticket void.", ok("Kept"), POSTED, STALE
    ),
}
TAGS: Final = {
    "Logging in": LOGIN,
    "Codes that are sent": DELIVERED,
    "A fresh proof": PROOF,
    "Adding a way": ADDING,
    "Ways": WAYS,
    "Moving to a new phone": MOVING,
    "Recovery codes": CODES,
    "Where somebody is signed in": SESSIONS,
    "Links in mails": MAILED,
}
PARAMETERS: Final[dict[str, Schema]] = {
    "factor": {"schema": TEXT, "description": "Its name: `totp`, `phone`, `email` or your own."},
    "link": {"schema": TEXT, "description": "The end of the address in the mail."},
    "enrolment_id": {"schema": ID, "description": "The id of the way."},
    "session_id": {"schema": ID, "description": "The id of the session."},
}
# What says of a POST that it comes from our own pages. A program that is no browser sends neither.
ORIGIN: Final[dict[str, Schema]] = {
    "Site": {
        "name": "Sec-Fetch-Site",
        "in": "header",
        "description": "Set by the browser. Anything else is refused with `cross_site`.",
        "schema": one_of("same-origin", "none"),
    },
    "Origin": {
        "name": "Origin",
        "in": "header",
        "description": "Set by the browser. Without Sec-Fetch-Site it has to be this site's own.",
        "schema": TEXT,
    },
}
RETRY_AFTER: Final[Schema] = {
    "description": "The seconds to wait, where waiting helps.",
    "schema": {"type": "integer", "minimum": 1},
}
FILE_OF_CODES: Final[Schema] = {"text/plain": {"schema": TEXT}}
COOKIES: Final[dict[str, Schema]] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "The application's own login: SESSION_COOKIE_NAME.",
    },
    "secondStep": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-vestibule-default",
        "description": "Set by the first step and renewed by the second; the end is "
        "VESTIBULE_REALM. Over plain http, in development, without `__Host-`.",
    },
}


def document() -> Schema:
    """The whole file."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vestibule",
            "version": version("vestibule"),
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "{prefix}",
                "variables": {
                    "prefix": {"default": "/two-step", "description": "VESTIBULE_URL_PREFIX"}
                },
            }
        ],
        "tags": [{"name": tag} for tag in TAGS],
        "paths": _paths(),
        "components": {
            "schemas": SUCCESSES | REFUSALS,
            "responses": _responses(),
            "parameters": ORIGIN,
            "securitySchemes": COOKIES,
        },
    }


def _paths() -> Schema:
    paths: Schema = {}
    for tag, operations in TAGS.items():
        for (path, method), operation in operations.items():
            found = paths.setdefault(path, _parameters(path))
            found[method] = _operation(method, operation, tag)
    return paths


def _parameters(path: str) -> Schema:
    """What the address itself names."""
    named: list[str] = re.findall(r"{(\w+)}", path)
    found = [{"name": n, "in": "path", "required": True} | PARAMETERS[n] for n in named]
    return {"parameters": found} if found else {}


def _operation(method: str, operation: Operation, tag: str) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "tags": [tag],
        "summary": operation.summary,
        "security": operation.security,
    }
    if operation.query:
        asked = [{"name": n, "in": "query", "schema": s} for n, s in operation.query.items()]
        described["parameters"] = asked
    if method == "post":
        origin = [{"$ref": f"#/components/parameters/{name}"} for name in ORIGIN]
        described |= {"parameters": origin, "requestBody": operation.body()}
    answers = {
        str(status): {"$ref": f"#/components/responses/{_named(status, names)}"}
        for status, names in operation.said().items()
    }
    return described | {"responses": answers}


def _responses() -> Schema:
    """Every answer that is given anywhere, under its name."""
    given = [
        answer
        for operations in TAGS.values()
        for operation in operations.values()
        for answer in operation.said().items()
    ]
    return {_named(*answer): _response(*answer) for answer in sorted(given)}


def _named(status: int, names: list[str]) -> str:
    return f"{status}_{'_or_'.join(names) or 'file'}"


def _response(status: int, names: list[str]) -> Schema:
    """What is answered with one status: one shape, or one of several."""
    schemas = [ref(name) for name in names]
    one = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    content = {"application/json": {"schema": one}} if names else FILE_OF_CODES
    response: Schema = {"description": HTTPStatus(status).phrase, "content": content}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        always = {"required": True} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        response["headers"] = {"Retry-After": RETRY_AFTER | always}
    return response


def written() -> str:
    """The file as text."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file."""
    FILE.write_text(written(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
