"""What an application's start finds out before anything is opened."""

import pytest
from flask import Flask

from vestibule.core.errors import ConfigurationError
from vestibule.flask import Vestibule


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("VESTIBULE_PROFILE", "strict", "needs a phishing-resistant factor"),
        ("VESTIBULE_PROFILE", "lax", "is default or strict"),
        ("VESTIBULE_FACTORS", "recovery_codes", "at least one primary factor"),
        ("VESTIBULE_TOTP_DIGITS", "9", "VESTIBULE_TOTP_DIGITS is 6, 7 or 8"),
    ],
)
def test_a_factor_that_cannot_be_is_refused_at_start(setting: str, value: str, said: str) -> None:
    """An application whose profile or factors cannot be does not start, and says why."""
    app = Flask("shop")
    app.testing = True
    app.config[setting] = value

    with pytest.raises(ConfigurationError, match=said):
        Vestibule(app)
