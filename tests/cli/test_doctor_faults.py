"""What the doctor finds in an application with one fault in it, and not in the same without it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo
from tests.cli.plants import (
    BY_PHONE,
    FAULTS,
    HOLE,
    TWILIO,
    WARNING,
    Fault,
    acts_as,
    another_key,
    called_app,
    decides_alone,
    kept_by_name,
    kept_on_the_server,
    made_to_last,
    tells_addresses,
)
from tests.cli.sites import SOUND, Ground, Host, examined, faults_of
from werkzeug.middleware.proxy_fix import ProxyFix

from vestibule.cli.application import load_as_it_is
from vestibule.cli.doctor import as_text
from vestibule.cli.doctor.examine import examine
from vestibule.cli.doctor.faults import database, stand_ins, unread
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.testing import Inbox
from vestibule.testing.carriers import Carriers


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_where_it_is(ground: Ground, fault: Fault) -> None:
    """A planted fault is found with its place, its gravity and what mends it."""
    found = examined(fault.build(ground, planted=True)).findings

    (one,) = [f for f in found if f.fault == fault.name and fault.where in f.where]
    assert one.severity is fault.severity
    assert one.what.endswith(".")
    assert one.mend


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_not_found_where_it_is_not(ground: Ground, fault: Fault) -> None:
    """The same application without the fault has none at all."""
    assert faults_of(fault.build(ground, planted=False)) == []


def test_a_name_kept_beside_a_login_is_no_fault(ground: Ground) -> None:
    """A view that signs people in as usual may put more into the session."""
    assert faults_of(ground.with_flask_login(kept_by_name)) == ["second-login"]


def test_a_proxy_that_flask_was_told_of_is_no_fault(ground: Ground) -> None:
    """With ProxyFix nothing is said about a proxy."""

    def told(host: Host) -> None:
        fixed = ProxyFix(host.app.wsgi_app)
        vars(host.app)["wsgi_app"] = fixed

    assert faults_of(ground.with_flask_login(told, PREFERRED_URL_SCHEME="https")) == []


@pytest.mark.parametrize("setting", ["VESTIBULE_ISSUER", "VESTIBULE_SITE_URL"])
def test_a_name_in_the_settings_is_no_fault(ground: Ground, setting: str) -> None:
    """An application called app has a name where one is set, or where its address is."""
    said = {setting: "https://site.example"}

    assert faults_of(ground.with_flask_login(called_app, **said)) == []


def test_a_subject_loader_mends_an_own_get_id(ground: Ground) -> None:
    """Alternative tokens are no fault where a function names the user for good."""
    (planted,) = (fault for fault in FAULTS if fault.name == "own-get-id")

    def mended(host: Host) -> None:
        assert planted.plant is not None
        planted.plant(host)
        host.vestibule.subject_loader(lambda user: str(user.id))

    assert faults_of(ground.with_flask_login(mended)) == []


def test_the_users_of_a_librarys_loader_are_found(ground: Ground) -> None:
    """Where a library loads the users, every user class of the host's own is looked at."""

    def loaded_elsewhere(host: Host) -> None:
        manager: Any = host.app.login_manager  # type: ignore[attr-defined]
        manager.user_loader({}.get)

    found = examined(ground.with_flask_login(loaded_elsewhere)).findings
    assert "tests.cli.sites.ChangingMember" in {f.where for f in found if f.fault == "own-get-id"}


def test_no_other_class_is_looked_at_after_a_request(ground: Ground) -> None:
    """Where a request was answered already, the users are still those of the host's own loader."""
    host = ground.with_flask_login()
    host.app.test_client().get("/", base_url="https://localhost")

    assert faults_of(host) == []


def everybody_by_mail(host: Host) -> None:
    """Everybody must have a second step, and the application tells all that is asked."""
    host.vestibule.policy_loader(lambda _: True)
    host.vestibule.contact_loader(
        lambda user: {"email": user.email, "email_changed_at": user.email_changed_at}
    )


