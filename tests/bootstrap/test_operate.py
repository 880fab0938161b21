import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import Site, reason

from vestibule.bootstrap import assemble, operate, read_settings
from vestibule.bootstrap import keys as key_files
from vestibule.core.errors import DeploymentError, UsageError
from vestibule.core.model import Purpose
from vestibule.core.verdict import Reason
from vestibule.store import installation, migrate, tables
from vestibule.store.database import sqlite_file


def keys_of(site: Site) -> Path:
    """The key file of a site in development."""
    return site.folder / "vestibule-development.keys"


def version_of(sealed: bytes | None) -> int | None:
    """The key version that a sealed value names."""
    return None if not sealed else int.from_bytes(sealed[1:3], "big")


# Making an installation


def test_init_makes_keys_and_store_a_pair(database_url: str, tmp_path: Path) -> None:
    """Init makes an installation of one id in both, and a second init keeps what there is."""
    key_file = tmp_path / "keys" / "door.keys"
    first = operate.initialise(database_url, key_file)
    keys = key_files.read(key_file)
    second = operate.initialise(database_url, key_file)

    assert (first.made_keys, first.made_store) == (True, True)
    assert (second.made_keys, second.made_store) == (False, False)
    assert first.installation == second.installation == keys.installation
    assert key_files.read(key_file) == keys
    assert not keys.development
    assert len(keys.keys[1]) == 32


def test_init_makes_the_store_of_keys_that_exist(database_url: str, tmp_path: Path) -> None:
    """Keys that were put there before get a store of their own."""
    key_file = tmp_path / "door.keys"
    operate.initialise(f"sqlite:///{tmp_path / 'first.db'}", key_file)
    made = operate.initialise(database_url, key_file)

    assert (made.made_keys, made.made_store) == (False, True)


@pytest.mark.row("ATK-69")
def test_init_touches_nothing_that_belongs_to_another(database_url: str, tmp_path: Path) -> None:
    """Init refuses a database of another installation, and leaves no key file behind."""
    operate.initialise(database_url, tmp_path / "one.keys")
    with pytest.raises(DeploymentError, match="--key-file"):
        operate.initialise(database_url, tmp_path / "other.keys")

    assert not (tmp_path / "other.keys").exists()


def test_init_refuses_development_keys(sqlite_url: str, tmp_path: Path) -> None:
    """Init makes no production store for keys that were made in development."""
    key_file = tmp_path / "door.keys"
    key_files.write(
        key_file, key_files.Keys(installation="a", keys={1: bytes(32)}, development=True)
    )
    with pytest.raises(DeploymentError):
        operate.initialise(sqlite_url, key_file)


def test_init_refuses_a_development_database(sqlite_url: str, tmp_path: Path) -> None:
    """Init asks for another database than a developer's, and not for its keys, which it refuses."""
    settings = read_settings(
        {"VESTIBULE_DEVELOPMENT": True, "VESTIBULE_DATABASE_URL": sqlite_url}, {}
    )
    assemble(settings, application="Site", instance=tmp_path).database.close()

    with pytest.raises(DeploymentError, match="--database-url") as refusal:
        operate.initialise(sqlite_url, tmp_path / "door.keys")

    assert "--key-file" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "garbage\n", "installation a\n", "installation a\nkey 1 b\n"])
def test_init_sends_nobody_with_a_broken_key_file_back_to_itself(
    sqlite_url: str, tmp_path: Path, text: str
) -> None:
    """What init says of a key file that is none mends it: from the backup, or under a new name."""
    key_file = tmp_path / "door.keys"
    key_file.write_text(text)

    with pytest.raises(DeploymentError, match="backup") as refusal:
        operate.initialise(sqlite_url, key_file)

    assert "a --key-file that is not there yet" in str(refusal.value)


@pytest.mark.parametrize("revision", ["nonsense", "0099"])
def test_a_revision_that_is_none_is_refused_in_a_sentence(database_url: str, revision: str) -> None:
    """A revision nobody knows is told with those there are, and leaves the store as it was."""
    operate.upgrade(database_url)
    for move in (operate.upgrade, operate.downgrade):
        with pytest.raises(UsageError, match="REVISION is 0001 to"):
            move(database_url, revision)

    assert operate.upgrade(database_url) == migrate.NEWEST


