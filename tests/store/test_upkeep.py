from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import Site, reason
from tests.store.plans import spelled_out, steps_of

from vestibule.bootstrap import operate
from vestibule.core.model import Lane, Purpose
from vestibule.core.verdict import Reason
from vestibule.store import charges, tables, tallies
from vestibule.store.upkeep import BATCH

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def purge(site: Site) -> dict[str, int]:
    """Clear out what is over."""
    return operate.purge(site.parts)


@pytest.mark.row("W14")
def test_what_is_over_is_cleared_out(letters_site: Site) -> None:
    """Logins that nobody finished, drafts, spent proofs, old messages and sources are deleted."""
    site = letters_site
    ada = site.enrol(contact={"email": "ada@site.test"})
    ada.login()
    ada.answer(ada.program().token, ada.next_code())
    site.draft("bob")
    ada.answer(ada.login().token, ada.wrong(), address="192.0.2.1")
    ada.deliver()

    none = dict.fromkeys(purge(site), 0)
    assert {"tries", "hosted"} <= none.keys()
    assert sum(purge(site).values()) == 0
    site.fake.move(2 * HOUR)
    assert purge(site) == none | {"passages": 4, "drafts": 1}
    site.fake.move(2 * DAY)
    assert purge(site) == none | {"sources": 1}
    site.fake.move(60 * DAY)
    cleared = purge(site)
    assert (cleared["messages"], cleared["tries"]) == (2, 0)  # the notice and its one copy
    site.fake.move(40 * DAY)
    assert purge(site)["tries"] == 1
    assert sum(purge(site).values()) == 0


