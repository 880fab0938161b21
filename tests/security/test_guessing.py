"""What a guesser gets who has the password and patience."""

from collections import Counter
from datetime import timedelta
from itertools import cycle

import pytest
from tests.core.site import Person, Site, reason

from vestibule.core import limits
from vestibule.core.limits import CERTAIN
from vestibule.core.model import Lane, Origin, Purpose
from vestibule.core.verdict import Reason
from vestibule.testing import SoftwareAuthenticator

HOUR = timedelta(hours=1)


def rejections(site: Site, subject: str) -> list[dict[str, object]]:
    """What the trail says of each refused answer of a subject."""
    return [fact["data"] for fact in site.facts(subject) if fact["name"] == "answer_rejected"]


def evaluated(site: Site, subject: str) -> int:
    """How many wrong answers of a subject were compared with anything."""
    return sum(bool(data["evaluated"]) for data in rejections(site, subject))


def spread_out(person: Person) -> None:
    """Guess until both lanes are closed, each time somewhere else: at logins, and signed in."""
    purposes = cycle([Purpose.LOGIN, Purpose.FRESH])
    strangers = cycle([person.login, person.program])
    while person.login().ways or person.login(known=True).ways:
        person.site.fake.move(2 * HOUR)
        person.guess(next(strangers)().token)
        purpose = next(purposes)
        if purpose is Purpose.LOGIN:
            person.guess(person.login(known=True).token)
        else:
            person.ask_fresh(purpose)
            person.guess(person.token, 1, purpose)


def close_to_strangers(person: Person) -> None:
    """Guess until the app is closed to strangers."""
    while person.enrolment("totp").failures_stranger < 50:
        person.site.fake.move(2 * HOUR)
        person.guess(person.login().token)


@pytest.mark.row("ATK-14", "C1", "C2", "NIST-26", "ASVS-6.3.1")
def test_guesses_spread_over_every_place_add_up(small_site: Site) -> None:
    """However guesses are spread over logins, browsers and purposes, a hundred are heard in all."""
    site = small_site
    ada = site.enrol()
    ada.come_in(known=True, remembered=True)
    spread_out(ada)
    for begun in (ada.login(), ada.login(known=True)):
        ada.guess(begun.token)

    assert evaluated(site, "ada") == 100
    assert ada.enrolment().failures_known == ada.enrolment().failures_stranger == 50
    odds = sum(int(str(data["odds"])) for data in rejections(site, "ada"))
    assert odds == 100 * limits.cost(codes_valid=3, digits=6)
    assert odds < CERTAIN // 1000


@pytest.mark.row("ATK-14", "NIST-26", "NIST-27")
def test_success_elsewhere_renews_nothing(letters_site: Site) -> None:
    """Neither another account's success nor another factor's revives what guessing closed."""
    site = letters_site
    ada, bob = site.enrol("ada"), site.enrol("bob")
    ada.add_letters()
    codes = ada.make_recovery_codes()
    close_to_strangers(ada)
    assert bob.come_in().is_accepted

    site.fake.move(HOUR)
    begun = ada.login()
    assert [way.factor for way in begun.ways] == ["letters", "recovery_codes"]
    site.engine.resend(begun.token, Purpose.LOGIN, ada.enrolment("letters").id)
    ada.deliver()
    assert ada.answer(begun.token, site.post.code()).is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted

    assert ada.enrolment("totp").failures_stranger == 50
    assert "totp" not in [way.factor for way in ada.login().ways]


@pytest.mark.row("NIST-26")
def test_binding_the_app_anew_opens_it_again(site: Site) -> None:
    """Who adds a new app in place of one that is closed to strangers comes in by it."""
    ada = site.enrol()
    site.change("enrolment", {"id": ada.enrolment_id}, failures_stranger=50)
    assert ada.login().ways == []
    site.draft("ada", ada.passage)
    draft = site.engine.draft_on(site.engine.look(ada.token))
    assert draft is not None
    ada.app = SoftwareAuthenticator(draft.secret)
    assert ada.answer(ada.token, ada.code(), Purpose.ENROL).is_accepted

    assert [way.id for way in ada.login().ways] == [draft.id]
    assert ada.come_in().is_accepted


@pytest.mark.row("ATK-14", "ATK-13")
def test_an_owner_who_logs_in_in_between_pays_no_guesser(small_site: Site) -> None:
    """A guesser beside an owner who logs in every week stays within the same odds for a year."""
    site = small_site
    ada = site.enrol()
    capacity = site.engine.profile.limits.capacity
    refill = site.engine.profile.limits.refill_per_year
    for _ in range(53):
        site.fake.move(7 * 24 * HOUR)
        ada.guess(ada.login().token)
        assert ada.come_in(known=True).is_accepted

    odds = sum(int(str(data["odds"])) for data in rejections(site, "ada"))
    assert 0 < odds <= capacity + refill
    assert ada.enrolment().failures_stranger == 50
    assert ada.ledger(Lane.KNOWN)["spent"] == 0


