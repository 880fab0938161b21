from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

import pytest
from tests.core.site import Person, Site, case_of, reason, rejected

from vestibule.core import limits
from vestibule.core.engine import Engine
from vestibule.core.factor import Env, Interaction, Judged, Opening, Traits
from vestibule.core.model import Challenge, Enrolment, Lane, Notice, Origin, Purpose
from vestibule.core.registry import Registry
from vestibule.core.verdict import Accepted, Hint, Pending, Reason, Rejected, Verdict
from vestibule.store import rows
from vestibule.testing import Letters, SoftwareAuthenticator

TRIPLE = limits.cost(codes_valid=3, digits=6)


def test_a_right_code_lets_in_with_new_tokens(site: Site) -> None:
    """A right code makes a waiting login a grant under a new token; the old names nothing."""
    ada = site.enrol()
    begun = ada.login()

    outcome = ada.answer(begun.token, ada.next_code())

    assert outcome.is_accepted
    assert outcome.granted is not None
    assert outcome.granted.token != begun.token
    assert outcome.granted.passage.id == begun.passage.id
    assert ada.is_in
    assert site.engine.look(begun.token) is None
    assert outcome.granted.passage.proofs[-1].factor == "totp"
    assert outcome.granted.passage.proofs[-1].purpose is Purpose.LOGIN
    assert outcome.enrolment is not None
    assert outcome.enrolment.last_used_at == site.clock.now()


@pytest.mark.row("ATK-13", "C1", "NIST-26")
def test_five_wrong_codes_exhaust_a_login(site: Site) -> None:
    """After five wrong codes the right one is not heard, and each refusal says what is left."""
    ada = site.enrol()
    begun = ada.login()

    left = [rejected(outcome).tries_left for outcome in ada.guess(begun.token, 5)]
    outcome = ada.answer(begun.token, ada.next_code())

    assert left == [4, 3, 2, 1, 0]
    assert reason(outcome) is Reason.EXHAUSTED
    assert ada.come_in(known=True).is_accepted


@pytest.mark.parametrize("answer", ["", "12345", "1234567", "abc", "١٢٣٤٥٦", "+12345", "x" * 9999])
def test_what_cannot_be_a_code_costs_a_try_and_no_odds(small_site: Site, answer: str) -> None:
    """An answer that is no code is refused as such: one try less, nothing charged or compared."""
    ada = small_site.enrol()
    begun = ada.login()

    outcome = ada.answer(begun.token, answer)

    assert rejected(outcome) == Rejected(reason=Reason.MALFORMED, tries_left=4)
    assert ada.ledger()["spent"] == 0
    assert ada.ledger()["failures"] == 0
    assert ada.enrolment().failures_stranger == 0
    assert small_site.facts("ada")[-1]["data"]["evaluated"] is False


def test_a_wrong_code_is_charged_what_it_was_worth(site: Site) -> None:
    """A wrong code is charged three in a million where three steps are valid, in its own lane."""
    ada = site.enrol()
    ada.guess(ada.login().token, 2)

    assert ada.ledger(Lane.STRANGER)["spent"] == 2 * TRIPLE
    assert ada.ledger(Lane.STRANGER)["failures"] == 2
    assert ada.ledger(Lane.KNOWN)["spent"] == 0
    assert (ada.enrolment().failures_stranger, ada.enrolment().failures_known) == (2, 0)
    assert site.facts("ada")[-1]["data"]["odds"] == TRIPLE


def test_one_field_is_judged_by_every_way(letters_site: Site) -> None:
    """One answer is compared with each open way that can read it, and charged the sum of both."""
    ada = letters_site.enrol()
    ada.add_letters()
    begun = ada.login()
    letters_site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()

    ada.answer(begun.token, ada.wrong(7))
    assert ada.ledger()["spent"] == TRIPLE + limits.cost(codes_valid=1, digits=6)
    assert ada.enrolment("letters").failures_stranger == 1
    assert ada.enrolment("totp").failures_stranger == 1

    assert ada.answer(begun.token, letters_site.post.code()).is_accepted
    assert {row["status"] for row in letters_site.rows("challenge")} >= {"accepted", "closed"}
    assert ada.ledger()["spent"] == 0


