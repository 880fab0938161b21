"""The authenticator app: a shared secret, the time, and the memory of the last accepted step."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from vestibule import oath
from vestibule.core.answers import digits_only
from vestibule.core.factor import Applicant, Draft, Env, Interaction, Opening, Traits
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.verdict import Accepted, Hint, Reason, Rejected, Verdict

LEAST_SECRET_BYTES: Final = 16
LEAST_BY_HASH: Final = {
    oath.Algorithm.SHA1: LEAST_SECRET_BYTES,
    oath.Algorithm.SHA256: 32,
    oath.Algorithm.SHA512: 64,
}
LEAST_DIGITS: Final = 6
MOST_DIGITS: Final = 8


@cache
def _traits(codes_valid: int, digits: int) -> Traits:
    # Asked several times in every check.
    return Traits(interaction=Interaction.CODE, codes_valid=codes_valid, digits=digits, strength=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """Its fields are its settings. All but the secret's length hold for the apps people have
    already too, which go on as they were set up: choose them before the first is added.
    """

    digits: int = 6
    """The length of a code: 6, 7 or 8 (RFC 4226 R4)."""
    period: int = 30
    """Seconds in a step: 15 to 60."""
    behind: int = 1
    """Steps a phone's clock may be behind: 0 or 1 (RFC 6238 section 5.2)."""
    ahead: int = 1
    """Steps it may be ahead: 0 or 1."""
    secret_bytes: int = 20
    """The length of a new secret: at least 16, and as long as what it hashes to (RFC 4226 R6)."""
    algorithm: oath.Algorithm = oath.Algorithm.SHA1
    """`SHA1`, `SHA256` or `SHA512`; many apps know the first only."""
    look_around: int = 60
    """Steps searched for a hint while an app is being added, never accepted."""

    def __post_init__(self) -> None:
        """Refuse settings the standards do not allow."""
        if not LEAST_DIGITS <= self.digits <= MOST_DIGITS:
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
    def name(self) -> str:
        """The factor's name."""
        return "totp"

    @property
    def traits(self) -> Traits:
        """A code, judged inline; as many codes are valid at once as steps are accepted."""
        return _traits(self.behind + 1 + self.ahead, self.digits)

    def begin(self, applicant: Applicant, env: Env) -> Draft:
        """Return a fresh secret; it is shown until it is confirmed, then never again."""
        del applicant
        return Draft(secret=env.random(self.secret_bytes))

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return an empty opening: the person already holds what is asked."""
        del enrolment, env
        return Opening()

    def reads(self, answer: str) -> str | None:
        """Return the digits alone, None where they are not exactly as many as asked."""
        return digits_only(answer, self.digits)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept a code of a step later than every step accepted before (RFC 6238 section 5.2)."""
        del challenge
        now = oath.step_at(env.now.timestamp(), period=self.period)
        step = self._find(enrolment, answer, range(now - self.behind, now + self.ahead + 1))
        if step is None:
            return self._wrong(enrolment, answer, now, confirming=env.confirming)
        if step <= enrolment.state.get("step", -1):
            return Rejected(reason=Reason.REPLAYED)
        return Accepted(state={**enrolment.state, "step": step})

    def uri(self, secret: bytes, applicant: Applicant) -> str:
        """Return the `otpauth:` URI that an app reads from the QR code."""
        return oath.provisioning_uri(
            secret,
            issuer=applicant.issuer,
            account=applicant.account,
            digits=self.digits,
            period=self.period,
            algorithm=self.algorithm,
        )

    def _find(self, enrolment: Enrolment, answer: str, steps: range) -> int | None:
        return oath.matching_step(
            enrolment.secret, answer, steps, digits=self.digits, algorithm=self.algorithm
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
                minutes = max(1, round(abs(step - now) * self.period / 60))
                return Rejected(reason=Reason.WRONG, hint=Hint.CLOCK_OFF, minutes_off=minutes)
        else:
            past = range(now - self.behind - 3, now - self.behind)
            if self._find(enrolment, answer, past) is not None:
                return Rejected(reason=Reason.WRONG, hint=Hint.PAST_CODE)
        return Rejected(reason=Reason.WRONG)
