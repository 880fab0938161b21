"""What a carrier is sent: a form or an object with places in it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

PLACES: Final = ("to", "from", "body", "user", "secret")
_PLACE: Final = re.compile(r"\{([A-Za-z_]+)\}")


class Template:
    """An object whose texts have places such as `{to}`; they are filled where they stand.

    They are never put into a text that is read again: whatever a message holds, it is one value.
    """

    def __init__(self, told: "str | Mapping[str, Any] | Template") -> None:
        """Take an object, or read one from JSON.

        What is wrong with it is its `trouble`, in place of an error of whoever reads settings: that
        would quote it, and there may be a credential in it.
        """
        shape: Any = told.shape if isinstance(told, Template) else told
        if isinstance(shape, str):
            try:
                shape = json.loads(shape)
            except ValueError:
                shape = None
        self.shape: Mapping[str, Any] = shape if isinstance(shape, Mapping) else {}
        self.trouble = _trouble(shape)

    def __repr__(self) -> str:
        return "Template(…)"  # there may be a credential in it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.shape == other.shape

    def __hash__(self) -> int:
        return hash(json.dumps(self.shape, sort_keys=True, default=str))

    def places(self) -> Iterator[str]:
        """Iterate over the places it has."""
        for text in _texts(self.shape):
            yield from _PLACE.findall(text)

    @property
    def is_form(self) -> bool:
        """Whether it is flat, as a form is."""
        return all(isinstance(value, str | int | float | bool) for value in self.shape.values())

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the object with `values` in their places."""
        return {str(name): _filled(value, values) for name, value in self.shape.items()}


def _trouble(shape: Any) -> str:
    """Return what is wrong with a template, in words that quote none of it; mostly nothing."""
    if not isinstance(shape, Mapping):
        return "is an object, or the same as JSON"
    places = {place for text in _texts(shape) for place in _PLACE.findall(text)}
    if places - set(PLACES):
        return f"has other places than {', '.join(f'{{{place}}}' for place in PLACES)}"
    return "" if {"to", "body"} <= places else "needs the places {to} and {body}"


def _filled(shape: Any, values: Mapping[str, str]) -> Any:
    if isinstance(shape, str):
        return _PLACE.sub(lambda place: values[place[1]], shape)
    if isinstance(shape, Mapping):
        return {str(name): _filled(value, values) for name, value in shape.items()}
    if isinstance(shape, list | tuple):
        return [_filled(value, values) for value in shape]
    return shape


def _texts(shape: Any) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif isinstance(shape, Mapping):
        for value in shape.values():
            yield from _texts(value)
    elif isinstance(shape, list | tuple):
        for value in shape:
            yield from _texts(value)
