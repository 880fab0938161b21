from typing import Any

import pytest

from vestibule.bootstrap import check_countries, check_reach_and_prices, read_settings
from vestibule.bootstrap.reach_and_prices import budget_of, reach_of
from vestibule.core.errors import ConfigurationError
from vestibule.settings import Settings


def settings(**named: Any) -> Settings:
    """Settings of a site that sends codes to phones."""
    told = {f"VESTIBULE_{name.upper()}": value for name, value in named.items()}
    return read_settings({"VESTIBULE_FACTORS": "totp,phone", **told}, {})


@pytest.mark.row("ATK-56", "C16")
def test_phones_without_countries_are_refused() -> None:
    """Production sends codes to phones only where it was said in which countries."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_COUNTRIES is not set"):
        check_countries(settings())
    check_countries(settings(countries="DE"))
    check_countries(read_settings({"VESTIBULE_FACTORS": "totp,email"}, {}))


def test_countries_are_two_letters() -> None:
    """Countries are named by their two letters, large or small, as a list or in one text."""
    assert reach_of(settings(countries="de, AT")).countries == {"DE", "AT"}
    assert reach_of(settings(countries=["CH"])).countries == {"CH"}
    assert reach_of(settings()).countries == frozenset()


@pytest.mark.parametrize(
    ("wrong", "meant"), [("UK", "GB"), ("Germany", "DE"), ("DEU", "DE"), ("GERMANZ", "DE")]
)
def test_a_country_that_is_none_is_refused(wrong: str, meant: str) -> None:
    """Who names a country that is none is told which one may be meant."""
    with pytest.raises(ConfigurationError, match=f"did you mean {meant}"):
        check_reach_and_prices(settings(countries=["AT", wrong]))


def test_the_country_that_was_named_first_is_chosen_first() -> None:
    """Where none that is wanted gets codes, the country that was named first is chosen."""
    reach = reach_of(settings(countries=["DE", "AT"]))

    assert reach.chosen("", "", "US") == "DE"
    assert reach.chosen("", "AT", "US") == "AT"
    assert reach_of(settings()).chosen("", "", "US") == "US"


def test_the_country_that_is_chosen_gets_codes() -> None:
    """A country that was set to be chosen first, and gets no codes, is refused by its setting."""
    with pytest.raises(ConfigurationError, match=r"VESTIBULE_PHONE_COUNTRY is 'CH'.*\(DE, AT\)"):
        check_reach_and_prices(settings(countries=["DE", "AT"], phone_country="CH"))
    with pytest.raises(ConfigurationError, match="VESTIBULE_PHONE_COUNTRY is 'US'"):
        check_reach_and_prices(settings(countries=["DE"], phone_country="US"))

    check_reach_and_prices(settings(countries=["DE", "AT"], phone_country="AT"))
    check_reach_and_prices(settings(phone_country="CH"))
    check_reach_and_prices(settings(countries=["DE"], phone_country="CH", factors="totp"))


@pytest.mark.row("ATK-56")
def test_a_ceiling_needs_prices() -> None:
    """Where a day's money is limited, each channel to phones must have a price."""
    with pytest.raises(ConfigurationError, match="over call, sms"):
        check_reach_and_prices(settings(spend_per_day=10))
    with pytest.raises(ConfigurationError, match=r"over call,.*'call=0\.06'"):
        check_reach_and_prices(settings(spend_per_day=10, prices="sms=0.06; call:+49=0.2"))

    budget = budget_of(settings(spend_per_day="12.5", prices="sms=0.06; call=0.0000001"))
    assert budget.per_day == 12_500_000
    assert budget.prices == {"sms": 60_000, "call": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": "sms=-1"},
        {"prices": "sms=nan"},
        {"prices": "sms=inf"},
        {"spend_per_day": 0, "prices": "sms=1; call=1"},
        {"spend_per_day": "nan", "prices": "sms=1; call=1"},
        {"spend_per_day": "inf", "prices": "sms=1; call=1"},
        {"spend_per_day": -3, "prices": "sms=1; call=1"},
    ],
)
def test_money_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    """A price below nothing, a ceiling of nothing, and what is no number are refused."""
    with pytest.raises(ConfigurationError, match=r"VESTIBULE_(PRICES|SPEND_PER_DAY)"):
        check_reach_and_prices(settings(**wrong))


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize(
    ("spend", "prices", "enough"),
    [
        ("0.5", "sms=0.5; call=0.2", "0.625"),
        ("0.5", "sms=0.1; call=0.2; sms:+43=0.41", "0.5125"),
        ("0.000001", "sms=0.000002; call=0", "0.000003"),
    ],
)
def test_a_ceiling_bears_one_message_of_a_stranger(spend: str, prices: str, enough: str) -> None:
    """A day's money of which strangers' part buys them no message of the dearest is refused, with
    what does.
    """
    with pytest.raises(ConfigurationError, match=f"VESTIBULE_SPEND_PER_DAY = {enough} or more"):
        check_reach_and_prices(settings(spend_per_day=spend, prices=prices))

    check_reach_and_prices(settings(spend_per_day=enough, prices=prices))


def test_what_nobody_sends_over_may_cost_what_it_likes() -> None:
    """A price for a channel that no route carries asks for no higher ceiling."""
    check_reach_and_prices(settings(spend_per_day=1, prices="sms=0.1; call=0.1; whatsapp=5"))


def test_mail_has_one_price() -> None:
    """A price of mail for a prefix of numbers is refused, since no mailbox has a number."""
    with pytest.raises(ConfigurationError, match=r"'email:\+49'.* goes to no number"):
        check_reach_and_prices(settings(prices={"email": 0.001, "email:+49": 0.002}))


def test_a_price_is_for_a_channel() -> None:
    """A price for what nobody sends by is refused, with the channels that there are."""
    with pytest.raises(
        ConfigurationError, match=r"VESTIBULE_PRICES .*'fax'.*call, email, sms, what"
    ):
        check_reach_and_prices(settings(prices={"sms": 1, "fax": 1}))
    with pytest.raises(ConfigurationError, match=r"did you mean sms\?"):
        check_reach_and_prices(settings(prices="smss:+49=1"))

    check_reach_and_prices(
        settings(prices={"sms": 1, "email": 0.001, "whatsapp:+49": 1, "call": 1})
    )
