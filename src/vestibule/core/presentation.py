"""How a factor is put into words and drawn. Data only: the faces fill it in, translate and show it.

Texts are English, as a person reads them, and may hold `%(site)s` (the site's name), `%(digits)s`
(a code's length) and `%(to)s` (what `Factor.describe` says of the enrolment).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

DOOR = "M5 20V10.5a7 7 0 0 1 14 0V20M3 20.5h18M12 3.5v17M9.5 13h.01M14.5 13h.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing a person tells before a way can be added, such as where its codes go."""

    name: str
    """The field's name in the form, and in `Applicant.answers`."""
    label: str
    """What stands over the field."""
    hint: str = ""
    """A sentence about it."""
    inputmode: str = "text"
    """Which keyboard a phone shows (HTML's `inputmode`): `text`, `email`, `tel`, `numeric`."""
    autocomplete: str = "off"
    """What a browser may fill in (HTML's `autocomplete`)."""
    longest: int = 254
    """The most characters the field takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What every face needs to show a factor.

    A factor that must show more while it is set up brings a template `setup.html`, and one whose
    questions need more than a field each brings `begin.html`, in a folder `templates` beside its
    module. Both extend ours of the same name, `vestibule/setup.html`, or begin as a copy of it.
    """

    title: str
    """What people call it, as a heading: `Authenticator app`."""
    short: str
    """The same within a sentence: `authenticator app`."""
    another: str = ""
    """The heading for adding one more; the title if empty."""
    offer: str = ""
    """A sentence about it where it can be added."""
    prompt: str = "Type the code."
    """What is said where a code is asked for."""
    choice: str = ""
    """What is said where it is one of several to choose from; the prompt if empty."""
    label: str = "Code"
    """What stands over the field for the answer."""
    set_up: str = "Set it up"
    """The heading of the page on which it is set up."""
    added: str = "Done. You can confirm it’s you this way from now on."
    """What the list says once it was added."""
    start_over: str = "There were several wrong codes."
    """What is said where the set-up has to be begun anew."""
    wrong: str = ""
    """What is said of a wrong answer that is no other kind of code; a general sentence if empty."""
    icon: str = DOOR
    """A drawing: the data of one stroked SVG path on a grid of 24 by 24."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """What the button says that has a code sent over another channel than the first, by channel."""
    questions: tuple[Question, ...] = ()
    """What is asked before one can be added."""
