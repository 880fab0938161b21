"""The pages' words. English stands in the code; other languages come through gettext."""


def gettext(text: str, **values: object) -> str:
    """Return `text` in the reader's language, its `%(name)s` places filled."""
    return text % values if values else text
