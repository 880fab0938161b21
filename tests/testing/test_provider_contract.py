"""The contract of providers: what breaks a rule is found by it, and told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from vestibule.core.ports import SendError
from vestibule.delivery.http import Http, json_body
from vestibule.delivery.provider import Callback, Parcel, Provider, Receipt, Speech
from vestibule.testing.contracts import HttpProviderContract, ProviderContract, Trouble

Sends = Callable[["Pigeons", Parcel, Http], str | None]
URL = "https://pigeons.example/send"


@dataclass(frozen=True, kw_only=True)
class Pigeons:
    """A carrier that is nobody's of ours."""

    name: ClassVar[str] = "pigeons"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    key: str = field(default="a key", repr=False)

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Send a pigeon."""
        if parcel.channel not in self.channels:
            raise SendError("no such channel", permanent=True)
        answer = http.ask(json_body(URL, {"to": parcel.to}, Authorization=self.key))
        if not answer.is_success:
            refused = 400 <= answer.status < 500
            raise SendError(
                f"status {answer.status}", permanent=answer.status == 400, unsure=not refused
            )
        return "1"


class TestPigeons(HttpProviderContract):
    """A provider of somebody else's keeps every promise."""

    secrets = ("a key",)

    def provider(self) -> Provider:
        return Pigeons()


def but(**others: Any) -> Provider:
    """A provider of which some names or methods are others."""
    plain: Any = type("Broken", (Pigeons,), others)
    kind: type[Pigeons] = dataclass(frozen=True)(plain)
    return kind()


def sending(send: Sends) -> Provider:
    """A provider that sends so."""
    return but(send=send)


def anything_goes(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Send over any channel."""
    http.ask(json_body(URL, {}))
    return None


def quoting(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Tell what the carrier said."""
    answer = http.ask(json_body(URL, {}))
    if not answer.is_success:
        raise SendError(answer.body.decode())
    return None


def never_minding(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Give up at once, whatever it was."""
    raise SendError("no", permanent=True)


def never_doubting(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Say that nothing was taken, whatever it was."""
    answer = http.ask(json_body(URL, {}))
    raise SendError(f"status {answer.status}", permanent=answer.status == 400)


def following(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Ask again elsewhere."""
    for _ in range(2):
        answer = http.ask(json_body(URL, {}))
    raise SendError(f"status {answer.status}")


def in_the_address(self: Pigeons, parcel: Parcel, http: Http) -> str | None:
    """Put a code where everybody writes it down."""
    http.ask(json_body(f"{URL}?text={parcel.code}", {}))
    return None


def believing(self: Pigeons, callback: Callback) -> Receipt | bool:
    """Believe everybody."""
    del self, callback
    return True


def speaking(self: Pigeons, speech: Speech, language: str) -> tuple[str, str]:
    """Say nothing after the key."""
    del self, speech, language
    return "text/xml", "<Response/>"


class Plain:
    """No dataclass."""

    name = "plain"
    channels = frozenset({"sms"})


@dataclass
class Thawed(Plain):
    """One that is not frozen."""


CALLS = frozenset({"call"})
BROKEN: list[tuple[str, str, Any]] = [
    ("it_is_a_frozen_dataclass_with_a_name", "a setting's", but(name="a name")),
    ("it_is_a_frozen_dataclass_with_a_name", "carries nothing", but(channels=frozenset())),
    ("it_is_a_frozen_dataclass_with_a_name", "of", but(channels=frozenset({"pigeon"}))),
    ("it_is_a_frozen_dataclass_with_a_name", "dataclass", Plain()),
    ("it_is_a_frozen_dataclass_with_a_name", "frozen", Thawed()),
    ("each_of_its_channels_is_carried", "return None", sending(lambda *_: "")),
    ("each_of_its_channels_is_carried", "code is in it", sending(lambda _, p, __: p.code)),
    ("each_of_its_channels_is_carried", "address is in it", sending(lambda _, p, __: p.to)),
    ("its_representation_holds_no_secret", "credential", but(__repr__=lambda s: s.key)),
    ("what_nobody_signed_is_nobodys", "anybody", but(receipt=believing)),
    (
        "what_nobody_signed_is_nobodys",
        "anybody",
        but(answers_key=believing, script=speaking),
    ),
    ("a_call_waits_for_a_key", "answers_key", but(channels=CALLS)),
    (
        "a_call_waits_for_a_key",
        "after the key",
        but(channels=CALLS, answers_key=believing, script=speaking, send=never_minding),
    ),
    ("nothing_secret_is_in_an_address", "code is in it", sending(in_the_address)),
]
SILENT: list[tuple[str, Provider, dict[str, Any]]] = [
    ("a_channel_it_does_not_carry_is_refused_for_good", sending(anything_goes), {}),
    ("a_call_waits_for_a_key", but(
        channels=CALLS, answers_key=believing, script=speaking, send=anything_goes), {}),
    ("a_redirect_is_not_followed", sending(anything_goes), {"status": 302}),
]  # fmt: skip
TROUBLED: list[tuple[str, str, Provider, dict[str, Any]]] = [
    (
        "only_what_is_the_messages_fault_is_permanent",
        "permanent=False",
        sending(never_minding),
        {"trouble": Trouble.TOO_MANY},
    ),
    ("an_error_quotes_nothing", "code is in it", sending(quoting), {"trouble": Trouble.REFUSED}),
    ("a_redirect_is_not_followed", "asked again", sending(following), {"status": 307}),
    ("it_asks_once", "twice", sending(following), {"trouble": Trouble.BROKEN}),
]


def asked(rule: str, provider: Any, **given: Any) -> None:
    """Ask one rule of a provider."""

    class Contract(HttpProviderContract):
        secrets = ("a key",)

        def provider(self) -> Provider:
            found: Provider = provider
            return found

    getattr(Contract(), f"test_{rule}")(**given)


@pytest.mark.parametrize(("rule", "told", "provider"), BROKEN)
def test_a_broken_rule_is_told(rule: str, told: str, provider: Any) -> None:
    """A provider that breaks a rule fails the contract, which says what is wrong."""
    with pytest.raises(AssertionError, match=told):
        asked(rule, provider)


@pytest.mark.parametrize(("rule", "told", "provider", "given"), TROUBLED)
def test_a_trouble_that_is_told_wrongly_is_found(
    rule: str, told: str, provider: Provider, given: dict[str, Any]
) -> None:
    """A provider that says too much of a trouble, or gives up or asks too often, is found."""
    with pytest.raises(AssertionError, match=told):
        asked(rule, provider, **given)


@pytest.mark.parametrize(("rule", "provider", "given"), SILENT)
def test_what_should_have_been_refused_is_found(
    rule: str, provider: Provider, given: dict[str, Any]
) -> None:
    """A provider that takes what it must refuse fails the contract."""
    with pytest.raises(pytest.fail.Exception):
        asked(rule, provider, **given)


def test_the_contract_says_what_it_must_be_given() -> None:
    """Whoever forgets to say what is tested is told what to define."""
    with pytest.raises(NotImplementedError, match="Contract defines no provider"):
        ProviderContract().provider()
    with pytest.raises(NotImplementedError, match="Contract defines no troubled"):
        ProviderContract().troubled(Trouble.BROKEN)
