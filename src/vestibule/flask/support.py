"""Where the host's people are asked, and by which number they find a login that waits."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from vestibule.core.model import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Where the host's people are asked: a sentence, or a link with what it says."""

    text: str
    url: str | None = None


def case_number(passage: Passage) -> str:
    """Return what a person reads out to the host's people: it finds the login in the audit trail.

    It is the beginning of the passage's id, which no cookie and no page holds.
    """
    return f"{passage.id[:4]}-{passage.id[4:8]}".upper()


def support(said_by_host: str | None) -> Support | None:
    """Return what VESTIBULE_SUPPORT says: a web address and a mailbox become links."""
    if not said_by_host:
        return None
    if urlsplit(said_by_host).scheme in {"http", "https"} and " " not in said_by_host:
        return Support(text=said_by_host, url=said_by_host)
    if "@" in said_by_host and " " not in said_by_host:
        return Support(text=said_by_host, url=f"mailto:{said_by_host}")
    return Support(text=said_by_host)
