"""Reading a code off a message, as a person does who sees it or hears it."""

import re


def is_code(text: str) -> bool:
    """Say whether a message carries a code."""
    return " is your code " in text


def code_in(text: str) -> str:
    """Return the code of a message, written in one piece or read out digit by digit."""
    found = re.search(r"\b\d(?:, \d)+\b|\b\d{6,10}\b", text)
    assert found is not None, text
    return found.group().replace(", ", "")
