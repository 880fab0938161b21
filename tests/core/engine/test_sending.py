from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import LETTERS, Person, Site, case_of, reason

from vestibule.core.engine.sending import Resent, send_again_at
from vestibule.core.model import Challenge, Purpose
from vestibule.core.verdict import Pending, Reason, Rejected
from vestibule.testing import SoftwareAuthenticator

SECOND = timedelta(seconds=1)


@pytest.fixture
def letters_only(letters_site: Site) -> Person:
    """Somebody whose only way is letters."""
    draft = letters_site.draft("ada", factor="letters")
    assert draft is not None
    assert draft.token is not None
    ada = Person(letters_site, "ada", SoftwareAuthenticator(b"none"), draft.enrolment.id)
    ada.deliver()
    assert ada.answer(draft.token, letters_site.post.code(), Purpose.ENROL).is_accepted
    letters_site.post.sent.clear()
    return ada


def send(person: Person, token: str) -> Resent:
    """Ask for a code."""
    return person.site.engine.resend(token, Purpose.LOGIN, person.enrolment("letters").id)


def challenge_of(person: Person, token: str) -> Challenge:
    """The challenge of letters on a passage."""
    mine = person.enrolment("letters").id
    found = case_of(person.site, token).asked
    return next(asked.challenge for asked in found if asked.enrolment.id == mine)


def code_messages(site: Site) -> list[dict[str, Any]]:
    """The rows of messages that carry a code."""
    return [row for row in site.rows("message") if row["challenge_id"] is not None]


def read(person: Person) -> str:
    """The newest code, delivered."""
    person.deliver()
    return person.site.post.code()


def test_the_only_way_is_sent_at_once(letters_only: Person) -> None:
    """Where a sent code is the only way, the login itself sends it, to the address enrolled."""
    begun = letters_only.login()

    assert letters_only.answer(begun.token, read(letters_only)).is_accepted
    assert [(sent.channel, sent.to) for sent in letters_only.site.post.sent] == [
        ("email", "ada@site.test")
    ]


def test_nothing_is_sent_before_it_is_asked_for(letters_site: Site) -> None:
    """Where there is another way, a login sends nothing, and looking at it sends nothing."""
    ada = letters_site.enrol()
    ada.add_letters()
    letters_site.post.sent.clear()
    begun = ada.login()
    for _ in range(3):
        letters_site.engine.look(begun.token)
    ada.deliver()
    ways_of_getting_a_code = [
        sent for sent in letters_site.post.sent if "is your code" in sent.text
    ]

    assert ways_of_getting_a_code == []
    assert send(ada, begun.token).verdict == Pending()


def test_recovery_codes_are_no_other_way(letters_only: Person) -> None:
    """Who has letters and recovery codes is sent a letter by the login itself."""
    letters_only.make_recovery_codes()
    before = len(code_messages(letters_only.site))
    letters_only.login()

    assert len(code_messages(letters_only.site)) == before + 1


def test_a_way_being_added_is_sent_its_code_at_once(letters_site: Site) -> None:
    """The first code of a new way is written with its challenge, to the address just given."""
    draft = letters_site.draft("ada", factor="letters", answers={"address": "new@site.test"})
    assert draft is not None
    (message,) = code_messages(letters_site)
    (asked,) = case_of(letters_site, draft.token or "").asked

    assert message["challenge_id"] == asked.challenge.id
    assert asked.challenge.sends == 1
    letters_site.parts.courier.deliver_due()  # type: ignore[union-attr]
    assert [sent.to for sent in letters_site.post.sent] == ["new@site.test"]


