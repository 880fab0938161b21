"""What the preview shows: one context for every page and state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import segno
from markupsafe import Markup

from preview_languages import Language

Context = dict[str, Any]

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
    groups = (code_pages, manage_pages, setup_pages, recovery_pages, small_pages)
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
        factor="totp",
        title=t("Authenticator app"),
        label=t("Work phone"),
        hint=t("Open the app and type the six digits it shows for Microblog."),
    )
    paper = SimpleNamespace(
        factor="recovery_codes",
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
        "problem": None,
        "blocked": False,
        "others": [use_text, use_paper],
    }
    spelled = {"method": paper, "field": letters, "others": [use_app]}
    again = SimpleNamespace(**vars(paused) | {"next_label": t("Try again"), "next_url": "#again"})
    return {
        "login": Page("code.html", common),
        "login-wrong": Page("code.html", common | {"problem": wrong, "others": [use_paper]}),
        "login-pause": Page("code.html", common | {"problem": soon}),
        "login-blocked": Page(
            "code.html", common | {"problem": again, "blocked": True, "others": [use_paper]}
        ),
        "login-recovery-code": Page("code.html", common | spelled),
        "login-only-way": Page("code.html", common | {"others": [], "account": None}),
        "confirm": Page("code.html", common | {"purpose": "confirm"}),
    }


def problem(title: str, text: str, when: str | None = None) -> SimpleNamespace:
    """Return something that went wrong."""
    return SimpleNamespace(title=title, text=text, when=when, next_label=None, next_url=None)


def manage_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return the list of ways: none, one, many."""
    add_app = SimpleNamespace(
        factor="totp",
        title=t("Authenticator app"),
        text=t("An app on your phone shows a code, also without a connection. Takes two minutes."),
        url="/sent",
    )
    add_text = SimpleNamespace(
        factor="phone",
        title=t("Text message"),
        text=t("We send a code to your phone when you sign in."),
        url="/sent",
    )
    phone = method("totp", t("Authenticator app"), t("Work phone"), preferred=True)
    tablet = method("totp", t("Authenticator app"), t("The tablet at home"), last_used=None)
    text = method(
        "phone",
        t("Text message"),
        t("Phone ending in 12"),
        paused=t("Resting until %(time)s after several wrong codes", time="14:32"),
    )
    plenty = SimpleNamespace(remaining=8, total=10, url="#recovery", low=False)
    few = SimpleNamespace(remaining=2, total=10, url="#recovery", low=True)
    common: Context = {
        "methods": [phone],
        "recovery": plenty,
        "addable": [add_app, add_text],
        "notice": None,
        "enabled": True,
        "back_url": "/",
    }
    nothing: Context = {"methods": [], "recovery": None, "enabled": False}
    return {
        "manage-empty": Page("manage.html", common | nothing | {"addable": [add_app]}),
        "manage-empty-choice": Page("manage.html", common | nothing),
        "manage-one": Page(
            "manage.html", common | {"notice": t("Your authenticator app is set up.")}
        ),
        "manage-many": Page(
            "manage.html", common | {"methods": [phone, tablet, text], "recovery": few}
        ),
    }


def method(
    factor: str,
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
        factor=factor,
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


def setup_pages(t: Callable[..., str], _now: datetime) -> dict[str, Page]:
    """Return the set-up of an authenticator app, at first and after a wrong code."""
    address = f"otpauth://totp/Microblog:susan?secret={KEY}&issuer=Microblog"
    svg = segno.make(address, error="m").svg_inline(border=4, omitsize=True)
    field = SimpleNamespace(
        label=t("Six-digit code"), inputmode="numeric", digits=6, maxlength=12, value=""
    )
    common: Context = {
        "qr": Markup(svg),  # noqa: S704 -- made here
        "secret_groups": [KEY[i : i + 4] for i in range(0, len(KEY), 4)],
        "otpauth_url": address,
        "apps": ["Aegis", "2FAS", "Google Authenticator"],
        "field": field,
        "problem": None,
    }
    clock = problem(
        t("That code is from another time"),
        t("Your phone’s clock seems to be four minutes slow. Set it to automatic, then try again."),
    )
    return {
        "setup": Page("setup_app.html", common),
        "setup-wrong-clock": Page("setup_app.html", common | {"problem": clock}),
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
    phone = method("totp", t("Authenticator app"), t("Work phone"))
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
        "remove-last": Page("remove.html", {"method": phone, "last": True}),
        "message-expired": Page("message.html", expired),
        "message-warn": Page("message.html", many),
    }


def today() -> datetime:
    """Return the time of this machine: the preview has no engine and so no clock."""
    return datetime.now(tz=UTC)
