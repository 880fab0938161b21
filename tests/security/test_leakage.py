"""Nothing live is written down where it could be read: an oracle over everything emitted."""

import dataclasses
import json
import logging
from typing import Any

import pytest
from tests.core.site import Person, Site

from vestibule.bootstrap import operate
from vestibule.core.engine import Login
from vestibule.core.model import Origin, Purpose
from vestibule.oath import base32
from vestibule.secretbox import encode_key
from vestibule.testing import SoftwareAuthenticator


def live_through(site: Site) -> tuple[list[bytes], list[object]]:
    """Do everything a person does; return each secret there was and each value seen."""
    secrets: list[bytes] = []
    values: list[object] = []

    def secret(*found: str | bytes) -> None:
        secrets.extend(one.encode() if isinstance(one, str) else one for one in found)

    login = Login(
        subject="ada",
        identity="1",
        password_stamp="pbkdf2:the-hash-of-a-password",
        contact={"email": "ada@private.test"},
    )
    draft = site.draft("ada", login=login)
    assert draft is not None
    assert draft.token is not None
    app = SoftwareAuthenticator(draft.enrolment.secret)
    ada = Person(site, "ada", app, draft.enrolment.id)
    secret(app.secret, base32(app.secret), app.secret.hex(), draft.token)
    secret("pbkdf2:the-hash-of-a-password", "ada@private.test")
    values += [login, draft, site.engine.look(draft.token)]
    values.append(site.engine.draft_on(site.engine.look(draft.token)))
    values.append(ada.answer(draft.token, ada.wrong(), Purpose.ENROL))
    values.append(ada.answer(draft.token, ada.code(), Purpose.ENROL))
    secret(ada.token, ada.browser)

    made = ada.make_recovery_codes()
    for code in made:
        secret(code, code.replace("-", ""), code.replace("-", "")[5:])
    values.append(site.engine.recovery_codes(site.engine.enrolments("ada")))
    ada.add_letters()
    secret(ada.token, ada.browser)

    parked = Login(
        subject="ada", identity="1", parked=b"the host's whole session", browsers=[ada.browser]
    )
    begun = site.engine.begin_login(parked, Origin(address="192.0.2.1", agent="Browser"))
    secret(begun.token, b"the host's whole session")
    values += [parked, begun, site.engine.look(begun.token)]
    values.append(site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id))
    ada.deliver()
    values.append(ada.answer(begun.token, "not a code at all"))
    values.append(ada.answer(begun.token, made[0][:-1] + ("1" if made[0][-1] != "1" else "2")))
    values.append(ada.answer(begun.token, site.post.code()))
    secret(ada.token, ada.browser)
    values += [ada.passage, *site.engine.enrolments("ada")]
    operate.rotate_keys(site.parts, site.folder / "vestibule-development.keys")
    for key in site.parts.ring.keys.values():
        secret(key, encode_key(key), key.hex())
    values += [site.parts, site.engine, site.parts.settings, site.parts.courier]
    values += site.heard
    return secrets, values


def found_in(emitted: bytes, secrets: list[bytes]) -> list[bytes]:
    """Those secrets that stand in what was emitted, as they are or as Python writes bytes."""
    return [one for one in secrets if one in emitted or repr(one)[2:-1].encode() in emitted]


@pytest.mark.row("ATK-74", "C8", "C11", "ASVS-16.2.1..5,16.3.1..4,16.4.1", "W19")
def test_logs_hold_nothing_live(letters_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, the statements of the database included, no secret is logged."""
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "sqlalchemy.engine"):
        second = letters_site.process()
        secrets, _ = live_through(second)

    logged = caplog.text.encode()
    assert len(secrets) > 30
    assert b"INSERT INTO passage" in logged
    assert found_in(logged, secrets) == []


@pytest.mark.row("ATK-74", "ATK-75", "C8", "C11", "CS-03")
def test_no_table_holds_anything_live(letters_site: Site) -> None:
    """No column of any table holds a code, a secret, a token, a session or an address in clear."""
    secrets, _ = live_through(letters_site)
    held = letters_site.bytes_of_all_tables()

    assert found_in(held, [*secrets, b"ada@site.test"]) == []


@pytest.mark.row("ATK-74")
def test_no_value_prints_anything_live(letters_site: Site) -> None:
    """Printing any value the engine hands out or takes shows no secret of it."""
    secrets, values = live_through(letters_site)
    printed = "\n".join(f"{value!r}\n{value}" for value in values)

    assert found_in(printed.encode(), secrets) == []


@pytest.mark.row("ATK-74", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
def test_events_hold_nothing_live(letters_site: Site) -> None:
    """Neither the trail nor what listeners are told holds a secret, and all of it is plain JSON."""
    secrets, _ = live_through(letters_site)
    trail = json.dumps([fact["data"] for fact in letters_site.facts()])
    told = repr([dataclasses.asdict(event) for event in letters_site.heard])

    assert found_in(trail.encode() + told.encode(), secrets) == []


@pytest.mark.row("ATK-74", "ATK-80")
def test_an_error_in_the_middle_quotes_nothing_live(letters_site: Site) -> None:
    """When the database fails in the middle of an answer, no error in the chain has the code."""
    site = letters_site
    ada = site.enrol()
    begun, code = ada.login(parked=b"the host's session"), ada.next_code()
    with site.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event RENAME TO elsewhere")

    with pytest.raises(Exception, match="vestibule db upgrade") as failure:
        ada.answer(begun.token, code)

    chain: list[str] = []
    error: BaseException | None = failure.value
    while error is not None:
        chain.append(f"{error}{error!r}{getattr(error, 'params', '')}")
        error = error.__cause__ or error.__context__
    told = "".join(chain).encode()
    assert found_in(told, [code.encode(), begun.token.encode(), ada.app.secret]) == []
    with site.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO event")
    assert ada.answer(begun.token, code).is_accepted


def test_the_oracle_finds_what_is_there(letters_site: Site) -> None:
    """The search that the other tests rely on does find a secret, as text and as Python's bytes."""
    secrets, values = live_through(letters_site)
    sample: list[Any] = [secrets[0], repr(secrets[0]).encode(), b"x" + secrets[-1] + b"x"]

    assert all(found_in(one, secrets) for one in sample)
    assert len(values) > 20
