"""Ask the package index for a wheel of every pin, on every Python and platform we promise.

pip answers from metadata alone, so nothing is downloaded and nothing is installed. A wheel counts
only if its hash stands in the lock: one uploaded after the lock was made would be refused.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# The oldest systems still served: glibc 2.28 (Debian 10, RHEL 8) and macOS 13.
PLATFORMS = {
    ("linux", "x86_64"): ["manylinux_2_28_x86_64", "manylinux2014_x86_64"],
    ("linux", "aarch64"): ["manylinux_2_28_aarch64", "manylinux2014_aarch64"],
    ("darwin", "arm64"): ["macosx_13_0_arm64"],
    ("darwin", "x86_64"): ["macosx_13_0_x86_64"],
}
# Each lock, and the Pythons it is for.
LOCKS = {
    "dev.txt": PYTHONS,
    "docs.txt": PYTHONS,
    "run.txt": PYTHONS,
    "runtime.txt": PYTHONS,
    "lowest.txt": ("3.11",),
}


def pins(lock: Path, python: str, platform: tuple[str, str]) -> list[str]:
    """Every version the lock asks for there, without hashes."""
    lines = re.findall(r"^([a-z0-9][^\\\n]*==[^\\\n]*)", lock.read_text(), flags=re.MULTILINE)
    system, machine = platform
    there = {
        "implementation_name": "cpython",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": system,
    }
    wanted = [Requirement(line) for line in lines]
    return [
        f"{pin.name}{pin.specifier}"
        for pin in wanted
        if not pin.marker or pin.marker.evaluate(there)
    ]


def wheels(requirements: list[str], python: str, tags: list[str]) -> dict[str, str]:
    """Hash and address of the wheel pip would choose for each requirement."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text("\n".join(requirements))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        command += ["--only-binary", ":all:", "--ignore-installed", "--implementation", "cp"]
        command += ["--python-version", python, *(f"--platform={tag}" for tag in tags)]
        command += ["--target", folder, "--report", "-", "--requirement", str(wanted)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise LookupError(answer.stderr.strip())
    chosen = [package["download_info"] for package in json.loads(answer.stdout)["install"]]
    return {info["archive_info"]["hashes"]["sha256"]: info["url"] for info in chosen}


def refusals(lock: Path, python: str, platform: tuple[str, str]) -> Iterator[str]:
    """Why this lock could not be installed there; nothing when it can."""
    try:
        chosen = wheels(pins(lock, python, platform), python, PLATFORMS[platform])
    except LookupError as refusal:
        yield from (line for line in str(refusal).splitlines() if line.startswith("ERROR"))
        return
    text = lock.read_text()
    for digest, url in chosen.items():
        if f"sha256:{digest}" not in text:
            yield f"{url.rpartition('/')[2]} is not among the lock's hashes"


def main() -> int:
    """Print one line for each lock, Python and platform; fail if one cannot be installed."""
    failed = 0
    for name, pythons in LOCKS.items():
        for python in pythons:
            for platform in PLATFORMS:
                found = list(refusals(REQUIREMENTS / name, python, platform))
                print(f"{name:12} {python:5} {' '.join(platform):15} {'no' if found else 'ok'}")
                print("".join(f"    {line}\n" for line in found), end="", flush=True)
                failed += bool(found)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
