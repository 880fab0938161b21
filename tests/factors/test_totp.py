from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule import oath
from vestibule.core.factor import Applicant, Env
from vestibule.core.model import Challenge, ChallengeStatus, Enrolment, EnrolmentStatus, Purpose
from vestibule.core.profiles import STRICT
from vestibule.core.verdict import Accepted, Hint, Reason, Rejected, Verdict
from vestibule.factors.totp import Totp
from vestibule.oath import Algorithm
from vestibule.testing import FixedRandom, SoftwareAuthenticator
from vestibule.testing.clock import START

SECRET = FixedRandom("totp").bytes(20)
APPLICANT = Applicant(subject="ada", account="ada@site.test", issuer="Site")
NOW = oath.step_at(START.timestamp())
CHALLENGE = Challenge(
    id="c",
    passage_id="p",
    enrolment_id="e",
    realm="default",
    subject="ada",
    purpose=Purpose.LOGIN,
    status=ChallengeStatus.OPEN,
    created_at=START,
    expires_at=START,
    max_attempts=5,
)


def env(seconds: float = 0, *, confirming: bool = False) -> Env:
    """The world, so many seconds after the start."""
    return Env(
        now=START + timedelta(seconds=seconds),
        random=FixedRandom().bytes,
        code_for=lambda _, digits: "0" * digits,
        confirming=confirming,
    )


def enrolment(step: int | None = None) -> Enrolment:
    """An app whose last accepted step is `step`."""
    return Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        secret=SECRET,
        state={} if step is None else {"step": step},
    )


def judge(
    step: int, *, seconds: float = 0, last: int | None = None, totp: Totp | None = None
) -> Verdict:
    """The verdict on the code of a step."""
    answer = oath.hotp(SECRET, step)
    return (totp or Totp()).judge(CHALLENGE, enrolment(last), answer, env(seconds))


@pytest.mark.row("OTP-07", "C12")
@pytest.mark.parametrize(
    ("away", "accepted"),
    [(-3, False), (-2, False), (-1, True), (0, True), (1, True), (2, False), (3, False)],
)
def test_one_step_either_way_is_accepted(away: int, accepted: bool) -> None:  # noqa: FBT001
    """The code now, the one before and the one after are right, and no other."""
    verdict = judge(NOW + away)

    assert isinstance(verdict, Accepted) is accepted
    if isinstance(verdict, Accepted):
        assert verdict.state == {"step": NOW + away}


@pytest.mark.row("OTP-07")
@pytest.mark.parametrize(("away", "accepted"), [(-2, False), (-1, True), (0, True), (1, False)])
def test_strict_looks_back_only(away: int, accepted: bool) -> None:  # noqa: FBT001
    """The strict profile accepts the code now and the one before."""
    strict = Totp(**STRICT.factor_settings["totp"])

    assert isinstance(judge(NOW + away, totp=strict), Accepted) is accepted
    assert strict.code_format(enrolment()).valid_at_once == 2


@pytest.mark.row("OTP-08")
@pytest.mark.parametrize("off", range(-90, 91, 5))
@pytest.mark.parametrize("within", [0, 10, 29])
def test_a_phone_whose_clock_is_off(off: int, within: int) -> None:
    """A phone's code is right while its clock shows a step at most one away from ours."""
    shown = oath.step_at(START.timestamp() + within + off)

    verdict = judge(shown, seconds=within)

    assert isinstance(verdict, Accepted) is (abs(shown - NOW) <= 1)
    if abs(off) <= 1:
        assert isinstance(verdict, Accepted)
    if abs(off) > 60:
        assert not isinstance(verdict, Accepted)


