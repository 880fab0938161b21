"""What the preview shows: one context for every page and state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from preview_languages import Language
from vestibule.core.presentation import DOOR, Presentation
from vestibule.factors.recovery_codes import RecoveryCodes
from vestibule.factors.totp import Totp
from vestibule.flask.qr import qr_of
from vestibule.flask.views.sessions import SCREEN
from vestibule.testing import Letters

Context = dict[str, Any]

APP, PAPER, MAIL = (kind.presentation for kind in (Totp, RecoveryCodes, Letters))

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODES = (
    "7K3QD-9M2XA-PLGCE-RR8VT",
    "4JH6W-0ZC5N-TQ2XK-8PBMY",
    "W9RA3-VD7EH-K5MGS-12CFX",
    "NB8TP-3XJQ6-ZH4WD-Y7RKA",
    "QM5CE-GS0VF-2TN9J-X6HBD",
    "6PYKR-A8WZ1-DC3ME-HVT4G",
    "0FXSB-7HN2Q-R9JTP-5KWEC",
    "ZT4GM-D6AVY-8XKBH-NQ3JS",
    "HC2WJ-5RPXE-MF7SD-V0G9T",
    "XA9VN-T1KCQ-6BYZW-3EHRM",
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one state."""

    template: str
    context: Context


def pages(language: Language, now: datetime) -> dict[str, Page]:
    """Return every page and state by name, its data in *language*."""
    groups = (code_pages, manage_pages, session_pages, setup_pages, recovery_pages, small_pages)
    return {
        name: Page(page.template, frame(language) | page.context)
        for group in groups
        for name, page in group(language.translate, now).items()
    }


def frame(language: Language) -> Context:
    """Return what every page receives."""
    return {
        "_": language.translate,
        "application": "Microblog",
        "home_url": "/",
        "lang": language.lang,
        "dir": language.dir,
        "csrf_field": Markup('<input type="hidden" name="csrf_token" value="sample">'),
        "account": "susan",
        "action": "/sent",
        "cancel_url": "/sent",
    }


def code_pages(t: Callable[..., str], now: datetime) -> dict[str, Page]:
    """Return the one page where a code is typed, in each of its states."""
    app = SimpleNamespace(
        icon=APP.icon,
        title=t("Authenticator app"),
        label=t("Work phone"),
        hint=t("Open the app and type the six digits it shows for Microblog."),
    )
    paper = SimpleNamespace(
        icon=PAPER.icon,
        title=t("Recovery codes"),
        label=None,
        hint=t("Type one of the codes you kept, and cross it out: each works once."),
    )
    digits = SimpleNamespace(
        label=t("Six-digit code"), inputmode="numeric", digits=6, maxlength=12, value=""
    )
    letters = SimpleNamespace(
        label=t("Recovery code"), inputmode="text", digits=None, maxlength=40, value=""
    )
    use_paper = SimpleNamespace(
        title=t("Recovery code"), hint=t("One of the codes you printed or saved"), url="#paper"
    )
    use_text = SimpleNamespace(
        title=t("Text message"), hint=t("To the phone ending in 12"), url="#text"
    )
    use_app = SimpleNamespace(
        title=t("Authenticator app"), hint=t("The six digits your app shows"), url="#app"
    )
    wrong = problem(
        t("That code didn’t match"),
        t("Codes change every half minute. Wait for the next one and type it while it is shown."),
    )
    paused = problem(
        t("Too many wrong codes"),
        t("To keep your account safe, this has to rest until %(time)s.", time="14:32"),
        when=(now + timedelta(seconds=150)).isoformat(),
    )
    soon = problem(
        t("A short pause"),
        t("You can try again at %(time)s.", time="14:32"),
        when=(now + timedelta(seconds=4)).isoformat(),
    )
    common: Context = {
        "purpose": "login",
        "method": app,
        "field": digits,
        "send": None,
        "problem": None,
        "blocked": False,
        "others": [use_text, use_paper],
    }
    spelled = {"method": paper, "field": letters, "others": [use_app]}
    mail = SimpleNamespace(
        icon=MAIL.icon,
        title=t("Code by mail"),
        label="s•••@mail.example",
        hint=t("Type the code we sent to %(to)s.", to="s•••@mail.example"),
    )
    mailed = {"method": mail, "others": [use_app]}
    again = SimpleNamespace(**vars(paused) | {"next_label": t("Try again"), "next_url": "#again"})
    return {
        "login": Page("code.html", common),
        "login-wrong": Page("code.html", common | {"problem": wrong, "others": [use_paper]}),
        "login-pause": Page("code.html", common | {"problem": soon}),
        "login-blocked": Page(
            "code.html", common | {"problem": again, "blocked": True, "others": [use_paper]}
        ),
        "login-recovery-code": Page("code.html", common | spelled),
        "login-send": Page("code.html", common | mailed | {"send": send(t)}),
        "login-sent": Page("code.html", common | mailed | {"send": send(t, 25)}),
        "login-send-again": Page("code.html", common | mailed | {"send": send(t, 0)}),
        "login-only-way": Page("code.html", common | {"others": [], "account": None}),
        "confirm": Page("code.html", common | {"purpose": "confirm"}),
    }


