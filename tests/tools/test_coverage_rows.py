"""The tool that says which rows of the checklist nobody answers for."""

from coverage_rows import Ledger, Row, read_owners, read_rows

SECURITY_MODEL = """
# Security model

| ATK-02 | a table of another section |

## Rows owned elsewhere

| row | owner |
| --- | --- |
| ATK-58 | the carrier knows, we do not |

## What follows

| ATK-03 | another table |
"""


def test_a_row_of_several_ids_answers_to_each() -> None:
    """An id with slashes, commas or a range stands for each of its members and for itself."""
    several = Row("ASVS-8.2.1..3,8.4.1", "access")

    assert several.names == {
        "ASVS-8.2.1..3,8.4.1",
        "ASVS-8.2.1",
        "ASVS-8.2.2",
        "ASVS-8.2.3",
        "ASVS-8.4.1",
    }


def test_comments_and_blank_lines_are_no_rows() -> None:
    """A checklist's comments and blank lines name no row."""
    assert read_rows("# a comment\n\nC1   unlimited guesses\n") == [Row("C1", "unlimited guesses")]


def test_owners_come_from_their_own_section_only() -> None:
    """A row is given away only by a line under the heading that is meant for it."""
    assert read_owners(SECURITY_MODEL) == {"ATK-58": "the carrier knows, we do not"}


def test_a_row_is_open_until_a_test_or_an_owner_names_it() -> None:
    """A row that neither a test nor the security model names is open."""
    ledger = Ledger(
        rows=[Row("ATK-01", "covered"), Row("ATK-58", "owned"), Row("C1", "open")],
        tests={"ATK-01": ["test_x"]},
        owners={"ATK-58": "the carrier"},
    )

    assert ledger.open == [Row("C1", "open")]


def test_an_id_that_is_no_row_is_reported() -> None:
    """An id that the checklist does not have is reported, so that a slip of the pen is seen."""
    ledger = Ledger(rows=[Row("C1", "guesses")], tests={"C19": ["test_x"]}, owners={})

    assert ledger.unknown == {"C19"}
