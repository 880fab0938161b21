"""What Twilio Verify's refusals come to."""

import pytest
from tests.providers.parcels import TO, parcel

from vestibule.core.ports import SendError
from vestibule.providers.twilio_verify import TwilioVerify
from vestibule.testing.http import FakeHttp

VERIFY = TwilioVerify(account_sid=f"AC{'1' * 32}", auth_token="geheim", service=f"VA{'1' * 32}")


def refusal(status: int, error: int | None = None) -> SendError:
    """What an answer to a new verification is to us."""
    told = {"code": error, "message": f"odd: {TO}"} if error else {}
    with pytest.raises(SendError) as refused:
        VERIFY.send(parcel("sms"), FakeHttp((status, told)))
    assert TO not in str(refused.value)
    return refused.value


@pytest.mark.row("C14")
@pytest.mark.parametrize(
    ("status", "error"), [(400, 60229), (400, 60200), (400, None), (409, 60999), (422, 60204)]
)
def test_what_a_number_is_refused_for_is_no_fault_of_the_carriers(
    status: int, error: int | None
) -> None:
    """A refusal by a status that is about the message is one for good, whatever its number."""
    found = refusal(status, error)

    assert (found.permanent, found.unsure, found.not_let_in) == (True, False, False)


@pytest.mark.parametrize(("status", "error"), [(429, 60203), (429, 60212), (403, 60410)])
def test_what_twilio_will_not_do_for_one_number_counts_for_that_alone(
    status: int, error: int
) -> None:
    """An error that is about one number is one for good, where its status would mean anybody."""
    found = refusal(status, error)

    assert (found.permanent, found.not_let_in) == (True, False)


@pytest.mark.parametrize(
    ("status", "error", "unsure"),
    [(401, 20003, False), (404, 20404, False), (429, 20429, False), (503, None, True)],
)
def test_what_would_meet_anybody_is_the_carriers_trouble(
    status: int, error: int | None, *, unsure: bool
) -> None:
    """A wrong token, a wrong service, too many requests and a breakdown may be over soon."""
    found = refusal(status, error)

    assert (found.permanent, found.unsure) == (False, unsure)


def test_a_breakdown_refuses_nothing_whatever_its_number() -> None:
    """An error that is Twilio's own leaves it unsure, though a number of a refusal stands in it."""
    found = refusal(500, 60410)

    assert (found.permanent, found.unsure) == (False, True)


def test_a_refused_cancel_is_about_that_number() -> None:
    """What Twilio will not cancel for one number keeps it out for nobody else."""
    with pytest.raises(SendError) as refused:
        VERIFY.cancel(TO, FakeHttp((400, {"code": 60229})))

    assert refused.value.permanent
