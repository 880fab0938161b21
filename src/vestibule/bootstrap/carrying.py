"""Who carries what the engine has written; loaded only where somebody does."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from vestibule.bootstrap import configure
from vestibule.core.engine import Context
from vestibule.core.events import Event
from vestibule.core.ports import Clock, Sender
from vestibule.core.vault import Vault
from vestibule.delivery import registry as providers
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.callbacks import Callbacks
from vestibule.delivery.calls_back import CallsBack
from vestibule.delivery.courier import Courier
from vestibule.delivery.dispatch import Dispatch
from vestibule.delivery.hosting import Hosting
from vestibule.delivery.http import HttpxHttp
from vestibule.delivery.insisting import AWAY, Insisting
from vestibule.delivery.last_look import LastLook
from vestibule.delivery.links import Links
from vestibule.delivery.number_check import NumberCheck
from vestibule.delivery.own import OwnSender
from vestibule.delivery.parcels import Parcels
from vestibule.delivery.queue import Publisher
from vestibule.delivery.routes import Routes
from vestibule.delivery.thread import CourierThread
from vestibule.settings import Settings
from vestibule.store.brake import SqlBrake
from vestibule.store.database import Database
from vestibule.store.outbox import SqlOutbox

NumberCheckBy = Callable[[str, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """Everything that carries one realm's messages in one process."""

    courier: Courier
    """Delivers by hand: whoever calls it is told at once of a store that is away."""
    thread: CourierThread
    """Delivers by itself, once it is started."""
    publisher: Publisher | None
    """Who tells workers what is due, where there are any; else the thread carries."""
    calls_back: CallsBack

    def start(self) -> None:
        """Begin to deliver, or to tell workers of what is due."""
        (self.publisher or self.thread).start()

    def wake(self) -> None:
        """Have it looked at once whether anything is due."""
        (self.publisher or self.thread).wake()

    def stop(self) -> None:
        """End what was begun, and close what is held open."""
        if self.publisher is not None:
            self.publisher.stop()
        self.thread.stop()


def hosting(
    settings: Settings, sender: Sender | None, database: Database, clock: Clock, vault: Vault
) -> Hosting:
    """Return what knows the routes, and which codes a carrier makes and judges."""
    return Hosting(
        routes=Routes(
            named=providers.load(settings.routes, settings.provider_settings),
            otherwise=OwnSender(sender=sender) if sender else None,
        ),
        outbox=SqlOutbox(database, settings.realm),
        http=HttpxHttp(),
        clock=clock,
        vault=vault,
        breaker=Breaker(),
    )


def carrying(
    context: Context,
    settings: Settings,
    hosting: Hosting,
    brake: SqlBrake,
    number_check: NumberCheckBy | None,
) -> Carrying:
    """Return who carries what the engine has written, by the same keys and the same clock."""
    pages, box = configure.pages_of(settings), context.vault.box
    calls = Callbacks(base=pages, realm=settings.realm, box=box) if pages else None
    courier = Courier(
        outbox=hosting.outbox,
        dispatch=_dispatch(context, hosting, brake, calls),
        parcels=_parcels(context, settings, hosting),
        last_look=_last_look(context, hosting, number_check),
        vault=context.vault,
        clock=context.clock,
    )
    thread = CourierThread(courier=courier.insisting(AWAY), tell=context.tell)
    publisher = _publisher(settings, hosting)
    calls_back = CallsBack(
        outbox=hosting.outbox,
        routes=hosting.routes,
        parcels=courier.parcels,
        last_look=courier.last_look,
        vault=context.vault,
        clock=context.clock,
        callbacks=calls,
        wake=(publisher or thread).wake,
    )
    return Carrying(courier=courier, thread=thread, publisher=publisher, calls_back=calls_back)


def _dispatch(
    context: Context, hosting: Hosting, brake: SqlBrake, calls: Callbacks | None
) -> Dispatch:
    return Dispatch(
        routes=hosting.routes,
        outbox=hosting.outbox,
        http=hosting.http,
        hosting=hosting,
        brake=brake,
        breaker=hosting.breaker,
        clock=hosting.clock,
        budget=context.budget,
        callbacks=calls,
        insist=Insisting(),
    )


def _parcels(context: Context, settings: Settings, hosting: Hosting) -> Parcels:
    pages, box = configure.pages_of(settings), context.vault.box
    return Parcels(
        outbox=hosting.outbox,
        vault=context.vault,
        codes=context.codes,
        clock=context.clock,
        random=context.random,
        site=context.issuer,
        host=urlsplit(settings.site_url).hostname if settings.site_url else None,
        ways={factor.name: factor.presentation.short for factor in context.registry},
        languages=configure.languages_of(settings),
        links=Links(base=pages, realm=settings.realm, box=box) if pages else None,
        insist=Insisting(),
    )


def _last_look(context: Context, hosting: Hosting, number_check: NumberCheckBy | None) -> LastLook:
    def note(event: Event) -> None:
        context.store.add_events([event])
        context.tell((event,))

    return LastLook(
        outbox=hosting.outbox,
        routes=hosting.routes,
        clock=context.clock,
        budget=context.budget,
        note=note,
        number_check=NumberCheck(number_check) if number_check else None,
        insist=Insisting(),
    )


def _publisher(settings: Settings, hosting: Hosting) -> Publisher | None:
    """Return who tells workers what is due; None where there is no broker."""
    if settings.broker_url is None:
        return None
    return Publisher(
        outbox=hosting.outbox,
        clock=hosting.clock,
        broker_url=settings.broker_url,
        realm=settings.realm,
    )
