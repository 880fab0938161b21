import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.core.site import LETTERS

from vestibule.bootstrap import check_factors, check_production, read_settings
from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.configure import pages_of, profile_of
from vestibule.bootstrap.keys import Keys
from vestibule.core.caps import Cap
from vestibule.core.errors import ConfigurationError, DeploymentError
from vestibule.secretbox import encode_key
from vestibule.testing import FixedRandom, Letters

KEY = FixedRandom("configure").bytes(32)
GOOD = Keys(installation="a" * 32, keys={1: KEY})
COMMAND = "vestibule init --database-url"


def check(host_files: tuple[Path, ...] = (), **settings: Any) -> None:
    """Look whether such settings may go into production."""
    config = {f"VESTIBULE_{name.upper()}": value for name, value in settings.items()}
    check_production(read_settings(config, {}), host_files)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A key file fit for production."""
    path = tmp_path / "door.keys"
    key_files.write(path, GOOD)
    return str(path)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database fit for production."""
    return f"sqlite:///{tmp_path / 'door.db'}"


def test_what_is_whole_is_not_refused(url: str, key_file: str, tmp_path: Path) -> None:
    """An explicit database and keys of its own pass, and nothing is opened or made by looking."""
    check(database_url=url, key_file=key_file, host_files=(tmp_path / "host.db",))
    check(database_url=url, keys=f"{'a' * 32};1={encode_key(KEY)}")
    check(database_url="postgresql://door@db.test/door", key_file=key_file)

    assert [file.name for file in tmp_path.iterdir()] == ["door.keys"]


@pytest.mark.row("ATK-69", "W7", "ASVS-13.4.2")
def test_no_database_is_refused(key_file: str) -> None:
    """Production needs a database that was named, and the message has the command for one."""
    with pytest.raises(DeploymentError, match="VESTIBULE_DATABASE_URL is not set") as refusal:
        check(key_file=key_file)

    assert COMMAND in str(refusal.value)


@pytest.mark.row("ATK-69", "W7")
def test_no_keys_are_refused(url: str, tmp_path: Path) -> None:
    """Production needs keys, and the message has the command that makes them."""
    with pytest.raises(DeploymentError, match="VESTIBULE_KEY_FILE is not set") as refusal:
        check(database_url=url)
    assert COMMAND in str(refusal.value)

    missing = str(tmp_path / "missing.keys")
    with pytest.raises(DeploymentError, match=r"missing\.keys does not exist") as refusal:
        check(database_url=url, key_file=missing)
    assert COMMAND in str(refusal.value)


@pytest.mark.row("ATK-69", "W7")
@pytest.mark.parametrize(
    "key", ["changeme", "A" * 43, "cGxlYXNlLXJlcGxhY2UtbWUtd2l0aC0zMi1ieXRlcyE"]
)
def test_a_placeholder_key_is_refused(url: str, tmp_path: Path, key: str) -> None:
    """A key out of an example is refused, in the setting and in the file, with what to run."""
    with pytest.raises(DeploymentError, match="vestibule init"):
        check(database_url=url, keys=f"{'a' * 32};1={key}")
    path = tmp_path / "door.keys"
    path.write_text(f"installation {'a' * 32}\nkey 1 {key}\n")
    with pytest.raises(DeploymentError, match="vestibule init"):
        check(database_url=url, key_file=str(path))


@pytest.mark.row("ATK-69", "ATK-68")
def test_development_keys_are_refused(url: str, tmp_path: Path) -> None:
    """Keys that were made in development do not open production."""
    path = tmp_path / "door.keys"
    key_files.write(path, Keys(installation="a" * 32, keys={1: KEY}, development=True))

    with pytest.raises(DeploymentError, match="made for development") as refusal:
        check(database_url=url, key_file=str(path))
    assert COMMAND in str(refusal.value)