def test_what_counts_is_kept(site: Site) -> None:
    """Neither the ledger, the counts, the factors nor the audit trail are ever cleared out."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    before = {name: site.rows(name) for name in ("ledger", "event", "enrolment")}
    site.fake.move(3 * 365 * DAY)

    purge(site)

    assert {name: site.rows(name) for name in before} == before
    assert ada.come_in().is_accepted


def test_a_browser_is_known_for_four_hundred_days(site: Site) -> None:
    """Clearing out leaves a browser known for four hundred days after it let somebody in."""
    ada = site.enrol()
    site.fake.move(399 * DAY)
    purge(site)
    assert ada.login(known=True).passage.lane is Lane.KNOWN
    site.fake.move(2 * DAY)
    purge(site)
    assert ada.login(known=True).passage.lane is Lane.STRANGER


@pytest.mark.row("ATK-40", "C8")
def test_codes_that_were_shown_are_forgotten(site: Site) -> None:
    """The sealed text of recovery codes goes after an hour, and the codes stay good."""
    ada = site.enrol()
    codes = ada.make_recovery_codes()
    purge(site)
    assert all(row["secret"] for row in site.rows("enrolment"))
    site.fake.move(HOUR + timedelta(seconds=1))
    purge(site)

    kept = {row["factor"]: bool(row["secret"]) for row in site.rows("enrolment")}
    assert kept == {"totp": True, "recovery_codes": False}
    assert ada.answer(ada.login().token, codes[0]).is_accepted


def test_a_login_under_way_survives_a_clearing_out(site: Site) -> None:
    """Clearing out in the middle of a login disturbs neither it nor a draft."""
    ada = site.enrol()
    begun = ada.login()
    draft = site.draft("bob")
    assert draft is not None
    site.fake.move(timedelta(minutes=9))
    purge(site)

    assert ada.answer(begun.token, ada.code()).is_accepted
    assert site.engine.draft_on(site.engine.look(draft.token)) is not None


def test_only_what_is_under_an_old_key_is_sealed_anew(site: Site) -> None:
    """Sealing anew hands each value with its row to a rule, and replaces what it answers."""
    for number in range(3):
        site.enrol(f"person {number}")
    offered: list[tuple[dict[str, Any], bytes]] = []

    def rule(row: dict[str, Any], sealed: bytes) -> bytes | None:
        offered.append((row, sealed))
        return b"anew" if row["subject"] == "person 1" else None

    count = site.parts.upkeep.reseal("enrolment", "secret", ("id", "subject"), rule)

    assert count == 1
    assert sorted(row["subject"] for row, _ in offered) == [f"person {n}" for n in range(3)]
    assert {row["subject"] for row in site.rows("enrolment") if row["secret"] == b"anew"} == {
        "person 1"
    }


def test_a_value_changed_meanwhile_is_left_alone(site: Site) -> None:
    """A value that changed between reading and sealing anew keeps the change."""
    ada = site.enrol()

    def rule(row: dict[str, Any], sealed: bytes) -> bytes | None:
        site.change("enrolment", {"id": row["id"]}, secret=b"changed meanwhile")
        return b"anew"

    assert site.parts.upkeep.reseal("enrolment", "secret", ("id",), rule) == 0
    assert site.rows("enrolment")[0]["secret"] == b"changed meanwhile"
    assert ada.enrolment_id == site.rows("enrolment")[0]["id"]


def test_more_than_a_batch_is_sealed_anew(small_site: Site) -> None:
    """Sealing anew goes through every row, however many there are."""
    site = small_site
    for number in range(205):
        site.draft(f"person {number:03}")
    seen: list[str] = []

    def rule(row: dict[str, Any], sealed: bytes) -> bytes | None:
        seen.append(row["id"])
        return None

    assert site.parts.upkeep.reseal("enrolment", "secret", ("id",), rule) == 0
    assert len(seen) == len(set(seen)) == 205


def test_everybody_enrolled_is_named_once(site: Site) -> None:
    """Who is enrolled is named once and in order, whoever only began to enrol is not."""
    site.enrol("bob")
    site.enrol("ada").make_recovery_codes()
    site.draft("cat")
    site.engine.revoke(site.enrol("dan").enrolment())

    assert list(site.parts.upkeep.subjects("default")) == ["ada", "bob"]
    assert list(site.parts.upkeep.subjects("other")) == []


def test_people_are_named_batch_by_batch(site: Site) -> None:
    """More people than a batch are all named, by statements that each go by their index."""
    site.enrol("ada")
    [ada] = site.rows("enrolment")
    crowd = [
        ada | {"id": f"{number:032}", "subject": f"{number:04}"} for number in range(2 * BATCH)
    ]
    engine = site.parts.database.engine
    with engine.begin() as connection:
        connection.execute(tables.enrolment.insert().inline(), crowd)

    with spelled_out(engine) as said:
        named = list(site.parts.upkeep.subjects("default"))

    assert named == [*(f"{number:04}" for number in range(2 * BATCH)), "ada"]
    assert len(said) == 3
    for statement in said[1:]:
        [step] = steps_of(engine, statement)
        assert step.by >= {"realm", "subject"}


@pytest.mark.row("ATK-11")
def test_a_draft_cleared_out_is_gone_for_its_browser(site: Site) -> None:
    """Who comes back hours later to finish an enrolment finds that it is over."""
    draft = site.draft("ada")
    assert draft is not None
    site.fake.move(2 * HOUR)
    purge(site)

    outcome = site.engine.verify(draft.token, Purpose.ENROL, "123456")
    assert reason(outcome) is Reason.GONE
    assert site.rows("challenge") == []


def test_rows_that_two_columns_name_are_all_sealed_anew(site: Site) -> None:
    """Rows named by realm and subject are gone through whole, in more than one batch."""
    names = [(realm, f"person{number:03}") for realm in "ab" for number in range(BATCH // 2 + 1)]
    with site.parts.database.write() as connection:
        connection.execute(
            tables.obligation.insert(),
            [
                {
                    "realm": realm,
                    "subject": subject,
                    "since": 1,
                    "address_since": 1,
                    "sealed_address": f"{realm} {subject}".encode(),
                }
                for realm, subject in names
            ],
        )

    def rule(row: dict[str, Any], old: bytes) -> bytes | None:
        return b"anew " + old if old == f"{row['realm']} {row['subject']}".encode() else None

    keys = ("realm", "subject")
    assert site.parts.upkeep.reseal("obligation", "sealed_address", keys, rule) == len(names)
    found = {
        (row["realm"], row["subject"]): row["sealed_address"] for row in site.rows("obligation")
    }
    assert found == {
        (realm, subject): f"anew {realm} {subject}".encode() for realm, subject in names
    }


@pytest.mark.postgresql
def test_clearing_out_waits_for_nobody_who_counts(postgresql_url: str, tmp_path: Path) -> None:
    """Old tallies are deleted but for what is being counted in: the two cannot wait in a ring."""
    site = Site.open(postgresql_url, tmp_path)
    database, now = site.parts.database, site.clock.now()
    with database.write() as connection:
        tallies.locked(connection, "default", ["in use", "old", *map(str, range(BATCH))], now)
    site.fake.move(2 * DAY)

    with ThreadPoolExecutor(1) as pool, database.write() as connection:
        tallies.locked(connection, "default", ["in use"], now)
        cleared = pool.submit(purge, site).result(10)

    assert cleared["tallies"] == BATCH + 1
    assert [row["name"] for row in site.rows("tally")] == ["in use"]
    site.close()


@pytest.mark.postgresql
def test_clearing_out_waits_for_nobody_who_forgets(postgresql_url: str, tmp_path: Path) -> None:
    """An old message that somebody has locked is left for the next time; nobody waits for it."""
    site = Site.open(postgresql_url, tmp_path)
    ada = site.enrol()
    assert ada.subject
    held, *others = sorted(row["id"] for row in site.rows("message"))
    site.fake.move(90 * DAY)

    with ThreadPoolExecutor(1) as pool, site.parts.database.write() as connection:
        charges.locked(connection, held)
        cleared = pool.submit(purge, site).result(10)

    assert cleared["messages"] == len(others)
    assert [row["id"] for row in site.rows("message")] == [held]
    site.close()