def send(t: Callable[..., str], seconds: int | None = None) -> SimpleNamespace:
    """Return the button that has a code sent: not yet, or with so many seconds to the next."""
    if seconds is None:
        text = t("Nothing is sent before you ask for it.")
    elif seconds:
        text = t("No code yet? Another one can be sent at %(time)s.", time="14:32:05 UTC")
    else:
        text = t("No code yet? Look again, or have another one sent.")
    usual = t("Send me a code") if seconds is None else t("Send another code")
    return SimpleNamespace(
        is_sent=seconds is not None,
        text=text,
        buttons=[(usual, "/sent"), (t("Call me instead"), "/sent")],
        seconds=seconds,
    )


def problem(title: str, text: str, when: str | None = None) -> SimpleNamespace:
    """Return something that went wrong."""
    return SimpleNamespace(title=title, text=text, when=when, next_label=None, next_url=None)


def manage_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return the list of ways: none, one, many."""
    add_app = SimpleNamespace(
        icon=APP.icon,
        asks=False,
        title=t("Authenticator app"),
        text=t("An app on your phone shows a code, also without a connection. Takes two minutes."),
        url="/sent",
    )
    add_text = SimpleNamespace(
        icon=DOOR,
        asks=True,
        title=t("Text message"),
        text=t("We send a code to your phone when you sign in."),
        url="/sent",
    )
    phone = method(APP.icon, t("Authenticator app"), t("Work phone"), preferred=True)
    tablet = method(APP.icon, t("Authenticator app"), t("The tablet at home"), last_used=None)
    text = method(
        DOOR,
        t("Text message"),
        t("Phone ending in 12"),
        paused=t("Resting until %(time)s after several wrong codes", time="14:32"),
    )
    suspended = method(APP.icon, t("Authenticator app"), t("The tablet at home"))
    suspended.suspended, suspended.restore_url = "2026-06-08, 14:32 UTC", "/sent"
    plenty = SimpleNamespace(icon=PAPER.icon, remaining=8, total=10, url="#recovery", low=False)
    few = SimpleNamespace(icon=PAPER.icon, remaining=2, total=10, url="#recovery", low=True)
    common: Context = {
        "methods": [phone],
        "recovery": plenty,
        "addable": [add_app, add_text],
        "notice": None,
        "enabled": True,
        "sessions_url": "#sessions",
        "back_url": "/",
    }
    nothing: Context = {"methods": [], "recovery": None, "enabled": False, "sessions_url": None}
    return {
        "manage-empty": Page("manage.html", common | nothing | {"addable": [add_app]}),
        "manage-empty-choice": Page("manage.html", common | nothing),
        "manage-one": Page(
            "manage.html", common | {"notice": t("Your authenticator app is set up.")}
        ),
        "manage-many": Page(
            "manage.html", common | {"methods": [phone, tablet, text], "recovery": few}
        ),
        "manage-suspended": Page("manage.html", common | {"methods": [phone, suspended]}),
    }


def method(
    icon: str,
    title: str,
    label: str,
    *,
    last_used: str | None = "20 May 2026, 09:12",
    preferred: bool = False,
    paused: str | None = None,
) -> SimpleNamespace:
    """Return one way to confirm it is you, as the list shows it."""
    return SimpleNamespace(
        id="1",
        icon=icon,
        title=title,
        label=label,
        added="3 May 2026",
        last_used=last_used,
        preferred=preferred,
        paused=paused,
        rename_url="#rename",
        prefer_url="/sent",
        remove_url="#remove",
    )


def session_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return where somebody is signed in: here alone, in few browsers, in very many."""
    named = "%(browser)s on %(system)s"
    here = session(t, t(named, browser="Firefox", system="Windows"), this=True)
    away = session(t, t(named, browser="Samsung Internet", system="Android"))
    odd = session(t, t("A browser"), remembered=True)
    staff = session(t, t("A browser on %(system)s", system="Linux"), acting=True)
    common: Context = {
        "sessions": [here],
        "more": False,
        "notice": None,
        "end_others_url": "/sent",
        "back_url": "/",
    }
    few = {"sessions": [here, away, odd, staff], "notice": t("That browser is signed out.")}
    return {
        "sessions-one": Page("sessions.html", common),
        "sessions-few": Page("sessions.html", common | few),
        "sessions-many": Page(
            "sessions.html", common | {"sessions": [here, *[away] * 6], "more": True}
        ),
    }


def session(
    t: Callable[..., str],
    name: str,
    *,
    this: bool = False,
    remembered: bool = False,
    acting: bool = False,
) -> SimpleNamespace:
    """Return one browser in which somebody is signed in, as the list shows it."""
    return SimpleNamespace(
        name=name,
        icon=SCREEN,
        this=this,
        signed_in="3 May 2026, 18:40 UTC",
        last_used="20 May 2026, 09:12 UTC",
        remembered=remembered,
        acting=acting,
        by=None if acting else t("Authenticator app"),
        end_url="/sent",
    )


