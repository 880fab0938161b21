"""`vestibule events`."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cli.typed import refused, told, typed
from tests.core.site import Site

from vestibule.cli.terminal import plain, word
from vestibule.cli.trail import MOST, SHOWN
from vestibule.core.events import Event, LimitsReset, PassageEnded, names
from vestibule.core.model import Origin
from vestibule.store import tables
from vestibule.store.trail import BATCH
from vestibule.system import SystemClock

HOUR = timedelta(hours=1)
ESCAPES = "\x1b[2J\x1b]0;owned\x07 \x9b31m \x7f \r\n \u202e\u2028 \N{ZERO WIDTH SPACE}"


def happen(site: Site, *facts: Any, subject: str = "ada", **more: Any) -> None:
    """Write what happened."""
    said: dict[str, Any] = {"at": SystemClock().now(), "realm": "default", "subject": subject}
    site.parts.upkeep.add_events([Event(fact=fact, **(said | more)) for fact in facts])


def ended(number: int) -> PassageEnded:
    """The end of one of many sessions."""
    return PassageEnded(passage=str(number), why="logout")


def exported(site: Site, *arguments: str) -> list[dict[str, Any]]:
    """What is exported."""
    lines = told(site, "events", "--json", *arguments).splitlines()
    return [json.loads(line) for line in lines]


def test_the_newest_events_end_at_the_prompt(site: Site) -> None:
    """Fifty events are shown, or as many as are asked for, and the newest is the last line."""
    happen(site, *(ended(number) for number in range(SHOWN + 10)))

    lines = told(site, "events").splitlines()
    fewer = told(site, "events", "--last", "3").splitlines()

    assert len(lines) == SHOWN
    assert lines[-3:] == fewer
    assert [line.rpartition(" ")[0].rpartition("=")[2] for line in fewer] == ["57", "58", "59"]


def test_a_line_says_when_what_and_whose(small_site: Site) -> None:
    """A line has the time, the name, the subject and all that is known besides, in words."""
    at = datetime(2026, 5, 1, 8, 30, 15, 999, tzinfo=UTC)
    by = LimitsReset(by="grace", reason="called back")
    happen(small_site, by, at=at, origin=Origin(address="192.0.2.1", agent="Browser/1"))

    assert told(small_site, "events") == (
        "2026-05-01T08:30:15Z  limits_reset          "
        'subject=ada by=grace reason="called back" address=192.0.2.1 agent=Browser/1\n'
    )


def test_an_export_has_every_field_of_every_event(site: Site) -> None:
    """An export is a JSON object a line, oldest first, with all there is, however many events."""
    at = datetime(2026, 5, 1, 8, 30, 15, 7, tzinfo=UTC)
    happen(site, ended(0), at=at, origin=Origin(address="192.0.2.1", agent="Browser/1"))
    happen(site, *(ended(number) for number in range(1, BATCH + 10)))

    first, *rest = exported(site)

    assert first == {
        "id": first["id"],
        "at": "2026-05-01T08:30:15.000007Z",
        "realm": "default",
        "subject": "ada",
        "name": "passage_ended",
        "address": "192.0.2.1",
        "agent": "Browser/1",
        "data": {"passage": "0", "why": "logout"},
    }
    assert [entry["data"]["passage"] for entry in rest] == [str(n) for n in range(1, BATCH + 10)]
    assert [entry["data"]["passage"] for entry in exported(site, "--last", "2")] == ["508", "509"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--subject", "ada"], "02"),
        (["--subject", "ada", "--subject", "bob"], "1"),
        (["--name", "limits_reset"], "2"),
        (["--name", "limits_reset", "--name", "passage_ended"], "012"),
        (["--address", "192.0.2.1"], "1"),
        (["--since", "12h"], "2"),
        (["--since", "2d"], "12"),
        (["--until", "1w"], "0"),
        (["--since", "30d", "--until", "720m"], "01"),
        (["--since", "2020-01-01", "--until", "2020-01-02"], ""),
        (["--since", "2020-01-01T00:00+02:00"], "012"),
        (["--since", "999999w"], "012"),
    ],
    ids=str,
)
def test_a_search_is_narrowed(small_site: Site, asked: list[str], found: str) -> None:
    """Subject, names, address and times narrow a search, whether it is shown or exported."""
    now = SystemClock().now()
    happen(small_site, ended(0), at=now - 15 * 24 * HOUR)
    happen(
        small_site, ended(1), subject="bob", at=now - 24 * HOUR, origin=Origin(address="192.0.2.1")
    )
    happen(small_site, LimitsReset(by="2", reason=""), at=now - HOUR)
    happen(small_site, ended(3), realm="other")

    entries = exported(small_site, *asked)

    assert "".join(e["data"].get("passage", e["data"].get("by")) for e in entries) == found
    assert len(told(small_site, "events", *asked).splitlines()) == len(found)


def test_a_day_begins_at_midnight_in_utc(small_site: Site) -> None:
    """A day is meant from its first moment on, and until it as far as that moment."""
    midnight = datetime(2026, 5, 1, tzinfo=UTC)
    happen(small_site, ended(0), at=midnight - timedelta(microseconds=1))
    happen(small_site, ended(1), at=midnight)

    [since], [until] = (exported(small_site, f"--{on}", "2026-05-01") for on in ("since", "until"))

    assert (since["data"]["passage"], until["data"]["passage"]) == ("1", "0")


def test_an_unknown_event_is_refused_with_those_there_are(small_site: Site) -> None:
    """A misspelled name finds nothing silently: it is refused, and every name is listed."""
    said = " ".join(refused(small_site, "events", "--name", "logn_paused").split())

    assert f"'logn_paused' is no event. There are: {', '.join(names())}" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--since", "yesterday"], "'yesterday' is no time. Write 2026-05-01,"),
        (["--until", "2026-13-01"], "'2026-13-01' is no time."),
        (["--since", "1h", "--until", "2h"], "Nothing is between --since and --until"),
        (["--last", "0"], "0 is not in the range"),
        (["--last", str(MOST + 1)], f"1<=x<={MOST}"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(small_site: Site, asked: list[str], said: str) -> None:
    """A time that is none, a span that holds nothing and a number too large are refused."""
    assert said in " ".join(refused(small_site, "events", *asked).split())


def test_a_search_without_a_find_says_so(small_site: Site) -> None:
    """Where nothing is found an operator is told, and a program gets no line."""
    result = typed(small_site, "events", "--json", "--subject", "nobody")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "No event of the realm default" in result.stderr


@pytest.mark.row("ASVS-16.2.1..5,16.3.1..4,16.4.1")
def test_nothing_that_a_terminal_obeys_is_shown(site: Site) -> None:
    """Control characters, escapes and marks of direction are spelled out, wherever they stand."""
    fact = LimitsReset(by=ESCAPES, reason=ESCAPES)
    happen(site, fact, subject=ESCAPES, origin=Origin(address=ESCAPES, agent=ESCAPES))
    # As somebody would write it who has the database.
    happen(site, ended(1))
    engine = site.parts.database.engine
    row = site.rows("event")[-1] | {
        "id": 99,
        "agent": ESCAPES,
        "name": ESCAPES,
        "data": {"\x1b": 1},
    }
    with engine.begin() as connection:
        connection.execute(tables.event.insert().inline(), row)

    shown, out = told(site, "events"), told(site, "events", "--json")

    assert len(shown.splitlines()) == len(out.splitlines()) == 3
    assert all(line.isprintable() for line in (*shown.split("\n"), *out.split("\n")))
    assert json.loads(out.splitlines()[0])["subject"] == ESCAPES
    assert json.loads(out.splitlines()[2])["agent"] == ESCAPES


@pytest.mark.row("ASVS-16.2.1..5,16.3.1..4,16.4.1")
def test_no_secret_is_exported(letters_site: Site) -> None:
    """After a long day the trail shows no code, token, secret or address of a person."""
    ada = letters_site.enrol(contact={"email": "ada@site.test"})
    ada.add_letters()
    codes = ada.make_recovery_codes()
    begun = ada.login(parked=b"session")
    ada.answer(begun.token, wrong := ada.wrong())
    ada.answer(begun.token, right := ada.next_code())
    ada.deliver()
    secrets = [ada.token, ada.browser, begun.token, *codes, right, wrong, letters_site.post.code()]

    said = told(letters_site, "events", "--json") + told(letters_site, "events")

    assert "answer_rejected" in said
    words = set(re.findall(r"[\w@.-]+", said))
    assert words & {*secrets, "ada@site.test"} == set()


def test_a_value_is_one_word() -> None:
    """A value that could be read as several, or as none, is quoted; a number is not."""
    assert [word(value) for value in ("plain", "", "a b", 'a"b', "a=b", 7, True)] == [
        "plain",
        '""',
        '"a b"',
        '"a\\"b"',
        '"a=b"',
        "7",
        "true",
    ]
    assert plain("Grüße\t\ud800") == "Grüße\\t\\ud800"
