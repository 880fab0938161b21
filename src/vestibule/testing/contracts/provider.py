"""What every provider promises to whoever sends by it."""

import dataclasses
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final

import pytest

from vestibule.core.ports import SendError
from vestibule.delivery.http import Http
from vestibule.delivery.provider import (
    AsksForScript,
    Callback,
    Parcel,
    Provider,
    Speech,
    TellsReceipts,
)
from vestibule.testing.http import FakeHttp

CODE: Final = "271828"
CHANNELS: Final = ("sms", "call", "whatsapp", "email")
ADDRESSES: Final = {
    "sms": "+15017122661",
    "call": "+15017122661",
    "whatsapp": "+15017122661",
    "email": "ada@post.example",
}
TEXT: Final = f"{CODE} is your code for Größe & Söhne.\n“Never” tell it, 100 % sure: رمزك"
SPEECH: Final = Speech(
    ask="This is Größe & Söhne. Press any key.",
    say=f"{', '.join(CODE)}. Once more: {', '.join(CODE)}.",
    farewell="Goodbye.",
)
RECEIPTS: Final = "https://shop.example/carriers/one/receipt/abc"
SCRIPT: Final = "https://shop.example/carriers/one/script/abc"


class Trouble(StrEnum):
    """What a carrier answers in the place of a yes."""

    REFUSED = "the message refused"
    NOT_LET_IN = "not let in"
    TOO_MANY = "too many"
    BROKEN = "its own error"
    SILENT = "no answer in time"


STATUSES: Final = {
    Trouble.REFUSED: 400,
    Trouble.NOT_LET_IN: 401,
    Trouble.TOO_MANY: 429,
    Trouble.BROKEN: 500,
}


def parcel(channel: str) -> Parcel:
    """Return a message of a channel, with all that there can be of it."""
    return Parcel(
        id="0123456789abcdef0123456789abcdef",
        channel=channel,
        to=ADDRESSES[channel],
        subject="Größe & Söhne: your code" if channel == "email" else None,
        text=TEXT,
        code=CODE,
        html=f"<p>{CODE}</p>" if channel == "email" else None,
        speech=SPEECH if channel == "call" else None,
        receipts=RECEIPTS,
        script=SCRIPT if channel == "call" else None,
    )


class ProviderContract:
    """Extend it as `class TestMine(ProviderContract)`; pytest's `setup_method` sets the stage.

    It sends to what you put in the carrier's place, never to a carrier. Where that is reached over
    HTTP, extend `HttpProviderContract` and say no more than the provider.
    """

    secrets: ClassVar[Sequence[str]] = ()
    """The credentials that the provider was made with."""

    def provider(self) -> Provider:
        """Return the provider, with something in its carrier's place that takes every message."""
        raise NotImplementedError(f"{type(self).__name__} defines no provider(self)")

    def troubled(self, trouble: Trouble) -> Provider:
        """Return the provider, with something in its carrier's place that has that trouble."""
        raise NotImplementedError(f"{type(self).__name__} defines no troubled(self, trouble)")

    def http(self) -> Http:
        """Return what the provider is handed; it is the one in the carrier's place, if any is."""
        return FakeHttp()

    def channels(self) -> Sequence[str]:
        """Return what the provider carries."""
        return sorted(self.provider().channels)

    def test_it_is_a_frozen_dataclass_with_a_name(self) -> None:
        """Routes and settings name it by an identifier, and its fields are its settings."""
        kind: Any = type(self.provider())

        assert kind.name.isidentifier(), "its name is part of a setting's"
        assert kind.channels, "it carries nothing"
        assert kind.channels <= set(CHANNELS), f"channels are of {CHANNELS}"
        assert dataclasses.is_dataclass(kind), "make it a dataclass"
        frozen = vars(kind)["__dataclass_params__"].frozen
        assert frozen, "make it frozen: several threads send by it"

    def test_each_of_its_channels_is_carried(self) -> None:
        """A message of each channel is handed over, and has the carrier's id or none."""
        for channel in self.channels():
            carrier_id = self.provider().send(parcel(channel), self.http())

            assert carrier_id is None or carrier_id, "an id that is empty is none: return None"
            assert CODE not in (carrier_id or ""), "the code is in it, and ids are written down"
            assert ADDRESSES[channel] not in (carrier_id or ""), "the address is in it"

    def test_a_channel_it_does_not_carry_is_refused_for_good(self) -> None:
        """What it carries no messages over is refused as permanent."""
        for channel in sorted(set(CHANNELS) - set(self.channels())):
            with pytest.raises(SendError) as refused:
                self.provider().send(parcel(channel), self.http())

            assert refused.value.permanent, "raise SendError(…, permanent=True)"

    @pytest.mark.parametrize("trouble", Trouble)
    def test_only_what_is_the_messages_fault_is_permanent(self, trouble: Trouble) -> None:
        """A refused message is refused for good; what is the carrier's trouble may be over soon."""
        for channel in self.channels():
            with pytest.raises(SendError) as refused:
                self.troubled(trouble).send(parcel(channel), self.http())

            for_good = trouble is Trouble.REFUSED
            assert refused.value.permanent is for_good, (
                f"permanent={for_good} where it has {trouble}"
            )
            assert not refused.value.cannot_receive, "that is for a number that takes no texts"

    @pytest.mark.parametrize("trouble", Trouble)
    def test_an_error_quotes_nothing(self, trouble: Trouble) -> None:
        """What an error says holds no code, no address and no credential: it is written down."""
        for channel in self.channels():
            with pytest.raises(SendError) as refused:
                self.troubled(trouble).send(parcel(channel), self.http())

            self._check(str(refused.value), channel)
            assert str(refused.value), "say in a word what went wrong: operators read it"

    def test_its_representation_holds_no_secret(self) -> None:
        """What is shown of the provider, in an error's page say, holds no credential."""
        self._check(repr(self.provider()), "sms")

    def test_what_nobody_signed_is_nobodys(self) -> None:
        """A receipt, or a key pressed, that the carrier did not sign is not believed (W10)."""
        provider, fields = self.provider(), {"CallSid": ("1",), "MessageSid": ("1",), "Digits": "5"}
        for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):
            forged = Callback(
                url=RECEIPTS,
                headers=headers,
                fields={name: tuple(values) for name, values in fields.items()},
                body=b'{"id": "1"}',
            )
            if isinstance(provider, TellsReceipts):
                assert provider.receipt(forged) is None, "return None: anybody may have sent it"
            if isinstance(provider, AsksForScript):
                assert provider.answers_key(forged) is None, "return None: anybody may have sent it"

    def test_a_call_waits_for_a_key(self) -> None:
        """Nobody is called who could not be asked for a key first: machines have none."""
        if "call" not in self.channels():
            return
        provider = self.provider()
        assert isinstance(provider, AsksForScript), "it needs answers_key(…) and script(…)"
        with pytest.raises(SendError) as refused:
            provider.send(dataclasses.replace(parcel("call"), script=None), self.http())

        assert refused.value.permanent, "raise SendError(…, permanent=True)"
        kind, said = provider.script(SPEECH, "en")
        assert "/" in kind, "a type such as text/xml"
        assert SPEECH.say in said, "after the key the digits are said, each alone"

    def _check(self, said: str, channel: str) -> None:
        assert CODE not in said, "the code is in it"
        assert ADDRESSES[channel] not in said, "the address is in it"
        assert ADDRESSES[channel].removeprefix("+") not in said, "the number is in it"
        for secret in self.secrets:
            assert secret not in said, "a credential is in it"


