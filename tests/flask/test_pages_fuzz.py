from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.flask.shop import Browser, Shop
from tests.flask.test_pages_robust import routes

from vestibule.store import tables

TEXT = st.text(max_size=80) | st.from_regex(r"[0-9 -]{4,10}", fullmatch=True)
NAMES = st.sampled_from(["code", "label", "kept", "handle", "csrf_token", "method", "next"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXT, inner, max_size=4),
    max_leaves=8,
)
KINDS = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json; charset=utf-16",
        "",
    ]
)
BODIES = st.one_of(
    st.builds(lambda fields: {"data": fields}, st.dictionaries(NAMES, TEXT, max_size=4)),
    st.builds(lambda body: {"json": body}, JSON),
    st.builds(
        lambda body, kind: {"data": body, "content_type": kind}, st.binary(max_size=200), KINDS
    ),
)
HEADS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["text/html", "application/json", "*/*", ";;;", "q=1"]),
        "Sec-Fetch-Mode": st.sampled_from(["navigate", "cors", ""]),
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "none", "cross-site"]),
        "Origin": st.sampled_from(["http://localhost", "null", "https://e.test", "//["]),
        "Referer": st.sampled_from(["http://localhost/x", "//e.test", "\\"]),
        "Vestibule-Proof": st.sampled_from(["", "x" * 43]),
    },
)


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who proved long ago who he is, in a shop where an exception becomes a 500."""
    shop = Shop.open(tmp_path_factory.mktemp("shop"), production=True)
    browser = shop.browser().join()
    shop.clock.move(seconds=3600)
    yield browser
    shop.close()


def proven(shop: Shop) -> list[tuple[Any, ...]]:
    """What only a proof may change: who has which ways, and which logins are through."""
    enrolment, passage = tables.enrolment.c, tables.passage.c
    ways = select(enrolment.id, enrolment.status, enrolment.label, enrolment.preferred)
    logins = select(passage.id, passage.status, passage.proven_at).where(
        passage.proven_at.is_not(None)
    )
    with shop.state.parts.database.read() as connection:
        return [tuple(row) for query in (ways, logins) for row in connection.execute(query)]


@pytest.mark.row("W11", "ATK-73", "ATK-01", "ATK-35")
@pytest.mark.parametrize("stands", ["nobody", "waiting", "signed in"])
@settings(max_examples=100, deadline=None)
@given(
    route=st.integers(0, 10_000),
    enrolment_id=st.none() | TEXT.filter(lambda text: "/" not in text),
    body=BODIES,
    head=HEADS,
    with_token=st.booleans(),
)
def test_whatever_is_sent(
    member: Browser,
    stands: str,
    route: int,
    enrolment_id: str | None,
    body: dict[str, Any],
    head: dict[str, str],
    *,
    with_token: bool,
) -> None:
    """Whatever is sent to any route of ours, nothing crashes, and no proof is got round."""
    shop = member.shop
    browser = member if stands == "signed in" else shop.browser()
    if stands == "waiting":
        browser.wait()
    if with_token and isinstance(body.get("data"), dict):
        body = {"data": body["data"] | {"csrf_token": browser.token}}
    ways = routes(browser, member.enrolment_id() if enrolment_id is None else enrolment_id)
    method, path = sorted(ways)[route % len(ways)]
    before = proven(shop)
    answer = browser.open(method, path, headers=head, **body)

    assert answer.status_code not in {500, 501, 502}
    assert proven(shop) == before
    assert browser.is_signed_in() is (stands == "signed in")
