"""How long an application takes to start, and what it keeps in memory, with and without us."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks import databases, sites
from benchmarks.figures import Figure, at_most
from benchmarks.sites import Site

ROUNDS: Final = 9
PLAIN: Final = r"""
import pathlib, resource, re, time
began = time.perf_counter()
from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
app = Flask("host")
app.secret_key = "k" * 32
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
SQLAlchemy(app)
LoginManager(app)
{ours}
app.test_client().get("/")
seconds = time.perf_counter() - began
# What getrusage tells includes the parent's peak; Linux keeps this process's own.
status = pathlib.Path("/proc/self/status")
own = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
peak = own.group(1) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, peak)
"""
OURS: Final = """
from vestibule.flask import Vestibule
app.config.update({config!r})
Vestibule(app)
"""


def figures() -> Iterator[Figure]:
    """Start both kinds of application in fresh processes, in turns."""
    with databases.empty("SQLite") as place:
        site = sites.made(place)
        pairs = [(_started(None), _started(site)) for _ in range(ROUNDS)]
    names = (("start-up", "s"), ("peak memory", "KiB"))
    for which, (name, unit) in enumerate(names):
        floor = statistics.median(plain[which] for plain, _ in pairs)
        ours = statistics.median(guarded[which] for _, guarded in pairs)
        yield Figure(
            name,
            statistics.median(guarded[which] / plain[which] for plain, guarded in pairs),
            "without",
            at_most(1.5),
            f"{ours:.3g} {unit} against {floor:.3g} {unit}",
        )


def _started(site: Site | None) -> tuple[float, float]:
    ours = "" if site is None else OURS.format(config=dict(site.config))
    script = PLAIN.format(ours=ours)
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)
