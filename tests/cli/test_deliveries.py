"""`vestibule deliveries`, as an operator types it, and what `vestibule status` says of it."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.typed import refused, told
from tests.core.site import Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import courier_on
from tests.store.test_brake import PHONES, code_of, newcomer

from vestibule.store import rows
from vestibule.system import SystemClock

HEADINGS = "In the last hour  accepted  refused  failed  unsure  delivered"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that sends codes to phones in Germany, at this very moment."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    opened.fake.stand_at(SystemClock().now())
    yield opened
    opened.close()


@pytest.fixture
def one() -> Fake:
    """A carrier."""
    return Fake("one")


def carry(site: Site, *carriers: Fake) -> None:
    """Send what is due over a route of these."""
    routes: dict[str, Any] = {"sms": carriers} if carriers else {}
    courier_on(site, **routes).deliver_due()


def shown(site: Site, *arguments: str, **more: Any) -> Mapping[str, Any]:
    """What a program is told."""
    found: Mapping[str, Any] = json.loads(told(site, "deliveries", "--json", *arguments, **more))
    return found


def aged(site: Site, **ago: float) -> None:
    """Have every message wait since then."""
    site.change("message", {}, created_at=rows.number(site.clock.now() - timedelta(**ago)))


def test_a_refusal_is_shown_with_its_reason(site: Site, one: Fake) -> None:
    """A line has when, over what, by whom, what came of it and why, and how its message stands."""
    newcomer(site, 1)
    one.counter.refuse("refused with status 401, error 20003", not_let_in=True)
    carry(site, one)

    lines = told(site, "deliveries").splitlines()

    assert lines[0].startswith("Waiting: 1 message for ")
    assert lines[2:4] == [
        HEADINGS,
        "one                      0        0       1       0          0",
    ]
    assert lines[-1].split("  ", 1)[1].split() == [
        *("sms", "one", "failed", 'reason="refused', "with", "status", "401,", "error", '20003"'),
        *("ms=0", "to=+4917012…", "message=queued"),
    ]


def test_no_number_and_no_code_is_shown(site: Site, one: Fake) -> None:
    """Neither the text nor the JSON has the number, the person or the code."""
    draft = newcomer(site, 1)
    carry(site, one)

    for said in (told(site, "deliveries"), told(site, "deliveries", "--json")):
        assert "accepted" in said
        assert "01567" not in said
        assert "new 1" not in said
        assert code_of(site, draft) not in said


def test_what_came_of_tries_is_counted_by_carrier(site: Site, one: Fake) -> None:
    """The last hour is counted by carrier; what a crash cut short is unsure."""
    other = Fake("other")
    one.counter.refuse("no such number", permanent=True)
    one.counter.refuse("busy")
    for nth in range(5):
        newcomer(site, nth)
    carry(site, one, other)
    first, second, third = [one["id"] for one in site.rows("delivery_try")][-3:]
    site.change("delivery_try", {"id": first}, fate="delivered")
    site.change("delivery_try", {"id": second}, outcome="started")
    site.change("delivery_try", {"id": third}, outcome="unsure")

    counts = {one.pop("carrier"): one for one in shown(site)["last_hour"]}

    zeros = {"accepted": 0, "refused": 0, "failed": 0, "unsure": 0, "delivered": 0}
    assert counts == {
        "one": zeros | {"accepted": 1, "refused": 1, "failed": 1, "unsure": 2, "delivered": 1},
        "other": zeros | {"accepted": 2},
    }


def test_older_tries_are_shown_and_not_counted(site: Site, one: Fake) -> None:
    """What was tried more than an hour ago is in the list alone."""
    newcomer(site, 1)
    carry(site, one)
    before = rows.number(site.clock.now() - timedelta(minutes=61))
    site.change("delivery_try", {}, at=before)

    said = told(site, "deliveries")

    assert "In the last hour: nothing was handed to a carrier" in said
    assert "one" in said.splitlines()[-1]


def test_the_newest_tries_end_at_the_prompt(site: Site, one: Fake) -> None:
    """As many are shown as are asked for, the newest last; the counts are those of all."""
    for nth in range(4):
        newcomer(site, nth)
        carry(site, one)
    ids = [row["id"] for row in site.rows("delivery_try")]

    found = shown(site, "--limit", "2")

    assert [one["id"] for one in found["tries"]] == ids[-2:]
    assert found["last_hour"][0]["accepted"] == 4
    assert "0 is not in the range" in refused(site, "deliveries", "--limit", "0")


def test_tries_are_narrowed(site: Site, one: Fake) -> None:
    """A carrier is named, or what went well is left out; what was lost later did not go well."""
    other = Fake("other")
    for nth in range(3):
        newcomer(site, nth)
    one.counter.refuse("busy")
    carry(site, one, other)
    lost = site.rows("delivery_try")[-1]["id"]
    site.change("delivery_try", {"id": lost}, fate="undelivered")

    of_other = shown(site, "--carrier", "other")["tries"]
    failed = shown(site, "--failed")["tries"]

    assert [one["carrier"] for one in of_other] == ["other"]
    assert [(one["outcome"], one["receipt"]) for one in failed] == [
        ("failed", None),
        ("accepted", "undelivered"),
    ]
    assert "No tries." in told(site, "deliveries", "--carrier", "nobody")


def test_a_message_that_no_carrier_was_asked_for_is_told(site: Site) -> None:
    """What met a trouble before any try is counted, with the trouble."""
    newcomer(site, 1)
    newcomer(site, 2)
    carry(site)

    assert "No carrier was asked: 2 failed, no route for sms" in told(site, "deliveries")
    assert shown(site)["untried"] == [
        {"message": "failed", "reason": "no route for sms", "count": 2}
    ]


def test_a_message_that_is_given_up_says_why(site: Site, one: Fake) -> None:
    """Where the tries do not tell why there is no other, the message's own words stand there."""
    newcomer(site, 1)
    one.counter.refuse("busy")
    carry(site, one)
    site.change("message", {}, status="expired", outcome="too late to be of use")

    assert told(site, "deliveries").rstrip().endswith('because="too late to be of use"')
    assert shown(site)["tries"][0]["message_reason"] == "too late to be of use"


