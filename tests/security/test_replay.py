"""A code counts once, whatever it is spelled like and wherever it is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.site import Site, reason, rejected

from vestibule.core.model import Purpose
from vestibule.core.verdict import Reason, Rejected
from vestibule.testing import FakeClock

SAME = [
    "{}",
    "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}",
    " {} ",
    "{}-",
    "--{}",
    "{0[0]}-{0[1]} {tail}",
]


def spellings(code: str) -> list[str]:
    """The same code, grouped in every way that is read."""
    return [form.format(code, tail=code[2:]) for form in SAME]


def look_alikes(code: str) -> list[str]:
    """The same number to a person or to a careless program, and no code to us."""
    full_width = "".join(chr(ord("０") + int(digit)) for digit in code)
    arabic = "".join(chr(ord("٠") + int(digit)) for digit in code)
    devanagari = "".join(chr(ord("०") + int(digit)) for digit in code)
    return [
        full_width,
        arabic,
        devanagari,
        full_width[:3] + code[3:],
        f"+{code}",
        f"{code[:3]}_{code[3:]}",
        f"0{code}",
        f"{code}.0",
        f"{code}\n",
        f"{code}\x00",
        f"\u200b{code}",
        f"{code[:3]}\u00a0{code[3:]}",
        hex(int(code)),
    ]


@pytest.mark.row("ATK-29", "OTP-06", "C6", "C12", "NIST-02")
@pytest.mark.parametrize("spelling", range(len(SAME)))
def test_a_used_code_stays_used_however_it_is_grouped(site: Site, spelling: int) -> None:
    """After a code was accepted in one spelling, it is used up in every other."""
    ada = site.enrol()
    code = ada.next_code()
    assert ada.answer(ada.login().token, spellings(code)[spelling]).is_accepted

    begun = ada.login()
    for again in spellings(code)[:5]:
        assert reason(ada.answer(begun.token, again)) is Reason.REPLAYED


@pytest.mark.row("ATK-29", "ATK-72")
def test_a_look_alike_is_no_code_before_and_after(site: Site) -> None:
    """Digits of other scripts, signs and underscores are refused, right number or not."""
    ada = site.enrol()
    for attempt in look_alikes(ada.next_code()):
        begun = ada.login()
        assert reason(ada.answer(begun.token, attempt)) is Reason.MALFORMED
        assert ada.answer(begun.token, ada.next_code()).is_accepted
        begun = ada.login()
        assert reason(ada.answer(begun.token, attempt)) is Reason.MALFORMED
    assert {row["spent"] for row in site.rows("ledger")} == {0}


@pytest.mark.row("ATK-29", "OTP-06", "C6")
def test_a_used_code_is_used_for_every_purpose(site: Site) -> None:
    """A code accepted for one purpose proves nothing for any other, in any browser or process."""
    ada = site.enrol()
    home = ada.token
    code = ada.next_code()
    assert ada.answer(ada.login().token, code).is_accepted
    other = site.process().engine

    ada.ask_fresh(Purpose.FRESH)
    assert reason(other.verify(ada.token, Purpose.FRESH, code)) is Reason.REPLAYED
    passage = other.standing("ada", home).passage
    assert passage is not None
    other.ask_fresh(passage, Purpose.FRESH)
    assert reason(other.verify(home, Purpose.FRESH, code)) is Reason.REPLAYED
    assert reason(other.verify(ada.program().token, Purpose.LOGIN, code)) is Reason.REPLAYED


@pytest.mark.row("ATK-31", "OTP-06")
def test_an_older_code_is_dead_once_a_newer_was_used(site: Site) -> None:
    """Of two codes that are both still shown as valid, the older dies when the newer is used."""
    ada = site.enrol()
    older = ada.next_code()
    newer = ada.code(1)
    assert ada.answer(ada.login().token, newer).is_accepted

    begun = ada.login()
    assert reason(ada.answer(begun.token, older)) is Reason.REPLAYED
    assert reason(ada.answer(begun.token, newer)) is Reason.REPLAYED
    site.fake.move(seconds=30)
    assert ada.answer(begun.token, ada.code(1)).is_accepted


@pytest.mark.row("ATK-32", "OTP-13")
@pytest.mark.parametrize("back", [30, 90, 3600, 86_400])
def test_a_clock_set_back_accepts_nothing_used(site: Site, back: int) -> None:
    """When the server's clock goes back, no code up to the last used one is ever right again."""
    ada = site.enrol()
    site.fake.move(timedelta(days=2))
    assert ada.come_in().is_accepted
    used = ada.code()
    site.fake.move(seconds=-back)

    for answer in (used, ada.code(), ada.code(-1)):
        begun = ada.login()
        assert not ada.answer(begun.token, answer).is_accepted
    site.fake.move(seconds=back + 30)
    assert ada.come_in(known=True).is_accepted


