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


@pytest.mark.row("ATK-71")
def test_what_a_provider_is_told_is_not_quoted() -> None:
    """A provider's setting may be a credential: where it does not fit it is named alone."""
    with pytest.raises(SettingError, match="VESTIBULE_ACME_PORT") as refused:
        load({"VESTIBULE_ACME_PORT": "hunter2"}, {}, {}, {"acme": {"port": int}})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "routes",
    [
        {"sms": ["one", "two"], "sms:+49": ["two"]},
        {"sms": "one,two", "sms:+49": ("two",)},
        "sms=one,two; sms:+49=two",
        " sms = one , two ;sms:+49= two ; ",
    ],
)
def test_routes_are_a_mapping_or_text(routes: object) -> None:
    """Routes can be written in Python and in one line of the environment."""
    told = load({"VESTIBULE_ROUTES": routes}, {}, {}).routes

    assert dict(told) == {"sms": ("one", "two"), "sms:+49": ("two",)}


@pytest.mark.parametrize("routes", [{"SMS": ["one"]}, {"sms:49": ["one"]}, "sms", "sms:+0=one"])
def test_a_route_is_for_a_channel(routes: object) -> None:
    """What names no channel is refused, with what one looks like."""
    with pytest.raises(SettingError, match="sms"):
        load({"VESTIBULE_ROUTES": routes}, {}, {})


def test_a_setting_may_have_a_carriers_own_name() -> None:
    """What the carrier's documents call a setting is read where ours is not set."""
    also = {"VESTIBULE_ACME_TOKEN": "ACME_TOKEN"}
    fields = {"acme": {"token": str}}

    told = load({}, {"ACME_TOKEN": "theirs"}, {}, fields, also)
    both = load({"VESTIBULE_ACME_TOKEN": "ours"}, {"ACME_TOKEN": "theirs"}, {}, fields, also)
    assert told.provider_settings == {"acme": {"token": "theirs"}}
    assert both.provider_settings == {"acme": {"token": "ours"}}
    assert "ours" not in repr(both)


@pytest.mark.parametrize(
    "value",
    [["signalwire"], 5, b"x", True, {"sms": None}, {"sms": 5}, {"sms": [None]}, {"sms": {}}],
)
def test_routes_that_are_none_are_named(value: object) -> None:
    """Routes that are neither a mapping nor text are refused by name, with how to write them."""
    with pytest.raises(SettingError, match=r"VESTIBULE_ROUTES .*\['signalwire', 'vonage'\]"):
        read({"VESTIBULE_ROUTES": value})
    with pytest.raises(SettingError, match="VESTIBULE_ROUTES"):
        early({"VESTIBULE_ROUTES": value}, {}, "routes")


@pytest.mark.parametrize("value", [[1], 5, "sms", {"sms": None}, {"sms": "0,06"}, "sms=0,06"])
def test_prices_that_are_none_are_named(value: object) -> None:
    """Prices that are written otherwise are refused by their name, with one that is right."""
    with pytest.raises(SettingError, match=r"VESTIBULE_PRICES .*0\.06"):
        read({"VESTIBULE_PRICES": value})


@pytest.mark.parametrize("value", [5, True, b"x", [49], ["x", None], {"x": 1}, [b"x"]])
@pytest.mark.parametrize("name", ["COUNTRIES", "FACTORS", "LANGUAGES", "LOGIN_KEYS", "REQUIRED"])
def test_a_list_that_is_none_is_named(name: str, value: object) -> None:
    """A list that is neither one of texts nor text is refused by its name, with how to write it."""
    with pytest.raises(SettingError, match=rf"VESTIBULE_{name} is a list of texts such as \['\w"):
        read({f"VESTIBULE_{name}": value})


