"""Since when somebody is obliged, and since when an address is theirs."""

from datetime import timedelta

from tests.core.site import Site

ADA = "ada"


def test_an_obligation_begins_once(site: Site) -> None:
    """Whoever is noted again is obliged since the first time."""
    store, realm, began = site.engine.context.store, site.engine.context.realm, site.clock.now()
    store.oblige(realm, ADA, b"mark", began)

    later = store.oblige(realm, ADA, b"mark", began + timedelta(days=3))

    assert (later.since, later.address_since) == (began, began)


def test_another_address_counts_from_when_it_was_seen(site: Site) -> None:
    """A changed address is as old as the change, and so is one that came back."""
    store, realm, began = site.engine.context.store, site.engine.context.realm, site.clock.now()
    changed, back = began + timedelta(days=1), began + timedelta(days=2)
    store.oblige(realm, ADA, b"mark", began)

    assert store.oblige(realm, ADA, b"other", changed).address_since == changed
    assert store.oblige(realm, ADA, b"mark", back).address_since == back
    assert store.oblige(realm, ADA, None, back + timedelta(days=1)).address is None


def test_no_address_is_one_too(site: Site) -> None:
    """Whoever had no address before has had the new one since it was seen."""
    store, realm, began = site.engine.context.store, site.engine.context.realm, site.clock.now()
    store.oblige(realm, ADA, None, began)

    later = store.oblige(realm, ADA, b"mark", began + timedelta(days=1))

    assert (later.since, later.address_since) == (began, began + timedelta(days=1))
