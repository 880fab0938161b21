"""What is wrong with a carrier: switched on and off while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from threading import Lock
from typing import Any, Final, Literal, Self, get_args

Body = Literal["", "garbage", "long", "drip"]
Receipts = Literal["", "lost", "twice", "reversed", "early"]
Answers = Literal["person", "machine", "nobody"]

_NUMBER: Final = (int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a carrier does wrong. As it stands here, a carrier does nothing wrong."""

    slow: float = 0.0
    """Seconds before it answers. Whoever hangs up before that has had nothing taken."""
    status: int | None = None
    """The HTTP status of an error it answers with; of mail, the status of SMTP."""
    code: int | None = None
    """The carrier's own number of that error."""
    cut: bool = False
    """It ends the connection without an answer."""
    redirect: str = ""
    """It sends its caller to this address."""
    body: Body = ""
    """It answers with `garbage`, with some megabytes (`long`), or byte by byte (`drip`)."""
    accepts: bool = False
    """It takes the message first, and does all that is said above afterwards."""
    landlines: tuple[str, ...] = ()
    """The prefixes of numbers that take no text messages."""
    undelivered: int | None = None
    """Its receipts tell that nothing arrived, and this number of an error."""
    receipts: Receipts = ""
    """They are `lost`, sent `twice`, in the `reversed` order, or `early`: before the answer."""
    receipts_late: float = 0.0
    """Seconds by which they come later."""
    answers: Answers = "person"
    """Who answers a call."""
    key: str = "1"
    """What a person presses when told to press a key; nothing if empty."""
    every: int = 1
    """It is so with every so many requests only."""
    times: int | None = None
    """It is so with so many requests, and then no longer."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense, with a sentence."""
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise ValueError(f"{name} of a fault cannot be {value!r}")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} of a fault is one of {', '.join(map(repr, words))}")
        if min(self.slow, self.receipts_late) < 0 or self.every < 1:
            raise ValueError("a fault has no time before now, and is there every 1 request or more")
        if not all(str(prefix).startswith("+") for prefix in self.landlines):
            raise ValueError("landlines of a fault are prefixes of numbers, such as '+4930'")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Return the fault that JSON says. Raises `ValueError` where it says what is none."""
        unknown = sorted(set(said) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"a fault has nothing called {', '.join(unknown)}")
        lines = said.get("landlines", ())
        return cls(**{**said, "landlines": tuple(lines) if isinstance(lines, list) else lines})

    def is_landline(self, to: str) -> bool:
        """Say whether a number takes no text messages."""
        return to.startswith(self.landlines)

    @property
    def spoils(self) -> bool:
        """Whether the sender is not told, or not in time, what became of the message."""
        return bool(self.slow or self.status or self.code or self.cut or self.redirect or self.body)


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "slow": _NUMBER,
    "status": (int, type(None)),
    "code": (int, type(None)),
    "cut": (bool,),
    "redirect": (str,),
    "accepts": (bool,),
    "landlines": (tuple,),
    "undelivered": (int, type(None)),
    "receipts_late": _NUMBER,
    "key": (str,),
    "every": (int,),
    "times": (int, type(None)),
}
_WORDS: Final = {
    "body": get_args(Body),
    "receipts": get_args(Receipts),
    "answers": get_args(Answers),
}
SOUND: Final = Fault()
"""Nothing is wrong."""


class Faults:
    """The fault of each carrier, at this moment; safe for several threads."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._lock = Lock()
        self._faults: dict[str, Fault] = {}
        self._asked: dict[str, int] = {}

    def set(self, carrier: str, fault: Fault) -> None:
        """Have this wrong with a carrier from now on, and nothing else."""
        with self._lock:
            self._faults[carrier] = fault
            self._asked[carrier] = 0

    def heal(self, carrier: str | None = None) -> None:
        """Have nothing wrong with a carrier, or with all."""
        with self._lock:
            for name in [carrier] if carrier else list(self._faults):
                self._faults.pop(name, None)

    def all(self) -> Mapping[str, Fault]:
        """Return what is wrong, by carrier."""
        with self._lock:
            return dict(self._faults)

    def strike(self, carrier: str) -> Fault:
        """Return what is wrong with the request that has just come in, and count it."""
        with self._lock:
            fault = self._faults.get(carrier, SOUND)
            if fault is SOUND:
                return fault
            self._asked[carrier] += 1
            struck, otherwise = divmod(self._asked[carrier], fault.every)
            if otherwise or (fault.times is not None and struck > fault.times):
                return SOUND
            return fault
