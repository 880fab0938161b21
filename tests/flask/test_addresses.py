from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, url_for
from tests.flask.shop import Shop

from vestibule.flask.addresses import MOST, address

FILE = "/two-step/static/code.js"


@pytest.mark.parametrize("root", ["", "/shop"])
def test_an_address_is_what_flask_says(shop: Shop, root: str) -> None:
    """An address from memory is the one that Flask builds, wherever the site is mounted."""
    for _ in range(2):
        with shop.app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
            assert address("vestibule.login") == url_for("vestibule.login")
            assert address("vestibule.login", method="0a") == url_for(
                "vestibule.login", method="0a"
            )
            assert address("vestibule.static", filename="code.js") == f"{root}{FILE}"


def test_an_id_goes_beside_what_else_is_asked(shop: Shop) -> None:
    """Where an address asks for more than an id, both are read from it."""
    with shop.app.test_request_context("/"):
        asked = urlsplit(address("vestibule.delivery", method="0a", step="setup"))

    assert asked.path == "/two-step/delivery"
    assert parse_qs(asked.query) == {"method": ["0a"], "step": ["setup"]}


def test_what_a_host_adds_to_every_address_is_added(shop: Shop) -> None:
    """Where the host adds something of each request to its addresses, ours have it too."""

    def add_language(endpoint: str, values: dict[str, str]) -> None:
        values["lang"] = languages.pop()

    languages = ["en", "de"]
    shop.app.url_defaults(add_language)
    with shop.app.test_request_context("/"):
        assert address("vestibule.login") == "/two-step/login?lang=de"
        assert address("vestibule.login") == "/two-step/login?lang=en"


def test_no_number_of_hosts_fills_the_memory(shop: Shop) -> None:
    """Whatever a client calls the site, only so many addresses are kept."""
    for number in range(MOST + 5):
        with shop.app.test_request_context("/", base_url=f"http://host-{number}.test"):
            address("vestibule.login")

    assert 0 < len(kept(shop.app)) <= MOST


def kept(app: Flask) -> dict[object, str]:
    """Return the addresses that an application remembers."""
    found: dict[object, str] = app.extensions["vestibule_addresses"]
    return found
