"""Acting as somebody: who has just proven who they are uses the site as another, for a short time.

The passage is granted at once, to the subject, and says by whom. It is never fresh, makes no known
browser, keeps no address for notices, and takes no answer: what a subject proves to change how they
log in can be proven on a passage of their own only.
"""

from dataclasses import dataclass, field, replace

from vestibule.core import events, policy
from vestibule.core.engine.context import Context
from vestibule.core.engine.login import Login, furnished
from vestibule.core.model import (
    Lane,
    Message,
    Notice,
    Origin,
    Passage,
    PassageKind,
    PassageStatus,
    Purpose,
)
from vestibule.core.tokens import identity_hash, token_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """A grant to act, and the token that names it."""

    passage: Passage
    token: str = field(repr=False)


def begin(
    context: Context, by: Passage, login: Login, origin: Origin, *, reason: str, tells: bool
) -> Acting | None:
    """End the fresh grant `by` and write one for `login`; None, and nothing, where it was not.

    These are two transactions, of two subjects. Whoever is interrupted in between is signed out and
    acts as nobody: the trail has the end of their session, and no acting that never began.
    """
    now, token = context.now(), context.new_token()
    if not by.proofs or not policy.is_fresh(by, now, context.profile.fresh_for):
        return None
    passage = _passage(context, by, login, token)
    why = events.PassageEnded(passage=by.id, why="acting as somebody")
    ended = context.event(why, by.subject, now, origin)
    # The end comes first, and is taken by one only: one proof never opens two passages.
    if not context.store.end_passage(by.id, [ended]):
        return None
    fact = events.ActingBegun(passage=passage.id, by=by.subject, user=login.subject, reason=reason)
    both = dict.fromkeys((login.subject, by.subject))
    told = tuple(context.event(fact, subject, now, origin) for subject in both)
    messages = _notices(context, passage, origin) if tells else ()
    context.store.open_passage(passage, (), messages, told)
    context.tell((ended, *told))
    return Acting(passage=passage, token=token)


def _passage(context: Context, by: Passage, login: Login, token: str) -> Passage:
    now = context.now()
    passage = Passage(
        id=context.new_id(),
        realm=context.realm,
        subject=login.subject,
        status=PassageStatus.GRANTED,
        kind=PassageKind.BROWSER,
        purpose=Purpose.ACT,
        lane=Lane.STRANGER,
        token_hash=token_hash(token) or b"",
        created_at=now,
        expires_at=now + context.profile.acting_life,
        identity_hash=identity_hash(login.identity),
        proofs=(replace(by.proofs[-1], purpose=Purpose.ACT, by=by.subject),),
        granted_at=now,
        seen_at=now,
    )
    # A change of the password ends it; but who acts is not where its owner can be told of changes.
    return furnished(context, passage, replace(login, parked=b"", contact=None))


def _notices(context: Context, passage: Passage, origin: Origin) -> tuple[Message, ...]:
    """Return what the owner is told, not in the language of whoever acts."""
    now = passage.created_at
    theirs = replace(origin, locale="")
    time = now.isoformat()
    return context.notice(Notice.ACTING_BEGUN, passage.subject, now, theirs, time=time)
