"""The authenticator app: a shared secret, the time, and the memory of the last accepted step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Final

from vestibule import oath
from vestibule.core.factor import (
    Applicant,
    CodeFormat,
    EnrolmentData,
    Env,
    Interaction,
    Opening,
    Traits,
)
from vestibule.core.model import Challenge, Enrolment, Json
from vestibule.core.presentation import Presentation
from vestibule.core.spelling import digits_only
from vestibule.core.verdict import Accepted, Hint, Reason, Rejected, Verdict
from vestibule.factors.totp.presentation import PRESENTATION

LEAST_SECRET_BYTES: Final = 16
LEAST_BY_HASH: Final = {
    oath.Algorithm.SHA1: LEAST_SECRET_BYTES,
    oath.Algorithm.SHA256: 32,
    oath.Algorithm.SHA512: 64,
}
LENGTHS: Final = (6, 7, 8)


TRAITS: Final = Traits(interaction=Interaction.CODE, strength=50)


@cache
def _code_format(digits: int, valid_at_once: int) -> CodeFormat:
    # Asked several times in every check.
    return CodeFormat(digits=digits, valid_at_once=valid_at_once)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What an app was set up with; it computes its codes so for as long as it lives."""

    digits: int = 6
    period: int = 30
    algorithm: oath.Algorithm = oath.Algorithm.SHA1

    @classmethod
    def of(cls, enrolment: Enrolment) -> "_Parameters":
        """Return an enrolment's own; one that names none has those every app assumes."""
        return _parameters(
            enrolment.state.get("digits", 6),
            enrolment.state.get("period", 30),
            enrolment.state.get("algorithm", oath.Algorithm.SHA1),
        )


