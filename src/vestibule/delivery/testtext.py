"""What a test message says: that it is one. It holds no code."""

from typing import Final

from vestibule.delivery.mail import Mail
from vestibule.delivery.provider import Speech
from vestibule.languages import Language

TEST: Final = "test"
"""The text of a message that an operator sends to see whether a carrier is set right."""


def text_message(site: str, language: Language) -> str:
    """Return a test as a text message."""
    return language.gettext("This is a test by %(site)s. There is no code in it.", site=site)


def mail(site: str, language: Language) -> Mail:
    """Return a test as a mail."""
    return Mail(
        subject=language.gettext("%(site)s: a test", site=site),
        paragraphs=(text_message(site, language),),
    )


def speech(site: str, language: Language) -> Speech:
    """Return a test as a call tells it."""
    return Speech(
        ask=language.gettext(
            "Hello. This is a test by %(site)s. Press any key to go on.", site=site
        ),
        say=language.gettext("A key was pressed: all is well. There is no code. Goodbye."),
        farewell=language.gettext("No key was pressed. Goodbye."),
    )