@pytest.mark.parametrize("memory", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_a_database_in_memory_is_refused(key_file: str, memory: str) -> None:
    """A database that forgets everything is none for production."""
    with pytest.raises(DeploymentError, match="all would be lost") as refusal:
        check(database_url=memory, key_file=key_file)
    assert COMMAND in str(refusal.value)


def test_the_hosts_own_file_is_refused(key_file: str, tmp_path: Path) -> None:
    """The application's own SQLite file is refused, however either is spelled, there or not yet."""
    host = tmp_path / "app.db"
    (tmp_path / "link.db").symlink_to(host)

    def refused(ours: Path, theirs: Path) -> None:
        with pytest.raises(DeploymentError, match="application's own SQLite file") as refusal:
            check(database_url=f"sqlite:///{ours}", key_file=key_file, host_files=(theirs,))
        assert COMMAND in str(refusal.value)

    refused(host, host)
    host.touch()
    refused(tmp_path / "link.db", host)
    (tmp_path / "sub").mkdir()
    refused(tmp_path / "sub" / ".." / "app.db", host)
    check(database_url=f"sqlite:///{tmp_path / 'other.db'}", key_file=key_file, host_files=(host,))


def test_any_other_database_is_refused(key_file: str) -> None:
    """A database we cannot use is refused before anything is opened."""
    for wrong in ("mysql://localhost/door", "door.db"):
        with pytest.raises(ConfigurationError, match="VESTIBULE_DATABASE_URL"):
            check(database_url=wrong, key_file=key_file)


def test_development_is_refused_nothing() -> None:
    """In development nothing needs to be set."""
    check(development=True)


def test_an_unknown_setting_is_an_error_of_configuration() -> None:
    """A misspelled setting, or one of a factor that is not switched on, stops the start."""
    for name in ("VESTIBULE_REALMS", "VESTIBULE_LETTERS_DIGITS"):
        with pytest.raises(ConfigurationError, match=name):
            read_settings({name: "x"}, {})
    with pytest.raises(ConfigurationError, match="totpp"):
        read_settings({"VESTIBULE_FACTORS": "totpp"}, {})


@dataclass(frozen=True, kw_only=True)
class Pigeon(Letters):
    """A factor of somebody else's, whose settings have types that no default tells."""

    name: ClassVar[str] = "pigeon"

    coop: str | None = None
    lofts: tuple[str, ...] = ()
    weight: float = 0
    rested: "bool | None" = None
    greeting: str


@dataclass(frozen=True, kw_only=True)
class Colliding(Letters):
    """A factor one of whose settings would bear the name of one of ours."""

    name: ClassVar[str] = "key"

    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Nameless:
    """A dataclass that is no factor."""


def of_pigeon(**settings: Any) -> Mapping[str, Any]:
    """What the factor is told by settings in the environment, which are text."""
    names = {f"VESTIBULE_PIGEON_{name.upper()}": value for name, value in settings.items()}
    read = read_settings({"VESTIBULE_FACTORS": f"totp,{__name__}:Pigeon"}, names)
    check_factors(read)
    return read.factor_settings["pigeon"]


def test_a_foreign_factor_is_set_by_its_name() -> None:
    """The settings of a factor loaded by its path bear its name, which any shell can set."""
    told = of_pigeon(digits="8", resistant="yes", greeting=" hello ")

    assert told == {"digits": 8, "resistant": True, "greeting": "hello"}


def test_a_setting_has_the_type_its_field_is_annotated_with() -> None:
    """A setting is read as its annotation says, whatever the default: text, list, number, yes."""
    told = of_pigeon(coop="12", lofts="a, b,", weight="1.5", rested="no", greeting="1")

    assert told == {
        "coop": "12",
        "lofts": ("a", "b"),
        "weight": 1.5,
        "rested": False,
        "greeting": "1",
    }
    with pytest.raises(
        ConfigurationError, match=r"VESTIBULE_PIGEON_WEIGHT is a number .* not 'heavy'"
    ):
        of_pigeon(weight="heavy", greeting="x")


def test_a_setting_that_a_factor_needs_is_named() -> None:
    """A factor that cannot be made without a setting stops the start by that setting's name."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_PIGEON_GREETING is not set"):
        of_pigeon(digits="8")


def test_two_settings_of_one_name_are_refused() -> None:
    """A factor whose setting would bear the name of one of ours is refused."""
    with pytest.raises(ConfigurationError, match="two settings are called VESTIBULE_KEY_FILE"):
        read_settings({"VESTIBULE_FACTORS": f"totp,{__name__}:Colliding"}, {})


@pytest.mark.parametrize("specs", ["totp,totp", f"{LETTERS},totp,{LETTERS}"])
def test_two_factors_of_one_name_are_refused(specs: str) -> None:
    """Two factors of one name stop the start, however they are loaded."""
    with pytest.raises(ConfigurationError, match="two factors are called"):
        read_settings({"VESTIBULE_FACTORS": specs}, {})


def test_a_factor_without_a_name_is_refused() -> None:
    """A class that bears no name cannot be a factor, and the message says what it lacks."""
    with pytest.raises(ConfigurationError, match=r"has no name: .*`name: ClassVar\[str\]`"):
        read_settings({"VESTIBULE_FACTORS": f"totp,{__name__}:Nameless"}, {})


def test_a_factor_may_be_switched_off_for_a_while() -> None:
    """The settings of a factor of ours stay known while it is off; misspelled they are refused."""
    config = {"VESTIBULE_FACTORS": "totp", "VESTIBULE_RECOVERY_CODES_COUNT": 8}
    check_factors(read_settings(config, {}))

    with pytest.raises(ConfigurationError, match="did you mean VESTIBULE_RECOVERY_CODES_COUNT"):
        read_settings(config | {"VESTIBULE_RECOVERY_CODES_COUNTS": 8}, {})
    with pytest.raises(ConfigurationError, match="is a whole number such as 5, not 'many'"):
        read_settings(config | {"VESTIBULE_RECOVERY_CODES_COUNT": "many"}, {})


def test_the_process_environment_is_read_by_default() -> None:
    """Where no environment is handed in, the settings come from that of the process."""
    assert read_settings({"VESTIBULE_REALM": "shop"}).realm == "shop"


def test_a_profile_is_one_of_two(url: str) -> None:
    """A profile that does not exist is refused, and the two that do are named."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_PROFILE is default or strict, not 'x'"):
        profile_of(read_settings({"VESTIBULE_PROFILE": "x"}, {}))
    assert profile_of(read_settings({}, {})).name == "default"


