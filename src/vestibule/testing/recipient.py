"""Somebody whose phone or mailbox is played: what came for them, and the code in it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vestibule.testing.inbox_storage import InboxMessage

# A code that is read out has its digits one by one, and is said twice.
_SPOKEN: Final = re.compile(r"(?<![\w,])[0-9](?:, [0-9]){5,9}(?!\w)")
_WRITTEN: Final = re.compile(r"(?<![\w+])[0-9]{6,10}(?!\w)")
_LINK: Final = re.compile(r"\S+://\S+")
_HIDDEN: Final = re.compile(r"•+")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of an inbox or of carriers, as `recipient(to)` of either returns it."""

    to: str
    read: Callable[[], Sequence[InboxMessage]]
    """Returns every message of the inbox, newest first."""
    remedy: str = (
        "have it sent, and call deliver(app); the inbox must be the one that the application was "
        "given as its sender"
    )
    """What to do where no code came."""

    @property
    def messages(self) -> tuple[InboxMessage, ...]:
        """What came to this address over any channel, newest first."""
        return tuple(message for message in self.read() if message.to == self.to)

    def code(self) -> str:
        """Return the newest code that came, in digits alone, whether written or read out.

        Raises `LookupError` where none came. It may be used already: nobody can see that.
        """
        for message in self.messages:
            if code := code_in(message.text):
                return code
        raise LookupError(f"no code came to {self.to}: {self.remedy}")

    def could_be(self, shown: str) -> bool:
        """Say whether an address of which `shown` is all that a page shows may be this one.

        What is hidden may be nothing: a page shows as many dots for `s@x.example` as for others.

        >>> Recipient("+491701234567", tuple).could_be("+49 ••• 67")
        True
        """
        seen = (re.escape("".join(part.split())) for part in _HIDDEN.split(shown))
        return re.fullmatch(".*".join(seen), self.to) is not None


def code_in(text: str) -> str:
    """Return the code in a message, in digits alone; empty where there is none.

    >>> code_in("Hello. 1, 2, 3, 4, 5, 6 is your code."), code_in("Your number is +491701234567.")
    ('123456', '')
    """
    told = _LINK.sub("", text)
    found = _SPOKEN.search(told) or _WRITTEN.search(told)
    return found[0].replace(", ", "") if found else ""
