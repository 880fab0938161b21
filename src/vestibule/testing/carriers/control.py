"""What the stand-in answers by itself: a page of messages, and JSON for whoever steers it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

from jinja2 import Environment, PackageLoader

from vestibule.core.errors import ConfigurationError
from vestibule.testing.carriers.archive import CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply, told
from vestibule.testing.carriers.faults import Fault
from vestibule.testing.inbox_page import pieces

SHOWN: Final = 200
"""As many messages are shown where nothing else is said."""
STYLE: Final = Path(__file__).parents[1] / "static" / "inbox.css"


class Steered(Protocol):
    """What can be asked and told of the stand-in."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every carrier."""
        ...

    @property
    def messages(self) -> tuple[CarrierMessage, ...]:
        """All that is kept, newest first."""
        ...

    def messages_to(self, to: str) -> tuple[CarrierMessage, ...]:
        """Return all that is kept of one person's, newest first."""
        ...

    @property
    def faults(self) -> Mapping[str, Fault]:
        """What is wrong, by carrier."""
        ...

    def tally(self, *by: str) -> Mapping[tuple[str, ...], int]:
        """Return how many messages were taken, by some of their fields."""
        ...

    def settings(self, carrier: str) -> dict[str, Any]:
        """Return the settings that point a provider at its stand-in."""
        ...

    def fault(self, carrier: str, **wrong: Any) -> None:
        """Have this wrong with a carrier."""
        ...

    def heal(self, carrier: str | None = None) -> None:
        """Have nothing wrong with a carrier, or with all."""
        ...

    def settle(self, seconds: float = ...) -> None:
        """Wait until every receipt is sent; `TimeoutError` after so many seconds."""
        ...

    def clear(self) -> None:
        """Forget all messages."""
        ...


class Control:
    """Answers what is asked of no carrier."""

    def __init__(self, steered: Steered, *, silent: frozenset[str]) -> None:
        """Steer this; from the carriers in `silent` no receipt ever comes."""
        self._steered = steered
        self._silent = silent
        loader = PackageLoader("vestibule.testing")
        self._pages = Environment(loader=loader, autoescape=True, trim_blocks=True)

    def answer(self, asked: Asked) -> Reply:
        """Return the answer; 400 says in a sentence what was wrong."""
        try:
            return self._answered(asked)
        except (ValueError, TypeError, ConfigurationError) as error:
            return told({"error": str(error)}, 400)
        except TimeoutError as error:
            return told({"error": str(error)}, 504)

    def _answered(self, asked: Asked) -> Reply:
        match asked.method, asked.words:
            case "GET", ("",):
                return self._page()
            case "GET", ("style.css",):
                return Reply(body=STYLE.read_bytes(), type="text/css; charset=utf-8")
            case "GET", ("messages.json",):
                return self._listed(asked.asked_for)
            case _, ("_stand-in", *rest):
                return self._steer(asked, tuple(rest))
            case _:
                return told({"error": "no carrier has this address"}, 404)

    def _steer(self, asked: Asked, words: tuple[str, ...]) -> Reply:
        match asked.method, words:
            case "GET", ("faults",):
                return told({name: asdict(fault) for name, fault in self._steered.faults.items()})
            case "GET", ("tally",):
                return self._counted(asked.asked_for.get("by", ""))
            case "GET", ("settings", carrier):
                return told(self._steered.settings(carrier))
            case _ if self._done(asked, words):
                return Reply(status=204)
            case _:
                return told({"error": "there is nothing to steer at this address"}, 404)

    def _done(self, asked: Asked, words: tuple[str, ...]) -> bool:
        """Do what is asked, and say whether that is something to do."""
        match asked.method, words:
            case "PUT", ("faults", carrier):
                self._set(carrier, asked.json)
            case "DELETE", ("faults", carrier):
                self._steered.heal(carrier)
            case "DELETE", ("faults",):
                self._steered.heal()
            case "DELETE", ("messages",):
                self._steered.clear()
            case "POST", ("settle",):
                self._steered.settle()
            case _:
                return False
        return True

    def _set(self, carrier: str, wrong: Any) -> None:
        if not isinstance(wrong, dict):
            raise TypeError('a fault is said in JSON, such as {"slow": 30}')
        self._steered.fault(carrier, **wrong)

    def _listed(self, wanted: Mapping[str, str]) -> Reply:
        most = int(wanted.get("limit", SHOWN))
        by = {name: wanted[name] for name in ("carrier", "channel") if name in wanted}
        steered, to = self._steered, wanted.get("to")
        found = [
            message.as_data()
            for message in (steered.messages if to is None else steered.messages_to(to))
            if all(getattr(message, name) == value for name, value in by.items())
        ]
        return told({"messages": found[:most]})

    def _counted(self, by: str) -> Reply:
        names = tuple(name for name in by.split(",") if name)
        return told(
            [[*key, count] for key, count in self._steered.tally(*names).items()],
        )

    def _page(self) -> Reply:
        shown = [(message, list(pieces(message.text))) for message in self._steered.messages]
        text = self._pages.get_template("vestibule_testing/carriers.html").render(
            shown=shown[:SHOWN], silent=self._silent, taken=sum(self._steered.tally().values())
        )
        return Reply(body=text.encode(), type="text/html; charset=utf-8")
