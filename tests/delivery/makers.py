"""Couriers for tests: wired as those of a process, with carriers of a test's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.core.site import Site
from tests.delivery.carriers import NoHttp

from vestibule.core.budget import Budget
from vestibule.core.events import Event
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.calls_back import CallsBack
from vestibule.delivery.courier import Courier
from vestibule.delivery.number_check import NumberCheck
from vestibule.delivery.own import OwnSender
from vestibule.delivery.provider import Provider
from vestibule.delivery.routes import Routes
from vestibule.delivery.thread import CourierThread


@dataclass
class Watching:
    """A brake that says what it is told to."""

    skips: frozenset[str] = frozenset()

    def credit_returned(self, now: datetime, tell: Callable[[Sequence[Event]], None]) -> None:
        """Count nothing."""
        del now, tell

    def put_last(self, range_: str, now: datetime) -> frozenset[str]:
        """Say whose codes do not come back."""
        del range_, now
        return self.skips


def courier_of(site: Site) -> Courier:
    """The courier of a process."""
    assert site.parts.courier is not None
    return site.parts.courier


def courier_on(
    site: Site,
    *,
    sender: Any = None,
    brake: Watching | None = None,
    budget: Budget | None = None,
    number_check: NumberCheck | None = None,
    **routes: tuple[Provider, ...],
) -> Courier:
    """A courier of a site with these routes, and a breaker of its own."""
    mine = courier_of(site)
    led = Routes(named=routes, otherwise=OwnSender(sender=sender) if sender else None)
    return replace(
        mine,
        dispatch=replace(
            mine.dispatch,
            routes=led,
            http=NoHttp(),
            budget=budget or Budget(),
            brake=brake or Watching(),
            breaker=Breaker(),
        ),
        last_look=replace(
            mine.last_look,
            routes=led,
            budget=budget or Budget(),
            number_check=number_check,
        ),
    )


def calls_back(mine: Courier, wake: Callable[[], None] = lambda: None) -> CallsBack:
    """What hears carriers out, for the same routes as a courier's."""
    return CallsBack(
        outbox=mine.outbox,
        routes=mine.dispatch.routes,
        parcels=mine.parcels,
        last_look=mine.last_look,
        vault=mine.vault,
        clock=mine.clock,
        callbacks=mine.dispatch.callbacks,
        wake=wake,
    )


def told_nobody(events: Sequence[Event]) -> None:
    """Keep events to the audit trail."""
    del events


def thread_of(mine: Courier, **how: Any) -> CourierThread:
    """A thread that delivers as a courier does, and waits a moment for the store."""
    return CourierThread(courier=mine.insisting(0.4), tell=told_nobody, **how)
