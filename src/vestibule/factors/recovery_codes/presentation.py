"""How recovery codes are shown where one is asked for; the set has pages of its own."""

from typing import Final

from vestibule.core.presentation import Presentation

PRESENTATION: Final = Presentation(
    title="Recovery code",
    short="recovery codes",
    prompt="Type one of the codes you saved when you set this up.",
    label="Recovery code",
    wrong=(
        "Each recovery code works once, and only those of your newest set do. Check what you "
        "typed, or use another one."
    ),
    icon="M6 2.5h8.5L19 7v14.5H6zM14.5 2.5V7H19M9 11.5h7M9 14.5h7M9 17.5h4",
)
