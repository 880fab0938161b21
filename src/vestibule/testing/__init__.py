"""For tests of your own application, and for development. Never imported in production."""

from vestibule.testing.authenticator import SoftwareAuthenticator as SoftwareAuthenticator
from vestibule.testing.clock import FakeClock as FakeClock
from vestibule.testing.letters import Letters as Letters
from vestibule.testing.randomness import FixedRandom as FixedRandom

__all__ = ["FakeClock", "FixedRandom", "Letters", "SoftwareAuthenticator"]