class HttpProviderContract(ProviderContract):
    """The same for a provider whose carrier is reached by one request over HTTP."""

    taken: ClassVar[tuple[int, Any]] = (200, {})
    """What the carrier answers once it took a message."""

    _http: FakeHttp | None = None

    def http(self) -> Http:
        """Return what keeps each request, and answers as was said."""
        if self._http is None:
            self._http = FakeHttp(self.taken)
        return self._http

    def troubled(self, trouble: Trouble) -> Provider:
        """Return the provider; what it is handed has that trouble."""
        quoting = {"code": 1, "message": f"{parcel('sms').to}: {TEXT} {self.secrets}"}
        if trouble is Trouble.SILENT:
            self._http = FakeHttp(SendError("no answer in time", unsure=True))
        else:
            self._http = FakeHttp((STATUSES[trouble], quoting))
        return self.provider()

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, status: int) -> None:
        """Who is sent elsewhere does not go there with a code: it is the carrier's trouble."""
        for channel in self.channels():
            http = FakeHttp((status, {}))
            with pytest.raises(SendError) as refused:
                self.provider().send(parcel(channel), http)

            assert not refused.value.permanent, "permanent=False: the address is wrong, or stale"
            assert len(http.requests) == 1, "it asked again"

    @pytest.mark.parametrize("trouble", Trouble)
    def test_it_asks_once(self, trouble: Trouble) -> None:
        """A message is asked for once, whatever is answered: whoever called decides on another."""
        for channel in self.channels():
            provider = self.troubled(trouble)
            with pytest.raises(SendError):
                provider.send(parcel(channel), self.http())

            assert len(self._requests()) == 1, "a message may have been sent twice"

    @pytest.mark.parametrize("trouble", Trouble)
    def test_only_an_answer_says_that_nothing_was_taken(self, trouble: Trouble) -> None:
        """Where a carrier broke down or fell silent the message may be on its way: `unsure`."""
        for channel in self.channels():
            with pytest.raises(SendError) as refused:
                self.troubled(trouble).send(parcel(channel), self.http())

            unsure = trouble in {Trouble.BROKEN, Trouble.SILENT}
            assert refused.value.unsure is unsure, f"unsure={unsure} where it has {trouble}"

    def test_nothing_secret_is_in_an_address(self) -> None:
        """What is in an address is written down on its way: no code, no number, no credential."""
        for channel in self.channels():
            self.provider().send(parcel(channel), self.http())
            request = self._requests()[-1]

            self._check(request.url, channel)
            self._check(repr(request), channel)

    def _requests(self) -> Sequence[Any]:
        return self._http.requests if self._http else ()
