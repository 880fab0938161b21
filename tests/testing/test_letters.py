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


def test_letters_go_where_the_account_says() -> None:
    """The factor for tests sends its code to the account's address, and takes only that code."""
    letters = Letters(digits=8)
    draft = letters.begin(Applicant(subject="ada", account="ada@site.test", issuer="Site"), WORLD)
    enrolment = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="letters",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        state=draft.state,
    )

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