@cache
def _parameters(digits: int, period: int, algorithm: str) -> _Parameters:
    return _Parameters(digits, period, oath.Algorithm(algorithm))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """Its fields are its settings.

    `digits`, `period`, `algorithm` and `secret_bytes` are for apps still to be added: those people
    have keep, in their enrolment's state, what they were set up with. The others hold for all.
    """

    name: ClassVar[str] = "totp"
    presentation: ClassVar[Presentation] = PRESENTATION

    digits: int = 6
    """The length of a new app's codes: 6, 7 or 8 (RFC 4226 R4)."""
    period: int = 30
    """Seconds for which a new app shows a code: 15 to 60."""
    behind: int = 1
    """Steps a phone's clock may be behind: 0 or 1 (RFC 6238 section 5.2)."""
    ahead: int = 1
    """Steps it may be ahead: 0 or 1."""
    secret_bytes: int = 20
    """The length of a new secret: at least 16, and as long as what it hashes to (RFC 4226 R6)."""
    algorithm: oath.Algorithm = oath.Algorithm.SHA1
    """What a new app computes with: `SHA1`, `SHA256` or `SHA512`; many know the first only."""
    look_around: int = 60
    """Steps searched for a hint while an app is being added, never accepted."""

    def __post_init__(self) -> None:
        """Refuse settings the standards do not allow."""
        if self.digits not in LENGTHS:
            raise ValueError("VESTIBULE_TOTP_DIGITS is 6, 7 or 8 (RFC 4226 R4)")
        if self.secret_bytes < LEAST_SECRET_BYTES:
            raise ValueError("VESTIBULE_TOTP_SECRET_BYTES is at least 16 (RFC 4226 R6)")
        if self.secret_bytes < LEAST_BY_HASH[self.algorithm]:
            raise ValueError(
                f"VESTIBULE_TOTP_SECRET_BYTES is at least {LEAST_BY_HASH[self.algorithm]} with "
                f"{self.algorithm}: as long as what it hashes to (RFC 4226 R6, RFC 2104 section 3)"
            )
        if not (0 <= self.behind <= 1 and 0 <= self.ahead <= 1):
            raise ValueError("VESTIBULE_TOTP_BEHIND and _AHEAD are 0 or 1 (RFC 6238 5.2)")
        if not 15 <= self.period <= 60:  # noqa: PLR2004 - NIST 3.1.4.1 allows up to 120 s in all
            raise ValueError("VESTIBULE_TOTP_PERIOD is 15 to 60 seconds")

    @property
    def traits(self) -> Traits:
        """A typed code, judged inline."""
        return TRAITS

    def check(self, answers: Mapping[str, str]) -> None:
        """Return nothing: nothing is asked."""
        del answers

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Return a fresh secret, shown until it is confirmed, and what the app is set up with."""
        del applicant
        state: Json = {
            "digits": self.digits,
            "period": self.period,
            "algorithm": self.algorithm.value,
        }
        return EnrolmentData(state=state, secret=env.random(self.secret_bytes))

    def describe(self, enrolment: Enrolment) -> str:
        """Return nothing: one app looks like another until its owner names it."""
        del enrolment
        return ""

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return the `otpauth:` URI that an app reads from the QR code, and the secret to type."""
        own = _Parameters.of(enrolment)
        uri = oath.provisioning_uri(
            enrolment.secret,
            issuer=applicant.issuer,
            account=applicant.account,
            digits=own.digits,
            period=own.period,
            algorithm=own.algorithm,
        )
        return {"otpauth": uri, "secret": oath.base32(enrolment.secret)}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return the app's own length; as many codes are valid at once as steps are accepted."""
        return _code_format(_Parameters.of(enrolment).digits, self.behind + 1 + self.ahead)

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        """Return that an app shows codes for ever."""
        del enrolment, env
        return False

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return an empty opening: the person already holds what is asked."""
        del enrolment, env
        return Opening()

    def reads(self, answer: str) -> str | None:
        """Return the digits alone, None where they are not as many as any app shows."""
        readings = (digits_only(answer, count) for count in LENGTHS)
        return next((found for found in readings if found is not None), None)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept a code of a step later than every step accepted before (RFC 6238 section 5.2)."""
        del challenge
        now = oath.step_at(env.now.timestamp(), period=_Parameters.of(enrolment).period)
        step = self._find(enrolment, answer, range(now - self.behind, now + self.ahead + 1))
        if step is None:
            return self._wrong(enrolment, answer, now, confirming=env.confirming)
        if step <= enrolment.state.get("step", -1):
            return Rejected(reason=Reason.REPLAYED)
        return Accepted(state={**enrolment.state, "step": step})

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return `enrolment` as used up to now, and one step on: that code may be on the phone."""
        step = oath.step_at(env.now.timestamp(), period=_Parameters.of(enrolment).period) + 1
        return replace(enrolment, state={**enrolment.state, "step": step})

    def _find(self, enrolment: Enrolment, answer: str, steps: range) -> int | None:
        own = _Parameters.of(enrolment)
        return oath.matching_step(
            enrolment.secret, answer, steps, digits=own.digits, algorithm=own.algorithm
        )

    def _wrong(self, enrolment: Enrolment, answer: str, now: int, *, confirming: bool) -> Rejected:
        """Look for a hint where it helps no guesser.

        While confirming, the secret is on the same screen, so the clock's error may be named. At
        login only steps that can never be accepted again are looked at, and no minutes are said.
        """
        if confirming:
            around = range(now - self.look_around, now + self.look_around + 1)
            step = self._find(enrolment, answer, around)
            if step is not None:
                seconds = abs(step - now) * _Parameters.of(enrolment).period
                minutes = max(1, round(seconds / 60))
                return Rejected(reason=Reason.WRONG, hint=Hint.CLOCK_OFF, minutes_off=minutes)
        else:
            past = range(now - self.behind - 3, now - self.behind)
            if self._find(enrolment, answer, past) is not None:
                return Rejected(reason=Reason.WRONG, hint=Hint.PAST_CODE)
        return Rejected(reason=Reason.WRONG)
