"""The moving picture of the login, and the steps it shows."""

import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.ImageSequence import Iterator
from playwright.sync_api import Browser

from moving_picture import HEAVIEST, PICTURE, SIZE, drawn


@pytest.mark.browser
def test_the_steps_it_shows_can_be_taken(browser: Browser, tmp_path: Path) -> None:
    """A browser still signs in by the steps that the picture shows, each frame of one size."""
    frames = drawn(browser, tmp_path)

    assert {Image.open(io.BytesIO(frame.png)).size for frame in frames} == {SIZE}
    assert all(one.png != other.png for one, other in zip(frames, frames[2:], strict=False))


def test_it_is_light_and_slow_enough() -> None:
    """The picture is light enough to be fetched in passing, and stands long enough to be read."""
    with Image.open(PICTURE) as picture:
        size = picture.size
        stands = [shown.convert("RGB").info["duration"] for shown in Iterator(picture)]

    assert PICTURE.stat().st_size < HEAVIEST
    assert size == SIZE
    assert sum(stand >= 2000 for stand in stands) >= 4
    assert 10_000 < sum(stands) < 30_000
