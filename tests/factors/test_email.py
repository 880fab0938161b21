import pytest

from vestibule.core.factor import Applicant, Env
from vestibule.factors.email import Email
from vestibule.testing import FixedRandom
from vestibule.testing.clock import START

EMAIL = Email()
ENV = Env(now=START, random=FixedRandom().bytes, code_for=lambda _, digits: "0" * digits)


@pytest.mark.parametrize(
    "address",
    [
        "ada@site.test",
        " ada@site.test ",
        "a.d+a@mail.site.test",
        "ada@bücher.example",
        "ä@a.bc",
        "a-b@x-y.bc",
    ],
)
def test_an_address_is_taken(address: str) -> None:
    """An address with a name and a site is taken, whatever its script."""
    assert EMAIL.check({"address": address}) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@site.test",
        "ada@site",
        "ada@site..test",
        "ada@site.test, eve@site.test",
        "ada@site.test\nBcc: eve@site.test",
        "Ada <ada@site.test>",
        "ada@eve@site.test",
        "ada@site.test\x00",
        "-oQ/tmp/ada@site.test",
        "ada@site.test:25",
        "ada@site.test?bcc=eve",
        "ada@%s.site.test",
        "a" * 65 + "@site.test",
        "ada@" + "a" * 250 + ".test",
    ],
)
def test_what_is_no_one_address_is_refused(address: str) -> None:
    """No address, two of them, a header or a name about it: the question is asked again."""
    refused = EMAIL.check({"address": address})

    assert refused is not None
    assert refused.question == "address"


def test_an_address_rests_sealed() -> None:
    """The whole address is a secret; in clear stands what its owner knows it by."""
    applicant = Applicant(
        subject="ada", account="ada", issuer="Site", answers={"address": " Ada@Site.TEST "}
    )
    data = EMAIL.begin(applicant, ENV)

    assert data.secret == b"Ada@site.test"
    assert data.state == {"to": "A•••@site.test"}


def test_mail_is_the_weakest_way() -> None:
    """Every other factor of ours is offered before mail."""
    assert EMAIL.traits.strength == 10
    assert "less" in EMAIL.presentation.offer


@pytest.mark.parametrize("digits", [4, 11])
def test_a_length_that_cannot_be_is_refused(digits: int) -> None:
    """Codes of fewer than six or more than ten digits are refused at the start."""
    with pytest.raises(ValueError, match="digits"):
        Email(digits=digits)
