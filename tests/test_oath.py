import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from vestibule import oath
from vestibule.oath import Algorithm
from vestibule.testing import SoftwareAuthenticator

# A busy machine is no failure.
UNHURRIED = settings(deadline=None)
SEED = b"12345678901234567890"
SEEDS = {
    Algorithm.SHA1: SEED,
    Algorithm.SHA256: (SEED * 2)[:32],
    Algorithm.SHA512: (SEED * 4)[:64],
}
HOTP = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]
TOTP = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
GOLDEN = [
    ("Site", "ada@site.test", "Site:ada%40site.test", "Site"),
    ("Two words", "ada", "Two%20words:ada", "Two%20words"),
    ("Big: Co", "a:b", "Big%20%20Co:a%20b", "Big%20%20Co"),
    (
        "Salt & Pepper",
        "x&secret=AAAA",
        "Salt%20%26%20Pepper:x%26secret%3DAAAA",
        "Salt%20%26%20Pepper",
    ),
    ("No #1", "a?b/c%d+e", "No%20%231:a%3Fb%2Fc%25d%2Be", "No%20%231"),
    ("Bäcker 🥐", "zoë", "B%C3%A4cker%20%F0%9F%A5%90:zo%C3%AB", "B%C3%A4cker%20%F0%9F%A5%90"),
    ("שער", "דנה", "%D7%A9%D7%A2%D7%A8:%D7%93%D7%A0%D7%94", "%D7%A9%D7%A2%D7%A8"),
    ("Line\r\nbreak\x00\u202e", "t\tab", "Linebreak:tab", "Linebreak"),
]


@pytest.fixture(scope="session")
def oathtool() -> str:
    """The path of an independent implementation of both standards."""
    found = shutil.which("oathtool")
    if found is None:
        pytest.skip("oathtool: not found")
    return found


@pytest.fixture(scope="session")
def zbarimg() -> str:
    """The path of a reader of QR codes."""
    found = shutil.which("zbarimg")
    if found is None:
        pytest.skip("zbarimg: not found")
    return found


@pytest.mark.row("OTP-01")
@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_hotp_vectors(counter: int, code: str) -> None:
    """The ten codes of RFC 4226 come out as they are printed there."""
    assert oath.hotp(SEED, counter) == code


@pytest.mark.row("OTP-02")
@pytest.mark.parametrize("vector", TOTP, ids=lambda vector: str(vector[0]))
def test_totp_vectors(vector: tuple[int, str, str, str]) -> None:
    """The eighteen codes of RFC 6238 come out as they are printed there."""
    moment, *codes = vector
    step = oath.step_at(moment)

    made = [oath.hotp(SEEDS[a], step, digits=8, algorithm=a) for a in Algorithm]

    assert made == codes


@pytest.mark.row("OTP-03", "C10")
def test_leading_zeros_are_kept() -> None:
    """A code that begins with zeros is text with all its digits."""
    assert oath.hotp(SEED, 36) == "003784"
    assert oath.hotp(SEED, oath.step_at(1111111109), digits=8) == "07081804"


@pytest.mark.row("OTP-02")
@UNHURRIED
@given(st.integers(0, 2**40), st.integers(15, 60))
def test_a_step_holds_for_exactly_one_period(step: int, period: int) -> None:
    """A step begins at a whole multiple of its period and ends just before the next."""
    assert oath.step_at(step * period, period=period) == step
    assert oath.step_at(step * period + period - 0.5, period=period) == step
    assert oath.step_at((step + 1) * period, period=period) == step + 1


@pytest.mark.row("OTP-02")
@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("digits", [6, 7, 8])
@pytest.mark.parametrize("moment", [0, 1_767_603_600, 4_102_444_799])
def test_an_independent_tool_agrees(
    oathtool: str, algorithm: Algorithm, digits: int, moment: int
) -> None:
    """What we make, Debian's oathtool makes, for each hash, each length and far moments."""
    secret = SEEDS[algorithm]
    command = [oathtool, f"--totp={algorithm.lower()}", f"--digits={digits}", f"--now=@{moment}"]
    theirs = subprocess.run([*command, secret.hex()], capture_output=True, text=True, check=True)

    ours = oath.hotp(secret, oath.step_at(moment), digits=digits, algorithm=algorithm)

    assert theirs.stdout.strip() == ours


@pytest.mark.row("OTP-07")
def test_the_newest_step_that_matches_is_named() -> None:
    """Where a code is right for several steps, the newest is returned, so that none comes back."""
    repeats = range(3_000_000)
    first: dict[str, int] = {}
    for step in repeats:
        code = oath.hotp(SEED, step)
        if code in first:
            break
        first[code] = step

    assert oath.matching_step(SEED, code, range(first[code], step + 1)) == step
    assert oath.matching_step(SEED, code, range(first[code], step)) == first[code]


@pytest.mark.row("C10", "ATK-71")
@pytest.mark.parametrize("answer", ["3784", "03784", "0003784", "003784 ", "", "0x0ec8"])
def test_only_the_whole_text_matches(answer: str) -> None:
    """A code without its leading zeros, or with anything more, is not the code."""
    assert oath.matching_step(SEED, "003784", range(30, 40)) == 36
    assert oath.matching_step(SEED, answer, range(30, 40)) is None


@pytest.mark.row("OTP-12", "ATK-46")
@pytest.mark.parametrize(("issuer", "account", "label", "parameter"), GOLDEN)
def test_golden_uris(issuer: str, account: str, label: str, parameter: str) -> None:
    """Label and issuer are percent-encoded, hold no control character and one colon in all."""
    uri = oath.provisioning_uri(SEED, issuer=issuer, account=account)

    assert uri == (
        f"otpauth://totp/{label}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer={parameter}"
        "&algorithm=SHA1&digits=6&period=30"
    )


@pytest.mark.row("OTP-12")
@UNHURRIED
@given(issuer=st.text(max_size=60), account=st.text(max_size=60), secret=st.binary(min_size=16))
def test_a_uri_is_read_back_as_it_was_meant(issuer: str, account: str, secret: bytes) -> None:
    """Whatever the names are, an app reads one secret, one issuer, twice the same, no padding."""
    uri = oath.provisioning_uri(secret, issuer=issuer, account=account)

    parts = urlsplit(uri)
    query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    prefix, _, _ = unquote(parts.path).removeprefix("/").partition(":")
    assert parts.fragment == ""
    assert {name: len(values) for name, values in query.items()} == dict.fromkeys(
        ("secret", "issuer", "algorithm", "digits", "period"), 1
    )
    assert prefix == query["issuer"][0]
    assert uri.isascii()
    assert uri.isprintable()
    assert "=" not in query["secret"][0]
    assert SoftwareAuthenticator.scan(uri).secret == secret


@pytest.mark.row("OTP-12")
@pytest.mark.parametrize(("issuer", "account"), [(case[0], case[1]) for case in GOLDEN])
def test_the_qr_code_carries_the_same_uri(
    zbarimg: str, tmp_path: Path, issuer: str, account: str
) -> None:
    """A phone that photographs the QR code reads the very URI that was put into it."""
    uri = oath.provisioning_uri(SEED, issuer=issuer, account=account)
    picture = tmp_path / "code.png"
    segno.make(uri, error="m").save(str(picture), scale=6)

    command = [zbarimg, "--quiet", "--raw", "--oneshot", "-Sdisable", "-Sqrcode.enable"]
    read = subprocess.run([*command, str(picture)], capture_output=True, text=True, check=True)

    assert read.stdout.strip() == uri
