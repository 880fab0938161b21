"""Who has the database has no secret, and who can write into it moves no factor."""

from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from tests.core.site import Person, Site, applicant, case_of, reason

from vestibule.bootstrap import assemble, operate, read_settings
from vestibule.core.codes import Codes
from vestibule.core.model import Lane, Purpose
from vestibule.core.verdict import Reason
from vestibule.oath import base32
from vestibule.secretbox import KeyRing
from vestibule.testing import FixedRandom


@pytest.mark.row("ATK-75", "C11", "NIST-25")
def test_a_secret_is_not_in_the_database(site: Site) -> None:
    """No byte string of any table holds an app's secret, in any of the forms it is shown in."""
    ada = site.enrol()
    held = site.bytes_of_all_tables()

    for form in (ada.app.secret, base32(ada.app.secret).encode(), ada.app.secret.hex().encode()):
        assert form not in held
    assert repr(ada.app.secret)[2:-1].encode() not in held


@pytest.mark.row("ATK-75", "ASVS-6.7.1")
def test_a_secret_moved_to_another_person_opens_nothing(site: Site) -> None:
    """Eve's secret written into Ada's row lets in neither Eve nor Ada, and breaks nothing."""
    ada, eve = site.enrol("ada"), site.enrol("eve")
    waiting = ada.login()
    theirs = next(r for r in site.rows("enrolment") if r["id"] == eve.enrolment_id)
    site.change("enrolment", {"id": ada.enrolment_id}, secret=theirs["secret"])

    assert reason(eve.answer(waiting.token, eve.next_code())) is Reason.WRONG
    assert reason(ada.answer(waiting.token, ada.code())) is Reason.WRONG
    assert site.engine.standing("ada", None).enrolled
    begun = ada.login()
    assert begun.ways == []
    assert not eve.answer(begun.token, eve.code()).is_accepted
    assert eve.come_in().is_accepted


@pytest.mark.row("ATK-75")
def test_a_row_given_to_another_subject_opens_nothing(site: Site) -> None:
    """Eve's whole enrolment, given to Ada in the database, does not let Eve in as Ada."""
    ada, eve = site.enrol("ada"), site.enrol("eve")
    site.change("enrolment", {"id": eve.enrolment_id}, subject="ada")

    begun = ada.login()

    assert [way.id for way in begun.ways] == [ada.enrolment_id]
    assert not eve.answer(begun.token, eve.next_code()).is_accepted
    assert ada.answer(begun.token, ada.code()).is_accepted


@pytest.mark.row("ATK-75", "ATK-80")
def test_an_altered_session_is_not_given_back(site: Site) -> None:
    """A login whose parked session was altered or moved ends without a grant or a crash."""
    ada, eve = site.enrol("ada"), site.enrol("eve")
    begun, theirs = ada.login(parked=b"of ada"), eve.login(parked=b"of eve")
    parked = {row["id"]: row["parked"] for row in site.rows("passage")}
    site.change("passage", {"id": begun.passage.id}, parked=parked[theirs.passage.id])

    outcome = ada.answer(begun.token, ada.next_code())

    assert reason(outcome) is Reason.GONE
    assert outcome.granted is None
    assert not site.engine.is_live(site.engine.standing("ada", begun.token).passage, "ada", "ada")
    assert ada.answer(ada.login().token, ada.code()).is_accepted


@pytest.mark.row("ATK-75", "ATK-80")
def test_an_altered_row_among_good_ones_stops_nobody(site: Site) -> None:
    """With one of two apps spoilt in the database, the other still lets its owner in and out."""
    ada = site.enrol()
    first = ada.app
    site.draft("ada", ada.passage)
    draft = site.engine.draft_on(site.engine.look(ada.token))
    assert draft is not None
    second = Person(site, "ada", type(first)(draft.secret), draft.id)
    assert ada.answer(ada.token, second.code(), Purpose.ENROL).is_accepted
    site.change("enrolment", {"id": draft.id}, secret=b"\x01\x00\x01" + bytes(50))

    begun = ada.login()
    assert [way.id for way in begun.ways] == [ada.enrolment_id]
    assert ada.answer(begun.token, ada.next_code()).is_accepted
    ada.ask_fresh(Purpose.FRESH)
    assert ada.answer(ada.token, ada.next_code(), Purpose.FRESH).is_accepted
    assert site.engine.revoke(ada.enrolment(), ada.passage)


