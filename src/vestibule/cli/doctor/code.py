"""What a function's code refers to, read from its bytecode. Nothing is called.

Read along with a function are the functions of the host that it names, and those it is wrapped in
or wraps. Libraries are not read: what is theirs shows by the names they are called by.
"""

import dis
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import flask

MOST: Final = 400
"""Functions read for one view: enough for any, and an end for what leads everywhere."""
_LIBRARIES: Final = tuple(
    str(Path(sysconfig.get_path(name))) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


@dataclass(slots=True)
class Facts:
    """What was read."""

    names: set[str] = field(default_factory=set)
    """Every name and attribute."""
    texts: set[str] = field(default_factory=set)
    """Every text, keyword names included."""
    values: list[Any] = field(default_factory=list)
    """What the names mean, where they mean something outside the function."""
    writes: set[str] = field(default_factory=set)
    """Keys put into the session."""
    reads: set[str] = field(default_factory=set)
    """Texts where the session is used but these are not put into it: keys that may be read."""

    def means(self, value: object) -> bool:
        """Say whether a name means `value`."""
        return any(found is value for found in self.values)


class Reader:
    """Reads the code of one application."""

    def __init__(self, app: flask.Flask) -> None:
        """Tell the application's own code by where it stands."""
        self._root = app.import_name.partition(".")[0]
        self._kept: dict[int, tuple[object, Facts]] = {}

    def read(self, start: Any) -> Facts:
        """Return the facts of a view, a hook or a loader."""
        kept = self._kept.get(id(start))
        if kept is None:
            kept = self._kept[id(start)] = (start, self._read(start))
        return kept[1]

    def place(self, start: Any) -> str:
        """Return where a function of the host stands, as `module:line`."""
        for function in self._functions(start, called=False):
            if self.is_own(function):
                return f"{_module(function)}:{function.__code__.co_firstlineno}"
        return str(getattr(start, "__module__", "unknown"))

    def wrappers(self, start: Any) -> Iterator[str]:
        """Return the names of everything a view is wrapped in, and its own."""
        yield from (found.__code__.co_qualname for found in self._functions(start, called=False))

    def is_own(self, thing: Any) -> bool:
        """Say whether a function or class is the host's own code, not a library's."""
        name = _module(thing)
        root = name.partition(".")[0]
        if root in {"vestibule", ""}:
            return False
        file = getattr(sys.modules.get(name), "__file__", None)
        return root == self._root or (file is not None and not file.startswith(_LIBRARIES))

    def _read(self, start: Any) -> Facts:
        facts = Facts()
        for function in self._functions(start, called=True):
            if self.is_own(function):
                _note(function, facts)
        return facts

    def _functions(self, start: Any, *, called: bool) -> Iterator[FunctionType]:
        """Return `start`, what it wraps, and what the host's own part of that names."""
        todo, seen = list(_behind(start)), set[int]()
        while todo and len(seen) < MOST:
            function = todo.pop(0)
            if id(function) in seen:
                continue
            seen.add(id(function))
            yield function
            todo += _wrapped(function)
            if called and self.is_own(function):
                todo += self._called(function)

    def _called(self, function: FunctionType) -> Iterator[FunctionType]:
        scope, names = _scope(function), _names(function)
        for name in names:
            value = scope.get(name)
            if type(value) is FunctionType:
                yield value
            elif issubclass(type(value), ModuleType | type):
                yield from _members(value, names)
            elif value is not None and self.is_own(type(value)):
                yield from _members(type(value), names)


def _module(thing: Any) -> str:
    """Return the module a thing was written in: a wrapper bears the name of what it wraps."""
    if type(thing) is FunctionType:
        return str(thing.__globals__.get("__name__", ""))
    return str(getattr(thing, "__module__", None) or "")


def classes_in(facts: Facts) -> Iterator[type]:
    """Return every class that a function names."""
    yield from (value for value in facts.values if issubclass(type(value), type))


def _behind(thing: Any) -> Iterator[FunctionType]:
    """Return the functions that a callable is made of."""
    if type(thing) is partial:
        yield from _behind(thing.func)
        return
    kind = vars(thing).get("view_class") if type(thing) is FunctionType else None
    if kind is not None:
        yield from (m for m in map(_function, vars(kind).values()) if m is not None)
    function = _function(thing) or _function(inspect.getattr_static(type(thing), "__call__", None))
    if function is not None:
        yield function
    # An object may stand before a function, as the gate's does before the user loader.
    wrapped = None if function is thing else inspect.getattr_static(thing, "__wrapped__", None)
    if type(wrapped) is FunctionType:
        yield wrapped


def _function(thing: Any) -> FunctionType | None:
    # Asked by type: what stands for something else, such as current_user, is not to be woken.
    if issubclass(type(thing), MethodType | staticmethod | classmethod):
        thing = thing.__func__
    return thing if type(thing) is FunctionType else None


def _wrapped(function: FunctionType) -> Iterator[FunctionType]:
    yield from _behind(getattr(function, "__wrapped__", None))
    for value in _closure(function).values():
        if not issubclass(type(value), type):
            yield from _behind(value)


def _members(owner: Any, names: Iterable[str]) -> Iterator[FunctionType]:
    for name in names:
        found = _function(inspect.getattr_static(owner, name, None))
        if found is not None:
            yield found


def _closure(function: FunctionType) -> dict[str, Any]:
    kept = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            kept[name] = cell.cell_contents
        except ValueError:  # not filled yet: a function that names itself
            continue
    return kept


def _scope(function: FunctionType) -> dict[str, Any]:
    return {**function.__globals__, **_closure(function)}


def _codes(function: FunctionType) -> Iterator[CodeType]:
    """Return a function's code, and that of the functions written within it."""
    todo = [function.__code__]
    while todo:
        code = todo.pop()
        yield code
        todo += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _names(function: FunctionType) -> set[str]:
    return {name for code in _codes(function) for name in (*code.co_names, *code.co_freevars)}


def _note(function: FunctionType, facts: Facts) -> None:
    scope = _scope(function)
    for code in _codes(function):
        names = {*code.co_names, *code.co_freevars}
        facts.names |= names
        facts.values += [scope[name] for name in names if name in scope]
        texts = set(_texts(code.co_consts)) | {
            value for name in names if type(value := scope.get(name)) is str
        }
        facts.texts |= texts
        if _uses_session(names, scope):
            written = set(_written(code, scope))
            facts.writes |= written
            facts.reads |= texts - written


def _texts(constants: Iterable[Any]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from _texts(constant)


def _uses_session(names: set[str], scope: dict[str, Any]) -> bool:
    return any(scope.get(name) is flask.session for name in names) or (
        "session" in names and any(scope.get(name) is flask for name in names)
    )


def _written(code: CodeType, scope: dict[str, Any]) -> Iterator[str]:
    """Return the keys of `session[key] = …`: container and key are what was loaded last."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for container, key, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "STORE_SUBSCR" and _is_session(container, scope):
            found: Callable[..., Any] = scope.get
            text = key.argval if key.opname == "LOAD_CONST" else found(key.argval)
            if isinstance(text, str):
                yield text


def _is_session(step: dis.Instruction, scope: dict[str, Any]) -> bool:
    if step.opname == "LOAD_ATTR":
        return bool(step.argval == "session")
    return isinstance(step.argval, str) and scope.get(step.argval) is flask.session
