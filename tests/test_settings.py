from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestibule.oath import Algorithm
from vestibule.settings import SettingError, Settings, early, load

# A busy machine is no failure.
UNHURRIED = settings(deadline=None)
FACTORS: Mapping[str, Mapping[str, type]] = {
    "totp": {"digits": int, "algorithm": Algorithm},
    "letters": {"resistant": bool},
}


def read(config: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of `config` and `environment`."""
    return load(config, environment or {}, FACTORS)


def test_nothing_said_gives_the_documented_defaults() -> None:
    """Without a word the realm, the profile and the factors are the shipped ones."""
    found = read({})

    assert found == Settings(factor_settings={})
    assert (found.realm, found.profile, found.development) == ("default", "default", False)
    assert found.factors == ("totp", "recovery_codes")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("VESTIBULE_REALMS", "VESTIBULE_REALM"),
        ("VESTIBULE_DATABASE_URI", "VESTIBULE_DATABASE_URL"),
        ("VESTIBULE_TOTP_DIGIT", "VESTIBULE_TOTP_DIGITS"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, near: str) -> None:
    """A misspelled setting stops the start and says what was probably meant."""
    with pytest.raises(SettingError, match=f"{name} is no setting.*did you mean {near}\\?"):
        read({name: "x"})


def test_a_name_like_no_other_is_refused_without_a_hint() -> None:
    """A setting that resembles none of ours is refused, and nothing is guessed."""
    with pytest.raises(SettingError, match=r"^VESTIBULE_QQQQQQQQQQQQ is no setting") as refusal:
        read({"VESTIBULE_QQQQQQQQQQQQ": 1})

    assert "did you mean" not in str(refusal.value)
    assert "known only while VESTIBULE_FACTORS names it" in str(refusal.value)


def test_names_of_others_are_left_alone() -> None:
    """Settings that do not begin with our prefix are nothing to us."""
    assert read({"SECRET_KEY": "x", "REALM": "y", "vestibule_realm": "z"}).realm == "default"


def test_unknown_names_in_the_environment_are_left_alone() -> None:
    """From the environment only known names are read, because others put names there too."""
    found = read({}, {"VESTIBULE_PORT_80_TCP": "tcp://10.0.0.1", "VESTIBULE_REALM": "shop"})

    assert found.realm == "shop"


def test_the_application_beats_the_environment() -> None:
    """What the application's configuration says holds, whatever the environment says."""
    environment = {"VESTIBULE_REALM": "theirs", "VESTIBULE_TOTP_DIGITS": "8"}
    found = read({"VESTIBULE_REALM": "ours"}, environment)

    assert found.realm == "ours"
    assert found.factor_settings == {"totp": {"digits": 8}}


@pytest.mark.parametrize(
    ("value", "means"),
    [
        *[(value, True) for value in (True, 1, "1", "true", "Yes", " ON ")],
        *[(value, False) for value in (False, 0, "0", "false", "No", "off", "")],
    ],
)
def test_yes_and_no_are_read_in_their_usual_spellings(value: object, means: bool) -> None:  # noqa: FBT001
    """A yes-or-no setting takes the spellings people use."""
    assert read({"VESTIBULE_DEVELOPMENT": value}).development is means


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VESTIBULE_DEVELOPMENT", "perhaps"),
        ("VESTIBULE_DEVELOPMENT", 2),
        ("VESTIBULE_LETTERS_RESISTANT", "ja"),
        ("VESTIBULE_FRESH_MINUTES", "soon"),
        ("VESTIBULE_TOTP_DIGITS", "six"),
        ("VESTIBULE_TOTP_DIGITS", [6]),
        ("VESTIBULE_TOTP_ALGORITHM", "MD5"),
        ("VESTIBULE_REALM", 7),
        ("VESTIBULE_REALM", ""),
        ("VESTIBULE_REALM", "r" * 65),
        ("VESTIBULE_REALM", "two words"),
        ("VESTIBULE_REALM", "a;b"),
        ("VESTIBULE_REALM", "läden"),
        ("VESTIBULE_REALM", "line\n"),
        ("VESTIBULE_DATABASE_URL", ["sqlite://"]),
        ("VESTIBULE_KEYS", b"id;1=x"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: object) -> None:
    """A value that a setting cannot have is refused by the setting's own name."""
    with pytest.raises(SettingError, match=name):
        read({name: value})


@pytest.mark.parametrize(
    "value", ["totp,letters", " totp , letters ,", ["totp", "letters"], ("totp", " letters ")]
)
def test_a_list_is_read_from_text_or_sequence(value: object) -> None:
    """A list of names may be a sequence, or one line with commas, as an environment can say it."""
    found = read({"VESTIBULE_FACTORS": value, "VESTIBULE_LOGIN_KEYS": value})

    assert found.factors == found.login_keys == ("totp", "letters")


def test_a_factors_own_settings_have_their_own_types() -> None:
    """A factor is handed the values of its settings in the types of its fields."""
    found = read(
        {"VESTIBULE_TOTP_ALGORITHM": "SHA256", "VESTIBULE_LETTERS_RESISTANT": "yes"},
        {"VESTIBULE_TOTP_DIGITS": "8"},
    )

    assert found.factor_settings == {
        "totp": {"algorithm": Algorithm.SHA256, "digits": 8},
        "letters": {"resistant": True},
    }


def test_a_setting_read_early_is_read_as_later() -> None:
    """Which factors there are is read by the same rules before the other settings can be."""
    config = {"VESTIBULE_FACTORS": "totp, letters"}

    assert early(config, {}, "factors") == read(config).factors
    assert early({}, {"VESTIBULE_FACTORS": "totp"}, "factors") == ("totp",)
    assert early({}, {}, "factors") == Settings().factors


@UNHURRIED
@given(st.dictionaries(st.text(max_size=30).map("VESTIBULE_".__add__), st.text(max_size=10)))
def test_no_name_in_the_environment_stops_a_start(environment: dict[str, str]) -> None:
    """Whatever else somebody puts into the environment, the settings can be read."""
    known = {f"VESTIBULE_{field.name.upper()}" for field in fields(Settings)}
    known |= {"VESTIBULE_TOTP_DIGITS", "VESTIBULE_TOTP_ALGORITHM", "VESTIBULE_LETTERS_RESISTANT"}

    others = {name: value for name, value in environment.items() if name not in known}

    assert read({}, others) == read({})


@pytest.mark.row("ATK-74")
def test_settings_print_no_secret() -> None:
    """Printed settings hold neither the keys nor the password of the database."""
    found = read(
        {
            "VESTIBULE_KEYS": "id;1=KEYKEYKEY",
            "VESTIBULE_DATABASE_URL": "postgresql://door:hunter2@db.test/door",
        }
    )

    assert "KEYKEYKEY" not in repr(found)
    assert "hunter2" not in repr(found)


def test_every_setting_says_what_it_is() -> None:
    """Each field of the settings stands in the source with a sentence of its own below it."""
    import ast
    from inspect import getsource

    body = ast.parse(getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    told = [
        before.target.id
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
    ]

    assert told == [field.name for field in fields(Settings)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://example.org", "https://example.org"),
        (" https://example.org/ ", "https://example.org"),
        ("https://example.org/app/", "https://example.org/app"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_the_address_of_the_site(value: str, kept: str) -> None:
    """An address is kept without the slash at its end."""
    assert read({"VESTIBULE_SITE_URL": value}).site_url == kept


@pytest.mark.row("ATK-45", "ATK-59")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "example.org",
        "//example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "https://",
        "https://example.org?x=1",
        "https://example.org#x",
        "https://ada:secret@example.org",
        "https://example.org/a b",
        "https://example.org\nhttps://elsewhere.test",
        "https://example.org:0",
        "https://example.org:99999",
        "https://exämple.org",
    ],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    """What could not stand at the front of a link in a mail is refused by the setting's name."""
    with pytest.raises(SettingError, match="VESTIBULE_SITE_URL"):
        read({"VESTIBULE_SITE_URL": value})