@pytest.mark.row("OTP-08", "OTP-07")
def test_drift_is_not_learned_and_the_window_never_wider() -> None:
    """After years of codes a step late, the same three steps are right as on the first day."""
    last: int | None = None
    day = 24 * 3600
    for month in range(36):
        seconds = month * 30 * day
        verdict = judge(NOW + seconds // 30 - 1, seconds=seconds, last=last)
        assert isinstance(verdict, Accepted)
        assert verdict.state is not None
        last = verdict.state["step"]
    at = NOW + seconds // 30 + 2880
    right = [
        away
        for away in range(-20, 21)
        if isinstance(judge(at + away, seconds=seconds + day, last=last), Accepted)
    ]

    assert right == [-1, 0, 1]


@pytest.mark.row("OTP-06", "ATK-31", "C6")
@given(st.integers(-1, 1), st.integers(-3, 3))
def test_no_step_is_accepted_twice_or_after_a_later_one(away: int, last: int) -> None:
    """A step is right only if it is later than every step accepted before."""
    verdict = judge(NOW + away, last=NOW + last)

    if away > last:
        assert isinstance(verdict, Accepted)
    else:
        assert verdict == Rejected(reason=Reason.REPLAYED)


@pytest.mark.row("OTP-13", "ATK-32")
def test_a_clock_set_back_reopens_no_step() -> None:
    """When the server's clock is set back, no used step and none before it is right again."""
    used = NOW
    for seconds in range(-3600, 0, 30):
        now = NOW + seconds // 30
        for away in (-1, 0, 1):
            verdict = judge(now + away, seconds=seconds, last=used)
            assert not isinstance(verdict, Accepted)


@pytest.mark.row("ATK-32")
@pytest.mark.parametrize("skew", [-5, 5])
def test_a_few_seconds_between_servers_do_no_harm(skew: int) -> None:
    """Two servers five seconds apart accept the same code, and each refuses what the other took."""
    for second in range(30):
        shown = oath.step_at(START.timestamp() + second)
        first = judge(shown, seconds=second)
        assert isinstance(first, Accepted)
        assert first.state is not None
        assert isinstance(judge(shown, seconds=second + skew), Accepted)
        again = judge(shown, seconds=second + skew, last=first.state["step"])
        assert again == Rejected(reason=Reason.REPLAYED)


def test_a_hint_at_login_is_given_for_dead_steps_only() -> None:
    """At login a wrong code is hinted at if it was right before, and never if it will be."""
    for away in range(-8, 9):
        verdict = judge(NOW + away)
        if isinstance(verdict, Rejected):
            assert (verdict.hint is Hint.PAST_CODE) is (-4 <= away <= -2)
            assert verdict.minutes_off == 0


@pytest.mark.parametrize(
    ("away", "minutes"), [(2, 1), (-2, 1), (3, 2), (10, 5), (-60, 30), (60, 30), (61, None)]
)
def test_a_clock_that_is_off_is_named_while_confirming(away: int, minutes: int | None) -> None:
    """While an app is added its owner is told how many minutes its clock is off."""
    answer = oath.hotp(SECRET, NOW + away)

    verdict = Totp().judge(CHALLENGE, enrolment(), answer, env(confirming=True))

    assert isinstance(verdict, Rejected)
    assert verdict.hint is (Hint.CLOCK_OFF if minutes else None)
    assert verdict.minutes_off == (minutes or 0)


@pytest.mark.row("OTP-04", "OTP-05", "ASVS-6.5.4", "ASVS-6.5.5", "NIST-24")
@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"digits": 5}, "VESTIBULE_TOTP_DIGITS"),
        ({"digits": 9}, "VESTIBULE_TOTP_DIGITS"),
        ({"secret_bytes": 15}, "VESTIBULE_TOTP_SECRET_BYTES"),
        ({"algorithm": Algorithm.SHA256}, "VESTIBULE_TOTP_SECRET_BYTES is at least 32"),
        ({"algorithm": Algorithm.SHA512, "secret_bytes": 63}, "SECRET_BYTES is at least 64"),
        ({"behind": 2}, "VESTIBULE_TOTP_BEHIND"),
        ({"ahead": 2}, "AHEAD"),
        ({"behind": -1}, "VESTIBULE_TOTP_BEHIND"),
        ({"period": 14}, "VESTIBULE_TOTP_PERIOD"),
        ({"period": 61}, "VESTIBULE_TOTP_PERIOD"),
    ],
)
def test_what_the_standards_forbid_is_refused(settings: dict[str, int], names: str) -> None:
    """A setting below the floor of the standards is refused by its name."""
    with pytest.raises(ValueError, match=names):
        Totp(**settings)  # type: ignore[arg-type]


