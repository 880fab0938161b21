"""No request reads more rows when more people are enrolled: each statement goes by an index."""

from collections.abc import Callable
from typing import Final

import pytest
from tests.core.site import Person, Site
from tests.store.plans import crowd_in, spelled_out, steps_of

from vestibule.core.model import Purpose
from vestibule.store import tables

Deed = Callable[[Person], object]

SHARED: Final = frozenset({"realm", "factor", "status", "purpose", "kind", "lane", "is_primary"})
"""Columns whose every value is borne by a share of all people: an index by these alone is none."""


def standing(ada: Person) -> None:
    """What each request asks: of somebody signed in, of somebody who is not, of nobody."""
    ada.site.engine.standing("ada", ada.token)
    ada.site.engine.standing("ada", None)
    ada.site.engine.standing(None, ada.token)


def logging_in(ada: Person) -> None:
    """A login by a stranger's browser, looked at, answered wrongly and then rightly."""
    begun = ada.login()
    ada.site.engine.look(begun.token)
    ada.answer(begun.token, ada.wrong(), address="192.0.2.1")
    ada.answer(begun.token, ada.next_code(), address="192.0.2.1")


def logging_in_again(ada: Person) -> None:
    """A login by a known browser."""
    ada.answer(ada.login(known=True).token, ada.next_code())


def recovering(ada: Person) -> None:
    """A login by a recovery code, which is judged apart, after a wrong one."""
    begun = ada.login()
    ada.answer(begun.token, "0" * 20)
    ada.answer(begun.token, ada.codes[0])


def having_a_code_sent(ada: Person) -> None:
    """A code that is sent."""
    letters = ada.enrolment("letters").id
    ada.site.engine.resend(ada.login().token, Purpose.LOGIN, letters)


def proving_again(ada: Person) -> None:
    """A fresh proof by somebody signed in."""
    ada.ask_fresh(Purpose.FRESH)
    ada.answer(ada.token, ada.next_code(), Purpose.FRESH)


def redeeming(ada: Person) -> None:
    """A program's proof, used up."""
    granted = ada.site.engine.verify(ada.program().token, Purpose.LOGIN, ada.next_code()).granted
    ada.site.engine.redeem(granted.token if granted else None, "ada")


def enrolling(ada: Person) -> None:
    """A further way: begun, given up, begun again."""
    draft = ada.site.draft("ada", ada.passage, factor="totp")
    if draft is not None:
        ada.site.engine.drop_draft(draft.enrolment)
    ada.site.draft("ada", ada.passage, factor="totp")


def joining(ada: Person) -> None:
    """Somebody else's first way, from the beginning to its proof."""
    ada.site.enrol("bob")


def managing(ada: Person) -> None:
    """The list of ways, a new name, another order, new recovery codes."""
    engine = ada.site.engine
    engine.enrolments("ada")
    engine.rename(ada.enrolment(), "phone")
    engine.prefer(ada.enrolment())
    ada.make_recovery_codes()


def removing(ada: Person) -> None:
    """Every way of a person, removed."""
    for factor in ("letters", "totp"):
        ada.site.engine.revoke(ada.enrolment(factor), ada.passage)


def leaving(ada: Person) -> None:
    """The end of one login, and another."""
    ada.site.engine.end(ada.login().passage, "given up")
    ada.site.engine.keep_alive(ada.login().passage)


def looking_around(ada: Person) -> None:
    """The list of sessions, the end of another one, of all others, and of all."""
    engine, here = ada.site.engine, ada.passage
    for _ in range(2):
        other = Person(ada.site, "ada", ada.app, ada.enrolment_id)
        other.come_in()
        engine.sessions("ada", first=here.id)
        engine.end_session(other.passage.id, here)
    engine.end_others(here)
    engine.sign_out("ada", by="bea", reason="lost")


DEEDS: Final[list[Deed]] = [
    standing,
    logging_in,
    logging_in_again,
    recovering,
    having_a_code_sent,
    proving_again,
    redeeming,
    enrolling,
    joining,
    managing,
    removing,
    leaving,
    looking_around,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_each_statement_goes_by_an_index(letters_site: Site, deed: Deed) -> None:
    """Every table that a statement of a request reads is searched by what few rows share."""
    ada = letters_site.enrol()
    ada.add_letters()
    ada.make_recovery_codes()
    engine = letters_site.parts.database.engine
    crowd_in(engine)

    with spelled_out(engine) as said:
        deed(ada)

    statements = set(said)
    assert any(steps_of(engine, statement) for statement in statements)
    for statement in statements:
        unselective = [s for s in steps_of(engine, statement) if s.by <= SHARED]
        assert unselective == [], statement


@pytest.mark.parametrize("deed", [logging_in, logging_in_again, recovering])
def test_a_check_goes_by_whole_keys_before_anything_is_counted(site: Site, deed: Deed) -> None:
    """In a store that is new to its database an answer looks up ledgers and its source by key."""
    # A plan made then is kept: it would walk through everybody's ledgers until they are counted.
    ada = site.enrol()
    ada.make_recovery_codes()
    engine = site.parts.database.engine
    crowd_in(engine, counted=False)

    with spelled_out(engine) as said:
        deed(ada)

    keys = {
        "ledger": {"realm", "subject", "lane"},
        "pk_ledger": {"realm", "subject", "lane"},
        "source": {"realm", "address"},
        "pk_source": {"realm", "address"},
    }
    checks = [statement for statement in set(said) if "stranger" in statement]
    steps = [step for statement in checks for step in steps_of(engine, statement)]
    assert {step.table for step in steps} & keys.keys()
    assert [step for step in steps if step.by < keys.get(step.table, set())] == []


def test_a_scan_is_told_from_a_search(site: Site) -> None:
    """A condition that no index serves is seen as a scan, one on a shared column as no search."""
    engine = site.parts.database.engine
    scanned = "SELECT * FROM enrolment WHERE label = 'phone'"
    shared = "SELECT * FROM enrolment WHERE realm = 'default'"
    searched = "SELECT * FROM enrolment WHERE realm = 'default' AND subject = 'ada'"

    assert [step.by for step in steps_of(engine, scanned)] == [frozenset()]
    assert [step.by for step in steps_of(engine, shared)] == [frozenset({"realm"})]
    assert [step.by for step in steps_of(engine, searched)] == [frozenset({"realm", "subject"})]
    assert {step.table for step in steps_of(engine, searched)} <= {
        "enrolment",
        *(index.name for index in tables.enrolment.indexes),
    }
