"""How an authenticator app is shown; what it takes to set one up is in templates/setup.html."""

from typing import Final

from vestibule.core.presentation import Presentation

PRESENTATION: Final = Presentation(
    title="Authenticator app",
    short="authenticator app",
    another="Another authenticator app",
    offer="An app on your phone shows a short code. It works without a network.",
    prompt="Type the %(digits)s-digit code your app shows for %(site)s.",
    set_up="Set up an authenticator app",
    added="Done. From now on you confirm it’s you with your app.",
    start_over=(
        "There were several wrong codes. Remove the entry from your app and scan a new one."
    ),
    icon=(
        "M9 2.5h6A2.5 2.5 0 0 1 17.5 5v14a2.5 2.5 0 0 1-2.5 2.5H9A2.5 2.5 0 0 1 6.5 19V5"
        "A2.5 2.5 0 0 1 9 2.5zM9.5 12h.01M12 12h.01M14.5 12h.01M11 18.5h2"
    ),
)