def test_a_way_that_sent_nothing_judges_nothing(letters_site: Site) -> None:
    """A code that was never sent cannot be guessed, and its way is not charged for."""
    ada = letters_site.enrol()
    ada.add_letters()
    begun = ada.login()

    ada.guess(begun.token)

    assert ada.ledger()["spent"] == TRIPLE
    assert ada.enrolment("letters").failures_stranger == 0


def test_a_right_code_gives_back_what_its_own_login_spent(site: Site) -> None:
    """A success returns the odds of the wrong codes before it in the same login, and no others."""
    ada = site.enrol()
    ada.guess(ada.login().token, 2)
    begun = ada.login()
    ada.guess(begun.token, 2)
    assert ada.ledger()["spent"] == 4 * TRIPLE

    ada.answer(begun.token, ada.next_code())

    drained_in_half_a_minute = 500
    assert 0 <= 2 * TRIPLE - ada.ledger()["spent"] < drained_in_half_a_minute
    assert ada.ledger()["failures"] == 0


@pytest.mark.row("NIST-27")
def test_only_a_known_browser_resets_its_own_count(site: Site) -> None:
    """A success from a known browser clears the known count, one from elsewhere clears neither."""
    ada = site.enrol()
    ada.guess(ada.login().token, 2)
    ada.guess(ada.login(known=True).token, 3)
    assert (ada.enrolment().failures_stranger, ada.enrolment().failures_known) == (2, 3)

    ada.come_in()
    assert (ada.enrolment().failures_stranger, ada.enrolment().failures_known) == (2, 3)
    ada.come_in(known=True)
    assert (ada.enrolment().failures_stranger, ada.enrolment().failures_known) == (2, 0)


@pytest.mark.row("ATK-74")
def test_a_used_code_is_refused_as_used(site: Site) -> None:
    """A code that let somebody in is refused at the next login as used, and counts as wrong."""
    ada = site.enrol()
    code = ada.next_code()
    ada.answer(ada.login().token, code)
    begun = ada.login()

    outcome = ada.answer(begun.token, code)

    assert reason(outcome) is Reason.REPLAYED
    assert rejected(outcome).tries_left == 4
    assert ada.ledger()["spent"] == TRIPLE


def test_a_code_just_gone_by_is_hinted_at(site: Site) -> None:
    """A code that was right two minutes ago is wrong, and the person is told to use the newest."""
    ada = site.enrol()
    site.fake.move(minutes(10))
    begun = ada.login()

    assert rejected(ada.answer(begun.token, ada.code(-2))).hint is Hint.PAST_CODE
    assert rejected(ada.answer(begun.token, ada.code(-4))).hint is Hint.PAST_CODE
    assert rejected(ada.answer(begun.token, ada.code(-5))).hint is None
    assert rejected(ada.answer(begun.token, ada.code(2))).hint is None


@pytest.mark.row("ATK-13", "OTP-10")
def test_after_five_failures_the_lane_waits(site: Site) -> None:
    """After five wrong codes a stranger waits, for longer with each further one."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    waits = []
    for _ in range(8):
        begun = ada.login()
        refused = rejected(ada.answer(begun.token, ada.code()))
        assert refused.reason is Reason.DELAYED
        assert refused.retry_at is not None
        waits.append((refused.retry_at - site.clock.now()).total_seconds())
        site.fake.stand_at(refused.retry_at)
        ada.guess(ada.login().token)

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert ada.come_in(known=True).is_accepted


def test_what_is_delayed_is_neither_compared_nor_counted(site: Site) -> None:
    """An answer that comes too soon costs no try and no odds, right or wrong."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    begun, spent = ada.login(), ada.ledger()["spent"]

    for answer in (ada.code(), ada.wrong()):
        assert rejected(ada.answer(begun.token, answer)).tries_left is None

    assert ada.ledger()["spent"] == spent
    assert case_of(site, begun.token).asked[0].challenge.attempts == 0
    site.fake.move(seconds=30)
    assert ada.answer(begun.token, ada.code()).is_accepted


