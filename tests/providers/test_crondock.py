"""CronDock's messages."""

import pytest
from tests.providers.parcels import TEXT, parcel

from vestibule.core.ports import SendError
from vestibule.providers.crondock import CronDock
from vestibule.testing.http import FakeHttp


@pytest.mark.row("C15")
def test_a_text_is_asked_for_as_crondock_wants_it() -> None:
    """A text message is the documented request, its number without a plus."""
    http = FakeHttp((200, b"whatever"))

    assert CronDock(api_key="XXXXX").send(parcel("sms", to="+18009998877"), http) is None

    assert (http.request.method, http.request.url) == ("POST", "https://api.crondock.com/run/sms/")
    assert http.request.headers == {
        "Content-Type": "application/json",
        "Authorization": "Api-Key XXXXX",
    }
    assert http.json == {"data": {"to_phone": "18009998877", "body": TEXT}}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_one(status: int) -> None:
    """What CronDock answers is written down nowhere, so any success is taken for one."""
    CronDock(api_key="XXXXX").send(parcel("sms"), FakeHttp(status))


def test_a_refusal_is_told_by_its_status() -> None:
    """A refusal is told by its status alone."""
    with pytest.raises(SendError, match="status 400"):
        CronDock(api_key="XXXXX").send(parcel("sms"), FakeHttp((400, {"error": TEXT})))


def test_its_address_can_be_another() -> None:
    """A stand-in is asked where its address is set."""
    http = FakeHttp()

    CronDock(api_key="k", url="http://127.0.0.1:8090/run/sms/").send(parcel("sms"), http)

    assert http.request.url == "http://127.0.0.1:8090/run/sms/"


@pytest.mark.parametrize(
    ("api_key", "url", "named"),
    [
        ("", "https://api.crondock.com/run/sms/", "API_KEY"),
        (" key ", "https://api.crondock.com/run/sms/", "API_KEY"),
        ("k\r\nX: y", "https://api.crondock.com/run/sms/", "API_KEY"),
        ("k", "http://api.crondock.com/run/sms/", "URL"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(api_key: str, url: str, named: str) -> None:
    """A setting that could send nothing is an error at start, which names it."""
    with pytest.raises(ValueError, match=f"VESTIBULE_CRONDOCK_{named}"):
        CronDock(api_key=api_key, url=url)
