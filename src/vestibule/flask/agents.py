"""What a browser calls itself, in a person's words: which browser it says it is, and on what.

It may say anything. Brave and many others call themselves Chrome, an iPad calls itself a Mac; where
one thing cannot be told from another, nothing is said of it, or both.
"""

from typing import Final

BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
)
"""What each has in its name; the first that fits is it, since nearly all say Chrome as well."""
SYSTEMS: Final = (
    ("Windows NT", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
"""The same of systems: Android says Linux as well."""
IN_HAND: Final = frozenset({"Android", "iPhone"})
"""Systems of what is held in a hand, as a rule."""
ON_IOS: Final = ("FxiOS/", "CriOS/", "EdgiOS/")
MAC_OR_IPAD: Final = "Mac or iPad"


def browser_of(agent: str) -> str | None:
    """Return which browser one says it is, None where it says nothing that is known.

    >>> browser_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox'
    """
    # A program's window, which has a name of its own and does not say it.
    if "; wv)" in agent:
        return None
    found = next((name for sign, name in BROWSERS if sign in agent), None)
    if found is None and "Safari/" in agent and "Version/" in agent:
        return "Safari"
    return found


def system_of(agent: str) -> str | None:
    """Return which system a browser says it runs on; `MAC_OR_IPAD` where that is all it says.

    >>> system_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Linux'
    """
    found = next((name for sign, name in SYSTEMS if sign in agent), None)
    if found != "Mac":
        return found
    if any(sign in agent for sign in ON_IOS):
        return "iPad"
    return MAC_OR_IPAD if browser_of(agent) == "Safari" else found