def setup_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return what is asked before a way is set up, and the set-up, at first and after a mistake."""
    field = SimpleNamespace(
        label=t("Six-digit code"), inputmode="numeric", digits=6, maxlength=12, value=""
    )
    app: Context = {
        "texts": words(t, APP),
        "shown": {
            "otpauth": f"otpauth://totp/Microblog:susan?secret={KEY}&issuer=Microblog",
            "secret": KEY,
        },
        "qr_of": qr_of,
        "field": field,
        "send": None,
        "problem": None,
    }
    hint = t("Type the code we sent to %(to)s.", to="s•••@mail.example")
    mail: Context = {
        "texts": words(t, MAIL),
        "method": SimpleNamespace(label="s•••@mail.example", hint=hint),
        "field": field,
        "send": send(t, 25),
        "problem": None,
    }
    clock = problem(
        t("That code is from another time"),
        t("Your phone’s clock seems to be four minutes slow. Set it to automatic, then try again."),
    )
    return {
        "begin": Page("begin.html", begin(t)),
        "begin-wrong": Page("begin.html", begin(t, "susan@")),
        "setup": Page("totp/setup.html", app),
        "setup-wrong-clock": Page("totp/setup.html", app | {"problem": clock}),
        "setup-sent": Page("setup.html", mail),
    }


def begin(t: Callable[..., str], typed: str = "") -> Context:
    """Return the page that asks where codes go, at first, or after something else was typed."""
    (question,) = MAIL.questions
    field = {
        "name": question.name,
        "label": t(question.label),
        "hint": t(question.hint),
        "inputmode": question.inputmode,
        "autocomplete": question.autocomplete,
        "maxlength": question.longest,
        "value": typed,
        "wrong": bool(typed),
    }
    wrong = problem(t("That can’t be used"), t("Type a whole address, like you@site.example."))
    return {"texts": words(t, MAIL), "fields": [field], "problem": wrong if typed else None}


def words(t: Callable[..., str], presentation: Presentation) -> dict[str, str]:
    """Return a factor's own words."""
    return {
        "title": t(presentation.title),
        "heading": t(presentation.set_up),
        "offer": t(presentation.offer),
        "icon": presentation.icon,
    }


def recovery_pages(_t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return recovery codes just made, and how many are left."""
    common: Context = {
        "codes": list(CODES),
        "first": True,
        "download_url": "/download",
        "done_url": "/sent",
        "new_url": "/sent",
        "remaining": 10,
        "total": 10,
        "back_url": "#back",
    }
    return {
        "recovery-first": Page("recovery_codes.html", common),
        "recovery-renewed": Page("recovery_codes.html", common | {"first": False}),
        "recovery-count": Page("recovery_codes.html", common | {"codes": None, "remaining": 8}),
        "recovery-low": Page("recovery_codes.html", common | {"codes": None, "remaining": 1}),
    }


def small_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return the pages that ask or say one thing."""
    phone = method(APP.icon, t("Authenticator app"), t("Work phone"))
    name = SimpleNamespace(label=t("Name"), maxlength=40, value=t("Work phone"))
    taken = problem(t("You already have one of that name"), t("Choose another, so you can tell."))
    expired: Context = {
        "title": t("This sign-in has waited too long"),
        "text": t("For your safety it ended after ten minutes. Nothing is lost: sign in again."),
        "action_label": t("Sign in again"),
        "action_url": "#again",
        "tone": "calm",
    }
    many: Context = {
        "title": t("Too many tries from here"),
        "text": t("Please wait until %(time)s. Nobody has got in meanwhile.", time="14:32"),
        "action_label": None,
        "action_url": None,
        "tone": "warn",
    }
    return {
        "rename": Page("rename.html", {"method": phone, "field": name, "problem": None}),
        "rename-taken": Page("rename.html", {"method": phone, "field": name, "problem": taken}),
        "remove": Page("remove.html", {"method": phone, "last": False}),
        "remove-strands": Page("remove.html", {"method": phone, "last": False, "strands": True}),
        "remove-last": Page("remove.html", {"method": phone, "last": True}),
        "message-expired": Page("message.html", expired),
        "message-warn": Page("message.html", many),
        "stop-reset": Page("stop_reset.html", {"reset_at": "2026-06-02, 14:32 UTC"}),
        **report_pages(t),
    }


def report_pages(t: Callable[..., str]) -> dict[str, Page]:
    """Return the page that a mail about a new way leads to: before the password, and after it."""
    added = "2026-06-01, 14:32 UTC"
    app = SimpleNamespace(icon=APP.icon, title=t("Authenticator app"), added=added)
    paper = SimpleNamespace(icon=PAPER.icon, title=t("Recovery codes"), added=added)
    return {
        "report": Page("report.html", {"suspends": [app], "left": None}),
        "report-known": Page("report.html", {"suspends": [app, paper], "left": [app]}),
        "report-alone": Page("report.html", {"suspends": [app, paper], "left": []}),
    }


def today() -> datetime:
    """Return the time of this machine: the preview has no engine and so no clock."""
    return datetime.now(tz=UTC)
