"""Routes: who carries a channel, in the order they are tried, perhaps by a prefix of the number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vestibule.delivery.own import OwnSender
from vestibule.delivery.provider import Hosts, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The providers by `channel` or `channel:+49`; `otherwise` carries what none of them does."""

    named: Mapping[str, Sequence[Provider]] = field(default_factory=dict)
    otherwise: OwnSender | None = None

    def __bool__(self) -> bool:
        """Say whether anybody carries anything."""
        return bool(self.named) or self.otherwise is not None

    def of(self, channel: str, to: str) -> Sequence[Provider]:
        """Return who carries a message, in order: by the longest prefix of its number."""
        narrow = (f"{channel}:{to[:length]}" for length in range(len(to), 0, -1))
        for where in (*narrow, channel):
            if where in self.named:
                return self.named[where]
        if self.otherwise is not None and self.otherwise.takes(channel):
            return (self.otherwise,)
        return ()

    def carries(self, channel: str) -> bool:
        """Say whether anybody carries a channel, were it to some numbers alone."""
        if self.otherwise is not None and self.otherwise.takes(channel):
            return True
        return any(_is_of(where, channel) for where in self.named)

    def reaches(self, channel: str, prefix: str) -> bool:
        """Say whether anybody carries a channel to numbers that begin so, were it to some alone."""
        if self.otherwise is not None and self.otherwise.takes(channel):
            return True
        routed = (where.partition(":")[2] for where in self.named if _is_of(where, channel))
        return any(one.startswith(prefix) or prefix.startswith(one) for one in routed)

    @property
    def tells(self) -> bool:
        """Whether anybody carries notices by mail, which are nothing that a carrier could make."""
        route = self.of("email", "")
        return any(not isinstance(provider, Hosts) for provider in route)

    @property
    def hosts(self) -> bool:
        """Whether any provider makes codes itself."""
        return any(isinstance(one, Hosts) for route in self.named.values() for one in route)

    def provider(self, name: str) -> Provider | None:
        """Return the provider of that name, None where no route has it."""
        found = (one for route in self.named.values() for one in route if one.name == name)
        return next(found, None)


def _is_of(where: str, channel: str) -> bool:
    return where.partition(":")[0] == channel
