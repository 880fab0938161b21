"""Somebody whose phone or mailbox an inbox plays: what came for them, and the code in it."""

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
    """One address of an inbox, as `Inbox.recipient` returns it."""

    to: str
    read: Callable[[], Sequence[InboxMessage]]
    """Returns every message of the inbox, newest first."""

    @property
    def messages(self) -> tuple[InboxMessage, ...]:
        """What came to this address over any channel, newest first."""
        return tuple(message for message in self.read() if message.to == self.to)

    def code(self) -> str:
        """Return the newest code that came, in digits alone, whether written or read out.

        Raises `LookupError` where none came. It may be used already: nobody can see that.
        """
        for message in self.messages:
            text = _LINK.sub("", message.text)
            found = _SPOKEN.search(text) or _WRITTEN.search(text)
            if found is not None:
                return found[0].replace(", ", "")
        raise LookupError(
            f"no code came to {self.to}: have it sent, and call deliver(app); the inbox must be "
            "the one that the application was given as its sender"
        )

    def could_be(self, shown: str) -> bool:
        """Say whether an address of which `shown` is all that a page shows may be this one.

        What is hidden may be nothing: a page shows as many dots for `s@x.example` as for others.

        >>> Recipient("+491701234567", tuple).could_be("+49 ••• 67")
        True
        """
        seen = (re.escape("".join(part.split())) for part in _HIDDEN.split(shown))
        return re.fullmatch(".*".join(seen), self.to) is not None
