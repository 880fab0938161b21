"""What docs/delivery.md says in numbers and in words is what the code does."""

import re
from datetime import timedelta

import pytest
from tests.docs.blocks import DOCS

from vestibule.core.engine.progress import Progress
from vestibule.delivery import breaker, courier, dispatch, http, insisting, outbox, retry, thread
from vestibule.delivery.outbox import TryOutcome
from vestibule.delivery.provider import Fate
from vestibule.delivery.refusal import NOT_THE_MESSAGE
from vestibule.store import tables

PAGE = (DOCS / "delivery.md").read_text("utf-8")
NUMBER = re.compile(r"^\| `([A-Z_]+)` \| (\d+)( seconds| minutes)? \|", re.MULTILINE)
COLUMNS = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)
SAID = {match[1]: match[2] + (match[3] or "") for match in NUMBER.finditer(PAGE)}


def written(value: object) -> str:
    """A number of the code's as the page writes it."""
    if not isinstance(value, timedelta):
        return f"{value} seconds" if isinstance(value, float) else str(value)
    seconds = round(value.total_seconds())
    return f"{seconds // 60} minutes" if seconds > 60 else f"{seconds} seconds"


@pytest.mark.row("W16")
def test_every_number_is_the_code_s() -> None:
    """How long a carrier may take, when it is kept out and when it is asked again stands there."""
    real = {
        name: written(getattr(module, name))
        for module, names in {
            breaker: ("IN_A_ROW", "FIRST_PAUSE", "LONGEST_PAUSE", "AT_LAST"),
            courier: ("LEASE",),
            thread: ("HANDS",),
            dispatch: ("LONGEST_TRY",),
            outbox: ("MOST_UNSURE",),
            retry: ("FIRST_WAIT", "LONGEST_WAIT"),
        }.items()
        for name in names
    }
    seconds = {http: ("CONNECT_SECONDS", "TOTAL_SECONDS"), insisting: ("AWAY",)}
    real |= {
        name: f"{getattr(module, name):g} seconds"
        for module, names in seconds.items()
        for name in names
    }

    assert real == SAID


def test_every_column_of_a_try_is_told() -> None:
    """The page says what every column of a try holds, and every word that may stand there."""
    section = PAGE.partition("## Tries and receipts")[2].partition("\n## ")[0]
    told = {
        name: meaning
        for names, meaning in COLUMNS.findall(section)
        for name in re.findall(r"\w+", names)
    }

    assert told.keys() == set(tables.delivery_try.c.keys()) - {"id", "realm"}
    assert set(re.findall(r"`(\w+)`", told["outcome"])) == set(TryOutcome)
    assert set(re.findall(r"`(\w+)`", told["fate"])) == set(Fate)


def test_every_word_of_the_page_s_is_told() -> None:
    """How far a code has come is told in the words that programs are given."""
    section = PAGE.partition("## What the person is told")[2].partition("\n## ")[0]

    heading, *words = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert heading == "delivery"
    assert words == [*Progress]


@pytest.mark.row("C17")
def test_every_status_that_is_the_carriers_fault_is_told() -> None:
    """The page names every refusal that would meet any message, and no other."""
    line = next(one for one in PAGE.splitlines() if "| takes no connection" in one)

    assert {int(status) for status in re.findall(r"\b4\d\d\b", line)} == NOT_THE_MESSAGE