@pytest.mark.row("ATK-18")
def test_a_stranger_closes_the_strangers_lane_only(site: Site) -> None:
    """Who has the password closes the app to strangers only, and its owner is told."""
    ada = site.enrol(contact={"email": "ada@site.test"})
    home = ada.browser
    codes = ada.make_recovery_codes()
    close_to_strangers(ada)
    assert [way.factor for way in ada.login().ways] == ["recovery_codes"]

    assert ada.login(browsers=[home]).passage.lane is Lane.KNOWN
    assert ada.come_in(known=True).is_accepted
    assert ada.answer(ada.login().token, codes[0]).is_accepted
    ada.deliver()
    told = [sent for sent in site.post.sent if "Too many wrong codes" in str(sent.subject)]
    assert [sent.to for sent in told] == ["ada@site.test"]
    assert "Change your password" in told[0].text


@pytest.mark.row("ATK-18", "ATK-13")
def test_who_has_no_login_under_way_touches_no_count(site: Site) -> None:
    """Without a token of a waiting login, an answer counts for nobody and against nobody."""
    ada = site.enrol()
    before = {name: site.rows(name) for name in ("ledger", "enrolment", "challenge", "event")}
    for token in (None, "", "invented", ada.browser, ada.token):
        for purpose in Purpose:
            site.engine.verify(token, purpose, "123456", Origin(address="192.0.2.1"))

    after = {name: site.rows(name) for name in before}
    # When the trail was last told is no count, and the order of the rows says nothing.
    for kept in (before, after):
        spent = [row | {"told_at": None} for row in kept["ledger"]]
        kept["ledger"] = sorted(spent, key=lambda row: str(row["lane"]))
    assert after["ledger"] == before["ledger"]
    assert after["enrolment"] == before["enrolment"]
    assert after["challenge"] == before["challenge"]
    assert site.rows("source") == []


@pytest.mark.row("ATK-20", "ATK-13")
def test_recovery_codes_share_the_tries_of_every_other_way(site: Site) -> None:
    """Wrong codes of both kinds come out of the same five tries, in whatever order."""
    ada = site.enrol()
    ada.make_recovery_codes()
    for order in ("rrrrr", "ttttt", "rtrtr", "xrtxr"):
        site.engine.reset_limits("ada", by="test", reason="a fresh start")
        begun = ada.login()
        answers = {"r": "0" * 20, "t": ada.wrong(), "x": "no code at all"}
        got = [reason(ada.answer(begun.token, answers[kind])) for kind in order]
        assert Reason.EXHAUSTED not in got
        for answer in answers.values():
            assert reason(ada.answer(begun.token, answer)) is Reason.EXHAUSTED


@pytest.mark.row("ATK-17")
def test_a_subject_is_one_account_by_its_own_text_only(site: Site) -> None:
    """The engine takes a subject as it is given: other case, form or spaces are other accounts."""
    spelled = ["ada", "Ada", " ada", "ada ", "\u0061\u0301da", "\u00e1da", "ada\u200b"]
    for subject in spelled:
        site.enrol(subject)
    ada = Person(site, "ada", SoftwareAuthenticator(b"x" * 20), "")
    ada.answer(ada.login().token, "271828")

    touched = {row["subject"] for row in site.rows("ledger") if row["spent"]}
    assert touched == {"ada"}
    assert Counter(row["subject"] for row in site.rows("ledger")) == dict.fromkeys(spelled, 2)


@pytest.mark.row("ATK-16")
def test_turning_addresses_within_a_network_gains_nothing(site: Site) -> None:
    """Addresses of one /64, and one IPv4 address in either form, are one source."""
    ada = site.enrol()
    token = ada.login().token
    for address in ("2001:db8::1", "2001:db8::ffff:1", "192.0.2.1", "::ffff:192.0.2.1"):
        ada.answer(token, ada.wrong(), address=address)

    assert {row["address"]: row["failures"] for row in site.rows("source")} == {
        "2001:db8::/64": 2,
        "192.0.2.1": 2,
    }


@pytest.mark.row("ATK-27", "W14")
def test_a_restart_forgets_no_guess(site: Site) -> None:
    """Counts, waits and closed lanes are the same in a process that was started just now."""
    ada = site.enrol()
    begun = ada.login()
    ada.guess(begun.token, 4)
    ada.site = site.process()
    ada.guess(begun.token)

    for process in (site, site.process()):
        ada.site = process
        assert reason(ada.answer(begun.token, ada.code())) is Reason.EXHAUSTED
        assert reason(ada.answer(ada.login().token, ada.code())) is Reason.DELAYED
