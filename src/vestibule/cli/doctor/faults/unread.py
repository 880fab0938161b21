"""Settings that nobody reads: a name in the environment, or in `.env`, that is none of ours."""

import re
from collections.abc import Iterator
from typing import Final

from vestibule.bootstrap import unknown_settings
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site

OTHERS: Final = re.compile(r"VESTIBULE_(TEST_|SERVICE_(HOST|PORT)|PORT(_|$))")
"""What our own tests read, and what container platforms set where a service is called vestibule."""


def unknown_names(site: Site) -> Iterator[Finding]:
    """Find what looks like a setting of ours and is none; in `app.config` it is an error."""
    for name, near in unknown_settings(site.app.config, site.environment).items():
        if OTHERS.match(name):
            continue
        yield Finding(
            severity=Severity.NOTE,
            fault="unknown-setting",
            where=name,
            what="Set in the environment or in .env, and no setting of Vestibule: nobody reads it.",
            mend=(
                f"{f'Did you mean {near}? ' if near else ''}The settings of a factor or a carrier "
                "that is not ours are known only while VESTIBULE_FACTORS or VESTIBULE_ROUTES "
                "names it."
            ),
        )