def test_a_fresh_proof_is_asked_for_with_its_code(letters_site: Site) -> None:
    """Asked anew, a person is sent a code for the way wanted, and for no other way or nobody's."""
    ada = letters_site.enrol()
    ada.add_letters()
    before = len(code_messages(letters_site))
    engine, letters = letters_site.engine, ada.enrolment("letters").id

    for wanted in ("", ada.enrolment_id, "invented"):
        assert not engine.ask_fresh(ada.passage, Purpose.FRESH, send=wanted)
    assert len(code_messages(letters_site)) == before
    assert engine.ask_fresh(ada.passage, Purpose.FRESH, send=letters)
    assert len(code_messages(letters_site)) == before + 1
    ada.deliver()
    assert ada.answer(ada.token, letters_site.post.code(), Purpose.FRESH).is_accepted


@pytest.mark.row("ATK-30")
def test_another_code_is_for_the_purpose_named(letters_site: Site) -> None:
    """Where a way is asked for on a grant, no code is sent for a purpose it is not asked for."""
    ada = letters_site.enrol()
    ada.add_letters()
    engine, letters = letters_site.engine, ada.enrolment("letters").id
    engine.ask_fresh(ada.passage, Purpose.FRESH, send=letters)
    letters_site.fake.move(30 * SECOND)

    for purpose in (Purpose.LOGIN, Purpose.ENROL):
        assert engine.resend(ada.token, purpose, letters).verdict != Pending()
    assert engine.resend(ada.token, Purpose.FRESH, letters).verdict == Pending()


@pytest.mark.row("C5", "CS-03")
def test_a_new_code_voids_the_old(letters_only: Person) -> None:
    """The code before is dead as soon as a new one is asked for, in the same login."""
    begun = letters_only.login()
    old = read(letters_only)
    letters_only.site.fake.move(30 * SECOND)
    assert send(letters_only, begun.token).verdict == Pending()

    assert reason(letters_only.answer(begun.token, old)) is Reason.WRONG
    new = read(letters_only)
    assert new != old
    assert letters_only.answer(begun.token, new).is_accepted


@pytest.mark.row("ATK-13", "NIST-19", "C1")
def test_a_new_code_gives_no_new_tries(letters_only: Person) -> None:
    """Four wrong codes, a new one sent and one more wrong exhaust the login, right code or not."""
    begun = letters_only.login()
    read(letters_only)
    for nth in range(4):
        letters_only.answer(begun.token, f"{nth:06}")
    letters_only.site.fake.move(30 * SECOND)
    send(letters_only, begun.token)
    letters_only.answer(begun.token, "999999")

    assert challenge_of(letters_only, begun.token).attempts == 5
    assert reason(letters_only.answer(begun.token, "123456")) is Reason.EXHAUSTED
    letters_only.site.fake.move(60 * SECOND)
    assert send(letters_only, begun.token).verdict != Pending()


def test_the_gaps_between_sends_double_and_there_are_five(letters_only: Person) -> None:
    """A code may be sent again after 30, 60, 120 and 240 seconds, and after the fifth no more."""
    begun = letters_only.login()
    clock = letters_only.site.fake
    for gap in (30, 60, 120, 240):
        at = send_again_at(challenge_of(letters_only, begun.token))
        assert at == clock.now() + gap * SECOND
        clock.stand_at(at - SECOND)
        early = send(letters_only, begun.token).verdict
        assert early == Rejected(reason=Reason.DELAYED, retry_at=at)
        clock.stand_at(at)
        assert send(letters_only, begun.token).verdict == Pending()

    clock.move(500 * SECOND - timedelta(minutes=6))
    assert send_again_at(challenge_of(letters_only, begun.token)) is None
    assert send(letters_only, begun.token).verdict == Rejected(reason=Reason.DELAYED)
    rows = letters_only.site.rows("message")
    assert len([row for row in rows if row["challenge_id"] is not None]) == 1 + 5


