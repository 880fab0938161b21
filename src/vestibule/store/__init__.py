"""The SQL store: the only place that knows a database."""

from vestibule.store.sql import SqlStore as SqlStore

__all__ = ["SqlStore"]
