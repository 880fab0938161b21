"""For tests of your own application, and for development. Never imported in production."""

from vestibule.testing.authenticator import SoftwareAuthenticator as SoftwareAuthenticator
from vestibule.testing.clock import FakeClock as FakeClock
from vestibule.testing.delivery import deliver as deliver
from vestibule.testing.http import FakeHttp as FakeHttp
from vestibule.testing.inbox import Inbox as Inbox
from vestibule.testing.letters import Letters as Letters
from vestibule.testing.login import enrol_app as enrol_app
from vestibule.testing.login import login_with_second_factor as login_with_second_factor
from vestibule.testing.login import take_second_step as take_second_step
from vestibule.testing.randomness import FixedRandom as FixedRandom
from vestibule.testing.recipient import Recipient as Recipient

__all__ = [
    "FakeClock",
    "FakeHttp",
    "FixedRandom",
    "Inbox",
    "Letters",
    "Recipient",
    "SoftwareAuthenticator",
    "deliver",
    "enrol_app",
    "login_with_second_factor",
    "take_second_step",
]
