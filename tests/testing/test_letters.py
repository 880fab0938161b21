import pytest

from vestibule.core.factor import Applicant, Env
from vestibule.core.model import Challenge, ChallengeStatus, Enrolment, EnrolmentStatus, Purpose
from vestibule.core.verdict import Accepted, Reason, Rejected
from vestibule.testing import FixedRandom, Letters
from vestibule.testing.clock import START

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
WORLD = Env(now=START, random=FixedRandom().bytes, code_for=lambda _, digits: "7".zfill(digits))


@pytest.mark.parametrize("answers", [{}, {"address": " ada@site.test "}])
def test_letters_go_where_they_are_wanted(answers: dict[str, str]) -> None:
    """The factor for tests sends to the address typed, else the account's, and shows part of it."""
    letters = Letters(digits=8)
    account = "else" if answers else "ada@site.test"
    applicant = Applicant(subject="ada", account=account, issuer="Site", answers=answers)
    draft = letters.begin(applicant, WORLD)
    enrolment = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="letters",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        state=draft.state,
        secret=draft.secret,
    )

    assert letters.describe(enrolment) == "a•••@site.test"
    assert letters.open(enrolment, WORLD).destination == "ada@site.test"
    assert letters.judge(CHALLENGE, enrolment, "00000007", WORLD) == Accepted()
    wrong = letters.judge(CHALLENGE, enrolment, "7", WORLD)
    assert wrong == Rejected(reason=Reason.WRONG)
    assert letters.reads("0000 0007") == "00000007"
    assert letters.reads("7") is None


def test_letters_can_pretend_to_be_resistant() -> None:
    """For tests of the strict profile the factor can say that it cannot be phished."""
    assert Letters(resistant=True).traits.phishing_resistant
    assert not Letters().traits.phishing_resistant


@pytest.mark.parametrize("typed", ["", "ada", "@site.test", "ada@", "a b@site.test", "a" * 300])
def test_letters_want_an_address(typed: str) -> None:
    """What is no address is refused with a sentence that says what one looks like."""
    refused = Letters().check({"address": typed})

    assert refused is not None
    assert refused.question == "address"
    assert "you@site.example" in refused.text
    assert Letters().check({"address": "ada@site.test"}) is None