@pytest.mark.row("ATK-75", "ASVS-6.5.2", "NIST-10", "C8")
def test_recovery_codes_are_hashed_as_the_standards_ask(sqlite_url: str, tmp_path: Path) -> None:
    """As shipped, a stored code is argon2id, 19 MiB and two passes, salted by itself."""
    settings = read_settings(
        {"VESTIBULE_DEVELOPMENT": True, "VESTIBULE_DATABASE_URL": sqlite_url}, {}
    )
    parts = assemble(settings, application="Site", instance=tmp_path)
    made = [parts.engine.new_recovery_codes(applicant(name)) for name in ("ada", "bob")]
    states = [one.enrolment.state["codes"] for one in made]
    parts.database.close()

    hashes = [hashed for state in states for hashed in state.values()]
    assert len(hashes) == 20
    for hashed in hashes:
        found = extract_parameters(hashed)
        assert (found.type, found.memory_cost, found.time_cost) == (Type.ID, 19_456, 2)
    salts = {hashed.split("$")[4] for hashed in hashes}
    assert len(salts) == len(set(hashes)) == 20


@pytest.mark.row("ATK-75", "ASVS-6.5.2")
def test_one_code_of_two_people_is_stored_differently(site: Site) -> None:
    """The same code would be stored as another value for each person, and says so of nobody."""
    factor = site.engine.registry["recovery_codes"]
    world = site.engine.context.env(site.clock.now())
    states = [factor.begin(applicant(name), world).state["codes"] for name in ("ada", "bob")]

    assert not set(states[0].values()) & set(states[1].values())


@pytest.mark.row("ATK-75", "ASVS-7.2.3")
def test_a_stolen_hash_is_no_token(site: Site) -> None:
    """What the database keeps of a cookie cannot be used as one, in any form."""
    ada = site.enrol()
    begun = ada.login()
    for row in site.rows("passage"):
        for column in ("token_hash", "browser_hash", "identity_hash"):
            stolen = row[column] or b""
            for form in (stolen.hex(), stolen.decode("latin-1"), base32(stolen)):
                assert site.engine.look(form) is None
                assert ada.login(browsers=[form]).passage.lane is Lane.STRANGER
    assert site.engine.look(begun.token) is not None


@pytest.mark.row("ATK-75", "C8")
def test_codes_cannot_be_made_from_the_database_alone(letters_site: Site) -> None:
    """Everything the database knows of a challenge makes another code under another key."""
    site = letters_site
    ada = site.enrol()
    ada.add_letters()
    begun = ada.login()
    site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()
    stolen = next(
        asked.challenge
        for asked in case_of(site, begun.token).asked
        if asked.enrolment.factor == "letters"
    )
    right, guesses = site.post.code(), FixedRandom("thief")

    assert site.engine.context.codes.code_for(stolen, 6) == right
    for _ in range(100):
        own = Codes(ring=KeyRing({stolen.key_version: guesses.bytes(32)}), epoch=1)
        assert own.code_for(stolen, 6) != right


@pytest.mark.row("ATK-75", "ASVS-6.7.1")
def test_a_spoilt_row_is_no_way_round_a_rotation(site: Site) -> None:
    """Sealing anew leaves a row that was altered as it is, and loses nothing else."""
    ada, eve = site.enrol("ada"), site.enrol("eve")
    theirs = next(r for r in site.rows("enrolment") if r["id"] == eve.enrolment_id)
    site.change("enrolment", {"id": ada.enrolment_id}, secret=theirs["secret"])

    _, count = operate.rotate_keys(site.parts, site.folder / "vestibule-development.keys")

    kept = {row["id"]: row["secret"] for row in site.rows("enrolment")}
    assert count == 1
    assert kept[ada.enrolment_id] == theirs["secret"]
    assert reason(ada.answer(ada.login().token, ada.code())) is Reason.GONE
    assert eve.come_in().is_accepted
