"""What the answers of our addresses look like in JSON, as the schemas of docs/openapi.json."""

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
ID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def listed(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def one_of(*values: str) -> Schema:
    """One of a few words."""
    return {"type": "string", "enum": list(values)}


def or_null(schema: Schema) -> Schema:
    """What may be unknown, and is there all the same."""
    return schema | {"type": [schema["type"], "null"]}


def record(about: str, *optional: str, **fields: Schema) -> Schema:
    """An object with these fields and no others; `optional` ones may be missing."""
    return {
        "type": "object",
        "description": about,
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


DETAIL: Final = TEXT | {"description": "A sentence for a person."}
LOCATION: Final = TEXT | {"description": "Where it goes on: a path of this site, as a rule."}
RETRY_AT: Final = MOMENT | {"description": "When to try again. Without it waiting does not help."}
HANDLE: Final = TEXT | {"description": "Names the login that waits, for a program without cookies."}


def done(about: str, *words: str) -> Schema:
    """What was done, and where it goes on."""
    return record(about, status=one_of(*words), location=LOCATION)


PROGRESS: Final = one_of("sending", "sent", "delivered", "failed")
_WAY: Final[dict[str, Schema]] = {"id": ID, "factor": TEXT}
_REFUSED: Final = record(
    "Why a code that should have gone out by itself did not.",
    error=one_of("capped", "spent", "stopped", "unreachable"),
    detail=DETAIL,
    retry_at=or_null(RETRY_AT),
)
_SENT_WAY: Final = _WAY | {
    "to": TEXT | {"description": "Where the codes go, masked."},
    "channels": {
        "type": "array",
        "items": TEXT,
        "description": "How codes can be sent there, the usual way first.",
    },
    "sent": FLAG,
    "send_again_at": or_null(MOMENT),
    "refused": or_null(_REFUSED),
    "delivery": {"type": ["string", "null"], "enum": [*PROGRESS["enum"], None]},
}
_SUSPENDED: Final = MOMENT | {"description": "Until when it is suspended; else it is not there."}
_ENROLMENT: Final = _WAY | {
    "label": TEXT,
    "preferred": FLAG,
    "last_used_at": MOMENT,
    "suspended_until": _SUSPENDED,
}
_SHOWN: Final = _SENT_WAY | {
    "send_again_at": MOMENT,
    "delivery": PROGRESS,
    "otpauth": TEXT | {"description": "What an authenticator app reads from the QR code."},
    "secret": TEXT | {"description": "The same secret to type, in base32."},
}


def _set_up(about: str, *optional: str, **more: Schema) -> Schema:
    """What a way being added shows; one of the site's own may show further texts."""
    fields = {"status": one_of("waiting")} | _SHOWN | more
    return record(about, *optional, *(_SHOWN.keys() - _WAY.keys()), **fields) | {
        "additionalProperties": TEXT
    }


UNTIL: Final = MOMENT | {"description": "Until when it can be put off; absent where it cannot."}


def _waiting(about: str, **more: Schema) -> Schema:
    return record(about, status=one_of("waiting"), methods=listed(ref("Way")), **more)


SUCCESSES: Final[dict[str, Schema]] = {
    "Way": {
        "description": "A way that can be used now; four fields more where codes are sent to it.",
        "oneOf": [
            record("Its codes are the person’s already.", **_WAY),
            record("Its codes are sent.", **_SENT_WAY),
        ],
    },
    "Waiting": _waiting("A code of any of these ways is waited for."),
    "FirstWay": record(
        "A first way has to be set up: at `location` it says which there are.",
        "until",
        status=one_of("set_up"),
        location=TEXT,
        until=UNTIL,
    ),
    "Choosing": record(
        "A way can be set up now, and completes the login.",
        "until",
        status=one_of("set_up"),
        methods=listed(TEXT),
        until=UNTIL,
    ),
    "ProofFirst": record(
        "A code is waited for first, at `location`.", status=one_of("waiting"), location=TEXT
    ),
    "Accepted": done("It was right.", "accepted"),
    "SignedIn": done(
        "Nothing waits here, and nothing was judged: it is done already.", "signed_in"
    ),
    "Proof": record(
        "It was right; the view that hands out tokens takes this proof once.",
        status=one_of("accepted"),
        proof=TEXT,
        expires_in=COUNT | {"description": "For how many seconds."},
    ),
    "Sent": done("A code is on its way.", "sent"),
    "Delivery": record(
        "How far a code has come; `more` says that there may be news later.",
        status=PROGRESS,
        detail=DETAIL,
        more=FLAG,
    ),
    "Cancelled": done("It was given up.", "cancelled"),
    "Help": record(
        "What is left to whoever can use none of the ways.",
        *("support", "reset_at"),
        status=one_of("waiting"),
        methods=listed(ref("Way")),
        support=TEXT | {"description": "VESTIBULE_SUPPORT: where to ask."},
        case=TEXT | {"pattern": "^[0-9A-F]{4}-[0-9A-F]{4}$"},
        reset_at=MOMENT
        | {"description": "From when on a help desk's ticket can be used that cannot yet."},
    ),
    "Enrolment": record(
        "A way that is in force.",
        "takes_place_of",
        "suspended_until",
        **_ENROLMENT | {"last_used_at": or_null(MOMENT)},
        takes_place_of=ID | {"description": "Another way, which goes once this one has been used."},
    ),
    "OneEnrolment": record(
        "A way that is in force.", "last_used_at", "suspended_until", **_ENROLMENT
    ),
    "Removal": record(
        "A way that may be removed.", "last_used_at", "suspended_until", **_ENROLMENT, last=FLAG
    ),
    "Overview": record(
        "All ways of the person, and how many recovery codes are left.",
        "recovery_codes",
        "reset_at",
        methods=listed(ref("Enrolment")),
        only_way=FLAG | {"description": "Whether nothing but one way lets the person in."},
        recovery_codes=record(
            "How many there are.",
            "suspended_until",
            remaining=COUNT,
            total=COUNT,
            suspended_until=_SUSPENDED,
        ),
        reset_at=MOMENT | {"description": "When the help desk’s ticket takes effect."},
    ),
    "Kept": done("The help desk’s ticket is void.", "kept"),
    "Asking": record(
        "What has to be told before this way is begun.",
        status=one_of("asking"),
        fields=listed(TEXT),
    ),
    "Begun": done("It is shown at the location now.", "begun"),
    "SettingUp": _set_up("What the way being added shows until it is proven."),
    "Added": done("It is in force.", "accepted", "added"),
    "Renamed": done("It bears its new name.", "renamed"),
    "Preferred": done("It is asked first.", "preferred"),
    "Removed": done("It is gone, and every other session ended.", "removed"),
    "Moving": record(
        "What can be moved to a new phone.",
        status=one_of("choosing"),
        methods=listed(ref("Way")),
    ),
    "Moved": done("The other way is gone, and every other session ended.", "moved"),
    "RecoveryCodes": record(
        "The codes while they may be seen, and how many are left.",
        "codes",
        codes=listed(TEXT),
        remaining=COUNT,
        total=COUNT,
    ),
    "Sessions": record(
        "Where the person is signed in, and whether there are more, older ones.",
        sessions=listed(ref("Session")),
        more=FLAG,
    ),
    "Session": record(
        "A browser in which both steps were taken. Nothing here opens anything.",
        id=ID,
        current=FLAG | {"description": "Whether it is the browser that asks."},
        browser=or_null(TEXT | {"description": "Which browser it said it is."}),
        system=or_null(TEXT | {"description": "Which system it said it runs on."}),
        signed_in_at=MOMENT,
        last_used_at=MOMENT | {"description": "True to within an hour."},
        remembered=FLAG,
        factor=or_null(TEXT | {"description": "By which kind of way it was signed in."}),
        acting=FLAG
        | {"description": "Whether it is somebody who works for the site, as this user."},
    ),
    "Ended": done("That session is over.", "ended"),
    "EndedOthers": done("Every other session is over.", "ended_others"),
    "Made": done("A new set is in force; the old one is dead.", "made"),
    "Restored": done("It works again.", "restored"),
    "Report": record(
        "What a link in a mail suspends, the reported way first, by their factors.",
        "methods",
        status=one_of("open", "suspended"),
        suspends=listed(TEXT),
        until=MOMENT,
        password_given=FLAG | {"description": "Whether this browser may report it."},
        methods=listed(TEXT)
        | {"description": "What is left to sign in with, where the password was given."},
    ),
    "Reported": done("It is suspended, and every session has ended.", "suspended"),
    "ResetToStop": record("A ticket that was not used.", status=one_of("waiting"), reset_at=MOMENT),
    "CodesKept": done("They are shown no more.", "codes", "added"),
}

REFUSALS: Final[dict[str, Schema]] = {
    "SignInAgain": record("Nobody is signed in.", error=one_of("sign_in_again"), location=LOCATION),
    "SecondStepRequired": record(
        "The password was right.",
        "handle",
        error=one_of("second_step_required"),
        location=LOCATION,
        methods=listed(TEXT),
        handle=HANDLE,
    ),
    "ProofRequired": record(
        "A proof made a short time ago is asked for.",
        error=one_of("proof_required"),
        location=LOCATION,
    ),
    "ActingForSomebody": record(
        "Somebody who works for the site is here as this user, and may not do this.",
        error=one_of("acting_for_somebody"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "SecondStepNotSetUp": record(
        "The person has no second step yet.",
        error=one_of("second_step_not_set_up"),
        location=LOCATION,
    ),
    "Unavailable": record("The database does not answer.", error=one_of("unavailable")),
    "BadRequest": record(
        "The body is no JSON object, or a field is no text.",
        error=one_of("bad_request"),
        detail=DETAIL,
    ),
    "CrossSite": record("Another site sent this.", error=one_of("cross_site"), detail=DETAIL),
    "TooLarge": record(
        "More than 16 KB, or a body of unknown length.", error=one_of("too_large"), detail=DETAIL
    ),
    "StaleForm": record(
        "A form, not JSON, was shown too long ago.", error=one_of("stale_form"), location=LOCATION
    ),
    "StillWaiting": _waiting(
        "A form, not JSON, was shown too long ago. The code is still waited for.",
        error=one_of("stale_form"),
    ),
    "StillSettingUp": _set_up(
        "A form, not JSON, was shown too long ago. The way is still being added.",
        error=one_of("stale_form"),
    ),
    "Wrong": record(
        "It is not right, was used before, or has the shape of no code that is asked for; or it is "
        "a help desk's ticket, and works from `retry_at`.",
        "retry_at",
        error=one_of("wrong", "malformed", "early"),
        detail=DETAIL,
        retry_at=RETRY_AT,
        location=LOCATION,
    ),
    "Unchecked": record(
        "The carrier that made the code did not say whether it is right. Try it once more.",
        error=one_of("unchecked"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "WrongFirst": record(
        "The first code is not right, or has not its shape.",
        error=one_of("wrong", "malformed"),
        detail=DETAIL,
    ),
    "Unusable": record(
        "What was told cannot be used.", error=one_of("unusable"), field=TEXT, detail=DETAIL
    ),
    "Later": record(
        "Too soon, or the odds of guessing are spent. Nothing was compared.",
        error=one_of("delayed", "closed"),
        detail=DETAIL,
        retry_at=RETRY_AT,
        location=LOCATION,
    ),
    "LaterFirst": record(
        "Many wrong codes came from this address. Nothing was compared.",
        error=one_of("delayed"),
        detail=DETAIL,
        retry_at=RETRY_AT,
    ),
    "NotThere": record(
        "No codes go to such a number, or none just now. Nothing was sent.",
        error=one_of("unreachable", "stopped"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "NoChannel": record(
        "Codes are not sent there in that way: `channels` names those that are. Nothing was sent.",
        error=one_of("no_channel"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "NotSent": record(
        "Too soon after a code, too many of late, or no money left today. Nothing was sent.",
        "retry_at",
        error=one_of("delayed", "capped", "spent"),
        detail=DETAIL,
        retry_at=RETRY_AT,
        location=LOCATION,
    ),
    "Exhausted": record(
        "All wrong codes were had.",
        "retry_at",
        error=one_of("exhausted"),
        detail=DETAIL,
        retry_at=RETRY_AT,
        location=LOCATION,
    ),
    "ExhaustedFirst": record(
        "All wrong codes were had: the way is to be begun anew.",
        error=one_of("exhausted"),
        location=LOCATION,
    ),
    "TicketNeeded": record(
        "A first way has to be set up, and nothing proves yet who this is.",
        *("until", "code_from", "support"),
        error=one_of("ticket_needed"),
        detail=TEXT,
        support=TEXT | {"description": "VESTIBULE_SUPPORT: where to ask."},
        case=TEXT | {"pattern": "^[0-9A-F]{4}-[0-9A-F]{4}$"},
        until=UNTIL,
        code_from=MOMENT | {"description": "From when on a code to the mail address does."},
    ),
    "TooLate": record("It cannot be put off any more.", error=one_of("too_late"), location=TEXT),
    "ProofNeeded": record(
        "Who must have a second step proves who they are before the first way is set up: POST to "
        "`/first`.",
        error=one_of("proof_needed"),
        location=TEXT,
    ),
    "Needed": record(
        "It is the last way of somebody who must have one.", error=one_of("needed"), location=TEXT
    ),
    "NoWay": record(
        "Every way is paused after too many wrong codes.",
        error=one_of("disabled"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "Gone": record(
        "It took too long, or was finished elsewhere.",
        error=one_of("gone"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "GoneFirst": record(
        "It took too long while it was judged.", error=one_of("gone"), location=LOCATION
    ),
    "LinkOver": record(
        "The link is none of ours, too old, or what it was about is settled.",
        error=one_of("link_over"),
        detail=DETAIL,
        location=LOCATION,
    ),
    "NotFound": record("There is no such way.", error=one_of("not_found")),
    "NothingThere": record(
        "Nothing is being set up, or the codes are shown no more.",
        error=one_of("not_found"),
        location=LOCATION,
    ),
    "TooMany": record(
        "The person has as many as there can be.", error=one_of("too_many"), location=LOCATION
    ),
}