def test_a_first_way_that_can_be_set_up_is_no_fault(ground: Ground) -> None:
    """Where mail is carried and all of an address is told, or tickets are given, all is well."""
    carried = replace(ground, sender=Inbox())

    assert faults_of(carried.with_flask_login(everybody_by_mail)) == []
    by_ticket: dict[str, Any] = {
        "VESTIBULE_REQUIRED": "everyone",
        "VESTIBULE_FIRST_ENROLMENT": "ticket",
    }
    assert faults_of(ground.with_flask_login(**by_ticket)) == []
    assert faults_of(ground.with_flask_login(decides_alone, VESTIBULE_REQUIRED="nobody")) == []


def test_a_first_way_by_a_route_for_mail_is_no_fault(ground: Ground) -> None:
    """Where a route carries mail, the code that sets up a first way is carried."""
    by_mail: dict[str, Any] = {
        "VESTIBULE_ROUTES": "email=smtp",
        "VESTIBULE_SITE_URL": "https://site.example",
        "VESTIBULE_SMTP_HOST": "mail.site.example",
        "VESTIBULE_SMTP_SENDER": "no-reply@site.example",
    }

    assert faults_of(ground.with_flask_login(everybody_by_mail, **by_mail)) == []


def test_phones_that_are_reached_in_every_way_are_no_fault(ground: Ground) -> None:
    """Where texts and calls are carried, and the site's address is set, nothing is said."""
    settings: dict[str, Any] = dict((*BY_PHONE, *TWILIO))
    routes = "sms=twilio_messaging; call=twilio_messaging"
    settings |= {"VESTIBULE_ROUTES": routes, "VESTIBULE_SITE_URL": "https://site.example"}

    assert faults_of(ground.with_flask_login(**settings)) == []


def test_countries_that_no_route_reaches_are_named(ground: Ground) -> None:
    """Each country is named with the channel that nobody carries there, and no other is."""
    settings: dict[str, Any] = dict((*BY_PHONE, *TWILIO))
    routes = "sms:+49=twilio_messaging; call:+49=twilio_messaging; call:+43=twilio_messaging"
    settings |= {"VESTIBULE_COUNTRIES": "DE,AT,CH", "VESTIBULE_ROUTES": routes}
    settings |= {"VESTIBULE_SITE_URL": "https://site.example"}

    (found,) = examined(ground.with_flask_login(**settings)).findings

    assert found.fault == "unreached-country"
    assert "sms to AT (+43), call to CH (+41), sms to CH (+41). None" in found.what


def test_carriers_are_looked_at_in_development(tmp_path: Path) -> None:
    """In debug mode routes are looked at as in production, and what was not is said."""
    routed = {**dict(BY_PHONE), **dict(TWILIO), "VESTIBULE_ROUTES": "sms:+43=twilio_messaging"}
    looked = examine(made(tmp_path, routed, debug=True))
    bare = examine(made(tmp_path, dict(BY_PHONE), debug=True))

    assert {f.fault for f in looked.findings} >= {"unreached-country", "no-calls", "no-site-url"}
    assert "Keys, cookies, proxy and database were not looked at" in as_text(looked)
    assert [f.fault for f in bare.findings] == ["no-password-stamp"]
    assert "Keys, cookies, proxy, database and carriers were not looked at" in as_text(bare)


LOCAL_MAIL: dict[str, Any] = {
    "VESTIBULE_ROUTES": "email=smtp",
    "VESTIBULE_SMTP_HOST": "localhost",
    "VESTIBULE_SMTP_SENDER": "no-reply@site.example",
    "VESTIBULE_SMTP_SECURITY": "none",
}


@pytest.mark.parametrize(("port", "found"), [("25", []), ("5025", ["stand-in"])])
def test_a_mail_server_of_the_machines_own_is_no_stand_in(
    ground: Ground, port: str, found: list[str]
) -> None:
    """At the port of mail a server on this machine hands letters on; at another it may play one."""
    site = site_of(ground.with_flask_login(**LOCAL_MAIL, VESTIBULE_SMTP_PORT=port))

    assert names(stand_ins.carriers_here(site)) == found


def test_stand_ins_belong_to_a_developers_machine(tmp_path: Path) -> None:
    """In debug mode carriers and an address on this machine are no fault."""
    settings = {**LOCAL_MAIL, "VESTIBULE_SMTP_PORT": "5025"}
    app = made(tmp_path, settings | {"VESTIBULE_SITE_URL": "http://localhost:5000"}, debug=True)

    assert [f.fault for f in examine(app).findings] == ["no-password-stamp"]


