"""Since when somebody is obliged, and since when an address is theirs."""

from datetime import datetime, timedelta

from tests.core.site import Site

from vestibule.core.model import Obligation

ADA = "ada"


def oblige(site: Site, subject: str, address: bytes | None, now: datetime) -> Obligation:
    """Note somebody."""
    context = site.engine.context
    return context.store.oblige(context.realm, subject, address, now, events=[], messages=[])


def test_an_obligation_begins_once(site: Site) -> None:
    """Whoever is noted again is obliged since the first time."""
    began = site.clock.now()
    oblige(site, ADA, b"mark", began)

    later = oblige(site, ADA, b"mark", began + timedelta(days=3))

    assert (later.since, later.address_since) == (began, began)


def test_another_address_counts_from_when_it_was_seen(site: Site) -> None:
    """A changed address is as old as the change, and so is one that came back."""
    began = site.clock.now()
    changed, back = began + timedelta(days=1), began + timedelta(days=2)
    oblige(site, ADA, b"mark", began)

    assert oblige(site, ADA, b"other", changed).address_since == changed
    assert oblige(site, ADA, b"mark", back).address_since == back
    assert oblige(site, ADA, None, back + timedelta(days=1)).address is None


def test_no_address_is_one_too(site: Site) -> None:
    """Whoever had no address before has had the new one since it was seen."""
    began = site.clock.now()
    oblige(site, ADA, None, began)

    later = oblige(site, ADA, b"mark", began + timedelta(days=1))

    assert (later.since, later.address_since) == (began, began + timedelta(days=1))
