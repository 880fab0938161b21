"""What a host says of a view once and for all, where the gate looks for it: on the function."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Request

View = TypeVar("View", bound=Callable[..., Any])


def mark(view: View, name: str) -> View:
    """Return `view` itself, bearing a mark."""
    setattr(view, f"_vestibule_{name}", True)
    return view


def is_marked(view: Callable[..., Any] | None, name: str) -> bool:
    """Say whether a view bears a mark, on its function or on its class."""
    own, kind = f"_vestibule_{name}", getattr(view, "view_class", None)
    return bool(getattr(view, own, False)) or bool(getattr(kind, own, False))


def is_marked_here(app: Flask, request: Request, name: str) -> bool:
    """Say whether the view a request is for bears a mark."""
    return is_marked(app.view_functions.get(request.endpoint or ""), name)