def test_a_stand_ins_mend_leaves_it_out(ground: Ground) -> None:
    """What is meant to be on this machine is left out by the word that the finding names."""
    settings: dict[str, Any] = {**dict(TWILIO), "VESTIBULE_ROUTES": "sms=twilio_messaging"}
    settings["VESTIBULE_TWILIO_MESSAGING_URL"] = "http://[::1]:5050"
    (found,) = stand_ins.carriers_here(site_of(ground.with_flask_login(**settings)))
    word = found.mend.partition("--ignore ")[2].removesuffix(".")

    assert found.where == "VESTIBULE_TWILIO_MESSAGING_URL"
    assert found.is_named(word)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("VESTIBULE_COUNTRYS", "VESTIBULE_COUNTRIES"),
        ("VESTIBULE_SMTP_PASWORD", "VESTIBULE_SMTP_PASSWORD"),
        ("VESTIBULE_PHONE_CUONTRY", "VESTIBULE_PHONE_COUNTRY"),
        ("VESTIBULE_FACTOR", "VESTIBULE_FACTORS"),
    ],
)
def test_a_misspelt_name_in_the_environment_is_a_note(
    ground: Ground, name: str, nearest: str
) -> None:
    """A name that nobody reads is told, with the setting that it is nearest to."""
    site = replace(site_of(ground.with_flask_login()), environment={name: "x"})

    (found,) = unread.unknown_names(site)

    assert (found.severity, found.where) == (Severity.NOTE, name)
    assert f"Did you mean {nearest}?" in found.mend


def test_names_that_somebody_reads_are_no_fault(ground: Ground) -> None:
    """Settings of parts that are off, of our tests and of a container platform are known."""
    known = (
        "VESTIBULE_COUNTRIES",
        "VESTIBULE_PHONE_COUNTRY",
        "VESTIBULE_VONAGE_API_KEY",
        "VESTIBULE_TEST_POSTGRESQL",
        "VESTIBULE_SERVICE_HOST",
        "VESTIBULE_PORT_80_TCP_ADDR",
        "TWILIO_ACCOUNT_SIDD",
    )
    site = replace(site_of(ground.with_flask_login()), environment=dict.fromkeys(known, "x"))

    assert names(unread.unknown_names(site)) == []


def test_a_misspelt_name_in_a_file_is_a_note(tmp_path: Path) -> None:
    """What stands in the file `.env` beside the application is looked at as the environment is."""
    (tmp_path / ".env").write_text("VESTIBULE_SUPORT=help@site.example\n", "utf-8")
    app = Flask(__name__, root_path=str(tmp_path), instance_path=str(tmp_path), static_folder=None)
    app.debug = True
    app.config.from_mapping({**SOUND, "VESTIBULE_LOGIN_KEYS": ["user_id"]})
    Vestibule(app)

    assert "VESTIBULE_SUPORT" in [f.where for f in examine(app).findings]


def test_a_login_key_that_nothing_sets_is_named(ground: Ground) -> None:
    """Where the login sets another key, that is said, and nothing of what the gate would stop."""
    found = examined(ground.with_session_ids(another_key))
    (hole,) = [f for f in found.findings if f.severity is HOLE]

    assert hole.what.startswith(
        "VESTIBULE_LOGIN_KEYS names user_id, which no view sets; your login sets person_id."
    )
    assert hole.mend == 'Set VESTIBULE_LOGIN_KEYS = ["person_id"].'
    assert "before, and on" not in as_text(found)


def test_the_same_key_on_the_command_line_is_named(tmp_path: Path) -> None:
    """Where the key was typed, the mend is to type another."""
    app = Flask("keyed", instance_path=str(tmp_path))
    app.secret_key = SOUND["SECRET_KEY"]
    app.view_functions["login"] = lambda: ""
    another_key(Host(app, [], Vestibule()))
    found = examine(app, login_keys=["user_id"]).findings
    (hole,) = [f for f in found if f.fault == "foreign-login"]

    assert hole.what.startswith("--login-key names user_id, which no view sets")
    assert hole.mend == "Name the session key of your login: --login-key person_id."


