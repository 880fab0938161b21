"""Somebody who has two apps, the second of which is a thief's, and who reports it."""

from tests.races.jobs import report_link
from tests.races.people import Person, add, enrolled
from tests.races.turns import Answer

from vestibule.bootstrap import Parts
from vestibule.core.engine import Begun


def robbed(parts: Parts) -> Person:
    """Somebody with two apps."""
    person = enrolled(parts, "ann", steps=-1)
    add(parts, person, "totp", steps=-1)
    return person


def thiefs_way(ann: Person) -> str:
    """The id of the app that was added last."""
    return list(ann.apps)[-1]


def thiefs_code(parts: Parts, ann: Person) -> str:
    """What the thief's app shows."""
    return ann.apps[thiefs_way(ann)].code(parts.engine.now())


def reporting(parts: Parts, way: str, begun: Begun) -> Answer:
    """What reports a way in a login that waits, and says in a word whether that was done."""
    link = report_link(parts, "ann", way)
    return lambda engine: "done" if engine.report(link, begun.passage) else "refused"


def is_shut_out(parts: Parts, ann: Person, token: str) -> bool:
    """Say that a login is no live grant, that the account is enrolled, and the way suspended."""
    own = parts.engine.own("ann", thiefs_way(ann))
    passage = parts.engine.standing("ann", token).passage
    live = parts.engine.is_live(passage, "ann", "1")
    enrolled_still = parts.engine.standing("ann", None).enrolled
    return own is not None and own.suspended_until is not None and enrolled_still and not live


def status(parts: Parts, begun: Begun) -> str:
    """How the passage of a login stands."""
    query = f"SELECT status FROM passage WHERE id = '{begun.passage.id}'"  # noqa: S608 - an id
    with parts.database.read() as connection:
        return str(connection.exec_driver_sql(query).scalar_one())