@pytest.mark.parametrize("minutes", [0, 61, -5])
def test_freshness_is_within_the_hour(minutes: int) -> None:
    """How fresh a proof must be is one minute to an hour."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_FRESH_MINUTES"):
        profile_of(read_settings({"VESTIBULE_FRESH_MINUTES": minutes}, {}))
    named = profile_of(read_settings({"VESTIBULE_FRESH_MINUTES": "15"}, {}))
    assert named.fresh_for == timedelta(minutes=15)


@pytest.mark.row("ATK-19", "ATK-56")
def test_the_sends_of_a_day_have_a_ceiling() -> None:
    """What is set is the most that any day sees, and is one code or more."""
    named = profile_of(read_settings({"VESTIBULE_SENDS_PER_DAY": "100"}, {}))
    assert named.caps.all == Cap(most=100, window=timedelta(days=1), is_ceiling=True)
    with pytest.raises(ConfigurationError, match="VESTIBULE_SENDS_PER_DAY is 1 or more"):
        profile_of(read_settings({"VESTIBULE_SENDS_PER_DAY": 0}, {}))


def pages(url: str, *, development: bool = False, **more: Any) -> str | None:
    """The address of our pages on a site of that address."""
    config = {"VESTIBULE_SITE_URL": url, "VESTIBULE_DEVELOPMENT": development} | more
    return pages_of(read_settings(config, {}))


def test_our_pages_are_below_the_site() -> None:
    """Links lead to the site's address and the prefix, and nowhere where no address is set."""
    assert pages("https://example.org/app") == "https://example.org/app/two-step"
    assert pages("https://example.org", VESTIBULE_URL_PREFIX="/2") == "https://example.org/2"
    assert pages_of(read_settings({}, {})) is None


