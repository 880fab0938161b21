"""How a phone number is shown; what it takes to name one is in templates/begin.html."""

from typing import Final

from vestibule.core.presentation import Presentation, Question

PRESENTATION: Final = Presentation(
    title="Phone number",
    short="phone number",
    another="Use another phone number",
    offer="We send a code by text message, or call you and read it out.",
    prompt="Type the code we sent to %(to)s.",
    choice="Have a code sent to %(to)s.",
    set_up="Set up your phone number",
    added="Done. From now on we can send a code to your phone.",
    start_over="There were several wrong codes. Have a new one sent.",
    icon=(
        "M6.6 3.5 9 3l2 4.6-2 1.7a12 12 0 0 0 5.7 5.7l1.7-2 4.6 2-.5 2.4a3.2 3.2 0 0 1-3.4 2.6"
        "A16 16 0 0 1 4 6.9a3.2 3.2 0 0 1 2.6-3.4z"
    ),
    instead={"call": "Call me instead", "whatsapp": "Send it by WhatsApp"},
    questions=(
        Question(name="country", label="Country", autocomplete="country", longest=2),
        Question(
            name="number",
            label="Phone number",
            hint="With + and the country’s code it is right from anywhere.",
            inputmode="tel",
            autocomplete="tel",
            longest=40,
        ),
    ),
)
