"""Every form of ours, brought to the moment when sending it changes something.

Each is handed a browser that has just turned two-step login on, and returns where the form goes
and what it holds.
"""

from collections.abc import Callable

from tests.flask.shop import Browser

from vestibule.testing import SoftwareAuthenticator

Fields = dict[str, str]
Prepare = Callable[[Browser], tuple[str, Fields]]


def login(member: Browser) -> tuple[str, Fields]:
    """The second step of a login."""
    member.sign_out().wait()
    return "/two-step/login", {"code": member.next_code()}


def cancel(member: Browser) -> tuple[str, Fields]:
    """Giving a waiting login up."""
    member.sign_out().wait()
    return "/two-step/cancel", {}


def confirm(member: Browser) -> tuple[str, Fields]:
    """A fresh proof by somebody signed in."""
    member.shop.clock.move(seconds=3600)
    member.get("/two-step/confirm")
    return "/two-step/confirm", {"code": member.next_code()}


def begin(member: Browser) -> tuple[str, Fields]:
    """Beginning to add an app."""
    member.get("/two-step/")
    return "/two-step/add/totp", {}


def setup(member: Browser) -> tuple[str, Fields]:
    """The first code of an app."""
    member.get("/two-step/")
    member.send("/two-step/add/totp")
    phone = SoftwareAuthenticator.scan(member.shown_uri())
    return "/two-step/setup", {"code": phone.code(member.shop.clock.now())}


def cancel_setup(member: Browser) -> tuple[str, Fields]:
    """Giving a set-up up."""
    setup(member)
    return "/two-step/setup/cancel", {}


def rename(member: Browser) -> tuple[str, Fields]:
    """A name for an app."""
    path = f"/two-step/ways/{member.enrolment_id()}/name"
    member.get(path)
    return path, {"label": "Mine"}


def prefer(member: Browser) -> tuple[str, Fields]:
    """The app that is asked first."""
    member.get("/two-step/")
    return f"/two-step/ways/{member.enrolment_id()}/first", {}


def remove(member: Browser) -> tuple[str, Fields]:
    """Turning two-step login off."""
    path = f"/two-step/ways/{member.enrolment_id()}/remove"
    member.get(path)
    return path, {}


def renew(member: Browser) -> tuple[str, Fields]:
    """A new set of recovery codes."""
    member.get("/two-step/recovery-codes")
    return "/two-step/recovery-codes", {}


def keep(member: Browser) -> tuple[str, Fields]:
    """The recovery codes are saved."""
    renew(member)
    member.send("/two-step/recovery-codes")
    member.get("/two-step/recovery-codes")
    return "/two-step/recovery-codes/keep", {"kept": "yes"}


STEPS: list[Prepare] = [
    login,
    cancel,
    confirm,
    begin,
    setup,
    cancel_setup,
    rename,
    prefer,
    remove,
    renew,
    keep,
]


def named(step: Prepare) -> str:
    """Return a step's name."""
    return step.__name__
