"""Where somebody is signed in: listed for them or for the site's people, and ended by either."""

from collections.abc import Callable
from typing import Final

from vestibule.core import events
from vestibule.core.engine.context import Context
from vestibule.core.events import Event
from vestibule.core.model import Origin, Passage
from vestibule.core.session import Sessions, session_of

MOST: Final = 50
"""How many are listed; ending all others ends those that are not, too."""


def listed(
    context: Context, subject: str, *, first: str, is_good: Callable[[Passage], bool]
) -> Sessions:
    """Return a subject's live grants of browsers, the one with the id `first` first, then newest.

    `is_good` says of a grant whether it is worth anything still for all that the store cannot tell.
    """
    now, idle = context.now(), context.profile.idle_life
    found = context.store.grants(
        context.realm,
        subject,
        now,
        used_after=None if idle is None else now - idle,
        first=first,
        most=MOST + 1,
    )
    told = [session_of(passage, agent) for passage, agent in found[:MOST] if is_good(passage)]
    return Sessions(told=told, more=len(found) > MOST)


def end(context: Context, session_id: str, by: Passage, origin: Origin) -> bool:
    """End another session of whose grant `by` is; False where it is none, or `by` has ended.

    Its browser is known no more: whoever ends it from elsewhere may not have it in hand.
    """
    fact = events.PassageEnded(passage=session_id, why="signed out elsewhere")
    event = context.event(fact, by.subject, context.now(), origin)
    done = context.store.end_grant(
        context.realm, by.subject, session_id, by=by.id, now=context.now(), events=[event]
    )
    if done:
        context.tell((event,))
    return done


def end_others(context: Context, by: Passage, origin: Origin) -> int:
    """End everything of a subject but the grant `by`; return how many sessions and logins.

    Logins that wait and what programs hold end as well, and no browser but this one stays known.
    """
    return _end_all(context, by.subject, origin, by="the owner", reason="", but=by.id)


def sign_out(context: Context, subject: str, *, by: str, reason: str, origin: Origin) -> int:
    """End everything of a subject; return how many sessions and logins there were."""
    return _end_all(context, subject, origin, by=by, reason=reason, but="")


def _end_all(
    context: Context, subject: str, origin: Origin, *, by: str, reason: str, but: str
) -> int:
    now, idle = context.now(), context.profile.idle_life

    def ended(count: int) -> Event:
        fact = events.SessionsEnded(by=by, reason=reason, kept=but, count=count)
        return context.event(fact, subject, now, origin)

    event, count = context.store.end_passages(
        context.realm,
        subject,
        now,
        used_after=None if idle is None else now - idle,
        but=but,
        event=ended,
    )
    if event is not None:
        context.tell((event,))
    return count
