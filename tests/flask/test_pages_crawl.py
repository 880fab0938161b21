import re
from html import unescape
from pathlib import Path

import pytest
from tests.flask.shop import PAGE, Browser, Shop
from tests.flask.tour import tour

from vestibule.delivery.links import PATHS

KNOWN = {"factor": "totp", "filename": "code.js", "provider": "smtp", "token": "x"}


def addresses(browser: Browser, enrolment_id: str) -> list[str]:
    """Return every address under our prefix, for every way to spell a query there.

    The links are live ones, as a mail program follows them.
    """
    sessions = browser.shop.engine.sessions("maren").told
    values = KNOWN | {
        "enrolment_id": enrolment_id,
        "session_id": sessions[0].id if sessions else enrolment_id,
    }
    live = [browser.shop.link_to(e, enrolment_id) for e in PATHS]
    paths = [
        re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule)
        for rule in browser.shop.app.url_map.iter_rules()
        if rule.endpoint.startswith("vestibule.") and "<link>" not in rule.rule
    ]
    paths += live
    queries = ["", f"?method={enrolment_id}", "?done=removed", "?code=123456&kept=yes&label=x"]
    return [path + query for path in sorted(set(paths)) for query in queries]


@pytest.mark.row("ATK-42", "ASVS-3.5.1", "W3")
@pytest.mark.parametrize("stands", ["nobody", "waiting", "signed in", "setting up", "long ago"])
def test_looking_changes_nothing(shop: Shop, stands: str) -> None:
    """Whoever fetches every address of ours changes nothing, sends nothing and spends nothing."""
    browser = shop.browser().join()
    enrolment_id = browser.enrolment_id()
    if stands == "nobody":
        browser = shop.browser()
    elif stands == "waiting":
        browser.sign_out().wait()
    elif stands == "setting up":
        browser.get("/two-step/")
        browser.send("/two-step/add/totp")
    elif stands == "long ago":
        shop.clock.move(seconds=3600)
    # That a session is in use is noted once an hour, by whatever is asked first.
    was_in = browser.is_signed_in()
    before, sent = shop.rows(), shop.inbox.messages

    for method in ("GET", "HEAD", "OPTIONS"):
        for address in addresses(browser, enrolment_id):
            answer = browser.open(method, address, headers=PAGE)
            assert answer.status_code < 500
    assert shop.rows() == before
    assert shop.inbox.messages == sent
    assert browser.is_signed_in() is was_in


@pytest.mark.row("ATK-47", "ASVS-14.2.1")
def test_no_address_holds_a_secret(tmp_path: Path) -> None:
    """No address asked for, linked to or redirected to, and no title, holds anything secret."""
    shop = tour(Shop.open(tmp_path))
    shop.close()
    told = [
        answer for answer in shop.seen if not answer.request.path.startswith("/two-step/static")
    ]
    secrets = set(shop.typed)
    exposed = []
    for answer in told:
        text = answer.text if answer.mimetype == "text/html" else ""
        secrets |= set(re.findall(r"<li>([0-9A-Z-]{23})</li>", text))
        secrets |= set(re.findall(r"secret=([A-Z2-7]{32})", text))
        # What a link in a mail holds is in an address by nature: a cookie keeps the way back.
        kept = [line for line in answer.headers.getlist("Set-Cookie") if "-link=" not in line]
        cookies = " ".join(kept)
        secrets |= set(re.findall(r"vestibule[\w-]*=([\w.=-]{20,})", cookies))
        exposed += [answer.request.full_path, answer.location or ""]
        exposed += [
            unescape(address)
            for address in re.findall(r'(?:href|action|src)="([^"]*)"', text)
            if not address.startswith("otpauth:")
        ]
        exposed += re.findall(r"<title>(.*?)</title>", text)

    assert len(secrets) > 80
    assert len(set(exposed)) > 60
    assert [(text, secret) for text in set(exposed) for secret in secrets if secret in text] == []


@pytest.mark.row("ATK-47")
def test_pages_tell_no_referrer(member: Browser) -> None:
    """No page of ours lets a browser say on the next page where it came from."""
    for path in ("/two-step/", "/two-step/login", "/two-step/setup", "/two-step/recovery-codes"):
        assert member.get(path).headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.row("ATK-48")
def test_what_is_shown_once(member: Browser) -> None:
    """The key of an app and the recovery codes are gone from every page once they have served."""
    member.get("/two-step/")
    member.send("/two-step/add/totp")
    secret = member.shown_uri().partition("secret=")[2][:32]
    member.set_up()
    member.get("/two-step/")
    member.send("/two-step/recovery-codes")
    member.note_codes()
    member.send("/two-step/recovery-codes/keep", kept="yes")

    for address in addresses(member, member.enrolment_id()):
        page = member.get(address).text
        assert secret not in page
        assert not any(code in page for code in member.codes)
    token = member.token
    download = member.send("/two-step/recovery-codes/download", csrf_token=token)
    assert download.status_code == 404


@pytest.mark.row("ATK-48", "ATK-11")
@pytest.mark.parametrize("path", ["/two-step/setup", "/two-step/recovery-codes"])
def test_what_is_shown_for_a_while(shop: Shop, path: str) -> None:
    """After ten minutes neither the key of an app nor recovery codes are shown any more."""
    browser = shop.browser().join()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")
    secret = browser.shown_uri().partition("secret=")[2][:32]
    browser.get("/two-step/")
    browser.send("/two-step/recovery-codes")
    browser.note_codes()
    assert any(shown in browser.get(path).text for shown in (secret, browser.codes[0]))

    shop.clock.move(seconds=301)
    browser.ask("/two-step/confirm", {"code": browser.next_code()})
    shop.clock.move(seconds=270)
    page = browser.get(path)
    assert page.status_code in {200, 404}
    assert not any(shown in page.text for shown in (secret, *browser.codes))
