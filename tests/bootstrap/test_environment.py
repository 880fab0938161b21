"""The environment, and the file that adds to it: where it is found, and who is told of it."""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from vestibule.bootstrap import environment_of, read_settings
from vestibule.bootstrap.environment import completed
from vestibule.core.errors import ConfigurationError

APP = """\
from flask import Flask
from vestibule.flask import Vestibule

app = Flask(__name__)
app.config["SECRET_KEY"] = "for tests"
app.config["VESTIBULE_DEVELOPMENT"] = True
app.config["VESTIBULE_LOGIN_KEYS"] = ["user_id"]
Vestibule(app)
print("realm:", app.extensions["vestibule_state"].settings.realm)
"""


def plainly(file: Path) -> Mapping[str, str | None]:
    """Read a file of plain lines, as a reader of such files does."""
    lines = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {name: value if is_set else None for name, is_set, value in lines}


def said(*words: str, cwd: Path, **environment: str) -> str:
    """What Python says to these words, in that folder."""
    process = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout + process.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an application, and a file of settings beside it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / ".env").write_text("VESTIBULE_REALM=beside\n")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that is neither the application's nor above it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_file_is_found_beside_an_application_that_is_started_from_anywhere(
    site: Path, elsewhere: Path
) -> None:
    """What stands in .env beside an application counts, wherever it was started."""
    by_flask = ("-m", "flask", "--app", str(site / "app.py"), "routes")

    assert "realm: beside" in said(str(site / "app.py"), cwd=elsewhere)
    assert "realm: beside" in said(*by_flask, cwd=elsewhere)
    assert "realm: shell" in said(str(site / "app.py"), cwd=elsewhere, VESTIBULE_REALM="shell")
    assert "realm: default" in said(str(site / "app.py"), cwd=elsewhere, FLASK_SKIP_DOTENV="1")


def test_the_file_may_stand_above_a_package(site: Path, elsewhere: Path) -> None:
    """An application in a package of its own has the file where its project has it."""
    package = site / "shop"
    package.mkdir()
    (package / "__init__.py").write_text(APP)

    assert "realm: beside" in said("-c", "import shop", cwd=elsewhere, PYTHONPATH=str(site))


def test_the_file_beside_the_application_is_the_one_that_counts(
    site: Path, elsewhere: Path
) -> None:
    """Where there are two files, the application's own is read and the working folder's is not."""
    (elsewhere / ".env").write_text("VESTIBULE_REALM=elsewhere\nVESTIBULE_ISSUER=elsewhere\n")
    told = "print(app.extensions['vestibule_state'].settings.issuer)"

    heard = said("-c", f"from app import app; {told}", cwd=elsewhere, PYTHONPATH=str(site))

    assert heard.splitlines() == ["realm: beside", "None"]


def test_without_a_file_beside_the_application_the_working_folders_counts(
    site: Path, elsewhere: Path
) -> None:
    """An application that is installed far away has the file where it is started."""
    (site / ".env").unlink()
    (elsewhere / ".env").write_text("VESTIBULE_REALM=elsewhere\n")

    assert "realm: elsewhere" in said(str(site / "app.py"), cwd=elsewhere)


def test_a_folder_of_that_name_is_no_file(site: Path) -> None:
    """A folder called .env, such as a virtual environment, is passed over."""
    package = site / "shop"
    (package / ".env").mkdir(parents=True)

    assert completed({}, package, plainly)["VESTIBULE_REALM"] == "beside"


def test_a_name_without_a_value_sets_nothing(site: Path) -> None:
    """A line with a name alone leaves the setting unset."""
    (site / ".env").write_text("VESTIBULE_REALM\n")

    assert "VESTIBULE_REALM" not in completed({}, site, plainly)


def test_a_file_that_cannot_be_read_is_said_to_be_one(site: Path) -> None:
    """A file that is no text is an error that names it, before anything else is done."""
    (site / ".env").write_bytes(b"VESTIBULE_REALM=\xff\n")

    for reader in (plainly, None):
        with pytest.raises(ConfigurationError, match=r"\.env cannot be read \(Unicode"):
            completed({}, site, reader)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("SMTP_HOST=mail.shop.example", "SMTP_HOST is"),
        ("export VESTIBULE_REALM = shop", "VESTIBULE_REALM is"),
        ("SMTP_HOST=a\nSMTP_SENDER=b", "SMTP_HOST, SMTP_SENDER are"),
    ],
)
def test_a_file_that_nobody_reads_is_named(
    site: Path, caplog: pytest.LogCaptureFixture, line: str, name: str
) -> None:
    """Without python-dotenv the log names the file, what stands in it unread, and what to do."""
    (site / ".env").write_text(f"# ours\n{line}\n")

    with caplog.at_level(logging.WARNING, "vestibule.start"):
        assert completed({}, site, None) == {}

    assert f"{site / '.env'} is not read" in caplog.text
    assert f"{name} not set: pip install python-dotenv" in caplog.text


def test_a_file_that_is_read_otherwise_or_holds_nothing_of_ours_is_passed_over(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is warned of a file whose settings are in the environment, or somebody else's."""
    with caplog.at_level(logging.WARNING, "vestibule.start"):
        completed({"VESTIBULE_REALM": "beside"}, site, None)
        (site / ".env").write_text("POSTGRES_PASSWORD=x\n")
        completed({}, site, None)

    assert not caplog.records


def test_an_application_without_the_reader_says_so_as_it_starts(
    site: Path, elsewhere: Path
) -> None:
    """Started by a Python that has no python-dotenv, an application writes that into its log."""
    gone = elsewhere / "gone"
    gone.mkdir()
    (gone / "dotenv.py").write_text("raise ModuleNotFoundError('no module named dotenv')\n")

    heard = said(str(site / "app.py"), cwd=elsewhere, PYTHONPATH=str(gone))

    assert heard.count("VESTIBULE_REALM is not set: pip install python-dotenv") == 1
    assert "realm: default" in heard


def test_where_no_application_is_known_the_working_folder_is(site: Path, elsewhere: Path) -> None:
    """A command without an application reads the file of the folder it is typed in."""
    told = "from vestibule.bootstrap import read_settings; print(read_settings({}).realm)"

    assert said("-c", told, cwd=site).strip() == "beside"
    assert said("-c", told, cwd=elsewhere).strip() == "default"


def test_what_the_application_says_goes_before_the_file(site: Path) -> None:
    """A setting in the configuration counts, and the file's own only where there is none."""
    environment = environment_of(site)

    assert read_settings({}, environment).realm == "beside"
    assert read_settings({"VESTIBULE_REALM": "own"}, environment).realm == "own"
