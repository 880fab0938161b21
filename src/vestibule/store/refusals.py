"""What a database says when it refuses, in our own words. None of them quotes what it was given."""

from typing import Any, Final

from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from vestibule.core.errors import DeploymentError, StoreUnavailableError, UsageError

MISSING: Final = frozenset({"3F000", "42P01", "42703"})
"""PostgreSQL's states for a schema, a table or a column that is not there."""
HANGS_ON_NOTHING: Final = "23503"
"""Its state for a row that names another which is not there."""
DOWN: Final = frozenset({"42501", "25006", "25P03"})
"""Its states for a user who may not, for a server that only reads (a standby, a full disk), and for
a transaction it gave up because nothing was said in it."""


def in_our_words(error: Exception) -> Exception | None:
    """Return what a driver's or a pool's error means to us, None where it is our own mistake."""
    said: Any = error.orig if isinstance(error, DBAPIError) else error
    kinds = {kind.__name__ for kind in type(said).__mro__}
    if _is_missing(said):
        return DeploymentError(
            "the database of Vestibule lacks tables or columns that this version needs. "
            "Run: vestibule db upgrade"
        )
    if "DataError" in kinds:
        return UsageError(
            "a value handed to Vestibule cannot be stored: a subject is text without NUL, and a "
            f"number is of ordinary size ({type(said).__name__})"
        )
    if _hangs_on_nothing(said):
        return StoreUnavailableError("what was to be changed has been deleted meanwhile")
    is_down = {"OperationalError", "InterfaceError"} & kinds or _state(said) in DOWN
    if is_down or isinstance(error, PoolTimeoutError | DisconnectionError):
        kind = type(said).__name__
        return StoreUnavailableError(f"the database of Vestibule did not answer ({kind})")
    return None


def _is_missing(said: Any) -> bool:
    if _state(said) in MISSING:
        return True
    text = str(said)
    return type(said).__module__ == "sqlite3" and (
        text.startswith(("no such table", "no such column")) or " has no column named " in text
    )


def _hangs_on_nothing(said: Any) -> bool:
    is_sqlites = getattr(said, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY"
    return is_sqlites or _state(said) == HANGS_ON_NOTHING


def _state(said: Any) -> str | None:
    state: str | None = getattr(said, "sqlstate", None)
    return state