@pytest.mark.row("W13", "ATK-56")
def test_a_code_is_sent_for_ones_own_open_challenge_only(letters_only: Person) -> None:
    """No code is sent for an unknown token, another's enrolment, a way that sends none, or none."""
    site = letters_only.site
    bob = site.enrol("bob")
    begun = letters_only.login()
    theirs = bob.login()
    site.fake.move(30 * SECOND)

    for token, enrolment_id in (
        ("invented", letters_only.enrolment_id),
        ("", letters_only.enrolment_id),
        (begun.token, bob.enrolment_id),
        (begun.token, "invented"),
        (theirs.token, bob.enrolment_id),
        (theirs.token, letters_only.enrolment_id),
    ):
        sent = site.engine.resend(token, Purpose.LOGIN, enrolment_id)
        assert sent.verdict == Rejected(reason=Reason.GONE)


@pytest.mark.row("ATK-12")
def test_a_login_that_is_over_sends_nothing(letters_only: Person) -> None:
    """No code is sent for a login that was given up, finished or timed out."""
    site = letters_only.site
    finished = letters_only.login()
    assert letters_only.answer(finished.token, read(letters_only)).is_accepted
    given_up, old = letters_only.login(), letters_only.login()
    site.engine.end(given_up.passage, "another login")
    site.fake.move(30 * SECOND)

    for begun in (finished, given_up):
        assert send(letters_only, begun.token).verdict == Rejected(reason=Reason.GONE)
    site.fake.stand_at(old.passage.expires_at)
    assert send(letters_only, old.token).verdict == Rejected(reason=Reason.GONE)


def test_an_altered_address_is_sent_nothing(letters_only: Person) -> None:
    """Where somebody has altered where codes go, none is sent, and nothing breaks."""
    site = letters_only.site
    begun, letters = letters_only.login(), letters_only.enrolment("letters").id
    (row,) = (row for row in site.rows("enrolment") if row["id"] == letters)
    site.change("enrolment", {"id": letters}, secret=row["secret"][:-1] + b"?")
    site.fake.move(30 * SECOND)

    assert send(letters_only, begun.token).verdict == Rejected(reason=Reason.GONE)


@pytest.mark.row("A12", "ATK-30")
def test_two_people_with_one_address_have_codes_of_their_own(letters_site: Site) -> None:
    """A code that went to a shared address lets in only whom it was asked for, in that browser."""
    ada, bob = letters_site.enrol("ada"), letters_site.enrol("bob")
    for person in (ada, bob):
        person.add_letters("both@site.test")
    one, other, again = ada.login(), bob.login(), ada.login()
    codes = {}
    for person, begun in ((ada, one), (bob, other), (ada, again)):
        send(person, begun.token)
        person.deliver()
        assert letters_site.post.sent[-1].to == "both@site.test"
        codes[begun.token] = letters_site.post.code()

    assert reason(bob.answer(other.token, codes[one.token])) is Reason.WRONG
    assert reason(ada.answer(again.token, codes[one.token])) is Reason.WRONG
    assert ada.answer(one.token, codes[one.token]).is_accepted
    assert bob.answer(other.token, codes[other.token]).is_accepted


@pytest.mark.row("C6", "NIST-18")
def test_a_sent_code_is_accepted_once(letters_only: Person) -> None:
    """The code of a login that was finished finishes nothing else."""
    begun, other = letters_only.login(), letters_only.login()
    letters_only.deliver()
    codes = [sent.text.split()[0] for sent in letters_only.site.post.sent]
    first = [letters_only.answer(begun.token, code).is_accepted for code in codes]

    assert first.count(True) == 1
    right = codes[first.index(True)]
    assert reason(letters_only.answer(begun.token, right)) is Reason.GONE
    assert reason(letters_only.answer(other.token, right)) is Reason.WRONG


@pytest.mark.row("NIST-17", "C4", "ASVS-6.5.5")
def test_a_sent_code_lives_for_ten_minutes(letters_only: Person) -> None:
    """A sent code is right until its login's ten minutes are over."""
    one, other = letters_only.login(), letters_only.login()
    letters_only.deliver()
    first, second = (sent.text.split()[0] for sent in letters_only.site.post.sent)
    site = letters_only.site
    site.fake.move(timedelta(minutes=10) - SECOND)

    answers = [letters_only.answer(one.token, code) for code in (first, second)]
    assert any(outcome.is_accepted for outcome in answers)
    site.fake.move(SECOND)
    for code in (first, second):
        assert reason(letters_only.answer(other.token, code)) is Reason.GONE


