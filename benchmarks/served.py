"""What the servers serve: the guarded application, and the bare view it is measured by."""

import os
from typing import Final

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from benchmarks.floor import bare
from benchmarks.host import guarded
from benchmarks.sites import Site

SITE: Final = "BENCHMARK_SITE"


def make() -> ProxyFix:
    """Return both as one WSGI application, behind what a host puts before it anyway.

    The addresses that requests come from differ, as they do in life: one alone is soon slowed.
    """
    site = Site.from_text(os.environ[SITE])
    return ProxyFix(DispatcherMiddleware(guarded(site), {"/bare": bare(site.url)}), x_for=1)


if SITE in os.environ:
    application = make()
