"""`vestibule send-test`, as an operator types it, with carriers that stand in for the real ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.core.site import Site

from vestibule.bootstrap.assemble import DEVELOPMENT_KEYS
from vestibule.cli import group
from vestibule.testing.carriers import Carriers

NUMBER = "+491701234567"
LANDLINE = "+493012345678"
ROUTES = "sms=vonage,twilio_messaging; call=twilio_messaging; email=smtp; whatsapp=twilio_verify"
NAMES = ("vonage", "twilio_messaging", "smtp", "twilio_verify")


@pytest.fixture
def carriers() -> Iterator[Carriers]:
    """The carriers."""
    with Carriers(pause=0.01) as made:
        yield made


@pytest.fixture
def command(small_site: Site, carriers: Carriers) -> "Command":
    """The command, on a site that sends by them."""
    return Command(small_site, carriers)


class Command:
    """`vestibule send-test`, typed with everything in the environment."""

    def __init__(self, site: Site, carriers: Carriers) -> None:
        self.site = site
        self.settings = {
            "VESTIBULE_DEVELOPMENT": "1",
            "VESTIBULE_DATABASE_URL": site.url,
            "VESTIBULE_KEY_FILE": str(site.folder / DEVELOPMENT_KEYS),
            "VESTIBULE_ISSUER": "Shop",
            "VESTIBULE_ROUTES": ROUTES,
            "FLASK_SKIP_DOTENV": "1",
        }
        for name in NAMES:
            told = carriers.settings(name)
            self.settings |= {setting: str(value) for setting, value in told.items()}

    def __call__(self, *arguments: str, **settings: str) -> Result:
        """Type it; nobody waits for receipts that nobody asked for."""
        runner = CliRunner(env=self.settings | settings)
        return runner.invoke(group, ["send-test", *arguments], prog_name="vestibule")

    def facts(self) -> list[dict[str, Any]]:
        """What the audit trail says of tests."""
        return [row["data"] for row in self.site.rows("event") if row["name"] == "test_sent"]


@pytest.mark.row("SMS-10", "W19")
def test_each_try_is_told(command: Command, carriers: Carriers) -> None:
    """A test goes along its route; each try is told, and no number or credential is."""
    carriers.fault("vonage", status=503)

    result = command(NUMBER)

    assert result.exit_code == 0, result.output
    first, second, third, last = result.output.splitlines()
    assert first == "A test to +49 ••• 67 (sms)"
    assert second.split()[:2] == ["vonage", "unsure"]
    assert second.endswith("refused with status 503")
    assert third.split()[:2] == ["twilio_messaging", "accepted"]
    assert carriers.messages[0].carrier == "twilio_messaging"
    assert third.endswith(str(command.site.rows("delivery_try")[-1]["carrier_id"]))
    assert last == "Sent. No receipt is told."
    assert NUMBER not in result.output
    assert not any(
        value in result.output for value in map(str, command.settings.values()) if len(value) > 20
    )


def test_a_test_says_that_it_is_one(command: Command, carriers: Carriers) -> None:
    """What arrives says that it is a test, by whom, and holds no code."""
    command(NUMBER)
    command("grace@shop.example")

    text, mail = carriers.latest(to=NUMBER), carriers.latest(to="grace@shop.example")
    assert text is not None
    assert mail is not None
    assert text.text == "This is a test by Shop. There is no code in it."
    assert "This is a test by Shop." in mail.text
    assert mail.subject == "Shop: a test"


def test_one_provider_is_asked_alone(command: Command, carriers: Carriers) -> None:
    """The provider that is named is asked and no other, though another one goes before it."""
    result = command(NUMBER, "--provider", "twilio_messaging", "--json")

    told = json.loads(result.output)
    assert [one["provider"] for one in told["tries"]] == ["twilio_messaging"]
    assert told["taken"] is True
    assert NUMBER not in result.output
    carriers.fault("twilio_messaging", status=401)
    result = command(NUMBER, "--provider", "twilio_messaging")
    assert result.exit_code == 1
    assert carriers.tally("carrier") == {("twilio_messaging",): 1}


def test_what_nobody_takes_ends_with_one(command: Command, carriers: Carriers) -> None:
    """Where nobody takes a test the command says why, ends with 1, and it is not tried again."""
    carriers.fault("smtp", status=550)

    result = command("grace@shop.example")

    assert result.exit_code == 1
    assert "Not sent: smtp: " in result.output
    assert [row["status"] for row in command.site.rows("message")] == ["failed"]


@pytest.mark.parametrize(
    ("to", "provider", "settings"),
    [
        ("grace@shop.example", "smtp", {"VESTIBULE_SMTP_PORT": "1"}),
        (NUMBER, "vonage", {"VESTIBULE_VONAGE_URL": "http://127.0.0.1:1/sms/json"}),
    ],
)
def test_who_is_not_there_is_said_in_words(
    command: Command, to: str, provider: str, settings: dict[str, str]
) -> None:
    """Where nobody listens the command says so, and where, and so does the row of the try."""
    result = command(to, "--provider", provider, **settings)

    assert f"Not sent: {provider}: nobody listens at 127.0.0.1:1\n" in result.output
    (tried,) = command.site.rows("delivery_try")
    assert (tried["outcome"], tried["reason"]) == ("failed", "nobody listens at 127.0.0.1:1")


def test_a_landline_is_not_called(command: Command, carriers: Carriers) -> None:
    """A test that a landline cannot receive says so, and becomes no call."""
    carriers.fault("vonage", status=503)
    carriers.fault("twilio_messaging", landlines=["+4930"])

    result = command(LANDLINE)

    assert result.exit_code == 1
    assert "cannot_receive" in result.output
    assert not carriers.messages


@pytest.mark.row("SMS-08", "ATK-60")
def test_no_call_without_the_address_of_the_site(command: Command, carriers: Carriers) -> None:
    """A call that cannot ask for a key is not made, and the command says so."""
    result = command(NUMBER, "--channel", "call")

    assert result.exit_code == 1
    assert "set VESTIBULE_SITE_URL to one that it reaches" in result.output
    assert not carriers.messages


def test_a_receipt_that_does_not_come_is_said(command: Command) -> None:
    """Where a receipt was asked for and none came, the command says what that may mean."""
    by_twilio = (NUMBER, "--provider", "twilio_messaging", "--wait", "0")
    result = command(*by_twilio, VESTIBULE_SITE_URL="https://shop.example")

    assert result.exit_code == 0
    assert "No receipt has come yet" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([NUMBER, "--provider", "pigeons"], "no route has a provider 'pigeons', but these: smtp, "),
        ([NUMBER, "--provider", "vonage", "--channel", "call"], "vonage carries no call, but sms"),
        ([NUMBER, "--channel", "email"], "A number gets a text message or a call"),
        (["0170 1234567"], "Begin a number with +"),
        (["+49900123456"], "no network has a number like that"),
        (["+498001234567"], "No code is sent to that number: it is toll-free."),
        (["+447012345678"], "it is a personal number, which may lead anywhere"),
        (["+881612345678"], "it is of no country"),
        (["grace@"], "That is no mail address"),
    ],
)
def test_a_slip_sends_nothing(
    command: Command, carriers: Carriers, arguments: list[str], complaint: str
) -> None:
    """What cannot be sent so is refused with what would be right, and nothing is written down."""
    result = command(*arguments)

    assert result.exit_code != 0
    assert complaint in result.output
    assert not carriers.messages
    assert not command.site.rows("message")


def test_a_carrier_that_makes_codes_takes_no_test(command: Command, carriers: Carriers) -> None:
    """Who carries codes alone is not asked for a verification that nobody would answer."""
    result = command(NUMBER, "--channel", "whatsapp")

    assert result.exit_code == 1
    assert "carries codes alone" in result.output
    assert not carriers.messages


def test_a_country_that_gets_no_codes_is_told(command: Command, carriers: Carriers) -> None:
    """A test goes to a country that is not named, and it is said that no code would."""
    here = command(NUMBER, VESTIBULE_FACTORS="totp,phone", VESTIBULE_COUNTRIES="DE")
    there = command(NUMBER, "--json", VESTIBULE_FACTORS="totp,phone", VESTIBULE_COUNTRIES="AT,CH")

    assert "VESTIBULE_COUNTRIES" not in here.output
    assert "no code would: the number is of DE, and VESTIBULE_COUNTRIES names AT, CH." in (
        there.stderr
    )
    assert json.loads(there.stdout)["taken"] is True
    assert len(carriers.messages) == 2


@pytest.mark.row("CS-16")
def test_the_trail_has_it(command: Command, carriers: Carriers) -> None:
    """Every test is an event: over which channel, by whom, and not to which number."""
    command(NUMBER)
    carriers.fault("smtp", status=550)
    command("grace@shop.example")

    assert command.facts() == [
        {"channel": "sms", "provider": "vonage", "taken": True},
        {"channel": "email", "taken": False},
    ]


def test_without_routes_there_is_nobody_to_try(small_site: Site, tmp_path: Path) -> None:
    """A site that has neither routes nor a sender says which setting names who carries."""
    settings = {
        "VESTIBULE_DEVELOPMENT": "1",
        "VESTIBULE_DATABASE_URL": small_site.url,
        "VESTIBULE_KEY_FILE": str(small_site.folder / DEVELOPMENT_KEYS),
        "FLASK_SKIP_DOTENV": "1",
    }
    result = CliRunner(env=settings).invoke(group, ["send-test", NUMBER])

    assert result.exit_code == 1
    assert "name who does in VESTIBULE_ROUTES" in result.output
