"""What factors whose codes are sent have in common: the one code that is live in a challenge."""

from hmac import compare_digest

from vestibule.core.factor import Env
from vestibule.core.model import Challenge
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict


def judge(challenge: Challenge, answer: str, digits: int, env: Env) -> Verdict:
    """Accept the code that was sent last in `challenge`, of so many digits, and no other."""
    code = env.code_for(challenge, digits)
    if compare_digest(code.encode(), answer.encode()):
        return Accepted()
    return Rejected(reason=Reason.WRONG)
