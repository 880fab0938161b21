"""What a factor, a sender or a provider of your own promises, as tests that you run over it.

Extend one of these classes in a test module of yours, under a name that begins with `Test`, and
pytest collects its rules. It needs pytest, and is imported by its own name only: neither Vestibule
nor `vestibule.testing` imports it.
"""

import pytest

# Before the rules are imported: what fails then says which values were compared.
pytest.register_assert_rewrite(
    f"{__name__}.factor", f"{__name__}.in_use", f"{__name__}.provider", f"{__name__}.sender"
)

from vestibule.testing.contracts.factor import FactorContract as FactorContract  # noqa: E402
from vestibule.testing.contracts.in_use import FactorInUseContract as FactorInUseContract  # noqa: E402
from vestibule.testing.contracts.provider import HttpProviderContract as HttpProviderContract  # noqa: E402
from vestibule.testing.contracts.provider import ProviderContract as ProviderContract  # noqa: E402
from vestibule.testing.contracts.provider import Trouble as Trouble  # noqa: E402
from vestibule.testing.contracts.sender import Arrived as Arrived  # noqa: E402
from vestibule.testing.contracts.sender import SenderContract as SenderContract  # noqa: E402

__all__ = [
    "Arrived",
    "FactorContract",
    "FactorInUseContract",
    "HttpProviderContract",
    "ProviderContract",
    "SenderContract",
    "Trouble",
]