@pytest.mark.row("ATK-32")
def test_a_clock_set_back_prolongs_no_wait_past_its_length(site: Site) -> None:
    """A wait is never longer than its own length from now, whatever the clock did."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    site.fake.move(seconds=-3600)

    refused = rejected(ada.answer(ada.login().token, ada.code()))
    assert refused.reason is Reason.DELAYED
    assert refused.retry_at == site.clock.now() + timedelta(seconds=30)


@pytest.mark.row("ATK-32")
@pytest.mark.parametrize("skew", [-5, 5])
def test_servers_a_few_seconds_apart_agree(site: Site, skew: int) -> None:
    """A login begun on one server is finished on another whose clock is five seconds off."""
    ada = site.enrol()
    clock = FakeClock(site.clock.now() + timedelta(seconds=skew))
    other = site.process(clock)
    for _ in range(4):
        site.fake.move(seconds=33)
        clock.stand_at(site.clock.now() + timedelta(seconds=skew))
        begun = ada.login(known=True)
        assert other.engine.verify(begun.token, Purpose.LOGIN, ada.code()).is_accepted
        again = ada.login(known=True)
        assert reason(ada.answer(again.token, ada.code())) is Reason.REPLAYED


@pytest.mark.row("ATK-32")
def test_summer_time_is_nothing_to_the_engine(site: Site) -> None:
    """Codes go on through the hour that clocks on walls repeat: the engine counts in UTC."""
    ada = site.enrol()
    site.fake.stand_at(site.fake.now().replace(month=10, day=25, hour=0, minute=0, second=0))
    for _ in range(6):
        site.fake.move(timedelta(minutes=30))
        assert ada.come_in(known=True).is_accepted


@pytest.mark.row("ATK-73")
def test_no_answer_raises(small_site: Site) -> None:
    """Any text for an answer gets a verdict and lets nobody in."""
    ada = small_site.enrol()

    @settings(max_examples=60, deadline=None)
    @given(st.text() | st.text("0123456789 -٠１+_", max_size=12))
    def answered(answer: str) -> None:
        outcome = ada.answer(ada.login(known=True).token, answer)
        assert isinstance(outcome.verdict, Rejected)

    answered()


@pytest.mark.row("ATK-73")
@pytest.mark.parametrize("fill", ["1", "A", "\x00", "\ud800", "٣"])
def test_a_megabyte_for_an_answer_is_refused_at_once(site: Site, fill: str) -> None:
    """An answer of a megabyte is no code, costs no hash, and does not reach the trail."""
    ada = site.enrol()
    ada.make_recovery_codes()
    begun = ada.login()

    with site.statements() as said:
        outcome = ada.answer(begun.token, fill * 1_000_000)

    assert reason(outcome) is Reason.MALFORMED
    assert len(said) <= 3
    assert len(repr(site.facts("ada")[-1])) < 1000


@pytest.mark.row("ATK-71", "C10")
def test_leading_zeros_count(letters_site: Site) -> None:
    """A code that begins with zeros is right with them and wrong without."""
    ada = letters_site.enrol()
    while not ada.code().startswith("0"):
        letters_site.fake.move(seconds=30)
    code = ada.code()
    begun = ada.login()

    assert reason(ada.answer(begun.token, code.lstrip("0"))) is Reason.MALFORMED
    assert reason(ada.answer(begun.token, code.lstrip("0").ljust(6, "0"))) is not None
    assert reason(ada.answer(begun.token, "0" + code)) is Reason.MALFORMED
    assert ada.answer(begun.token, code).is_accepted
