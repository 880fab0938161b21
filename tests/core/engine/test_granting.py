from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.site import LETTERS, Site, reason

from vestibule.core.model import Lane, PassageKind, PassageStatus, Purpose
from vestibule.core.verdict import Reason

STRICT = {
    "VESTIBULE_PROFILE": "strict",
    "VESTIBULE_FACTORS": f"totp,recovery_codes,{LETTERS}",
    "VESTIBULE_LETTERS_RESISTANT": True,
}
SECOND = timedelta(seconds=1)


def test_a_grant_holds_for_its_subject_and_login_only(site: Site) -> None:
    """A grant is live for the subject and the very login it was made for, and for no other."""
    ada = site.enrol(identity="session value 1")
    passage, engine = ada.passage, site.engine

    assert engine.is_live(passage, "ada", "session value 1")
    assert not engine.is_live(passage, "ada", "session value 2")
    assert not engine.is_live(passage, "ada", "")
    assert not engine.is_live(passage, "bob", "session value 1")
    assert not engine.is_live(replace(passage, realm="other"), "ada", "session value 1")
    assert not engine.is_live(replace(passage, kind=PassageKind.PROGRAM), "ada", "session value 1")
    assert not engine.is_live(None, "ada", "session value 1")


@pytest.mark.row("A3", "ATK-06")
def test_a_long_login_value_binds_as_well_as_a_short_one(site: Site) -> None:
    """A grant made for one login value of a thousand characters is not live for another."""
    ada = site.enrol(identity="a" * 1000)

    assert site.engine.is_live(ada.passage, "ada", "a" * 1000)
    assert not site.engine.is_live(ada.passage, "ada", "a" * 999 + "b")
    assert not site.engine.is_live(ada.passage, "ada", "")


@pytest.mark.row("ASVS-7.2.4", "ATK-05")
def test_each_proof_gives_a_new_token_and_kills_the_old(site: Site) -> None:
    """Enrolling, logging in and proving oneself anew each bring a token that was never used."""
    ada = site.enrol()
    tokens = [ada.token]
    ada.ask_fresh(Purpose.FRESH)
    ada.answer(ada.token, ada.next_code(), Purpose.FRESH)
    tokens.append(ada.token)
    begun = ada.login(known=True)
    tokens.append(begun.token)
    ada.answer(begun.token, ada.next_code())
    tokens.append(ada.token)

    assert len(set(tokens)) == 4
    live = [site.engine.standing("ada", token).passage is not None for token in tokens]
    assert live == [False, True, False, True]


@pytest.mark.row("ASVS-7.1.1/7.3.1/7.3.2", "NIST-06")
@pytest.mark.parametrize(("remembered", "hours"), [(False, 24), (True, 720)])
def test_a_grant_ends_by_the_servers_clock(site: Site, remembered: bool, hours: int) -> None:  # noqa: FBT001
    """A grant lives a day, or thirty where the person ticked to be remembered, to the second."""
    ada = site.enrol()
    ada.come_in(remembered=remembered)
    began = ada.passage.granted_at
    assert began is not None

    site.fake.stand_at(began + timedelta(hours=hours) - SECOND)
    assert ada.is_in
    site.fake.move(SECOND)
    assert not ada.is_in


def test_proving_oneself_anew_does_not_prolong_a_grant(site: Site) -> None:
    """A proof in the middle of a session freshens it and leaves its end where it was."""
    ada = site.enrol()
    ends = ada.passage.expires_at
    site.fake.move(timedelta(hours=3))
    ada.ask_fresh()
    ada.answer(ada.token, ada.next_code(), Purpose.FRESH)

    assert ada.passage.expires_at == ends
    assert ada.passage.proven_at == site.clock.now()
    assert [proof.purpose for proof in ada.passage.proofs] == [Purpose.ENROL, Purpose.FRESH]


@pytest.mark.row("NIST-07", "NIST-48", "ASVS-7.1.1/7.3.1/7.3.2")
def test_a_strict_grant_ends_when_it_is_idle(sqlite_url: str, tmp_path: Path) -> None:
    """A strict grant ends after an idle hour or twelve in all, and a used one is noted seldom."""
    site = Site.open(sqlite_url, tmp_path, config=STRICT)
    ada = site.enrol()
    ada.come_in(remembered=True)
    began = ada.passage.granted_at
    assert began is not None
    writes = 0
    for _ in range(5 * 60):
        site.fake.move(timedelta(minutes=1))
        assert ada.is_in
        with site.statements() as said:
            site.engine.keep_alive(ada.passage)
        writes += sum(not statement.startswith("SELECT") for statement in said)

    assert writes == 5 * 12
    site.fake.move(timedelta(minutes=60))
    assert not ada.is_in
    ada.come_in()
    site.fake.stand_at(site.clock.now() + timedelta(hours=12))
    assert not ada.is_in
    site.close()


