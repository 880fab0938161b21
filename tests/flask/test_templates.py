from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import DictLoader
from tests.flask.shop import Shop

BASE = """{% extends "vestibule/base.html" %}
{% block head %}{{ super() }}<link rel="stylesheet" href="/ours.css">{% endblock %}
{% block masthead %}<header>Our own sign</header>{% endblock %}
{% block below %}<footer>Call us: 0123</footer>{% endblock %}
"""
CODE = """{% extends "vestibule/as-shipped/code.html" %}
{% block main %}{{ super() }}<p>Bring your badge.</p>{% endblock %}
"""
LOGIN = "/two-step/login"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that puts its own into our pages."""
    opened = Shop.open(tmp_path, VESTIBULE_BASE_TEMPLATE="ours.html")
    opened.app.jinja_loader = DictLoader({"ours.html": BASE, "vestibule/code.html": CODE})
    yield opened
    opened.close()


def test_a_host_puts_its_own_around_every_page(shop: Shop) -> None:
    """A base of the host's that extends ours changes the head, the sign and what stands below."""
    browser = shop.browser()
    browser.give_password()
    page = browser.get("/two-step/").text

    assert "vestibule.css" in page
    assert "/ours.css" in page
    assert "Our own sign" in page
    assert "v-masthead" not in page
    assert page.index("</main>") < page.index("Call us: 0123") < page.index("</body>")


def test_a_host_adds_to_one_page(shop: Shop) -> None:
    """A template of the host's with the name of ours can extend ours, and stands for it alone."""
    shop.browser().join()
    browser = shop.browser().wait()
    page = browser.get(LOGIN).text

    assert page.count("<!doctype html>") == 1
    assert 'id="code"' in page
    assert "Bring your badge." in page
    assert "Call us: 0123" in page
    assert "Bring your badge." not in browser.get(f"{LOGIN}/help").text
