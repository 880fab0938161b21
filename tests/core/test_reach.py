import pytest

from vestibule.core.reach import Barrier, Reach

EVERYWHERE = Reach()
GERMANY = Reach(countries=frozenset({"DE"}))
MOBILE = "+491701234567"

COSTLY = [
    "+19005551234",  # premium rate
    "+1 (900) 555-1234",
    "+1 900 555 1234",
    "+49900123456",
    "+449098790000",
    "+33899123456",
    "+881612345678",  # satellites
    "+870773111632",
    "+8835100123456",  # no country's
    "+882161234567",
    "+979123456789",  # premium everywhere
    "+80012345678",  # toll-free everywhere
    "+80812345678",  # shared cost everywhere
    "+447012345678",  # personal numbers, which may lead anywhere
    "+448431234567",  # shared cost
    "+448451234567",
    "+448712345678",
    "+491802123456",
    "+498001234567",  # toll-free
    "+18005551234",
    "+447640123456",  # pagers
    "+445612345678",  # over the internet
    "+49321234567",
]
ODD = [
    "",
    "+",
    "491701234567",
    "0170 1234567",
    "01701234567",
    "00491701234567",
    "+49 170 1234567",
    "+49-170-1234567",
    "tel:+491701234567",
    "+491701234567;ext=5",
    "+491701234567 ext. 5",
    "+491701234567x5",
    "+49170CALLNOW",
    "1-800-FLOWERS",
    "+４９１７０１２３４５６７",
    "+491701234567\n+19005551234",
    "+491701234567,+19005551234",
    "+49110",
    "ada@post.example",
    "+" + "4" * 60,
]


@pytest.mark.row("ATK-57", "SMS-07", "C16")
@pytest.mark.parametrize("number", COSTLY)
@pytest.mark.parametrize("channel", ["sms", "call", "whatsapp"])
def test_numbers_that_cost_somebody_get_no_code(channel: str, number: str) -> None:
    """Premium, shared-cost, toll-free, satellite, pager and personal numbers get nothing."""
    assert EVERYWHERE.barrier(channel, number) is Barrier.KIND


@pytest.mark.row("ATK-57", "C15")
@pytest.mark.parametrize("number", ODD)
def test_what_is_written_oddly_gets_no_code(number: str) -> None:
    """Only E.164 in its one spelling is sent to: nothing is guessed at the moment of sending."""
    assert EVERYWHERE.barrier("sms", number) is Barrier.KIND


@pytest.mark.parametrize("number", [MOBILE, "+4930901820", "+12015550123", "+447911123456"])
def test_ordinary_numbers_get_codes(number: str) -> None:
    """Mobile phones and landlines get codes, anywhere where no country was named."""
    assert EVERYWHERE.barrier("sms", number) is None


@pytest.mark.row("ATK-56", "C16")
@pytest.mark.parametrize("number", ["+12015550123", "+18765550123", "+436641234567"])
def test_a_number_of_another_country_gets_no_code(number: str) -> None:
    """Where countries were named, numbers of any other get nothing."""
    assert GERMANY.barrier("sms", MOBILE) is None
    assert GERMANY.barrier("sms", number) is Barrier.COUNTRY


@pytest.mark.row("ATK-56")
def test_countries_that_share_a_code_are_told_apart() -> None:
    """Who allows the United States allows neither Jamaica nor any other that is called by +1."""
    only = Reach(countries=frozenset({"US"}))

    assert only.barrier("call", "+12015550123") is None
    assert only.barrier("call", "+18765551234") is Barrier.COUNTRY


def test_the_country_that_is_chosen_is_one_that_gets_codes() -> None:
    """Of the countries that are wanted one that gets codes is chosen, else the first named."""
    named = Reach(countries=frozenset({"DE", "AT"}), first="DE")

    assert named.chosen("AT", "US") == "AT"
    assert named.chosen("", "CH", "US") == "DE"
    assert EVERYWHERE.chosen("", "CH", "US") == "CH"
    assert EVERYWHERE.chosen("", "") == ""


def test_mail_is_not_looked_at() -> None:
    """What goes to no phone goes wherever it is addressed."""
    assert GERMANY.barrier("email", "ada@post.example") is None
