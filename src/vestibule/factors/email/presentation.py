"""How codes by mail are shown: as what they are, the weakest way."""

from typing import Final

from vestibule.core.presentation import Presentation, Question

PRESENTATION: Final = Presentation(
    title="Code by mail",
    short="codes by mail",
    another="Another mail address",
    offer=(
        "We send a code to your mailbox. This protects you less than the other ways: whoever can "
        "read your mail can use it."
    ),
    prompt="Type the code we sent to %(to)s.",
    choice="Have a code sent to %(to)s.",
    set_up="Set up codes by mail",
    added="Done. From now on we can send you a code by mail.",
    start_over="There were several wrong codes. Have a new one sent.",
    icon="M3 5.5h18v13H3zM3 6.5l9 7 9-7",
    questions=(
        Question(
            name="address",
            label="Mail address",
            hint="One that only you read, and that has a good password of its own.",
            inputmode="email",
            autocomplete="email",
        ),
    ),
)
