"""What a carrier lets us in by, as far as its look tells whether it can be right."""


def check_key(setting: str, key: str) -> None:
    """Refuse with `ValueError` what is no key: nothing, or what no header can hold."""
    if not key or key != key.strip() or not (key.isascii() and key.isprintable()):
        raise ValueError(f"{setting} is a key, of plain characters and without spaces around it")
