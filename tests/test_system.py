import subprocess
import sys

import pytest

from vestibule.system import SystemRandom, process_id

# Two processes that begin from one snapshot, as the workers of a server do.
FORKED = """
import os, sys
from vestibule.system import SystemRandom, process_id

random = SystemRandom()
random.bytes(16)
child = os.fork()
if child:
    os.waitpid(child, 0)
print(process_id(), random.bytes(16).hex())
"""


@pytest.mark.row("ATK-21", "C7", "ASVS-6.5.3")
def test_the_production_generator_never_repeats() -> None:
    """The production generator draws as many bytes as asked, and never the same twice."""
    draw = SystemRandom().bytes

    assert len({draw(16) for _ in range(10_000)}) == 10_000
    assert [len(draw(count)) for count in (0, 1, 32)] == [0, 1, 32]


@pytest.mark.row("ATK-21", "ASVS-6.5.3")
def test_forked_processes_share_no_randomness() -> None:
    """Two processes forked from one draw different bytes and know that they are two."""
    told = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True, timeout=60
    )
    numbers, draws = zip(*(line.split() for line in told.stdout.splitlines()), strict=True)

    assert len(set(numbers)) == len(set(draws)) == 2
    assert str(process_id()) not in numbers
