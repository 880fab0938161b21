"""Recovery codes: a public selector finds the row, an argon2id hash judges the rest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from vestibule.core.factor import (
    Applicant,
    CodeFormat,
    EnrolmentData,
    Env,
    Interaction,
    Judged,
    Opening,
    Traits,
)
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.presentation import Presentation
from vestibule.core.spelling import ALPHABET, symbols_only
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict
from vestibule.factors.recovery_codes.presentation import PRESENTATION

GROUP: Final = 5
SELECTOR: Final = 5
SECRET: Final = 15
"""Fifteen symbols of five bits: 75 bits, above the 64 that NIST 4.2.1.1 asks."""
_SALT_BYTES: Final = 16
LEAST_MEMORY_KIB: Final = 8


TRAITS: Final = Traits(
    interaction=Interaction.CODE,
    judged=Judged.APART,
    primary=False,
    addable=False,
    single=True,
    shown_once=True,
    strength=10,
)
UNCOUNTED: Final = CodeFormat()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodes:
    """Its fields are its settings; the argon2id costs are OWASP's least (19 MiB, 2 passes).

    They may be modest: what is hashed has 75 random bits, and a slow hash is worth a guess only
    against secrets that people choose.
    """

    name: ClassVar[str] = "recovery_codes"
    presentation: ClassVar[Presentation] = PRESENTATION

    count: int = 10
    """Codes in a set: 4 to 20."""
    time_cost: int = 2
    """The passes of argon2id over a code."""
    memory_kib: int = 19_456
    """The memory of argon2id for a code, in KiB."""

    def __post_init__(self) -> None:
        """Refuse a set too small to help or too large to keep."""
        if not 4 <= self.count <= 20:  # noqa: PLR2004 - said in the message
            raise ValueError("VESTIBULE_RECOVERY_CODES_COUNT is 4 to 20")
        if self.time_cost < 1:
            raise ValueError("VESTIBULE_RECOVERY_CODES_TIME_COST is at least 1 (RFC 9106 3.1)")
        if self.memory_kib < LEAST_MEMORY_KIB:
            raise ValueError("VESTIBULE_RECOVERY_CODES_MEMORY_KIB is at least 8 (RFC 9106 3.1)")

    @property
    def traits(self) -> Traits:
        """Typed, judged apart (hashing is slow), never what makes an account enrolled."""
        return TRAITS

    def check(self, answers: Mapping[str, str]) -> None:
        """Return nothing: nothing is asked."""
        del answers

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Return a new set: the codes to show as the secret, their hashes as the state."""
        del applicant
        codes: dict[str, str] = {}
        while len(codes) < self.count:
            symbols = _symbols(env, SELECTOR + SECRET)
            codes[symbols[:SELECTOR]] = symbols[SELECTOR:]
        hashes = {
            selector: self._hash(secret, env.random(_SALT_BYTES))
            for selector, secret in codes.items()
        }
        shown = [_grouped(selector + secret) for selector, secret in codes.items()]
        return EnrolmentData(
            state={"codes": hashes, "total": self.count}, secret=json.dumps(shown).encode()
        )

    def describe(self, enrolment: Enrolment) -> str:
        """Return nothing: a person has one set."""
        del enrolment
        return ""

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return nothing: a set is made at once, and shown by `shown`."""
        del enrolment, applicant
        return {}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return that a guess is worth nothing."""
        del enrolment
        return UNCOUNTED

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        """Say whether every code of the set was used."""
        del env
        return self.remaining(enrolment) == 0

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return an empty opening: the person already holds what is asked."""
        del enrolment, env
        return Opening()

    def reads(self, answer: str) -> str | None:
        """Return the twenty symbols alone, None where there are not twenty."""
        return symbols_only(answer, SELECTOR + SECRET)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept a code that is still in the set, and take it out. One hash, found or not."""
        del challenge, env
        codes = enrolment.state.get("codes", {})
        selector, secret = answer[:SELECTOR], answer[SELECTOR:]
        if not self._matches(codes.get(selector), secret):
            return Rejected(reason=Reason.WRONG)
        left = {key: value for key, value in codes.items() if key != selector}
        return Accepted(state={**enrolment.state, "codes": left})

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return a void set: which codes were used since the backup was made, nobody knows."""
        del env
        return replace(enrolment, state={**enrolment.state, "codes": {}}, secret=b"")

    def remaining(self, enrolment: Enrolment) -> int:
        """Return how many codes of the set are still good."""
        return len(enrolment.state.get("codes", {}))

    def total(self, enrolment: Enrolment) -> int:
        """Return how many codes the set was made with."""
        return int(enrolment.state.get("total", 0))

    def shown(self, enrolment: Enrolment) -> list[str]:
        """Return the unused codes while the person may still see them, else an empty list."""
        if not enrolment.secret:
            return []
        left = enrolment.state.get("codes", {})
        return [code for code in json.loads(enrolment.secret) if code[:SELECTOR] in left]

    def _hash(self, secret: str, salt: bytes) -> str:
        # argon2 is imported where it is used: most requests never need it.
        from argon2.low_level import Type, hash_secret

        return hash_secret(
            secret.encode(), salt, self.time_cost, self.memory_kib, 1, 32, Type.ID
        ).decode()

    def _matches(self, stored: str | None, secret: str) -> bool:
        from argon2.exceptions import VerificationError
        from argon2.low_level import Type, verify_secret

        if stored is None:
            # A miss takes as long as a mismatch: which selectors exist is not told.
            self._hash(secret, bytes(_SALT_BYTES))
            return False
        try:
            return verify_secret(stored.encode(), secret.encode(), Type.ID)
        except VerificationError:
            return False


def _symbols(env: Env, count: int) -> str:
    # 256 is a multiple of 32: each symbol is equally likely.
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in env.random(count))


def _grouped(symbols: str) -> str:
    return "-".join(symbols[i : i + GROUP] for i in range(0, len(symbols), GROUP))
