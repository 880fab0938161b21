"""Many sends at once: no more money is spent than a day has, and no more codes go out than may."""

from collections import Counter
from pathlib import Path

import pytest
from tests.races.jobs import Job
from tests.races.people import count, made_site
from tests.races.servers import Servers

PHONES = {"VESTIBULE_FACTORS": ["totp", "phone"], "VESTIBULE_COUNTRIES": ["DE"]}


@pytest.mark.row("ATK-56")
def test_a_day_is_never_overspent(database_url: str, tmp_path: Path, servers: Servers) -> None:
    """Of sixty codes asked for at once no more go out than the day's money is left for."""
    money = {"VESTIBULE_SPEND_PER_DAY": 1, "VESTIBULE_PRICES": "sms=0.07; call=0.8"}
    site = made_site(database_url, tmp_path, **PHONES, **money)
    jobs = [
        Job("add_number", {"subject": f"new {n}", "number": f"+49170{n}12345"})
        for n in range(10, 70)
    ]

    words = Counter(servers.run(site, jobs))

    parts = site.opened()
    spent = count(parts, "SELECT CAST(max(level) AS INTEGER) FROM tally")
    messages = count(parts, "SELECT count(*) FROM message WHERE challenge_id IS NOT NULL")
    refused = count(parts, "SELECT count(*) FROM event WHERE name = 'send_refused'")
    parts.database.close()
    assert words["sent"] == messages == 11  # at 0.07 each, of the 0.80 that strangers may spend
    assert spent == 770_000
    assert refused == 60 - 11


@pytest.mark.row("ATK-56")
def test_a_range_is_stopped_once(database_url: str, tmp_path: Path, servers: Servers) -> None:
    """Of forty codes asked for at once in one range of numbers twenty go out, and one event tells
    that it was stopped.
    """
    site = made_site(database_url, tmp_path, **PHONES)
    jobs = [
        Job("add_number", {"subject": f"new {n}", "number": f"+4917012{n:02}456"})
        for n in range(40)
    ]

    words = Counter(servers.run(site, jobs))

    parts = site.opened()
    messages = count(parts, "SELECT count(*) FROM message WHERE challenge_id IS NOT NULL")
    stopped = count(parts, "SELECT count(*) FROM event WHERE name = 'area_stopped'")
    parts.database.close()
    assert words["sent"] == messages == 20
    assert stopped == 1