def test_a_reason_is_not_told_twice(site: Site, one: Fake) -> None:
    """A message that is given up for what the try says adds nothing to it."""
    newcomer(site, 1)
    one.counter.refuse("no such number", permanent=True)
    carry(site, one)

    assert told(site, "deliveries").rstrip().endswith("message=failed")


def test_a_try_outlives_its_message(site: Site, one: Fake) -> None:
    """Tries are kept longer than messages: of one that was purged that is said."""
    newcomer(site, 1)
    carry(site, one)
    with site.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM message")

    assert told(site, "deliveries").rstrip().endswith("message=purged")


def test_another_realms_tries_are_not_shown(site: Site, one: Fake) -> None:
    """What is another application's stays its own."""
    newcomer(site, 1)
    carry(site, one)
    newcomer(site, 2)
    elsewhere = {"VESTIBULE_REALM": "other"}

    assert shown(site)["waiting"]["messages"] == 1
    found = shown(site, env=elsewhere)
    assert (found["waiting"]["messages"], found["last_hour"], found["tries"]) == (0, [], [])


def test_where_workers_send_and_none_does_it_is_said(site: Site) -> None:
    """With a broker and a message that waits long, the command says whom to look for."""
    by_workers = {"VESTIBULE_BROKER_URL": "redis://127.0.0.1:1/0"}
    newcomer(site, 1)
    newcomer(site, 2)
    assert "vestibule worker" not in told(site, "deliveries", env=by_workers)
    aged(site, minutes=2)

    first, hint = told(site, "deliveries", env=by_workers).splitlines()[:2]

    assert first.startswith("Waiting: 2 messages, the oldest for 12")
    assert "look whether a vestibule worker runs" in hint
    assert shown(site, env=by_workers)["waiting"]["lacks_worker"]
    assert not shown(site)["waiting"]["lacks_worker"]


def test_a_status_says_what_waits(site: Site, one: Fake) -> None:
    """A status has how many messages wait and the oldest's seconds, and nothing of those sent."""
    newcomer(site, 1)
    aged(site, days=2)
    waits = json.loads(told(site, "status", "--json"))
    carry(site, one)
    over = json.loads(told(site, "status", "--json"))

    assert waits["messages_waiting"] == 1
    assert 172_800 <= waits["longest_wait_seconds"] < 172_900
    assert (over["messages_waiting"], over["longest_wait_seconds"]) == (0, None)
