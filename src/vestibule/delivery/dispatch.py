"""One message along its route: who refuses or does not answer hands over to the next at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import caps
from vestibule.core.budget import Budget
from vestibule.core.caps import Cap
from vestibule.core.errors import StoreUnavailableError
from vestibule.core.model import Message, MessageStatus
from vestibule.core.ports import Brake, Clock, SendError
from vestibule.delivery.breaker import Breaker, note
from vestibule.delivery.callbacks import Callbacks
from vestibule.delivery.hosting import Hosting
from vestibule.delivery.http import Http
from vestibule.delivery.insisting import CLOSED, Allowance, Insisting
from vestibule.delivery.outbox import (
    MOST_UNSURE,
    NotTried,
    Outbox,
    Try,
    TryEnd,
    TryOutcome,
)
from vestibule.delivery.provider import Hosts, Parcel, Provider
from vestibule.delivery.routes import Routes

LONGEST_TRY: Final = timedelta(seconds=35)
"""Longer than any try takes: none is to outlast its message's lease.

The longest is two requests to a carrier (a former code is cancelled, another made), with a store
that is away before and after them.
"""
_NOT_TRIED: Final = {
    NotTried.SPENT: "it may have been sent, and the day's money is spent that another try costs",
    NotTried.ARRIVED: "it has arrived",
    NotTried.TAKEN_AWAY: "it is not ours any more",
    NotTried.TOO_OFTEN: f"it may have been sent: of {MOST_UNSURE} tries nobody knows what came",
}


class NotTriedError(SendError):
    """A message may have been taken, or is not ours now: nobody is asked. It is `permanent`."""

    def __init__(self, why: NotTried) -> None:
        """Keep why."""
        super().__init__(_NOT_TRIED[why], permanent=True)
        self.why = why


class UnwrittenError(StoreUnavailableError):
    """A try was begun, and what came of it could not be written: it may have been taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Hands messages to providers, and writes every try down."""

    routes: Routes
    outbox: Outbox
    http: Http
    clock: Clock
    budget: Budget
    """What sending may cost."""
    hosting: Hosting
    brake: Brake
    """Who knows what came back."""
    breaker: Breaker
    """What is known of each carrier in this process."""
    callbacks: Callbacks | None
    """None where the site has no address that a carrier could call."""
    insist: Insisting

    def carry(self, message: Message, parcel: Parcel) -> None:
        """Hand a message over to the first provider that takes it, and write down that it is sent.

        Whoever is kept out is asked after all where nobody else takes it. Raises `SendError` where
        none did: permanent where each would not have it for good, and `NotTriedError` where it may
        have been taken, or is not ours any more, and is not tried again.
        """
        route = self._route(parcel)
        if not route:
            raise SendError(f"no route for {parcel.channel}", permanent=True)
        troubles: list[SendError] = []
        for provider, may_be_asked in self._in_turn(route, parcel):
            trouble = (
                self._attempt(provider, message, parcel)
                if may_be_asked
                else SendError(f"{provider.name} is kept out")
            )
            if trouble is None:
                return
            troubles.append(trouble)
        self._end_where_too_often(message, troubles)
        raise SendError(
            "; ".join(map(str, troubles)), permanent=all(one.permanent for one in troubles)
        )

    def _in_turn(
        self, route: Sequence[Provider], parcel: Parcel
    ) -> Iterator[tuple[Provider, bool]]:
        """Give each provider as its turn comes, whoever is kept out last, and if it may be asked.

        What the breaker says is asked for no sooner: who is let in is expected to be tried.
        """
        kept_out: list[Provider] = []
        for provider in route:
            if self.breaker.admit(_key(provider, parcel), self.clock.now()):
                yield provider, True
            else:
                kept_out.append(provider)
        for provider in kept_out:
            now = self.clock.now()
            yield provider, self.breaker.admit_at_last(_key(provider, parcel), now)

    def _end_where_too_often(self, message: Message, troubles: Sequence[SendError]) -> None:
        """Raise `NotTriedError` where there were as many unsure tries at a message as may be."""
        if not any(one.unsure for one in troubles):
            return
        tries = self.insist(self.outbox.tries, message.id)
        if sum(one.is_unsure for one in tries) >= MOST_UNSURE:
            raise NotTriedError(NotTried.TOO_OFTEN)

    def _route(self, parcel: Parcel) -> Sequence[Provider]:
        """Return who carries, in order; whose codes do not come back from there, comes last."""
        route = self.routes.of(parcel.channel, parcel.to)
        range_ = caps.range_of(parcel.to)
        if range_ is None or len(route) == 1:
            return route
        put_last = self.insist(self.brake.put_last, range_, self.clock.now())
        return sorted(route, key=lambda provider: provider.name in put_last)

    def _attempt(self, provider: Provider, message: Message, parcel: Parcel) -> SendError | None:
        """Hand a message to a provider; return why it did not take it, None where it did.

        Raises `SendError` where its number takes no text messages, or nobody is asked any more.
        """
        if not self._has_time(message):
            return SendError("no time left in this round")
        try:
            self._try(provider, message, parcel)
        except SendError as error:
            if error.cannot_receive or isinstance(error, NotTriedError):
                raise
            said = f"{provider.name}: {error}"
            return SendError(said, permanent=error.permanent, unsure=error.unsure)
        return None

    def _has_time(self, message: Message) -> bool:
        """Say whether a message is of use still, and ours until a try at it would be over."""
        now, until = self.clock.now(), message.claimed_until
        return now < message.not_after and (until is None or now + LONGEST_TRY <= until)

    def _try(self, provider: Provider, message: Message, parcel: Parcel) -> None:
        began = self.clock.now()
        if self.callbacks is not None and self.callbacks.are_reached_by(provider):
            parcel = replace(
                parcel,
                receipts=self.callbacks.receipts(provider.name, message),
                script=self.callbacks.script(provider.name, message),
            )
        begun = Try(
            message_id=message.id,
            realm=message.realm,
            provider=provider.name,
            channel=parcel.channel,
            at=began,
            claimed_until=message.claimed_until,
        )
        insist = self.insist.together()
        try_id = insist(self.outbox.begin_try, begun, self._price(message, parcel, began))
        if isinstance(try_id, NotTried):
            raise NotTriedError(try_id)
        try:
            error, carrier_id = self._handed_over(provider, message, parcel, insist)
            took = max(self.clock.now() - began, timedelta())
            sent = _sent(message) if error is None else None
            stands = self.insist(self.outbox.end_try, try_id, _end(error, took, carrier_id), sent)
        except CLOSED as away:
            raise UnwrittenError(str(away)) from away
        note(self.breaker, _key(provider, parcel), error, self.clock.now())
        if stands is TryOutcome.CANNOT_RECEIVE and not (error and error.cannot_receive):
            raise SendError("the receipt says: it takes no text messages", cannot_receive=True)
        if error is not None:
            raise error

    def _price(self, message: Message, parcel: Parcel, now: datetime) -> Mapping[str, Cap]:
        """Return what a further try counts; only codes are paid for, as when they are asked for."""
        if message.challenge_id is None:
            return {}
        return self.budget.counted(parcel.channel, parcel.to, now, strange=message.strange)

    def _handed_over(
        self, provider: Provider, message: Message, parcel: Parcel, insist: Allowance
    ) -> tuple[SendError | None, str | None]:
        try:
            if isinstance(provider, Hosts):
                return None, self.hosting.open(provider, message, parcel, insist)
            return None, provider.send(parcel, self.http)
        except SendError as error:
            return error, None
        except CLOSED:
            raise  # no carrier's fault
        except Exception as error:  # noqa: BLE001 - another may carry what this one stumbles at
            # Only the kind of error is written down: its text may quote what was to be sent.
            return SendError(type(error).__name__, unsure=True), None


def _key(provider: Provider, parcel: Parcel) -> str:
    """Return what the breaker knows a carrier by: its calls may work while its texts do not."""
    return f"{provider.name} ({parcel.channel})"


def _sent(message: Message) -> Message:
    """Return a message that a carrier has taken."""
    return replace(
        message, status=MessageStatus.SENT, outcome="handed over", tries=message.tries + 1
    )


def _end(error: SendError | None, took: timedelta, carrier_id: str | None) -> TryEnd:
    if error is None:
        return TryEnd(outcome=TryOutcome.ACCEPTED, took=took, carrier_id=carrier_id)
    outcome = TryOutcome.REFUSED if error.permanent else TryOutcome.FAILED
    if error.unsure:
        outcome = TryOutcome.UNSURE
    if error.cannot_receive:
        outcome = TryOutcome.CANNOT_RECEIVE
    return TryEnd(outcome=outcome, reason=str(error)[:200], took=took)
