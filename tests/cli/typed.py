"""A command as an operator types it, on a site whose database and keys are at hand."""

from typing import Any

from click.testing import CliRunner, Result
from tests.core.site import Site

from vestibule.bootstrap.assemble import DEVELOPMENT_KEYS
from vestibule.cli import group


def typed(site: Site, *arguments: str, **more: Any) -> Result:
    """Return what came of `vestibule …` on a site, in words and as an exit status."""
    settings = {
        "VESTIBULE_DEVELOPMENT": "1",
        "VESTIBULE_DATABASE_URL": site.url,
        "VESTIBULE_KEY_FILE": str(site.folder / DEVELOPMENT_KEYS),
    }
    return CliRunner(env=settings).invoke(group, arguments, prog_name="vestibule", **more)


def told(site: Site, *arguments: str, **more: Any) -> str:
    """Return what a command prints; fail where it fails."""
    result = typed(site, *arguments, **more)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(site: Site, *arguments: str, **more: Any) -> str:
    """Return what a command complains of."""
    result = typed(site, *arguments, **more)
    assert result.exit_code != 0, result.output
    return result.stderr
