import pytest

from vestibule import oath
from vestibule.oath import Algorithm
from vestibule.testing import SoftwareAuthenticator
from vestibule.testing.clock import START

SECRET = b"12345678901234567890"


def test_it_shows_what_the_engine_expects() -> None:
    """The app shows the code of the moment, and those of the steps around it."""
    app = SoftwareAuthenticator(SECRET)
    step = oath.step_at(START.timestamp())

    assert app.code(START) == oath.hotp(SECRET, step)
    assert app.code(START, steps=-2) == oath.hotp(SECRET, step - 2)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize(("digits", "period"), [(6, 30), (8, 60)])
def test_it_reads_every_uri_we_make(algorithm: Algorithm, digits: int, period: int) -> None:
    """The app reads secret, length, period, hash and name from the QR code's text."""
    uri = oath.provisioning_uri(
        SECRET, issuer="Site", account="ada", digits=digits, period=period, algorithm=algorithm
    )
    app = SoftwareAuthenticator.scan(uri)

    assert (app.secret, app.digits, app.period, app.algorithm, app.label) == (
        SECRET,
        digits,
        period,
        algorithm,
        "Site:ada",
    )


@pytest.mark.parametrize("uri", ["", "https://site.test", "otpauth://hotp/x?secret=AA"])
def test_it_reads_nothing_else(uri: str) -> None:
    """Text that is no secret of a time-based app is refused."""
    with pytest.raises(ValueError, match="not an otpauth"):
        SoftwareAuthenticator.scan(uri)
