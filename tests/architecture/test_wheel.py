"""What a user installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


def test_the_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    """The wheel holds every file of the package: modules, templates, static files, migrations."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=ROOT, check=True, capture_output=True)
    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    files = [path for path in (SOURCE / "vestibule").rglob("*") if path.is_file()]
    package = {str(path.relative_to(SOURCE)) for path in files if path.suffix != ".pyc"}

    assert {name for name in wheel.namelist() if name.startswith("vestibule/")} == package
