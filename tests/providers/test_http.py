"""Any carrier of one request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.parcels import TEXT, TO, parcel

from vestibule.bootstrap import read_settings
from vestibule.core.errors import ConfigurationError
from vestibule.core.ports import SendError
from vestibule.delivery import registry
from vestibule.delivery.http import basic
from vestibule.providers.http import HttpCarrier
from vestibule.providers.http.provider import Auth, Body, Method, NumberFormat
from vestibule.providers.http.template import Template
from vestibule.testing.http import FakeHttp

URL = "https://sms.example/messages"
PLAIN = {"dst": "{to}", "text": "{body}"}


def carrier(template: Any = PLAIN, **different: Any) -> HttpCarrier:
    """The provider of some carrier."""
    return HttpCarrier(url=URL, template=Template(template), **different)


@pytest.mark.parametrize(
    ("settings", "url", "headers", "data", "answer", "carrier_id"),
    [
        pytest.param(
            {
                "template": {"src": "{from}", "dst": "{to}", "text": "{body}"},
                "auth": Auth.BASIC,
                "user": "ID",
                "secret": "token",
                "sender": "+15550001111",
                "success": (202,),
                "id_path": "message_uuid.0",
            },
            "https://api.plivo.com/v1/Account/ID/Message/",
            {"Authorization": basic("ID", "token")},
            {"src": "+15550001111", "dst": TO, "text": TEXT},
            (202, {"message_uuid": ["u-1"]}),
            "u-1",
            id="plivo",
        ),
        pytest.param(
            {
                "template": {"originator": "{from}", "recipients": ["{to}"], "body": "{body}"},
                "auth": Auth.HEADER,
                "secret": "AccessKey K",
                "sender": "Shop",
                "number_format": NumberFormat.DIGITS,
                "id_path": "id",
            },
            "https://rest.messagebird.com/messages",
            {"Authorization": "AccessKey K"},
            {"originator": "Shop", "recipients": ["15017122661"], "body": TEXT},
            (201, {"id": "m-1"}),
            "m-1",
            id="messagebird",
        ),
        pytest.param(
            {
                "template": (
                    '{"receiver": {"contacts": [{"identifierValue": "{to}"}]}, '
                    '"body": {"type": "text", "text": {"text": "{body}"}}}'
                ),
                "auth": Auth.HEADER,
                "header": "Authorization",
                "secret": "AccessKey K",
                "id_path": "id",
            },
            "https://api.bird.com/workspaces/w/channels/c/messages",
            {"Authorization": "AccessKey K"},
            {
                "receiver": {"contacts": [{"identifierValue": TO}]},
                "body": {"type": "text", "text": {"text": TEXT}},
            },
            (202, {"id": "b-1"}),
            "b-1",
            id="bird",
        ),
        pytest.param(
            {
                "template": {"from": "{from}", "to": ["{to}"], "body": "{body}"},
                "auth": Auth.BEARER,
                "secret": "token",
                "sender": "Shop",
                "success": (201,),
                "id_path": "id",
            },
            "https://eu.sms.api.sinch.com/xms/v1/plan/batches",
            {"Authorization": "Bearer token"},
            {"from": "Shop", "to": [TO], "body": TEXT},
            (201, {"id": "01FC66"}),
            "01FC66",
            id="sinch",
        ),
    ],
)
def test_carriers_are_spoken_to_as_they_are_written_down(
    settings: dict[str, Any],
    url: str,
    headers: dict[str, str],
    data: Any,
    answer: tuple[int, Any],
    carrier_id: str,
) -> None:
    """By its settings alone each of these carriers is sent its own request, and its id is found."""
    http = FakeHttp(answer)
    told = {**settings, "url": url, "template": Template(settings["template"])}

    assert HttpCarrier(**told).send(parcel("sms"), http) == carrier_id

    assert (http.request.method, http.request.url) == ("POST", url)
    assert http.request.headers == {"Content-Type": "application/json", **headers}
    assert http.json == data


def test_a_form_holds_credentials_where_a_carrier_wants_them() -> None:
    """A form is filled as an object is, with a key and its secret in their places."""
    http = FakeHttp((200, {"messages": [{"status": "0", "message-id": "0C1"}]}))
    provider = carrier(
        {"api_key": "{user}", "api_secret": "{secret}", "to": "{to}", "text": "{body}", "n": 1},
        body=Body.FORM,
        user="key",
        secret="geheim",
        method=Method.PUT,
        number_format=NumberFormat.NATIONAL,
        success_path="messages.0.status",
        success_value="0",
        id_path="messages.0.message-id",
    )

    assert provider.send(parcel("sms", to="+491701234567"), http) == "0C1"

    assert http.request.method == "PUT"
    assert http.form == {
        "api_key": "key",
        "api_secret": "geheim",
        "to": "01701234567",
        "text": TEXT,
        "n": "1",
    }


@pytest.mark.row("ATK-59")
@given(st.text())
def test_whatever_a_text_holds_it_is_one_value(text: str) -> None:
    """No text becomes another value or another place, in an object or in a form."""
    http = FakeHttp()
    odd = text + '","to":"{to} {secret}'
    readable = odd.encode("utf-8", "ignore").decode()

    carrier('{"to": "{to}", "text": "<{body}>"}').send(parcel("sms", text=readable), http)
    assert http.json == {"to": TO, "text": f"<{readable}>"}

    carrier({"to": "{to}", "text": "{body}"}, body=Body.FORM).send(
        parcel("sms", text=readable), http
    )
    assert http.form == {"to": TO, "text": readable}


@pytest.mark.row("W15")
@pytest.mark.parametrize(
    ("said", "permanent", "quoted"),
    [
        ({"status": "0"}, None, ""),
        ({"status": 0}, None, ""),
        ({"status": "1"}, False, "1"),
        ({"status": "7"}, True, "7"),
        ({"status": "271828"}, True, ""),
        ({"status": None}, False, ""),
        ({}, False, ""),
        (b"<html>", False, ""),
    ],
)
def test_a_success_is_what_the_answer_says(
    said: Any, *, permanent: bool | None, quoted: str
) -> None:
    """Where an answer of 200 may be a refusal, what stands in it decides, and no text is quoted."""
    provider = carrier(success_path="status", success_value="0", busy_values=("1", "2"))

    if permanent is None:
        provider.send(parcel("sms"), FakeHttp((200, said)))
        return
    with pytest.raises(SendError) as refused:
        provider.send(parcel("sms"), FakeHttp((200, said)))

    assert refused.value.permanent is permanent
    assert str(refused.value).endswith(quoted or "taken")
    is_told = isinstance(said, dict) and bool(said.get("status"))
    assert refused.value.unsure is not is_told


@pytest.mark.parametrize(("status", "taken"), [(202, True), (200, False), (302, False)])
def test_a_carrier_may_have_one_success(status: int, *, taken: bool) -> None:
    """Where a status was set, no other is a success."""
    provider = carrier(success=(202,))

    if taken:
        provider.send(parcel("sms"), FakeHttp(status))
    else:
        with pytest.raises(SendError) as refused:
            provider.send(parcel("sms"), FakeHttp(status))
        assert (refused.value.permanent, refused.value.unsure) == (False, True)


@pytest.mark.parametrize(
    ("different", "named"),
    [
        ({"template": {"to": "{to}"}}, "TEMPLATE"),
        ({"template": {"a": {"to": "{to}", "b": "{body}"}}, "body": Body.FORM}, "TEMPLATE"),
        ({"template": {**PLAIN, "from": "{from}"}}, "SENDER"),
        ({"template": {**PLAIN, "key": "{secret}"}}, "SECRET"),
        ({"auth": Auth.BASIC, "secret": "s"}, "USER"),
        ({"auth": Auth.BEARER}, "SECRET"),
        ({"auth": Auth.HEADER, "secret": "s", "header": "X Y"}, "HEADER"),
        ({"auth": Auth.HEADER, "secret": "s", "header": "Content-Length"}, "HEADER"),
        ({"auth": Auth.BEARER, "secret": "s\r\nX: y"}, "SECRET"),
        ({"success": (302,)}, "SUCCESS"),
        ({"success_path": "status"}, "SUCCESS_VALUE"),
        ({"url": "http://sms.example"}, "URL"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(different: dict[str, Any], named: str) -> None:
    """A setting by which nothing could be sent is an error at start, which names it."""
    told = {"url": URL, **different, "template": Template(different.get("template", PLAIN))}

    with pytest.raises(ValueError, match=f"VESTIBULE_HTTP_{named}"):
        HttpCarrier(**told)


@pytest.mark.parametrize(
    "told",
    [
        "{",
        '["{to}", "{body}"]',
        '"{to}{body}"',
        '{"key": "very secret", "to": "{to}" "{body}"}',
        {"key": "very secret", "to": "{number}", "text": "{body}"},
        {"key": "very secret", "to": "{To}", "text": "{body}"},
        {"key": "very secret", "to": "{to}"},
    ],
)
def test_a_template_is_an_object_with_known_places(told: Any) -> None:
    """What is no object, or has a place that nothing fills, is refused without being quoted."""
    config = {
        "VESTIBULE_ROUTES": {"sms": ["http"]},
        "VESTIBULE_HTTP_URL": URL,
        "VESTIBULE_HTTP_TEMPLATE": told,
    }
    settings = read_settings(config, {})

    with pytest.raises(ConfigurationError, match="VESTIBULE_HTTP_TEMPLATE") as refused:
        registry.load(settings.routes, settings.provider_settings)

    assert "very secret" not in str(refused.value)


def test_a_template_is_read_once() -> None:
    """One template is another with the same object, and is shown without it."""
    first, second = Template(PLAIN), Template('{"dst": "{to}", "text": "{body}"}')

    assert first == second == Template(first)
    assert hash(first) == hash(second)
    assert first != PLAIN
    assert "dst" not in repr(carrier())


def test_its_representation_holds_no_secret() -> None:
    """What is shown of the provider holds neither its secret nor its template."""
    shown = repr(carrier({**PLAIN, "password": "in the template"}, secret="very secret"))

    assert "very secret" not in shown
    assert "in the template" not in shown