def test_the_use_of_a_default_grant_is_noted_once_an_hour(site: Site) -> None:
    """Where the profile counts no idle time, using a grant writes once an hour, not more."""
    ada = site.enrol()
    noted = []
    for _ in range(3 * 60):
        site.fake.move(timedelta(minutes=1))
        passage = ada.passage
        with site.statements() as said:
            site.engine.keep_alive(passage)
        noted.append(len(said))

    assert sum(noted) == 3
    assert [minute for minute, count in enumerate(noted, start=1) if count] == [60, 120, 180]


def test_standing_is_one_statement_and_no_write(site: Site) -> None:
    """What each request asks is one SELECT, with a token and without, enrolled or not."""
    ada = site.enrol()
    for subject, token in (
        ("ada", ada.token),
        ("ada", None),
        ("ada", "invented"),
        ("bob", None),
        (None, ada.token),
        (None, None),
    ):
        with site.statements() as said:
            standing = site.engine.standing(subject, token)
        assert [statement.split()[0] for statement in said] == ["SELECT"]
        assert standing.enrolled == (subject == "ada")
        assert (standing.passage is not None) == (token == ada.token)


@pytest.mark.row("ASVS-7.4.1/7.4.2", "A6")
def test_an_end_reaches_every_process_at_once(site: Site) -> None:
    """A grant that was ended in one process is dead on the next request in another."""
    ada = site.enrol()
    second = site.process().engine
    site.engine.end(ada.passage, "logout")

    passage = second.standing("ada", ada.token).passage
    assert passage is not None
    assert passage.status is PassageStatus.ENDED
    assert not second.is_live(passage, "ada", "ada")


@pytest.mark.row("ATK-24", "C6")
def test_a_programs_proof_is_redeemed_once(site: Site) -> None:
    """The proof a program got is good once, for its own subject, within five minutes."""
    ada = site.enrol()
    site.enrol("bob")

    def proof() -> str:
        outcome = ada.answer(ada.program().token, ada.next_code())
        assert outcome.granted is not None
        return outcome.granted.token

    first = proof()
    assert not site.engine.redeem(first, "bob")
    assert not site.process(VESTIBULE_REALM="other").engine.redeem(first, "ada")
    assert site.engine.redeem(first, "ada")
    assert not site.engine.redeem(first, "ada")
    second = proof()
    site.fake.move(timedelta(minutes=5))
    assert not site.engine.redeem(second, "ada")
    for nonsense in (None, "", "invented"):
        assert not site.engine.redeem(nonsense, "ada")
    assert site.told("ada").count("proof_redeemed") == 1


@pytest.mark.row("A11")
def test_a_browsers_cookie_is_no_proof_and_a_proof_no_cookie(site: Site) -> None:
    """What lives in a cookie cannot be redeemed, and a program's proof is no live login."""
    ada = site.enrol()
    assert not site.engine.redeem(ada.token, "ada")
    begun = ada.program()
    assert not site.engine.redeem(begun.token, "ada")

    ada.answer(begun.token, ada.next_code())
    assert not ada.is_in


def test_every_grant_makes_its_browser_known(site: Site) -> None:
    """After a proof the passage counts with the known browsers."""
    ada = site.enrol()
    assert ada.passage.lane is Lane.KNOWN
    begun = ada.login()
    assert begun.passage.lane is Lane.STRANGER
    ada.answer(begun.token, ada.next_code())
    assert ada.passage.lane is Lane.KNOWN


@pytest.mark.row("ATK-09")
@pytest.mark.parametrize("purpose", [Purpose.FRESH, Purpose.ENROL])
def test_a_waiting_login_answers_nothing_but_its_login(site: Site, purpose: Purpose) -> None:
    """A login that waits cannot be used for what a signed-in person is asked for."""
    ada = site.enrol()
    begun = ada.login()

    assert reason(ada.answer(begun.token, ada.next_code(), purpose)) is Reason.GONE
