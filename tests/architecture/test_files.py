"""What no file of this repository may hold."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Put together from pieces, so that this file does not hold what it forbids.
HOMES = "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "t" + "mp", "o" + "pt"))
MACHINE_PATH = re.compile(rf"(?<![\w./~-])/(?:{HOMES})/\w")
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "un" + "pkg.com",
    "js" + "delivr.net",
    "cdn" + "js.cloudflare.com",
    "cra" + "tes.io",
)
ADDRESS_OPTIONS = (
    "--index" + "-url",
    "--extra-index" + "-url",
    "--find" + "-links",
    "--trusted" + "-host",
)


def files() -> list[Path]:
    """Every file that is or could be committed, as git sees it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def places(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern occurs in the text files of the repository."""
    found = []
    for path in files():
        text = path.read_bytes().decode(errors="replace")
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line} {match[0]}")
    return found


def test_no_file_names_a_path_of_a_machine() -> None:
    """No file holds an absolute path that is true on one machine only."""
    assert places(MACHINE_PATH) == []


def test_no_file_names_a_registry() -> None:
    """No file names the host of a package registry or an option that would."""
    words = "|".join(map(re.escape, REGISTRIES + ADDRESS_OPTIONS))

    assert places(re.compile(words)) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_no_address(lock: Path) -> None:
    """A lock file holds names, versions and hashes, and no address of any kind."""
    assert (
        re.findall(r"\S*(?:://|^-[a-z]|^--(?!hash)[a-z]).*", lock.read_text(), re.MULTILINE) == []
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_its_hash(lock: Path) -> None:
    """Each requirement of a lock is an exact version and carries at least one hash."""
    pins = "\n".join(line for line in lock.read_text().splitlines() if line.strip()[:1] != "#")
    requirements = re.split(r"\n(?=\S)", pins)

    assert [
        requirement.splitlines()[0]
        for requirement in requirements
        if "==" not in requirement or "--hash=sha256:" not in requirement
    ] == []


def test_lock_input_mirrors_the_package() -> None:
    """What is locked for the installed product is what its package asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "requirements" / "runtime.in").read_text().splitlines()

    assert sorted(project["dependencies"]) == sorted(line for line in locked if line[:1].isalpha())
