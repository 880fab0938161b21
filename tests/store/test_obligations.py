"""What is noted of somebody obliged: made by a rule of what was noted before, and told with it."""

from dataclasses import replace
from datetime import timedelta

from tests.core.site import Site

from vestibule.core import events
from vestibule.core.model import Obligation, Origin
from vestibule.core.ruling import Noted

ADA = "ada"


def first(site: Site) -> Obligation:
    """What is noted of somebody new."""
    now = site.clock.now()
    realm = site.engine.context.realm
    return Obligation(realm=realm, subject=ADA, since=now, address=None, address_since=now)


def oblige(site: Site, wanted: Obligation) -> Obligation | None:
    """Have this noted, with an event; return what was noted before."""
    context = site.engine.context
    given: list[Obligation | None] = []
    fact = events.ObligationBegun(until="")
    told = context.event(fact, ADA, context.now(), Origin())

    def rule(before: Obligation | None) -> Noted:
        given.append(before)
        return Noted(obligation=wanted, events=(told,))

    assert context.store.oblige(context.realm, ADA, context.now(), rule).obligation == wanted
    [before] = given
    return before


def test_a_rule_is_given_what_was_noted_before(site: Site) -> None:
    """Nothing at first, then what the rule before has made of it, whole."""
    new = first(site)
    later = site.clock.now() + timedelta(days=1)
    moved = replace(new, address=b"mark", address_since=later, sealed_address=b"sealed")

    assert oblige(site, new) is None
    assert oblige(site, moved) == new
    assert site.engine.context.store.obligation(new.realm, ADA) == moved


def test_what_stays_as_it_was_is_told_to_nobody(site: Site) -> None:
    """Events are written with a change only."""
    new = first(site)
    oblige(site, new)
    oblige(site, new)

    assert [fact["name"] for fact in site.facts()] == ["obligation_begun"]
