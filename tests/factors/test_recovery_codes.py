import json
from collections import Counter

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from vestibule.core.factor import Applicant, Env, Judged
from vestibule.core.model import Challenge, ChallengeStatus, Enrolment, EnrolmentStatus, Purpose
from vestibule.core.spelling import ALPHABET
from vestibule.core.verdict import Accepted, Reason, Rejected
from vestibule.factors.recovery_codes import RecoveryCodes
from vestibule.factors.recovery_codes.factor import SECRET, SELECTOR
from vestibule.system import SystemRandom
from vestibule.testing.clock import START

CHEAP = RecoveryCodes(count=4, time_cost=1, memory_kib=8)
APPLICANT = Applicant(subject="ada", account="ada@site.test", issuer="Site")
WORLD = Env(now=START, random=SystemRandom().bytes, code_for=lambda *_: "")
CHALLENGE = Challenge(
    id="c",
    passage_id="p",
    enrolment_id="e",
    realm="default",
    subject="ada",
    purpose=Purpose.LOGIN,
    status=ChallengeStatus.OPEN,
    created_at=START,
    expires_at=START,
    max_attempts=5,
)


def made(factor: RecoveryCodes = CHEAP) -> tuple[Enrolment, list[str]]:
    """A set, and its codes."""
    draft = factor.begin(APPLICANT, WORLD)
    enrolment = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="recovery_codes",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        state=draft.state,
        secret=draft.secret,
    )
    return enrolment, factor.shown(enrolment)


@pytest.mark.row("ASVS-6.5.2", "ATK-75", "NIST-10")
def test_hashes_have_the_parameters_that_are_recommended() -> None:
    """A shipped set is argon2id with 19 MiB, two passes, one lane and a 128-bit salt of its own."""
    enrolment, codes = made(RecoveryCodes(count=4))
    hashes = list(enrolment.state["codes"].values())

    for hashed in hashes:
        found = extract_parameters(hashed)
        assert found.type is Type.ID
        assert (found.memory_cost, found.time_cost, found.parallelism) == (19_456, 2, 1)
        assert (found.salt_len, found.hash_len) == (16, 32)
    assert len({hashed.split("$")[4] for hashed in hashes}) == len(codes)


@pytest.mark.row("NIST-40", "ASVS-6.5.4", "NIST-09")
def test_a_code_has_more_than_64_secret_bits() -> None:
    """Besides its public selector a code has 75 random bits, each symbol equally likely."""
    assert len(ALPHABET) == 32
    assert SECRET * 5 == 75
    symbols = Counter("".join(made()[1][0].replace("-", "") for _ in range(1000)))
    expected = 1000 * (SELECTOR + SECRET) / 32

    assert set(symbols) == set(ALPHABET)
    squares = sum((count - expected) ** 2 / expected for count in symbols.values())
    assert squares < 71.6  # 31 degrees of freedom, one in twenty thousand


@pytest.mark.row("ASVS-6.5.2", "C8", "ATK-75")
def test_the_state_holds_no_code() -> None:
    """What is kept of a set after it was shown has no secret part of any code in it."""
    enrolment, codes = made()
    kept = json.dumps(enrolment.state)

    for code in codes:
        bare = code.replace("-", "")
        assert bare[SELECTOR:] not in kept
        assert code not in kept
        assert bare[:SELECTOR] in kept


def test_codes_are_shown_in_groups_of_five() -> None:
    """A code is four groups of five symbols, none of them easily misread."""
    _, codes = made()

    assert len(set(codes)) == 4
    for code in codes:
        assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
        assert not set(code) & set("ILOU")


@pytest.mark.row("ASVS-6.5.1", "C6")
def test_a_code_is_taken_out_when_it_is_accepted() -> None:
    """Accepting a code leaves the same set without it."""
    enrolment, codes = made()
    answer = CHEAP.reads(codes[1])
    assert answer is not None

    verdict = CHEAP.judge(CHALLENGE, enrolment, answer, WORLD)

    assert isinstance(verdict, Accepted)
    assert verdict.state is not None
    assert set(verdict.state["codes"]) == set(enrolment.state["codes"]) - {answer[:SELECTOR]}
    assert verdict.state["total"] == 4
    assert CHEAP.remaining(enrolment) == 4


@pytest.mark.row("ATK-20", "ATK-77")
def test_one_answer_costs_one_hash_found_or_not() -> None:
    """Each answer is hashed once, whether its selector exists or not."""
    import time

    slow = RecoveryCodes(count=4, time_cost=3, memory_kib=8192)
    enrolment, codes = made(slow)
    bare = codes[0].replace("-", "")
    known = bare[:SELECTOR] + "0" * SECRET
    unknown = next(s * SELECTOR for s in ALPHABET if s * SELECTOR not in enrolment.state["codes"])

    def fastest(answer: str) -> float:
        took = []
        for _ in range(5):
            began = time.process_time()
            verdict = slow.judge(CHALLENGE, enrolment, answer, WORLD)
            took.append(time.process_time() - began)
            assert verdict == Rejected(reason=Reason.WRONG)
        return min(took)

    hit, miss = fastest(known), fastest(unknown + "0" * SECRET)
    assert 0.4 < hit / miss < 2.5


def test_an_empty_set_accepts_nothing() -> None:
    """A set that is used up, or that was voided, lets nobody in and raises nothing."""
    enrolment, codes = made()
    voided = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="recovery_codes",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
    )
    answer = CHEAP.reads(codes[0])
    assert answer is not None

    assert CHEAP.judge(CHALLENGE, voided, answer, WORLD) == Rejected(reason=Reason.WRONG)
    assert CHEAP.remaining(voided) == 0
    assert CHEAP.shown(voided) == []
    assert enrolment.state["total"] == 4


def test_it_only_helps_out() -> None:
    """Recovery codes make nobody enrolled, come last, cost no odds and are judged apart."""
    traits = RecoveryCodes().traits
    enrolment, _ = made()

    assert not traits.primary
    assert traits.single
    assert not traits.addable
    assert CHEAP.code_format(enrolment).digits is None
    assert traits.judged is Judged.APART


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"count": 3}, "VESTIBULE_RECOVERY_CODES_COUNT"),
        ({"count": 21}, "VESTIBULE_RECOVERY_CODES_COUNT"),
        ({"time_cost": 0}, "VESTIBULE_RECOVERY_CODES_TIME_COST"),
        ({"memory_kib": 7}, "VESTIBULE_RECOVERY_CODES_MEMORY_KIB"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(settings: dict[str, int], name: str) -> None:
    """A set too small or too large, or a cost that argon2 does not take, is refused by its name."""
    with pytest.raises(ValueError, match=name):
        RecoveryCodes(**settings)


def test_after_a_restore_a_set_is_void() -> None:
    """After a restore no code of a set is good or shown, because nobody knows which were used."""
    enrolment, _ = made()
    after = CHEAP.after_restore(enrolment, WORLD)

    assert (CHEAP.remaining(after), CHEAP.total(after), CHEAP.shown(after)) == (0, 4, [])
