from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import expect
from tests.e2e.phone import wrong
from tests.e2e.served import Served, proven_long_ago
from tests.e2e.visitor import SECOND_STEP, Visitor
from tests.e2e.watch import HEAVIEST, barriers, weight

pytestmark = pytest.mark.browser

Look = Callable[[Visitor], None]
SIGHTS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 360), ("dark", 1280))


def walk(member: Visitor, site: Served, look: Look) -> None:
    """Go through every page in every state that a person may meet, and look at each."""
    page = member.page
    _walk_through_managing(member, site, look)
    _walk_through_a_set_up(member, look)
    page.goto("/two-step/ways/unknown/name")
    look(member)
    _walk_through_a_login(member, look)


def _walk_through_managing(member: Visitor, site: Served, look: Look) -> None:
    page = member.page
    look(member)
    for link in ("Rename", "Remove"):
        page.goto("/two-step/")
        member.follow(link)
        look(member)
    page.goto("/two-step/recovery-codes")
    look(member)
    member.press("Make new codes")
    look(member)
    member.codes = member.shown_codes()
    member.press("I have saved them")
    expect(page.get_by_role("status")).to_be_visible()
    look(member)
    proven_long_ago(site)
    member.follow("Rename")
    look(member)
    _mistype(member)
    look(member)
    member.type_recovery_code(member.codes.pop())
    page.wait_for_url("**/name")


def _walk_through_a_set_up(member: Visitor, look: Look) -> None:
    member.page.goto("/two-step/")
    member.press("Add")
    member.page.get_by_text("Type the key instead").click()
    look(member)
    _mistype(member)
    look(member)
    member.press("Not now")
    member.page.goto("/two-step/setup")
    look(member)


def _walk_through_a_login(member: Visitor, look: Look) -> None:
    page = member.page
    member.sign_out()
    member.give_password()
    page.wait_for_url(SECOND_STEP)
    look(member)
    member.follow("Recovery code")
    look(member)
    member.field().fill("no code")
    member.press("Continue")
    expect(page.get_by_role("alert")).to_be_visible()
    look(member)
    for _ in range(4):
        page.goto("/two-step/login")
        _mistype(member)
    look(member)
    member.follow("Start again")
    member.give_password()
    page.wait_for_url(SECOND_STEP)
    _mistype(member)
    page.goto("/two-step/login")
    expect(page.get_by_role("timer")).to_be_visible()
    look(member)
    member.press("Sign in as someone else")
    page.goto("/two-step/login")
    look(member)


def _mistype(member: Visitor) -> None:
    assert member.phone
    with member.page.expect_navigation():
        member.type_code(wrong(member.phone.any()))


@pytest.mark.row("A11Y-3", "ASVS-3.6.1", "W18")
def test_no_barriers_and_little_weight(member: Visitor, site: Served) -> None:
    """Axe finds no barrier in any state of any page, and none takes more than fifty kilobytes."""
    found: list[str] = []
    weights: dict[str, int] = {}

    def look(visitor: Visitor) -> None:
        page = visitor.page
        weights[f"{page.title()} {len(weights)}"] = weight(page)
        for scheme, width in SIGHTS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found.extend(barriers(page))

    walk(member, site, look)

    assert found == []
    assert len(weights) > 15
    assert {title: bytes_ for title, bytes_ in weights.items() if bytes_ > HEAVIEST} == {}