@pytest.mark.row("C2", "ATK-14")
def test_a_spent_ledger_hears_no_more_codes(site: Site) -> None:
    """Once the odds of a lane are spent no code is compared, and the refusal says until when."""
    ada = site.enrol()
    full = site.engine.profile.limits.capacity
    site.change("ledger", {"subject": "ada", "lane": "stranger"}, spent=full)
    begun = ada.login()

    refused = rejected(ada.answer(begun.token, ada.next_code()))

    assert refused.reason is Reason.CLOSED
    assert refused.retry_at is not None
    assert site.facts("ada")[-1]["data"]["evaluated"] is False
    site.fake.stand_at(refused.retry_at)
    assert ada.come_in().is_accepted


@pytest.mark.row("ATK-16", "ATK-18")
def test_an_address_that_fails_much_is_slowed(site: Site) -> None:
    """Thirty wrong codes from one network, for whomever, make it wait for some seconds."""
    people = [site.enrol(name) for name in ("ada", "bob", "cyd", "dee", "eve", "fay", "gus")]
    for person in people[:6]:
        token = person.login().token
        for nth in range(5):
            person.answer(token, person.wrong(nth), address=f"2001:db8::{nth}")
    gus = people[6]
    begun = gus.login()

    held = gus.answer(begun.token, gus.code(1), address="2001:db8::ffff")
    elsewhere = gus.answer(begun.token, gus.code(1), address="2001:db8:0:1::1")

    assert rejected(held).reason is Reason.DELAYED
    assert rejected(held).retry_at == site.clock.now() + timedelta(seconds=5)
    assert elsewhere.is_accepted
    assert [row["address"] for row in site.rows("source")] == ["2001:db8::/64"]


@pytest.mark.row("ATK-16")
def test_an_address_that_is_none_is_counted_nowhere(site: Site) -> None:
    """A source that is no address gets no row, and stops nobody."""
    ada = site.enrol()
    ada.answer(ada.login().token, ada.wrong(), address="unknown, 192.0.2.1")

    assert site.rows("source") == []


STATEMENTS = 6


@pytest.mark.parametrize("before", [0, 1, 4])
def test_a_check_takes_few_statements(site: Site, before: int) -> None:
    """A right code takes at most six statements, and a wrong one too that nobody is told of."""
    ada = site.enrol()
    wrong, right = ada.login(), ada.login(known=True)
    for begun in (wrong, right):
        ada.guess(begun.token, before)
    site.fake.move(seconds=30)

    notices = len(site.rows("message"))
    with site.statements() as said:
        ada.answer(wrong.token, ada.wrong(), address="192.0.2.1")
    # The one that first is too many has a notice written besides.
    assert len(said) <= STATEMENTS + len(site.rows("message")) - notices, said
    with site.statements() as said:
        assert ada.answer(right.token, ada.code(), address="192.0.2.1").is_accepted
    assert len(said) <= STATEMENTS, said


def test_the_audit_trail_has_one_event_for_each_answer(site: Site) -> None:
    """Each answer, heard or not, is told once, to the trail and to whoever listens."""
    ada = site.enrol()
    begun = ada.login()
    before, heard = len(site.facts()), len(site.heard)
    ada.answer(begun.token, "nonsense")
    ada.guess(begun.token, 4)
    ada.answer(begun.token, ada.next_code())
    after = ada.login(known=True)
    ada.answer(after.token, ada.code())

    told = [(f["name"], f["data"].get("reason")) for f in site.facts()[before:]]
    assert told == [
        ("answer_rejected", "malformed"),
        *[("answer_rejected", "wrong")] * 4,
        ("answer_rejected", "exhausted"),
        ("login_paused", None),
        ("answer_accepted", None),
    ]
    assert [event.fact.name for event in site.heard[heard:]] == [name for name, _ in told]


