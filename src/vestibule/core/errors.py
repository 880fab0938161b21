"""What an operator or a programmer can cause. What a user can cause is a value, not an exception.

VestibuleError
├── ConfigurationError     a setting is missing, unsafe or unknown; the message names the remedy
│   └── DeploymentError    keys, database or installation id are not fit for production
├── StoreUnavailableError  the database does not answer; nothing was decided
└── UsageError             the library was called in a way it cannot honour
"""


class VestibuleError(Exception):
    """The base of what an application may want to catch; never raised itself.

    The parts below have exceptions of their own (`SettingError`, `SealError`), translated into
    these, or into values, before an application could see them.
    """


class ConfigurationError(VestibuleError):
    """A setting is missing, unsafe or unknown. The message says what to change."""


class DeploymentError(ConfigurationError):
    """Keys, database or installation are not fit for production. The message has the command."""


class StoreUnavailableError(VestibuleError):
    """The database did not answer or refused; nothing was decided and nothing was lost."""


class UsageError(VestibuleError):
    """Vestibule was called in a way it cannot honour. The message says what to call instead."""
