"""What a terminal may be shown of what came from elsewhere: nothing that it would obey.

A name, an address or a browser is what somebody sent. A control character in it could move the
cursor, colour a line or turn the reading round, and so show an operator what is not so.
"""

import json


def plain(text: str) -> str:
    """Return text whose every character is seen; those that are not are spelled out."""
    return "".join(c if c.isprintable() else _spelled(c) for c in text)


def word(value: object) -> str:
    """Return a value as one word: quoted, where it is empty or could be read as several."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_one = text != "" and not any(c.isspace() or c in '"=' for c in text)
    return plain(text if is_one or not isinstance(value, str) else _quoted(text))


def json_line(value: object) -> str:
    """Return a value as one line of JSON, in ASCII and without any control character."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
