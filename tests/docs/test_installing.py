"""What the documents and the messages tell people to install."""

import re
import tomllib

from tests.docs.blocks import PAGES, ROOT

FROM_AN_INDEX = re.compile(r"pip install\W+vestibule\b")
EXTRAS = re.compile(r"path/to/\S+?\[([a-z,]+)\]")


def test_nobody_is_sent_to_an_index_for_us() -> None:
    """On an index we are somebody else: what is to be installed from there is named by itself."""
    read = [*PAGES, *(ROOT / "src" / "vestibule").rglob("*.py")]

    assert [file for file in read if FROM_AN_INDEX.search(file.read_text("utf-8"))] == []


def test_what_is_named_in_brackets_is_there() -> None:
    """Where libraries are named by our extras, these exist; phones and carriers are in README."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {
        page.name: {
            one for found in EXTRAS.findall(page.read_text("utf-8")) for one in found.split(",")
        }
        for page in PAGES
    }

    assert set().union(*named.values()) <= ours["optional-dependencies"].keys()
    assert named["README.md"] >= {"phone", "carriers"}
    assert named["delivery.md"] >= {"phone", "carriers"}
