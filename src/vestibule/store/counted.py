"""Counting rows apart while all of them are read once."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, func


def how_many(which: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return how many of the rows that are read are such; None where none is read."""
    return cast(func.sum(case((which, 1), else_=0)), Integer)
