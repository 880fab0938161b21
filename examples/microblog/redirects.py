"""Where it is safe to send a browser on a stranger's word."""

import re

# A slash, then no second one anywhere in front of the query, and nothing a browser would drop or
# turn into a slash while it makes up its mind which site is meant.
_LOCAL = re.compile(r"/(?!/)(?:[^\\\x00-\x20\x7f?#/]|/(?!/))*(?:[?#][^\\\x00-\x20\x7f]*)?")


def local_path(target: str | None) -> str | None:
    """Return `target` if it is a path on this very site, else None."""
    return target if target and _LOCAL.fullmatch(target) else None
