"""Text messages by CronDock."""

from vestibule.providers.crondock.provider import CronDock as CronDock

__all__ = ["CronDock"]