def test_who_leaves_the_finding_out_has_the_routes_asked(ground: Ground) -> None:
    """A login that cannot be read from the code is asked for by leaving that finding out."""
    app = ground.with_session_ids(another_key).app

    assert examine(app, ignored=["foreign-login"]).routes


def test_a_view_for_acting_is_told_as_one(ground: Ground) -> None:
    """Of a view that signs staff in as a user it is not said that it stops at the second step."""
    (one,) = examined(ground.with_flask_login(acts_as)).findings

    assert one.fault == "second-login"
    assert one.what.startswith("Signs somebody of yours in as a user (acting_as)")


def test_nothing_is_sent_by_a_look(ground: Ground) -> None:
    """The doctor sets a way up in a store of its own, and no carrier is asked to tell of it."""
    with Carriers() as carriers:
        settings: dict[str, Any] = carriers.settings("smtp") | {
            "VESTIBULE_ROUTES": "email=smtp",
            "VESTIBULE_SITE_URL": "https://site.example",
        }
        examined(ground.with_flask_login(tells_addresses, **settings))

        assert carriers.latest(within=1.5) is None


def test_what_obliges_people_keeps_no_route_from_being_asked(ground: Ground) -> None:
    """Without days of grace, and with roles that no stand-in has, every route is asked."""

    def roles(host: Host) -> None:
        host.vestibule.policy_loader(lambda user: [role.name for role in user.roles])

    settings: dict[str, Any] = {
        "VESTIBULE_FIRST_ENROLMENT": "ticket",
        "VESTIBULE_GRACE_DAYS": 0,
    }
    for planted in (
        ground.with_flask_login(VESTIBULE_REQUIRED="everyone", **settings),
        ground.with_flask_login(roles, VESTIBULE_REQUIRED="admin", **settings),
    ):
        found = examined(planted)
        assert found.findings == []
        assert found.signed_in_before() == len(found.routes)


def test_sessions_that_last_are_no_fault_where_they_tell_nothing(ground: Ground) -> None:
    """Told otherwise, or beside Flask-Login, or in strict, a session that lasts is no fault."""
    told = ground.with_session_ids(kept_on_the_server, SESSION_PERMANENT=False)
    strict: dict[str, Any] = {
        "VESTIBULE_PROFILE": "strict",
        "VESTIBULE_FACTORS": ["vestibule.testing.letters:Letters"],
        "VESTIBULE_LETTERS_RESISTANT": True,
    }
    carried = replace(ground, sender=Inbox())

    assert faults_of(told) == []
    assert faults_of(ground.with_flask_login(kept_on_the_server)) == []
    assert faults_of(carried.with_session_ids(made_to_last, **strict)) == []


