"""People who must have a second step, and a first way that they cannot set up as the site means."""

from collections.abc import Iterator

from vestibule.bootstrap import profile_of
from vestibule.cli.doctor.faults.carriers import routes_of
from vestibule.cli.doctor.faults.start import parted
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.person import Person
from vestibule.cli.doctor.site import Site
from vestibule.core.engine.obliging import CHANGED_AT
from vestibule.core.errors import ConfigurationError
from vestibule.core.profiles import FirstEnrolment
from vestibule.flask.obliged import EVERYONE, NOBODY, may_oblige, obliges

ANOTHER = 'set VESTIBULE_FIRST_ENROLMENT = "ticket"'


def unknown_roles(site: Site) -> Iterator[Finding]:
    """Find roles that must have a second step, where nothing tells a user's roles."""
    required = set(site.settings.required)
    told = site.loaders.policy is not None or not required.isdisjoint({EVERYONE, NOBODY})
    if site.has_own_door and required and not told:
        yield Finding(
            severity=Severity.HOLE,
            fault="wrong-loader",
            where="VESTIBULE_REQUIRED",
            what="It names roles, and nothing tells the roles of a user: every login is an error.",
            mend=(
                "Write a function marked @vestibule.policy_loader that returns them, or set "
                f"VESTIBULE_REQUIRED to {EVERYONE!r} or {NOBODY!r}."
            ),
        )


def no_address(site: Site) -> Iterator[Finding]:
    """Find a first way that waits for a code by mail, where nothing tells an address."""
    if _is_by_mail(site) and site.loaders.contact is None:
        yield Finding(
            severity=Severity.HOLE,
            fault="no-first-way",
            where=site.app.import_name,
            what=(
                "A first way is set up by a code to the person's mail address, and nothing tells "
                "an address: after the days of grace nobody comes in without a ticket."
            ),
            mend=f"Write a function marked @vestibule.contact_loader, or {ANOTHER}.",
        )


def no_carrier(site: Site) -> Iterator[Finding]:
    """Find a first way that waits for a code by mail, where nothing carries mail.

    Where the settings alone oblige people the application does not start; a loader is too late.
    """
    carried = site.state.has_sender or routes_of(site).carries("email")
    if _is_by_mail(site) and not site.settings.development and not carried:
        yield Finding(
            severity=Severity.HOLE,
            fault="no-first-way",
            where="VESTIBULE_ROUTES",
            what=(
                "A first way is set up by a code to the person's mail address, and nothing "
                "carries it: it never comes."
            ),
            mend=f"Name who carries mail, VESTIBULE_ROUTES = {{'email': ['smtp']}}, or {ANOTHER}.",
        )


def in_code(site: Site) -> Iterator[Finding]:
    """Find a contact loader that, by its code, does not say since when an address is theirs."""
    if not _is_by_mail(site) or site.loaders.contact is None:
        return
    facts = site.reader.read(site.loaders.contact)
    if CHANGED_AT not in facts.texts | facts.names:
        yield _new_to_us(site)


def as_told(site: Site, person: Person) -> Iterator[Finding]:
    """Ask the host's loaders of somebody real, as a login would. The store is a throw-away."""
    asked = "policy_loader", site.loaders.policy
    try:
        with site.app.test_request_context():
            obliges(site.settings.required, site.loaders.policy, person.user)
            asked = "contact_loader", site.loaders.contact
            told = (site.state.told_of(person.user) or {}) if _is_by_mail(site) else {}
            site.state.engine.owed(person.subject, told)
    except ConfigurationError as error:
        if asked[1] is not None:
            yield _wrong(site, *asked, error)
    except Exception as error:  # noqa: BLE001 - the host's loaders may raise anything
        yield Finding(
            severity=Severity.WARNING,
            fault="not-asked",
            where=asked[0],
            what=f"It could not be asked of that person ({type(error).__name__}: {error}).",
            mend="Sign in as that person, and see whether it is an error there too.",
        )
    else:
        if told and CHANGED_AT not in told:
            yield _new_to_us(site)


def _is_by_mail(site: Site) -> bool:
    """Say whether there may be people who set up a first way by a code to their address."""
    if not site.has_own_door or not may_oblige(site.settings.required, site.loaders.policy):
        return False
    return profile_of(site.settings).first_enrolment is FirstEnrolment.EMAIL


def _new_to_us(site: Site) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        fault="new-addresses",
        where=site.reader.place(site.loaders.contact),
        what=(
            f"contact_loader tells no {CHANGED_AT}: for the first seven days every address is new "
            "to Vestibule, and only a ticket sets up a first way."
        ),
        mend=f"Return {CHANGED_AT} too, None for an address that was never changed.",
    )


def _wrong(site: Site, name: str, loader: object, error: ConfigurationError) -> Finding:
    what, mend = parted(str(error))
    return Finding(
        severity=Severity.HOLE,
        fault="wrong-loader",
        where=f"{name} ({site.reader.place(loader)})",
        what=f"The login of that person is an error: {what}".rstrip(".") + ".",
        mend=mend,
    )
