"""What was sent to numbers that begin alike, and what came of it, for people to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vestibule.core.conversion import areas_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was sent to an area by one provider, or by all where that is empty.

    `awaited` of these were for strangers and new numbers; of those `returned` came back. `unsure`
    tries may have gone out besides: nobody knows what came of them.
    """

    area: str
    provider: str
    sent: int = 0
    delivered: int = 0
    awaited: int = 0
    returned: int = 0
    unsure: int = 0

    @property
    def conversion(self) -> float | None:
        """The part of the awaited ones that came back, None where none was."""
        return self.returned / self.awaited if self.awaited else None


def with_countries(found: Iterable[Traffic]) -> Sequence[Traffic]:
    """Return what was found for ranges of numbers, and the sum of each country before its own."""
    sums: dict[tuple[str, str], Traffic] = {}
    for one in found:
        for area in areas_of(one.area):
            key = area, one.provider
            sums[key] = _added(sums[key], one) if key in sums else replace(one, area=area)
    return [sums[key] for key in sorted(sums)]


def _added(one: Traffic, other: Traffic) -> Traffic:
    return replace(
        one,
        sent=one.sent + other.sent,
        delivered=one.delivered + other.delivered,
        awaited=one.awaited + other.awaited,
        returned=one.returned + other.returned,
        unsure=one.unsure + other.unsure,
    )