@pytest.mark.parametrize(
    ("roles", "contact", "found"),
    [
        ("admin", {}, [("wrong-loader", HOLE, "policy_loader (")]),
        (
            ["admin"],
            {"email": "ada@mail.example", "email_changed_at": "2026-05-01"},
            [("wrong-loader", HOLE, "contact_loader (")],
        ),
        (
            ["admin"],
            {"email": "ada@mail.example"},
            [("new-addresses", WARNING, "tests.cli.test_doctor_faults:")],
        ),
        (["admin"], None, [("not-asked", WARNING, "contact_loader")]),
        (["admin"], {"email": "ada@mail.example", "email_changed_at": None}, []),
        (["writer"], {}, []),
    ],
)
def test_loaders_are_asked_of_somebody_real_as_a_login_would(
    ground: Ground, roles: Any, contact: Any, found: list[tuple[str, Severity, str]]
) -> None:
    """What a loader says of whom --user names is looked at, whichever way its code says it."""

    def plant(host: Host) -> None:
        host.vestibule.policy_loader(lambda _: roles)
        host.vestibule.contact_loader(lambda _: contact.copy())

    carried = replace(ground, sender=Inbox())
    host = carried.with_flask_login(plant, VESTIBULE_REQUIRED="admin")

    seen = examined(host, user="ada").findings
    assert [(f.fault, f.severity) for f in seen] == [(fault, grave) for fault, grave, _ in found]
    for one, (_, _, where) in zip(seen, found, strict=True):
        assert one.where.startswith(where)
        assert one.what.endswith(".")
        assert one.mend


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"VESTIBULE_DATABASE_URL": None}, "implicit-database"),
        ({"VESTIBULE_DATABASE_URL": "sqlite://"}, "implicit-database"),
        ({"VESTIBULE_KEY_FILE": None}, "vestibule-keys"),
        ({"VESTIBULE_KEY_FILE": None, "VESTIBULE_KEYS": f"x;1={'A' * 43}="}, "vestibule-keys"),
        ({"DATABASE": "the same"}, "shared-file"),
        ({"VESTIBULE_FACTORS": "totp,phone"}, "every-country"),
        ({"VESTIBULE_REALMS": "x"}, "refused"),
        ({"VESTIBULE_FACTORS": "totp,phone", "VESTIBULE_COUNTRIES": "UK"}, "refused"),
        ({"VESTIBULE_FACTORS": "totp,email"}, "no-carrier"),
        ({"VESTIBULE_ROUTES": "sms=pigeons"}, "broken-route"),
        ({"VESTIBULE_ROUTES": "sms=vonage"}, "broken-route"),
    ],
)
def test_an_application_that_does_not_start_is_examined(
    ground: Ground, settings: dict[str, str | None], fault: str
) -> None:
    """What production refuses is a hole, called by its kind."""
    own = ground.settings
    given = {name: value for name, value in {**own, **settings}.items() if value is not None}
    if "DATABASE" in given:
        given["DATABASE"] = given["VESTIBULE_DATABASE_URL"].removeprefix("sqlite:///")
    app, refusal = load_as_it_is(ScriptInfo(create_app=lambda: made(ground.folder, given)))

    found = examine(app, refusal=refusal).findings
    assert [(f.fault, f.where) for f in found if f.severity is Severity.HOLE] == [(fault, "start")]


def test_a_store_that_was_lost_is_found(ground: Ground) -> None:
    """A database that is not there any more is a hole."""
    host = ground.with_flask_login()
    (ground.folder / "vestibule.db").unlink()

    assert faults_of(host) == ["wrong-database"]


def test_a_file_on_a_network_disk_is_found(ground: Ground) -> None:
    """A SQLite file on a disk that several machines mount is a hole, on a disk here none."""
    here = f"disk / ext4 rw 0 0\ndisk {ground.folder} ext4 rw 0 0\n"
    there = f"disk / ext4 rw 0 0\nserver:/data {ground.folder} nfs4 rw 0 0\n"
    site = site_of(ground.with_flask_login())

    assert list(database.network_disk(replace(site, mounts=here))) == []
    assert names(database.network_disk(replace(site, mounts=there))) == ["shared-file"]


def test_a_platform_of_many_machines_is_found(ground: Ground) -> None:
    """A SQLite file on a platform that runs several machines is pointed out."""
    site = site_of(ground.with_flask_login())

    assert list(database.several_machines(site)) == []
    assert names(database.several_machines(replace(site, environment={"DYNO": "web.1"}))) == [
        "shared-file"
    ]


def test_development_on_a_server_is_found(tmp_path: Path) -> None:
    """VESTIBULE_DEVELOPMENT without debug mode is pointed out where the database makes itself."""
    app = made(tmp_path, {"VESTIBULE_DEVELOPMENT": "1"})
    debugged = made(tmp_path, {"VESTIBULE_DEVELOPMENT": "1"}, debug=True)

    assert [f.fault for f in examine(app).findings] == ["implicit-database", "no-password-stamp"]
    assert [f.fault for f in examine(debugged).findings] == ["no-password-stamp"]


def made(folder: Path, settings: dict[str, str], *, debug: bool = False) -> Flask:
    """A small application, made as a factory makes it."""
    app = Flask(__name__, instance_path=str(folder), static_folder=None)
    app.debug = debug
    app.config.from_mapping({**SOUND, "VESTIBULE_LOGIN_KEYS": ["user_id"], **settings})
    Vestibule(app)
    return app


def site_of(host: Host) -> Site:
    """What the checks are handed, on a machine that nothing is known of."""
    return Site.of(state_of(host.app), has_own_door=True, is_production=True)


def names(findings: Iterable[Finding]) -> list[str]:
    """What findings are called."""
    return [found.fault for found in findings]
