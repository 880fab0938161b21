"""Vestibule: self-hosted two-factor authentication for Python web applications.

These are the engine's public names. The Flask extension is `vestibule.flask.Vestibule`; what a
host's own tests need is in `vestibule.testing`.
"""

from vestibule.core.engine import Begun as Begun
from vestibule.core.engine import Engine as Engine
from vestibule.core.engine import Login as Login
from vestibule.core.engine import Outcome as Outcome
from vestibule.core.errors import ConfigurationError as ConfigurationError
from vestibule.core.errors import DeploymentError as DeploymentError
from vestibule.core.errors import StoreUnavailableError as StoreUnavailableError
from vestibule.core.errors import UsageError as UsageError
from vestibule.core.errors import VestibuleError as VestibuleError
from vestibule.core.model import Purpose as Purpose
from vestibule.core.verdict import Accepted as Accepted
from vestibule.core.verdict import Pending as Pending
from vestibule.core.verdict import Reason as Reason
from vestibule.core.verdict import Rejected as Rejected

__all__ = [
    "Accepted",
    "Begun",
    "ConfigurationError",
    "DeploymentError",
    "Engine",
    "Login",
    "Outcome",
    "Pending",
    "Purpose",
    "Reason",
    "Rejected",
    "StoreUnavailableError",
    "UsageError",
    "VestibuleError",
]
__version__ = "0.1.0"