def test_a_channel_is_named_once() -> None:
    """A channel that text names twice is refused: one of the two would count for nothing."""
    for name, value in (("ROUTES", "sms=one; sms = two"), ("PRICES", "sms:+49=1; sms:+49=2")):
        with pytest.raises(SettingError, match=rf"VESTIBULE_{name} names 'sms(:\+49)?' twice"):
            read({f"VESTIBULE_{name}": value})


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost/0",
        "rediss://:geheim@broker.example/0",
        "redis+socket:///run/redis.sock",
        "amqp://user:geheim@broker.example//",
        "amqps://broker.example",
        " redis://localhost/0 ",
    ],
)
def test_a_broker_is_redis_or_rabbitmq(url: str) -> None:
    """The address of a broker that Celery's workers may be told by is taken."""
    assert read({"VESTIBULE_BROKER_URL": url}).broker_url == url.strip()


@pytest.mark.row("ATK-71")
@pytest.mark.parametrize(
    "url",
    ["localhost", "", ":geheim@localhost", "user:geheim@localhost", "http://geheim@x", "://geheim"],
)
def test_a_broker_of_another_kind_is_refused(url: str) -> None:
    """What does not say which broker it is would be taken for RabbitMQ: it is refused, unquoted."""
    with pytest.raises(SettingError, match=r"VESTIBULE_BROKER_URL .*redis://") as refused:
        read({"VESTIBULE_BROKER_URL": url})

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SEND_GRACE", "fast", "is a number such as 0.5 (with a point), not 'fast'"),
        ("SPEND_PER_DAY", "12,50", "is a number such as 0.5 (with a point), not '12,50'"),
        ("FRESH_MINUTES", "soon", "is a whole number such as 5, not 'soon'"),
        ("FRESH_MINUTES", float("inf"), "is a whole number such as 5, not inf"),
        ("DEVELOPMENT", "ja", "is yes or no, not 'ja'"),
        ("TOTP_ALGORITHM", "MD5", "is one of SHA1, SHA256, SHA512, not 'MD5'"),
        ("DATABASE_URL", ["sqlite://"], "is text, not a value of type list"),
    ],
)
def test_a_refusal_says_what_a_setting_takes(name: str, value: object, said: str) -> None:
    """Who writes a value that does not fit is told what would, and what stands there now."""
    with pytest.raises(SettingError) as refused:
        read({f"VESTIBULE_{name}": value})

    assert str(refused.value) == f"VESTIBULE_{name} {said}"


@pytest.mark.row("ATK-71")
@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Algorithm, "geheim", "it is one of SHA1, SHA256, SHA512"),
        (int, "geheim", "it is a whole number"),
        (float | None, "geheim", "it is a number"),
        (bool, "geheim", "it is yes or no"),
        (tuple[int, ...], 200, "it is a list of whole numbers"),
        (tuple[int, ...], "200,geheim", "it is a list of whole numbers"),
        (tuple[str, ...], 5, "it is a list of texts"),
        (str, ["geheim"], "it is text"),
        (str, b"geheim", "it is text"),
    ],
)
def test_a_providers_setting_says_what_it_takes(kind: Any, value: object, said: str) -> None:
    """Of a provider's setting it is told what it takes, and never what stands there."""
    with pytest.raises(SettingError, match=f"VESTIBULE_ACME_X has .*: {said}") as refused:
        load({"VESTIBULE_ACME_X": value}, {}, {}, {"acme": {"x": kind}})

    assert "geheim" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.row("ATK-74")
@pytest.mark.parametrize("name", ["DATABASE_URL", "KEYS", "BROKER_URL", "ROUTES", "LOGIN_KEYS"])
def test_what_holds_others_is_not_quoted(name: str) -> None:
    """Of bytes, and of what a list holds, no error quotes anything: a password may stand there."""
    for value in (b"geheim", {"sms": {"signalwire": "geheim"}}, [["geheim"]]):
        with pytest.raises(SettingError, match=f"VESTIBULE_{name}") as refused:
            read({f"VESTIBULE_{name}": value})

        assert "geheim" not in str(refused.value)
