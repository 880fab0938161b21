"""A figure: a ratio to its floor, the target it is held to, and the table they are printed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTHS: Final = (42, 16, 20, 8)


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio must not exceed, or must not stay below."""

    bound: float
    at_most: bool = False

    def is_met_by(self, ratio: float) -> bool:
        """Say whether a ratio is good enough."""
        return ratio <= self.bound if self.at_most else ratio >= self.bound

    def __str__(self) -> str:
        return f"at {'most' if self.at_most else 'least'} {self.bound:.2f}"


def at_most(bound: float) -> Target:
    """Return the target of a cost."""
    return Target(bound, at_most=True)


def at_least(bound: float) -> Target:
    """Return the target of a rate."""
    return Target(bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `seen` holds the absolute numbers, which are this machine's only."""

    name: str
    ratio: float
    floor: str
    target: Target | None
    """None where a figure is only told, to compare others with."""
    seen: str = ""

    @property
    def is_met(self) -> bool:
        """Say whether the target is met."""
        return self.target is None or self.target.is_met_by(self.ratio)


def print_heading() -> None:
    """Begin the table."""
    print(_line("figure", "ratio", "target", "", "seen on this machine"))
    print("-" * 114)


def print_figures(figures: Sequence[Figure]) -> None:
    """Add lines to the table."""
    for figure in figures:
        ratio = f"{figure.ratio:.2f} x {figure.floor}"
        print(_line(figure.name, ratio, *_judged(figure), figure.seen), flush=True)


def _judged(figure: Figure) -> tuple[str, str]:
    if figure.target is None:
        return "to compare with", ""
    return str(figure.target), "met" if figure.is_met else "MISSED"


def _line(*cells: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)]
    return "".join([*padded, *cells[len(padded) :]]).rstrip()