@pytest.mark.row("ATK-79")
def test_a_delay_leaves_one_event_however_much_is_typed(site: Site) -> None:
    """Answers refused during a running delay write nothing after the first, and are not told."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    begun = ada.login()
    before = site.rows("event")
    refused = ada.guess(begun.token, 20)
    told = [fact["data"]["reason"] for fact in site.facts()[len(before) :]]

    assert {reason(one) for one in refused} == {Reason.DELAYED}
    assert told == ["delayed"]
    with site.statements() as said:
        ada.guess(begun.token)
    assert [text.split()[0] for text in said] == ["SELECT"]


@pytest.mark.row("ATK-79")
def test_the_trail_is_told_again_of_the_next_delay(site: Site) -> None:
    """After a further wrong answer, and after an hour of typing in vain, there is a new event."""
    ada = site.enrol()
    ada.guess(ada.login().token, 5)
    ada.guess(ada.login().token, 3)
    site.fake.move(seconds=31)
    again = ada.login()
    ada.guess(again.token, 3)
    site.fake.move(minutes(61))
    ada.guess(again.token, 3)

    told = [fact["data"]["reason"] for fact in site.facts() if fact["name"] == "answer_rejected"]
    assert told == ["wrong"] * 5 + ["delayed", "wrong", "delayed", "gone"]


@pytest.mark.row("NIST-26", "ATK-18")
def test_fifty_wrong_codes_disable_a_way_for_strangers(site: Site) -> None:
    """Fifty wrong codes in a row close the app to strangers only, and say so once."""
    ada = site.enrol(contact={"email": "ada@site.test"})
    tries = 0
    while ada.enrolment().failures_stranger < 50:
        site.fake.move(minutes(61))
        tries += len(ada.guess(ada.login().token))
    begun = ada.login()

    assert tries == 50
    assert begun.ways == []
    assert reason(ada.answer(begun.token, ada.next_code())) is Reason.GONE
    assert site.told("ada").count("factor_disabled") == 1
    assert [row["text"] for row in site.rows("message")].count("factor_disabled") == 1
    assert ada.come_in(known=True).is_accepted
    assert ada.login().ways == []


@pytest.mark.row("NIST-26")
def test_fifty_wrong_codes_in_known_browsers_are_told_as_such(site: Site) -> None:
    """A way that goes off for known browsers is told in a notice of its own, once."""
    ada = site.enrol(contact={"email": "ada@site.test"})
    while ada.enrolment().failures_known < 50:
        site.fake.move(minutes(61))
        ada.guess(ada.login(known=True).token)

    texts = [row["text"] for row in site.rows("message")]
    assert texts.count(Notice.FACTOR_DISABLED_KNOWN) == 1
    assert Notice.FACTOR_DISABLED not in texts


@pytest.mark.row("ATK-11", "ATK-13")
def test_an_expired_draft_is_not_confirmed_beside_a_younger_one(letters_site: Site) -> None:
    """A draft that has had its ten minutes is dead although a younger one waits beside it."""
    ada = letters_site.enrol()
    old = letters_site.draft("ada", ada.passage)
    assert old is not None
    app = replace_app(ada, old.enrolment.secret)
    letters_site.fake.move(minutes(9))
    letters_site.draft("ada", ada.passage, factor="letters")
    letters_site.fake.move(minutes(2))

    outcome = ada.answer(ada.token, app.code(), Purpose.ENROL)

    assert not outcome.is_accepted
    assert [e.factor for e in letters_site.engine.enrolments("ada")] == ["totp"]


@pytest.mark.row("ATK-13", "ATK-14")
def test_an_exhausted_draft_is_not_revived_by_a_younger_one(letters_site: Site) -> None:
    """Five wrong codes kill a draft, and beginning another factor does not bring it back."""
    ada = letters_site.enrol()
    old = letters_site.draft("ada", ada.passage)
    assert old is not None
    app = replace_app(ada, old.enrolment.secret)
    for nth in range(5):
        ada.answer(ada.token, app.wrong(nth), Purpose.ENROL)
    letters_site.draft("ada", ada.passage, factor="letters")

    outcome = ada.answer(ada.token, app.code(), Purpose.ENROL)

    assert not outcome.is_accepted
    assert [e.factor for e in letters_site.engine.enrolments("ada")] == ["totp"]


def replace_app(person: Person, secret: bytes) -> Person:
    """The same person looking at another app."""
    return replace(person, app=SoftwareAuthenticator(secret))


@pytest.mark.row("ATK-30")
def test_a_token_of_another_realm_is_worth_nothing(site: Site) -> None:
    """A login that waits in one realm cannot be finished, seen or renewed in another."""
    ada = site.enrol()
    begun = ada.login(parked=b"session of the shop")
    other = site.process(VESTIBULE_REALM="other").engine

    outcome = other.verify(begun.token, Purpose.LOGIN, ada.next_code())

    assert reason(outcome) is Reason.GONE
    assert outcome.granted is None
    assert other.look(begun.token) is None
    assert other.standing("ada", ada.token).passage is None
    assert not other.standing("ada", None).enrolled
    assert other.resend(begun.token, Purpose.LOGIN, ada.enrolment_id).verdict != Pending()
    assert {fact["realm"] for fact in site.facts()} == {"default"}
    assert ada.answer(begun.token, ada.code()).is_accepted


# A factor that somebody else judges, such as a carrier with codes of its own.


Happening = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(Letters):
    """Six digits that are judged apart; `meanwhile` is what happens in the world while it takes."""

    name: ClassVar[str] = "carrier"

    right: str = "424242"
    meanwhile: list[Happening] = field(default_factory=list)

    @property
    def traits(self) -> Traits:
        return Traits(interaction=Interaction.CODE, judged=Judged.APART, strength=5)

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        del enrolment, env
        return Opening()

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        del challenge, enrolment, env
        while self.meanwhile:
            self.meanwhile.pop()()
        return Accepted() if answer == self.right else Rejected(reason=Reason.WRONG)


def with_carrier(site: Site, meanwhile: list[Happening]) -> Person:
    """A person whose one way is judged apart."""
    context = site.engine.context
    registry = Registry([Carrier(meanwhile=meanwhile)])
    site.parts = replace(site.parts, engine=Engine(replace(context, registry=registry)))
    draft = site.draft("cyd", factor="carrier")
    assert draft is not None
    assert draft.token is not None
    cyd = Person(site, "cyd", SoftwareAuthenticator(b"unused"), draft.enrolment.id)
    assert cyd.answer(draft.token, "424242", Purpose.ENROL).is_accepted
    return cyd


class Spare(Carrier):
    """A way that only helps out, and is no recovery code."""

    name: ClassVar[str] = "spare"

    @property
    def traits(self) -> Traits:
        return Traits(interaction=Interaction.CODE, judged=Judged.APART, primary=False)


def test_what_helps_out_is_not_taken_for_a_recovery_code(site: Site) -> None:
    """A way in that only helps out, and is no recovery code, is used without a notice of one."""
    ada = site.enrol(contact={"email": "ada@site.test"})
    context = site.engine.context
    registry = Registry([*context.registry, Spare()])
    site.parts = replace(site.parts, engine=Engine(replace(context, registry=registry)))
    assert site.draft("ada", ada.passage, factor="spare") is not None
    assert ada.answer(ada.token, "424242", Purpose.ENROL).is_accepted

    outcome = ada.answer(ada.login().token, "424242")

    assert outcome.enrolment is not None
    assert outcome.enrolment.factor == "spare"
    assert Notice.RECOVERY_CODE_USED not in {row["text"] for row in site.rows("message")}


@pytest.mark.row("ATK-23", "ATK-25")
def test_what_is_judged_apart_is_charged_before_it_is_judged(site: Site) -> None:
    """A code judged elsewhere has cost its try and its odds before anybody looks at it."""
    seen: list[tuple[int, int]] = []
    meanwhile: list[Happening] = []
    cyd = with_carrier(site, meanwhile)
    begun = cyd.login()

    def look() -> None:
        attempts = case_of(site, begun.token).asked[0].challenge.attempts
        seen.append((attempts, cyd.ledger()["spent"]))

    meanwhile.append(look)
    outcome = cyd.answer(begun.token, "000000")

    once = limits.cost(codes_valid=1, digits=6)
    assert seen == [(1, once)]
    assert rejected(outcome) == Rejected(reason=Reason.WRONG, tries_left=4)
    assert (cyd.ledger()["spent"], cyd.ledger()["failures"]) == (once, 1)
    assert cyd.enrolment("carrier").failures_stranger == 1
    assert site.facts("cyd")[-1]["data"]["odds"] == once


def test_what_was_judged_apart_and_right_costs_nothing(site: Site) -> None:
    """A right code judged elsewhere gives back what was reserved for it and for those before it."""
    cyd = with_carrier(site, [])
    begun = cyd.login()
    cyd.answer(begun.token, "000000")

    assert cyd.answer(begun.token, "424242").is_accepted
    assert (cyd.ledger()["spent"], cyd.ledger()["failures"]) == (0, 0)


@pytest.mark.row("ATK-23")
def test_a_wrong_code_counted_meanwhile_is_not_forgotten(site: Site) -> None:
    """What another browser got wrong while a code was judged elsewhere stays counted."""
    meanwhile: list[Happening] = []
    cyd = with_carrier(site, meanwhile)
    begun, other = cyd.login(), cyd.login()
    meanwhile.append(lambda: cyd.answer(other.token, "111111"))

    assert cyd.answer(begun.token, "424242").is_accepted
    assert cyd.enrolment("carrier").failures_stranger == 1
    assert cyd.ledger()["spent"] == limits.cost(codes_valid=1, digits=6)


@pytest.mark.row("ATK-24", "C6")
def test_of_two_right_answers_judged_apart_one_wins(site: Site) -> None:
    """A login that was finished while a code was judged elsewhere is not finished twice."""
    meanwhile: list[Happening] = []
    cyd = with_carrier(site, meanwhile)
    begun = cyd.login()
    first: list[bool] = []
    meanwhile.append(lambda: first.append(cyd.answer(begun.token, "424242").is_accepted))

    second = cyd.answer(begun.token, "424242")

    assert first == [True]
    assert reason(second) in {Reason.GONE, Reason.REPLAYED}
    assert site.told("cyd").count("answer_accepted") == 2  # enrolling, and one login


@pytest.mark.row("ATK-12")
def test_a_way_removed_while_it_is_judged_lets_nobody_in(site: Site) -> None:
    """A factor removed while its code is judged elsewhere lets nobody in by that code."""
    meanwhile: list[Happening] = []
    cyd = with_carrier(site, meanwhile)
    passage = cyd.passage
    begun = cyd.login()
    meanwhile.append(lambda: site.engine.revoke(cyd.enrolment("carrier"), passage))

    assert not cyd.answer(begun.token, "424242").is_accepted


def test_a_draft_on_a_signed_in_browser_proves_nothing_else(site: Site) -> None:
    """A second app is proven by its own code, not by the first one's, and adds no freshness."""
    ada = site.enrol()
    proven_at = ada.passage.proven_at
    site.fake.move(minutes(6))
    draft = site.draft("ada", ada.passage)
    assert draft is not None
    second = replace_app(ada, draft.enrolment.secret)

    assert reason(ada.answer(ada.token, ada.code(), Purpose.ENROL)) is Reason.WRONG
    assert ada.answer(ada.token, second.code(), Purpose.ENROL).is_accepted
    assert ada.passage.proven_at == proven_at


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