def test_an_operator_moves_a_store_back_and_forward(database_url: str) -> None:
    """The commands bring a store to a revision and say at which it is."""
    newest = operate.upgrade(database_url)
    assert newest == migrate.NEWEST
    assert operate.downgrade(database_url, "base") is None
    assert operate.upgrade(database_url) == newest


# Keys


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_rotation_seals_everything_anew(letters_site: Site) -> None:
    """After a rotation every sealed value is under the new key, and all of it still opens."""
    site = letters_site
    ada = site.enrol(contact={"email": "ada@site.test"})
    ada.add_letters()
    codes = ada.make_recovery_codes()
    begun = ada.login(parked=b"session")
    site.engine.owed("ben", {"email": "ben@site.test"})
    site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)

    version, count = operate.rotate_keys(site.parts, keys_of(site))

    sealed = [
        version_of(row[column])
        for table, column, _, _ in operate.SEALED
        for row in site.rows(table)
        if row[column]
    ]
    assert version == 2
    assert set(sealed) == {2}
    assert count == len(sealed)
    assert {row["subject"] for row in site.rows("obligation") if row["sealed_address"]} == {"ben"}
    assert site.facts()[-1]["data"] == {"version": 2, "resealed": count}
    ada.deliver()
    outcome = ada.answer(begun.token, site.post.code())
    assert outcome.granted is not None
    assert outcome.granted.parked == b"session"
    assert ada.come_in().is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted
    site.engine.owed("ben", {"email": "new@site.test"})
    ada.deliver()
    changed = [m.to for m in site.post.sent if "has another mail address now" in m.text]
    assert changed == ["ben@site.test"]


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_what_was_sealed_is_listed_whole() -> None:
    """Every column of bytes is a hash, a salt, a stamp, or in the list of what is sealed anew."""
    listed = {(table, column) for table, column, _, _ in operate.SEALED}
    plain = {
        ("passage", "token_hash"),
        ("passage", "identity_hash"),
        ("passage", "browser_hash"),
        ("passage", "password_stamp"),
        ("challenge", "salt"),
        ("obligation", "address"),
    }
    binary = {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.type.python_type is bytes
    }

    assert binary == listed | plain


def test_a_code_on_its_way_survives_a_rotation(letters_site: Site) -> None:
    """A code sent before a rotation is right after it, and so is one sent again."""
    ada = letters_site.enrol()
    ada.add_letters()
    begun = ada.login()
    letters_site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()
    code = letters_site.post.code()

    operate.rotate_keys(letters_site.parts, keys_of(letters_site))

    other = letters_site.process()
    assert other.engine.verify(begun.token, Purpose.LOGIN, code).is_accepted


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_other_processes_go_on_without_a_restart(site: Site) -> None:
    """A process that was running during a rotation verifies, enrols and seals under the new key."""
    ada = site.enrol()
    other = site.process()
    begun = ada.login(parked=b"session")
    operate.rotate_keys(site.parts, keys_of(site))

    outcome = other.engine.verify(begun.token, Purpose.LOGIN, ada.next_code())
    assert outcome.granted is not None
    assert outcome.granted.parked == b"session"
    bob = other.enrol("bob")
    row = next(row for row in site.rows("enrolment") if row["id"] == bob.enrolment_id)
    assert version_of(row["secret"]) == 2


@pytest.mark.row("ASVS-13.3.1/13.3.4", "ATK-80")
def test_people_log_in_while_keys_are_rotated(site: Site) -> None:
    """While keys are rotated, every right code is accepted and every wrong one refused."""
    people = [site.enrol(f"person {number}") for number in range(4)]
    other = site.process()
    under_way, stop = threading.Event(), threading.Event()
    verdicts, errors = [], []

    def keep_logging_in() -> None:
        try:
            while not stop.is_set():
                site.fake.move(seconds=30)
                for person in people:
                    begun = person.login(known=True, parked=b"session")
                    wrong = other.engine.verify(begun.token, Purpose.LOGIN, person.wrong())
                    right = other.engine.verify(begun.token, Purpose.LOGIN, person.code())
                    verdicts.append((wrong.is_accepted, right.is_accepted))
                    under_way.set()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    logins = threading.Thread(target=keep_logging_in)
    logins.start()
    assert under_way.wait(20)
    for _ in range(4):
        operate.rotate_keys(site.parts, keys_of(site))
    stop.set()
    logins.join()

    assert errors == []
    assert set(verdicts) == {(False, True)}
    operate.reseal(site.parts)
    secrets = [row["secret"] for row in site.rows("enrolment")]
    assert {version_of(secret) for secret in secrets} == {5}