def test_links_in_mails_lead_to_https() -> None:
    """In production an address over plain http is refused, except on this very machine."""
    with pytest.raises(ConfigurationError, match=r"VESTIBULE_SITE_URL.*plain http"):
        pages("http://example.org")
    with pytest.raises(ConfigurationError, match="VESTIBULE_SITE_URL"):
        check_factors(read_settings({"VESTIBULE_SITE_URL": "http://example.org"}, {}))

    assert pages("http://localhost:5000") == "http://localhost:5000/two-step"
    assert pages("http://192.168.0.7:5000", development=True) is not None


def read_in(folder: Path, **environment: str) -> str:
    """The realm that a process reads whose working folder this is."""
    said = "from vestibule.bootstrap import read_settings; print(read_settings({}).realm)"
    process = subprocess.run(
        [sys.executable, "-c", said],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.strip()


def test_settings_may_stand_in_a_file_of_the_working_folder(tmp_path: Path) -> None:
    """A file called .env is read by every server and command; the environment goes before it."""
    (tmp_path / ".env").write_text("VESTIBULE_REALM=of-the-file\n")

    assert read_in(tmp_path) == "of-the-file"
    assert read_in(tmp_path, VESTIBULE_REALM="of-the-shell") == "of-the-shell"
    assert read_in(tmp_path, FLASK_SKIP_DOTENV="1") == "default"


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ({"sms": ["nobody"]}, "VESTIBULE_ROUTES names 'nobody'"),
        ({"sms": []}, "names nobody for 'sms'"),
        ({"email:+49": ["smtp"]}, "'email:+49', and what goes over email goes to no number"),
        ({"email": ["crondock"]}, "it carries sms alone"),
        ({"sms": ["crondock"]}, "VESTIBULE_CRONDOCK_API_KEY (or CRONDOCK_API_KEY) is not set"),
        ({"sms": ["vestibule.testing:Inbox"]}, "is not a dataclass"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(routes: dict[str, list[str]], said: str) -> None:
    """A route names a provider of its channel that can be made, or the start says what is wrong."""
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        check_factors(read_settings({"VESTIBULE_ROUTES": routes}, {}))


@pytest.mark.parametrize("grace", ["-1", "5.1"])
def test_a_page_waits_for_a_moment_at_most(grace: str) -> None:
    """The grace is 0 to 5 seconds."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_SEND_GRACE is 0 to 5 seconds"):
        check_factors(read_settings({"VESTIBULE_SEND_GRACE": grace}, {}))


def refusal_of(routes: object, environment: Mapping[str, str] | None = None) -> str:
    """What a start with such routes is refused with."""
    with pytest.raises(ConfigurationError) as refused:
        check_factors(read_settings({"VESTIBULE_ROUTES": routes}, environment or {}))
    return str(refused.value)


@pytest.mark.parametrize("routes", [["signalwire"], 5, b"x", {"sms": None}])
def test_routes_that_are_none_stop_the_start(routes: object) -> None:
    """Routes that are written otherwise stop the start by their name, not with Python's words."""
    assert "VESTIBULE_ROUTES" in refusal_of(routes)


def test_all_that_a_carrier_lacks_is_told_at_once() -> None:
    """Every setting that a carrier lacks is named, with the other name that is taken for it."""
    given = {"SIGNALWIRE_SPACE": "example", "SIGNALWIRE_TOKEN": ""}

    assert refusal_of("sms=signalwire", given) == (
        "VESTIBULE_SIGNALWIRE_PROJECT (or SIGNALWIRE_PROJECT), "
        "VESTIBULE_SIGNALWIRE_TOKEN (or SIGNALWIRE_TOKEN), "
        "VESTIBULE_SIGNALWIRE_NUMBER (or SIGNALWIRE_NUMBER) are not set, and the provider "
        "'signalwire' cannot do without them"
    )


def test_of_what_stands_for_each_other_one_is_asked_for() -> None:
    """Where one of several settings is enough they are told together, and none that is there is."""
    said = refusal_of("sms=twilio_messaging")

    assert "VESTIBULE_TWILIO_MESSAGING_ACCOUNT_SID (or TWILIO_ACCOUNT_SID), " in said
    assert "AUTH_TOKEN (or TWILIO_AUTH_TOKEN) or else VESTIBULE_TWILIO_MESSAGING_API_KEY, " in said
    assert "VESTIBULE_TWILIO_MESSAGING_WHATSAPP_NUMBER are not set" in said
    less = refusal_of("sms=twilio_messaging", {"TWILIO_AUTH_TOKEN": "t", "TWILIO_NUMBER": "+15"})
    assert less.startswith("VESTIBULE_TWILIO_MESSAGING_ACCOUNT_SID (or TWILIO_ACCOUNT_SID) is not")


def test_a_misspelled_carrier_is_told_the_nearest() -> None:
    """Who misspells a carrier or a factor of ours is told which one may be meant."""
    assert "; did you mean twilio_messaging?" in refusal_of("sms=twillio_messaging")
    said = refusal_of("sms=qqqqqqqq")
    assert "did you mean" not in said
    assert "One of your own is named as package.module:Name" in said
    assert "One of your own is named as package.module:Name" in refusal_of("sms=json")
    with pytest.raises(ConfigurationError, match=r"did you mean totp\?"):
        read_settings({"VESTIBULE_FACTORS": "totpp"}, {})


def test_of_a_class_of_ones_own_it_is_said_what_is_missing() -> None:
    """Whether the module is missing or the name in it is told apart."""
    assert refusal_of("sms=pidgeons:Pigeons") == (
        "VESTIBULE_ROUTES names 'pidgeons:Pigeons', and the module 'pidgeons' is not importable "
        "(ModuleNotFoundError: No module named 'pidgeons')"
    )
    assert refusal_of(f"sms={__name__}:Pidgeon") == (
        f"VESTIBULE_ROUTES names '{__name__}:Pidgeon', and the module '{__name__}' has no "
        f"'Pidgeon'; did you mean {__name__}:Pigeon?"
    )


@pytest.mark.parametrize("spec", [":", ":Pigeon", ".:Pigeon", "..", "tests.:x", f"{__name__}:"])
def test_a_name_that_is_half_one_stops_the_start(spec: str) -> None:
    """What is no whole name of a class is refused by its setting, however it is cut."""
    assert refusal_of({"sms": [spec]}).startswith("VESTIBULE_ROUTES names ")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"TWILIO_ACCOUNT_SID": "geheim"}, "VESTIBULE_TWILIO_VERIFY_ACCOUNT_SID is AC and 32"),
        ({"TWILIO_VERIFY_SERVICE_ID": "AC"}, "VESTIBULE_TWILIO_VERIFY_SERVICE is VA and 32"),
        (
            {"VESTIBULE_TWILIO_VERIFY_API_KEY": f"SK{'0' * 32}"},
            "VESTIBULE_TWILIO_VERIFY_API_SECRET",
        ),
    ],
)
def test_twilio_verify_names_its_settings(given: dict[str, str], named: str) -> None:
    """A setting of Twilio Verify that cannot be right is told by its whole name."""
    right = {
        "TWILIO_ACCOUNT_SID": f"AC{'0' * 32}",
        "TWILIO_AUTH_TOKEN": "0" * 32,
        "TWILIO_VERIFY_SERVICE_ID": f"VA{'0' * 32}",
    }

    said = refusal_of("sms=twilio_verify", right | given)
    assert named in said
    assert "geheim" not in said


def test_all_that_a_template_wants_is_told_at_once() -> None:
    """Every setting for which a template has a place, and that is not set, is named."""
    template = '{"t": "{to}", "b": "{body}", "f": "{from}", "k": "{secret}"}'
    given = {"VESTIBULE_HTTP_URL": "https://c.example", "VESTIBULE_HTTP_TEMPLATE": template}

    said = refusal_of("sms=http", given)
    assert "VESTIBULE_HTTP_SENDER, VESTIBULE_HTTP_SECRET are not set" in said
