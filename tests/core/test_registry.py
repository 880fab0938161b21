import pytest

from vestibule.core import registry
from vestibule.core.errors import ConfigurationError
from vestibule.core.profiles import DEFAULT, PROFILES, STRICT
from vestibule.core.registry import Registry
from vestibule.factors.recovery_codes import RecoveryCodes
from vestibule.factors.totp import Totp
from vestibule.testing import Letters

LETTERS = "vestibule.testing.letters:Letters"


def test_factors_stand_by_strength() -> None:
    """The registry names its factors strongest first, and those that make an account enrolled."""
    found = Registry([RecoveryCodes(), Letters(), Totp()])

    assert [factor.name for factor in found] == ["totp", "letters", "recovery_codes"]
    assert found.primary_names() == {"totp", "letters"}
    assert "totp" in found
    assert "passkey" not in found
    assert found["letters"].traits.channels == ("email",)


def test_two_factors_of_one_name_are_refused() -> None:
    """Two factors that bear one name cannot both be switched on."""
    with pytest.raises(ConfigurationError, match="two factors are called 'totp'"):
        registry.load(["totp", "totp"], DEFAULT, {})


@pytest.mark.parametrize("names", [[], ["recovery_codes"]])
def test_at_least_one_factor_is_primary(names: list[str]) -> None:
    """A site cannot start with factors that make nobody enrolled."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_FACTORS needs at least one primary"):
        registry.load(names, DEFAULT, {})


@pytest.mark.parametrize(
    "name",
    [
        "totpp",
        "nowhere:Thing",
        "vestibule.testing.letters:Nothing",
        "vestibule.oath:hotp",
        "os:path",
    ],
)
def test_a_name_that_is_no_factor_is_named(name: str) -> None:
    """A factor that does not exist, or is none, stops the start by its name."""
    with pytest.raises(ConfigurationError, match=name):
        registry.load([name], DEFAULT, {})


def test_a_factor_of_somebody_elses_is_loaded_by_its_path() -> None:
    """A dataclass anywhere in the path is a factor when the settings name it."""
    found = registry.load(["totp", LETTERS], DEFAULT, {"letters": {"digits": 8}})

    assert found["letters"] == Letters(digits=8)


def test_a_setting_the_factor_refuses_is_named() -> None:
    """A value outside what the standards allow stops the start by the setting's name."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_TOTP_DIGITS"):
        registry.load(["totp"], DEFAULT, {"totp": {"digits": 5}})


@pytest.mark.row("NIST-03", "ASVS-6.3.6")
def test_strict_needs_a_phishing_resistant_factor_and_says_so() -> None:
    """Strict does not start without a phishing-resistant factor, and names both remedies."""
    with pytest.raises(ConfigurationError) as refusal:
        registry.load(["totp", "recovery_codes", LETTERS], STRICT, {})

    assert "'strict' needs a phishing-resistant factor" in str(refusal.value)
    assert "letters, recovery_codes, totp" in str(refusal.value)
    assert "VESTIBULE_FACTORS" in str(refusal.value)
    assert "VESTIBULE_PROFILE = 'default'" in str(refusal.value)


@pytest.mark.row("NIST-03")
def test_strict_starts_with_one() -> None:
    """The strict profile starts as soon as one factor cannot be phished."""
    found = registry.load(["totp", LETTERS], STRICT, {"letters": {"resistant": True}})

    assert {factor.name for factor in found.methods()} == {"totp", "letters"}


@pytest.mark.row("ASVS-6.3.6")
def test_strict_takes_no_mail() -> None:
    """The strict profile does not start with codes by mail, whatever else is on offer."""
    with pytest.raises(ConfigurationError, match="takes no email"):
        registry.load(["totp", "email", LETTERS], STRICT, {"letters": {"resistant": True}})


@pytest.mark.row("OTP-07")
def test_strict_accepts_no_step_ahead() -> None:
    """The strict profile accepts two steps, now and the one before; a setting may say otherwise."""
    strict = registry.load(["totp", LETTERS], STRICT, {"letters": {"resistant": True}})
    named = registry.load(
        ["totp", LETTERS], STRICT, {"letters": {"resistant": True}, "totp": {"ahead": 1}}
    )

    assert strict["totp"] == Totp(ahead=0)
    assert named["totp"] == Totp(ahead=1)


def test_the_profiles_are_two() -> None:
    """There are two profiles, each under its own name."""
    assert {name: profile.name for name, profile in PROFILES.items()} == {
        "default": "default",
        "strict": "strict",
    }
    assert STRICT.remembered_life is None
    assert STRICT.grant_life < DEFAULT.grant_life