def test_a_value_that_does_not_open_stops_no_rotation(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """An altered row stays as it is and is named in the log; all others are sealed anew."""
    ada, bob = site.enrol("ada"), site.enrol("bob")
    altered = bytes([*site.rows("enrolment")[0]["secret"][:-1], 0])
    site.change("enrolment", {"id": ada.enrolment_id}, secret=altered)
    site.engine.owed("carl", {"email": "carl@site.test"})
    other = bytes([*site.rows("obligation")[0]["sealed_address"][:-1], 0])
    site.change("obligation", {"subject": "carl"}, sealed_address=other)

    _, count = operate.rotate_keys(site.parts, keys_of(site))

    kept = {row["id"]: version_of(row["secret"]) for row in site.rows("enrolment")}
    assert kept == {ada.enrolment_id: 1, bob.enrolment_id: 2}
    assert count == 2  # bob's, and where the mail to carl goes
    assert ada.enrolment_id in caplog.text
    assert "row carl does not open" in caplog.text
    assert site.rows("obligation")[0]["sealed_address"] == other


def test_sealing_anew_twice_does_nothing_the_second_time(site: Site) -> None:
    """What is under the newest key already is left alone."""
    site.enrol()
    _, count = operate.rotate_keys(site.parts, keys_of(site))

    assert count == 1
    assert operate.reseal(site.parts) == 0


# Backups


def restored(site: Site, backup: Path) -> Site:
    """The site after its database was put back from a backup."""
    site.parts.database.close()
    file = sqlite_file(site.url)
    assert file is not None
    for leftover in file.parent.glob(f"{file.name}-*"):
        leftover.unlink()
    shutil.copyfile(backup, file)
    return site.process()


def backed_up(site: Site) -> Path:
    """A copy of the database as it stands."""
    site.parts.database.close()
    file = sqlite_file(site.url)
    assert file is not None
    backup = site.folder / "backup.db"
    shutil.copyfile(file, backup)
    return backup


@pytest.mark.row("ATK-76")
def test_without_the_epoch_step_a_restored_backup_replays(small_site: Site) -> None:
    """A backup put back as it is takes the spent codes again: that is why there is a command."""
    ada = small_site.enrol()
    codes = ada.make_recovery_codes()
    grant = ada.token
    code = ada.next_code()
    backup = backed_up(small_site)
    assert ada.answer(ada.login().token, code).is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted
    live = small_site.engine.standing("ada", grant).passage
    assert live is not None
    small_site.engine.end(live, "password changed")

    after = restored(small_site, backup)
    ada.site = after
    ada.token = grant

    assert ada.is_in
    assert ada.answer(ada.login().token, code).is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted


@pytest.mark.row("ATK-76")
def test_after_restore_nothing_spent_comes_back(small_site: Site) -> None:
    """After the restore drill no spent code, no ended session and no open login is alive again."""
    ada = small_site.enrol()
    codes = ada.make_recovery_codes()
    grant = ada.token
    waiting = ada.login()
    code = ada.next_code()
    draft = small_site.draft("bob")
    assert draft is not None
    backup = backed_up(small_site)
    assert ada.answer(ada.login().token, code).is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted
    live = small_site.engine.standing("ada", grant).passage
    assert live is not None
    small_site.engine.end(live, "password changed")

    after = restored(small_site, backup)
    assert operate.after_restore(after.parts) == 2
    ada.site = after
    ada.token = grant

    assert not ada.is_in
    assert reason(ada.answer(waiting.token, code)) is Reason.GONE
    assert after.engine.draft_on(after.engine.look(draft.token)) is None
    begun = ada.login()
    for spent in (code, ada.code(1), codes[0], codes[1]):
        assert not ada.answer(begun.token, spent).is_accepted
    assert "restored" in after.told()


@pytest.mark.row("ATK-76")
def test_after_restore_a_factor_that_is_off_is_not_forgotten(small_site: Site) -> None:
    """Codes of a factor that is switched off at a restore are dead once it is on again."""
    ada = small_site.enrol()
    codes = ada.make_recovery_codes()
    off = small_site.process(VESTIBULE_FACTORS="totp")
    operate.after_restore(off.parts)

    ada.site = small_site.process()
    assert not ada.answer(ada.login().token, codes[0]).is_accepted


@pytest.mark.row("ATK-76")
def test_after_restore_an_unknown_factor_stops_everything(letters_site: Site) -> None:
    """Where people have a factor that cannot be asked, nothing is changed and it is named."""
    ada = letters_site.enrol()
    ada.add_letters()
    off = letters_site.process(VESTIBULE_FACTORS="totp,recovery_codes")
    before = letters_site.bytes_of_all_tables()

    with pytest.raises(DeploymentError, match="'letters', which VESTIBULE_FACTORS does not name"):
        operate.after_restore(off.parts)
    assert letters_site.bytes_of_all_tables() == before
    assert ada.is_in


@pytest.mark.row("ATK-76")
def test_after_restore_people_come_in_with_their_next_code(site: Site) -> None:
    """Nobody loses the app by a restore: a code shown a minute later is right."""
    ada = site.enrol()
    operate.after_restore(site.parts)

    site.fake.move(seconds=30)
    assert not ada.answer(ada.login().token, ada.code()).is_accepted
    assert ada.come_in().is_accepted
    assert site.engine.standing("ada", None).enrolled


@pytest.mark.row("ATK-76")
def test_after_restore_no_sent_code_is_right_and_none_is_sent(letters_site: Site) -> None:
    """Codes sent before a restore are dead, what waits is not sent, and a new one works."""
    ada = letters_site.enrol()
    ada.add_letters()
    sent, queued = ada.login(), ada.login()
    letters = ada.enrolment("letters").id
    letters_site.engine.resend(sent.token, Purpose.LOGIN, letters)
    ada.deliver()
    code = letters_site.post.code()
    letters_site.engine.resend(queued.token, Purpose.LOGIN, letters)
    operate.after_restore(letters_site.parts)
    after = letters_site.process()

    outcome = after.engine.verify(sent.token, Purpose.LOGIN, code)
    assert reason(outcome) is Reason.GONE
    assert after.parts.courier is not None
    before = len(letters_site.post.sent)
    after.parts.courier.deliver_due()
    assert len(letters_site.post.sent) == before
    ada.site = after
    begun = ada.login()
    after.engine.resend(begun.token, Purpose.LOGIN, letters)
    ada.deliver()
    assert ada.answer(begun.token, letters_site.post.code()).is_accepted


@pytest.mark.row("ATK-76")
def test_each_restore_grows_the_epoch(site: Site) -> None:
    """Every restore drill grows the epoch and stands in the trail, told to be the operator's."""
    assert [operate.after_restore(site.parts) for _ in range(2)] == [2, 3]
    found = installation.read(site.parts.database)
    assert found is not None
    assert found.epoch == 3
    assert [fact["data"] for fact in site.facts()] == [{"epoch": 2}, {"epoch": 3}]
    assert {fact["agent"] for fact in site.facts()} == {operate.OPERATOR.agent}


def test_an_installation_describes_itself(site: Site) -> None:
    """What an operator is shown names revision, keys, factors and counts, and no secret."""
    site.enrol()
    told: dict[str, Any] = operate.describe(site.parts)

    assert told["keys"] == [1]
    assert told["factors"] == ["totp", "recovery_codes"]
    assert told["enrolled people"] == 1
    assert repr(site.parts.ring.keys[1]) not in repr(told)


def test_only_sessions_that_live_are_counted(site: Site) -> None:
    """A session that has run out is counted as none, before anything clears it out."""
    site.enrol()
    assert operate.describe(site.parts)["live sessions"] == 1
    site.fake.move(timedelta(hours=25))

    assert operate.describe(site.parts)["live sessions"] == 0


@pytest.mark.row("ATK-69")
def test_init_leaves_another_applications_file_alone(tmp_path: Path) -> None:
    """A SQLite file with somebody else's tables is refused, and stays as it was."""
    file = tmp_path / "notes.db"
    with closing(sqlite3.connect(file)) as notes:
        notes.execute("CREATE TABLE user (id INTEGER PRIMARY KEY)")
    before = file.read_bytes()

    with pytest.raises(DeploymentError, match="tables of another application"):
        operate.initialise(f"sqlite:///{file}", tmp_path / "door.keys")

    assert not (tmp_path / "door.keys").exists()
    assert file.read_bytes() == before


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """A SQLite file that init makes can be read by nobody but who made it, and so can the keys."""
    operate.initialise(f"sqlite:///{tmp_path / 'door.db'}", tmp_path / "door.keys")

    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
