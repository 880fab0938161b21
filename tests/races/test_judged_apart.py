"""What is judged with nothing open is settled only if everything is still as it was judged."""

import pytest
from tests.races.people import count, enrolled, next_code, recovery_codes, waiting
from tests.races.turns import answering, between_reserve_and_settle

from vestibule.bootstrap import Parts
from vestibule.core.model import Purpose


@pytest.mark.row("ATK-24", "ATK-40")
def test_a_recovery_code_judged_before_its_set_was_replaced(parts: Parts) -> None:
    """A recovery code that was judged while its set was replaced is worth nothing."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    [begun] = waiting(parts, ann, 1)

    answer = answering(begun.token, codes[0])
    renewed = between_reserve_and_settle(parts, answer, lambda: recovery_codes(parts, ann))

    assert renewed == "replayed"


@pytest.mark.row("ATK-24")
@pytest.mark.parametrize("which", [0, 1], ids=["the same code", "another code"])
def test_a_recovery_code_judged_while_one_was_used(parts: Parts, which: int) -> None:
    """A recovery code judged while one of its set was used is refused, and that one stays used."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    one, two = (begun.token for begun in waiting(parts, ann, 2))

    def use() -> None:
        assert parts.engine.verify(two, Purpose.LOGIN, codes[which]).is_accepted

    assert between_reserve_and_settle(parts, answering(one, codes[0]), use) == "replayed"

    left = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert left is not None
    assert left.remaining == 9
    [again] = waiting(parts, ann, 1)
    assert not parts.engine.verify(again.token, Purpose.LOGIN, codes[which]).is_accepted


@pytest.mark.row("ATK-26")
@pytest.mark.parametrize("finish", ["another way", "cancelled", "waved off"])
def test_a_recovery_code_judged_while_its_login_ended(parts: Parts, finish: str) -> None:
    """A recovery code judged while its login ended, or its set was waved off, opens nothing."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    [begun] = waiting(parts, ann, 1)

    def end() -> None:
        if finish == "another way":
            outcome = parts.engine.verify(begun.token, Purpose.LOGIN, next_code(parts, ann))
            assert outcome.is_accepted
        elif finish == "cancelled":
            parts.engine.end(begun.passage, "cancelled")
        else:
            current = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
            assert current is not None
            assert parts.engine.keep_recovery_codes(current, kept=False)

    refused = between_reserve_and_settle(parts, answering(begun.token, codes[0]), end)

    assert refused in {"gone", "replayed"}
    assert count(parts, "SELECT count(*) FROM challenge WHERE status = 'accepted'") == (
        2 if finish == "another way" else 1
    )
