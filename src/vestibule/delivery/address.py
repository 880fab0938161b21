"""Where a carrier is: an address that is checked once, when the settings are read."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

# What a path of ours goes behind: no user, no query, nothing that could end it.
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/%-]*)?")


def carrier_address(setting: str, url: str) -> str:
    """Return the address of a carrier as it is.

    Raises `ValueError` naming the `setting` where it is none, or where what is sent there could be
    read on its way: plain http goes to this machine alone, where a stand-in may be.
    """
    try:
        parts = urlsplit(url)
        fits = bool(_ADDRESS.fullmatch(url)) and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{setting} is an address such as https://api.example.com")
    if parts.scheme != "https" and not is_this_machine(parts.hostname or ""):
        raise ValueError(f"{setting} begins with https:// (http:// reaches only this machine)")
    return url


def is_this_machine(host: str) -> bool:
    """Say whether what is sent to a host never leaves this machine.

    >>> is_this_machine("127.0.0.1"), is_this_machine("localhost.example")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