def test_a_longer_code_is_sent_as_long_as_it_is_judged(sqlite_url: str, tmp_path: Path) -> None:
    """Where codes have eight digits, eight are sent and eight are accepted."""
    site = Site.open(
        sqlite_url,
        tmp_path,
        config={
            "VESTIBULE_FACTORS": f"totp,{LETTERS}",
            "VESTIBULE_LETTERS_DIGITS": 8,
        },
    )
    ada = site.enrol()
    ada.add_letters()
    begun = ada.login()
    send(ada, begun.token)

    code = read(ada)
    assert len(code) == 8
    assert ada.answer(begun.token, code).is_accepted
    site.close()


def test_a_send_is_told_without_address_or_code(letters_only: Person) -> None:
    """The trail says over which channel a code went for the how-many-eth time, and nothing more."""
    begun = letters_only.login()
    letters_only.site.fake.move(30 * SECOND)
    send(letters_only, begun.token)

    fact = letters_only.site.facts("ada")[-1]
    assert fact["name"] == "code_sent"
    assert fact["data"] == {"passage": begun.passage.id, "channel": "email", "generation": 2}


def ask_until_refused(person: Person, *, known: bool = False) -> tuple[int, Resent]:
    """Log in and have a code sent, again and again; return how many were sent, and the refusal."""
    for count in range(100):
        resent = send(person, person.login(known=known).token)
        if resent.verdict != Pending():
            return count, resent
    raise AssertionError("there is no end of codes")


@pytest.fixture
def with_letters(letters_site: Site) -> Person:
    """Somebody with an app and letters, an hour after both were set up."""
    ada = letters_site.enrol()
    ada.add_letters()
    letters_site.fake.move(timedelta(days=1))
    return ada


@pytest.mark.row("ATK-19")
def test_a_person_is_sent_few_codes_in_an_hour_however_many_logins(with_letters: Person) -> None:
    """New logins bring no new sends: after six in an hour the next waits, and is told when."""
    count, refused = log_in_until_refused(with_letters)

    assert count == 6
    assert isinstance(refused.verdict, Rejected)
    assert refused.verdict.reason is Reason.CAPPED
    assert refused.verdict.retry_at == with_letters.site.clock.now() + timedelta(minutes=10)


def log_in_until_refused(person: Person) -> tuple[int, Resent]:
    """Log in by codes that are sent, again and again, until none is."""
    for count in range(100):
        token = person.login().token
        resent = send(person, token)
        if resent.verdict != Pending():
            return count, resent
        person.deliver()
        assert person.answer(token, person.site.post.code()).is_accepted
    raise AssertionError("there is no end of codes")


@pytest.mark.row("ATK-19")
def test_there_is_a_cap_for_the_day_too(with_letters: Person) -> None:
    """Whoever comes back as soon as the hour allows is sent twenty and a few in a day."""
    sent = 0
    for _ in range(24 * 6):
        sent += log_in_until_refused(with_letters)[0]
        with_letters.site.fake.move(timedelta(minutes=10))

    assert 20 <= sent <= 40


@pytest.mark.row("ATK-19", "ATK-56")
@pytest.mark.parametrize("known", [True, False])
def test_who_types_no_code_gets_few(with_letters: Person, *, known: bool) -> None:
    """After six codes that nobody typed the next waits for hours, in a known browser too."""
    count, refused = ask_until_refused(with_letters, known=known)

    assert count == 6
    assert isinstance(refused.verdict, Rejected)
    assert refused.verdict.reason is Reason.CAPPED
    assert refused.verdict.retry_at == with_letters.site.clock.now() + timedelta(hours=4)