@pytest.mark.row("ATK-16")
def test_a_known_browser_is_not_slowed_with_its_address(site: Site) -> None:
    """Who shares an address with a guesser types the code as ever in a browser of one's own."""
    ada, gus = site.enrol(), site.enrol("gus")
    ada.come_in()
    for _ in range(8):
        site.fake.move(seconds=3600)
        for _ in range(5):
            gus.answer(gus.login().token, gus.wrong(), address="192.0.2.1")
    site.change("source", {"address": "192.0.2.1"}, failures=100)
    code, stranger, known = ada.next_code(), ada.login(), ada.login(known=True)
    site.change("source", {"address": "192.0.2.1"}, as_of=rows.number(site.clock.now()))

    assert reason(ada.answer(stranger.token, code, address="192.0.2.1")) is Reason.DELAYED
    assert ada.answer(known.token, code, address="192.0.2.1").is_accepted


@pytest.mark.row("ATK-16")
def test_setting_an_app_up_wrongly_slows_no_address(site: Site) -> None:
    """Wrong codes for a key on one's own screen are no guesses, and count against no address."""
    draft = site.draft("ada")
    assert draft is not None
    for number in range(5):
        site.engine.verify(draft.token, Purpose.ENROL, f"{number:06}", Origin(address="192.0.2.1"))

    assert site.rows("source") == []


def test_a_first_app_makes_every_other_browser_a_strangers(site: Site) -> None:
    """Browsers known from apps that are long removed count as strangers' once there is a first."""
    before = site.enrol()
    before.come_in()
    assert site.engine.revoke(before.enrolment())
    ada = site.enrol()

    token = ada.login(browsers=[before.browser]).token

    assert case_of(site, token).passage.lane is Lane.STRANGER
