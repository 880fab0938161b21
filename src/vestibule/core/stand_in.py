"""What stands in for a way where there is none: by these names, and for nothing but a first set-up.

Both are asked of nobody who has a way: a ticket of whoever was given one, a code to the known
address of whoever is obliged to have a second step and has none. What they open is the page on
which a way is set up; only that way, once proven, completes the login.
"""

from typing import Final

from vestibule.core.factor import Interaction, Traits

TICKET: Final = "ticket"
KNOWN_ADDRESS: Final = "known_address"
NAMES: Final = frozenset({TICKET, KNOWN_ADDRESS})


def traits(*channels: str) -> Traits:
    """Return the traits of what stands in for a way, its codes carried over `channels`, if any.

    Nobody is enrolled by it, nobody adds it, and there is one of a kind.
    """
    return Traits(
        interaction=Interaction.CODE,
        primary=False,
        addable=False,
        single=True,
        stands_in=True,
        channels=channels,
    )