@pytest.mark.row("ATK-19")
def test_who_types_one_again_gets_codes_again(with_letters: Person) -> None:
    """One code that is typed makes up for all that were not."""
    ask_until_refused(with_letters)
    with_letters.site.fake.move(hours=4)
    assert log_in_until_refused(with_letters)[0] > 1


@pytest.mark.row("ATK-19")
def test_a_stranger_uses_up_nothing_of_a_known_browser(with_letters: Person) -> None:
    """Whoever has only the password and asks for codes leaves the owner's own browser its sends."""
    ask_until_refused(with_letters)

    assert with_letters.login(known=True).passage.lane.value == "known"
    assert send(with_letters, with_letters.login(known=True).token).verdict == Pending()


def sends_to_new(person: Person, addresses: Iterable[str]) -> int:
    """Begin to add each address to the person's account; return how many were sent a code."""
    before = len(code_messages(person.site))
    for address in addresses:
        answers = {"address": address}
        person.site.draft(person.subject, person.passage, factor="letters", answers=answers)
    return len(code_messages(person.site)) - before


@pytest.mark.row("ATK-19")
def test_whoever_knows_an_address_uses_up_nothing_of_its_owner(letters_site: Site) -> None:
    """An address that others begin to add is still sent the codes that its owner logs in by."""
    ada = letters_site.enrol()
    ada.add_letters("ada@site.test")
    letters_site.fake.move(timedelta(days=1))

    sent = sum(sends_to_new(letters_site.enrol(who), ["ada@site.test"] * 9) for who in ("m", "n"))

    assert sent == 6
    assert send(ada, ada.login(known=True).token).verdict == Pending()
    assert send(ada, ada.login().token).verdict == Pending()


@pytest.mark.row("ATK-19")
def test_another_spelling_of_a_mailbox_is_no_other_mailbox(letters_site: Site) -> None:
    """Large letters and what stands after a plus bring one mailbox no more codes."""
    spellings = ["ada@site.test", "Ada@site.test", "ada+1@site.test", "ADA+2@Site.test"]

    people = [letters_site.enrol(who) for who in ("m", "n", "o")]

    assert sum(sends_to_new(person, spellings) for person in people) == 6


def test_a_login_whose_only_way_has_had_its_sends_still_waits(letters_only: Person) -> None:
    """A login that may send nothing now is opened all the same, and says when a code can be had."""
    tokens = [letters_only.login().token for _ in range(9)]

    sends = [challenge_of(letters_only, token).sends for token in tokens]
    refused = send(letters_only, tokens[-1]).verdict
    letters_only.site.fake.move(timedelta(minutes=9))

    assert sends.index(0) < 9
    assert sends[-1] == 0
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.CAPPED


@pytest.mark.row("ATK-19")
def test_a_new_code_that_comes_too_soon_costs_no_send(with_letters: Person) -> None:
    """Pressing again within the half minute is refused without being counted."""
    token = with_letters.login().token
    assert send(with_letters, token).verdict == Pending()

    refusals = {send(with_letters, token).verdict for _ in range(20)}

    assert {r.reason for r in refusals if isinstance(r, Rejected)} == {Reason.DELAYED}
    assert ask_until_refused(with_letters)[0] == 5


@pytest.mark.row("ATK-19")
def test_nobody_sends_to_somebody_elses_mailbox_without_end(letters_site: Site) -> None:
    """One address gets few codes in an hour, whoever names it as a new way of theirs."""
    drafts = [
        letters_site.draft(f"eve{n}", factor="letters", answers={"address": "ada@site.test"})
        for n in range(9)
    ]

    assert len(drafts) == 9
    assert len(code_messages(letters_site)) == 6


@pytest.mark.row("ATK-74")
def test_a_tally_keeps_no_address_and_no_person(with_letters: Person) -> None:
    """What is counted bears a fingerprint of the mailbox and the person, not their names."""
    send(with_letters, with_letters.login().token)
    names = " ".join(row["name"] for row in with_letters.site.rows("tally"))

    assert "site.test" not in names
    assert "ada" not in names
    assert "all:mail" in names
