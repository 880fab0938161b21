"""The shipped sets of numbers. A deviation from one is a named setting, never a surprise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from vestibule.core.caps import Caps
from vestibule.core.conversion import Watch
from vestibule.core.limits import Limits


class FirstEnrolment(StrEnum):
    """What proves, besides the password, that a first way is set up by the owner."""

    EMAIL = "email"
    TICKET = "ticket"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How long things live, how much guessing is borne, and what must be on offer."""

    name: str
    """What VESTIBULE_PROFILE calls it."""
    limits: Limits = field(default_factory=Limits)
    """How much guessing is borne."""
    caps: Caps = field(default_factory=Caps)
    """How many codes are sent."""
    watch: Watch = field(default_factory=Watch)
    """How many codes must come back."""
    login_life: timedelta = timedelta(minutes=10)
    """How long a password login waits for its second step (NIST 3.1.3.2: at most 10 minutes)."""
    enrolment_life: timedelta = timedelta(minutes=10)
    """How long a factor may wait to be proven."""
    proof_life: timedelta = timedelta(minutes=5)
    """How long a program may hold a proof before it uses it."""
    grant_life: timedelta = timedelta(hours=24)
    """How long a grant lives: the second step is asked again after it."""
    remembered_life: timedelta | None = timedelta(days=30)
    """The life of a grant made with remember-me ticked; None ignores the tick."""
    idle_life: timedelta | None = None
    """How long a grant lives unused; None for as long as it lives."""
    fresh_for: timedelta = timedelta(minutes=5)
    """How recent a proof must be to change how one logs in."""
    reset_delay: timedelta = timedelta(hours=24)
    """How long a help desk's ticket waits before it takes effect: the time to object."""
    grace: timedelta = timedelta(days=7)
    """How long whoever is obliged to have a second step may do without."""
    first_enrolment: FirstEnrolment = FirstEnrolment.EMAIL
    """What besides the password lets them set up the first one: a code to the address known for
    seven days, a ticket of the people who run the site, or nothing."""
    acting_life: timedelta = timedelta(hours=1)
    """How long somebody of the site's people may use it as a user before they begin anew."""
    phishing_resistant: bool = False
    """Refuse to start unless a phishing-resistant factor is on offer (NIST 2.2.2)."""
    refused_factors: tuple[str, ...] = ()
    """Refuse to start with these on offer (OWASP ASVS 5.0, 6.3.6: mail is no authenticator)."""
    enrolments_per_factor: int = 5
    """How many of one kind, such as authenticator apps, a person may have."""
    factor_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What this profile sets in factors, by the factor's name."""


DEFAULT = Profile(name="default")

STRICT = Profile(
    name="strict",
    grant_life=timedelta(hours=12),
    remembered_life=None,
    idle_life=timedelta(hours=1),
    grace=timedelta(0),
    first_enrolment=FirstEnrolment.TICKET,
    phishing_resistant=True,
    refused_factors=("email",),
    factor_settings=MappingProxyType({"totp": MappingProxyType({"ahead": 0})}),
)
"""NIST SP 800-63B-4 AAL2 and the OWASP ASVS 5.0 rows of level 2 and 3."""

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (DEFAULT, STRICT)})
