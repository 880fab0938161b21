"""What time it is: asked here by every part, answered by the setting CLOCK."""

from datetime import datetime
from typing import cast

from flask import current_app


def now() -> datetime:
    """Return the present time, in UTC."""
    return cast("datetime", current_app.config["CLOCK"]())
