"""What the servers serve: the guarded application, and what it is measured by.

That is a bare view at `/bare`, at `/least` the least that a second step takes, and at `/plain` the
same application without one.
"""

import os
from typing import TYPE_CHECKING, Final

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from benchmarks.floor import bare
from benchmarks.host import guarded, with_login
from benchmarks.least import least
from benchmarks.sites import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SITE: Final = "BENCHMARK_SITE"


def make() -> ProxyFix:
    """Return all as one WSGI application, behind what a host puts before it anyway.

    The addresses that requests come from differ, as they do in life: one alone is soon slowed.
    """
    site = Site.from_text(os.environ[SITE])
    others: dict[str, WSGIApplication] = {
        "/bare": bare(site.url),
        "/least": least(site.url),
        "/plain": with_login(),
    }
    return ProxyFix(DispatcherMiddleware(guarded(site), others), x_for=1)


if SITE in os.environ:
    application = make()
