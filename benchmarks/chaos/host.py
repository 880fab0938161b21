"""What the web processes serve; its settings are in the environment, as a worker's are."""

import logging
import os
from typing import Final

from werkzeug.middleware.proxy_fix import ProxyFix

from benchmarks.host import with_login
from vestibule.flask import Vestibule

SERVED: Final = "CHAOS_SERVED"


def make() -> ProxyFix:
    """Return the application, behind what tells it where a request comes from."""
    logging.basicConfig(level=logging.INFO)
    app = with_login()
    Vestibule(app)
    return ProxyFix(app, x_for=1)


if SERVED in os.environ:
    application = make()