@pytest.mark.row("OTP-04", "C11")
@pytest.mark.parametrize(
    "totp",
    [
        Totp(),
        Totp(secret_bytes=16),
        Totp(algorithm=Algorithm.SHA256, secret_bytes=32, digits=8, period=60),
        Totp(algorithm=Algorithm.SHA512, secret_bytes=64, digits=7, period=15),
    ],
)
def test_an_app_that_scans_the_uri_is_understood(totp: Totp) -> None:
    """Whatever is set, a phone that read the QR code shows what is accepted."""
    draft = totp.begin(APPLICANT, env())
    assert len(draft.secret) == totp.secret_bytes
    held = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        secret=draft.secret,
        state=draft.state,
    )
    app = SoftwareAuthenticator.scan(totp.setup_data(held, APPLICANT)["otpauth"])

    answer = totp.reads(app.code(START))
    assert answer is not None
    assert isinstance(totp.judge(CHALLENGE, held, answer, env()), Accepted)
    assert app.label == "Site:ada@site.test"
    assert totp.code_format(held).digits == totp.digits


@pytest.mark.row("OTP-11")
def test_no_two_drafts_share_a_secret() -> None:
    """Each enrolment begins with fresh random bytes, whoever it is for."""
    world = env()
    secrets = {Totp().begin(APPLICANT, world).secret for _ in range(1000)}

    assert len(secrets) == 1000


def test_other_state_is_kept() -> None:
    """Accepting a code changes the step that is remembered and nothing else of the state."""
    held = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        secret=SECRET,
        state={"step": 1, "more": [1, 2]},
    )

    verdict = Totp().judge(CHALLENGE, held, oath.hotp(SECRET, NOW), env())

    assert verdict == Accepted(state={"step": NOW, "more": [1, 2]})


def own(totp: Totp, **changed: object) -> Enrolment:
    """An app set up with a factor's settings, its state changed where `changed` says so."""
    data = totp.begin(APPLICANT, env())
    return Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        secret=data.secret,
        state={**data.state, **changed},
    )


LONG = Totp(digits=8, period=60, algorithm=Algorithm.SHA256, secret_bytes=32)
MOMENTS = [START + timedelta(seconds=seconds) for seconds in (0, 29, 31, 59)]


@pytest.mark.parametrize(
    ("before", "after"), [(Totp(), LONG), (LONG, Totp()), (LONG, Totp(period=15))]
)
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_an_app_keeps_what_it_was_set_up_with(before: Totp, after: Totp, now: datetime) -> None:
    """Whatever the settings say by now, an app's code is read, priced and judged as it was made."""
    held = own(before)
    app = SoftwareAuthenticator.scan(before.setup_data(held, APPLICANT)["otpauth"])
    answer = after.reads(app.code(now))
    assert answer is not None

    assert after.setup_data(held, APPLICANT) == before.setup_data(held, APPLICANT)
    assert after.code_format(held) == before.code_format(held)
    verdict = after.judge(CHALLENGE, held, answer, replace(env(), now=now))
    assert isinstance(verdict, Accepted)
    assert verdict.state is not None
    assert verdict.state["step"] == oath.step_at(now.timestamp(), period=before.period)
    assert verdict.state["digits"] == before.digits


def test_an_app_that_says_nothing_is_a_plain_one() -> None:
    """An enrolment without parameters of its own has six digits, 30 seconds and SHA-1."""
    held = enrolment()

    assert LONG.code_format(held) == Totp().code_format(own(Totp()))
    answer = oath.hotp(SECRET, NOW)
    assert LONG.judge(CHALLENGE, held, answer, env()) == Accepted(state={"step": NOW})


@pytest.mark.row("ATK-32")
@pytest.mark.parametrize("made", [Totp(), LONG])
def test_after_a_restore_no_code_of_before_is_right(made: Totp) -> None:
    """After a restore the code shown now is spent, and so is the next; the one after that works."""
    held = Totp().after_restore(own(made, kept="yes"), env())
    app = SoftwareAuthenticator.scan(made.setup_data(held, APPLICANT)["otpauth"])
    tries = [
        made.judge(CHALLENGE, held, app.code(START, steps=steps), env(steps * made.period))
        for steps in (0, 1, 2)
    ]

    assert [isinstance(verdict, Accepted) for verdict in tries] == [False, False, True]
    assert held.state["kept"] == "yes"


@pytest.mark.parametrize("answer", ["12345", "123456789", "12345a", "", "１２３４５６"])
def test_what_no_app_shows_is_not_read(answer: str) -> None:
    """Only six, seven or eight ASCII digits can be an app's code."""
    assert Totp().reads(answer) is None
