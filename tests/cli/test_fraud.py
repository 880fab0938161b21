"""`vestibule fraud report` and `vestibule fraud resume`, as an operator types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.typed import refused, told
from tests.core.site import Site
from tests.store.test_brake import PHONES, answer, carry, newcomer

from vestibule.bootstrap.fraud import report
from vestibule.store import tables
from vestibule.system import SystemClock


@pytest.fixture
def pumped(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that sent codes to one range of numbers until it was stopped."""
    site = Site.open(sqlite_url, tmp_path, config=PHONES)
    site.fake.stand_at(SystemClock().now())
    drafts = [newcomer(site, nth) for nth in range(21)]
    carry(site, "signalwire")
    answer(site, drafts[0])
    yield site
    site.close()


@pytest.mark.row("SMS-09", "ATK-56")
def test_the_report_says_what_came_back(pumped: Site) -> None:
    """The report has a line for each country and range, by all carriers and each, and the money."""
    lines = told(pumped, "fraud", "report").splitlines()

    assert lines[0] == "Codes to phones in the last 7 days"
    table = [line.split() for line in lines[3:7]]
    assert table == [
        ["+49", "all", "20", "0", "0", "20", "1", "5%"],
        ["+49", "signalwire", "20", "0", "0", "20", "1", "5%"],
        ["+4917012", "all", "20", "0", "0", "20", "1", "5%"],
        ["+4917012", "signalwire", "20", "0", "0", "20", "1", "5%"],
    ]
    assert "Spent today (UTC): 2.00" in lines[8]
    assert lines[9].startswith("Stopped: +4917012 for new numbers until ")
    assert lines[10].startswith("Last: signalwire in +4917012 until ")
    assert lines[-1] == "Once you know why: vestibule fraud resume AREA --by NAME"


@pytest.mark.row("ATK-56")
def test_the_report_says_of_how_many_tries_nobody_knows(pumped: Site) -> None:
    """Tries that may have gone out are in the report, of messages that have failed, too."""
    message = [row["id"] for row in pumped.rows("message") if row["challenge_id"]][-1]
    pumped.change("message", {"id": message}, status="failed")
    for outcome in ("unsure", "started", "failed"):
        try_of = {"message_id": message, "realm": "default", "channel": "sms", "at": 1}
        with pumped.parts.database.write() as connection:
            connection.execute(
                tables.delivery_try.insert().values(
                    **try_of, provider="silent", outcome=outcome, reason=""
                )
            )

    table = [line.split() for line in told(pumped, "fraud", "report").splitlines()[3:9]]

    assert table[0] == ["+49", "all", "19", "0", "2", "19", "1", "5%"]
    assert table[2] == ["+49", "silent", "0", "0", "2", "0", "0"]


def test_the_report_looks_back_as_far_as_messages_are_kept(pumped: Site) -> None:
    """Thirty days are looked at; more are refused, as what is older was purged."""
    assert told(pumped, "fraud", "report", "--days", "30").startswith(
        "Codes to phones in the last 30"
    )
    assert "1<=x<=30" in refused(pumped, "fraud", "report", "--days", "31")


@pytest.mark.row("ATK-56")
def test_what_is_counted_for_a_report_is_told_in_the_log(
    pumped: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever counts what came back, a report too, has the log say which carrier comes last."""
    report(pumped.parts, 7)

    (said,) = [one.getMessage() for one in caplog.records if "signalwire" in one.getMessage()]
    assert "comes last on the route there" in said


def test_the_report_as_json(pumped: Site) -> None:
    """As JSON the report is one object with the same figures, and holds no number."""
    printed = told(pumped, "fraud", "report", "--json")
    found = json.loads(printed)

    assert set(found) == {
        "days",
        "spent_today",
        "spend_per_day",
        "refused_strangers",
        "refused_all",
        "areas",
        "stopped",
        "put_last",
    }
    assert found["spent_today"] == 2
    assert found["areas"][0] == {
        "area": "+49",
        "provider": None,
        "sent": 20,
        "delivered": 0,
        "unsure": 0,
        "awaited": 20,
        "came_back": 1,
        "conversion": 0.05,
    }
    assert [(one["area"], one["whose"]) for one in found["stopped"]] == [("+4917012", "new")]
    assert [(one["area"], one["provider"]) for one in found["put_last"]] == [
        ("+4917012", "signalwire")
    ]
    assert "567" not in printed.replace("+4917012", "")


@pytest.mark.row("ATK-56")
def test_an_operator_lets_an_area_go_on(pumped: Site) -> None:
    """What is resumed gets codes again, and the audit trail says by whom; twice is refused."""
    said = told(pumped, "fraud", "resume", "+4917012", "--by", "bea")

    assert said == "+4917012 goes on as before; the audit trail says who did this.\n"
    resumed = {one["name"]: one["data"] for one in pumped.facts() if "by" in one["data"]}
    assert resumed == {
        "area_resumed": {"area": "+4917012", "whose": "new", "by": "bea"},
        "carrier_put_back": {"area": "+4917012", "provider": "signalwire", "by": "bea"},
    }
    report = told(pumped, "fraud", "report")
    assert "No area is stopped." in report
    assert "Last:" not in report
    assert "+4917012 is not stopped" in refused(pumped, "fraud", "resume", "+4917012", "--by", "b")


MONEY = {"VESTIBULE_PRICES": "sms=0.06; call=0.2", "VESTIBULE_SPEND_PER_DAY": "0.25"}


def test_a_report_says_when_strangers_are_refused(sqlite_url: str, tmp_path: Path) -> None:
    """Once four fifths of the money are spent the report says who gets nothing more that day."""
    site = Site.open(sqlite_url, tmp_path, config={**PHONES, **MONEY})
    site.fake.stand_at(SystemClock().now())
    newcomer(site, 1)
    lines = told(site, "fraud", "report", env=MONEY).splitlines()
    assert "Spent today (UTC): 0.06 of 0.25" in lines
    assert [line for line in lines if "refused" in line] == [
        (
            "Until midnight (UTC) strangers and new numbers are refused: call. Four fifths of the "
            "money are theirs."
        ),
        "Until then known browsers are refused, too: call.",
    ]

    newcomer(site, 2)
    newcomer(site, 3)
    said = told(site, "fraud", "report", env=MONEY)
    found = json.loads(told(site, "fraud", "report", "--json", env=MONEY))
    site.close()

    assert "Spent today (UTC): 0.18 of 0.25" in said
    assert "strangers and new numbers are refused: sms, call." in said
    assert (found["refused_strangers"], found["refused_all"]) == (["sms", "call"], ["call"])


def test_a_report_on_a_good_day_speaks_of_no_refusal(pumped: Site) -> None:
    """Where the money reaches, nobody is said to be refused."""
    assert "refused" not in told(pumped, "fraud", "report")
