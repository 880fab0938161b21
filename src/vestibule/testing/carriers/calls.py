"""A call, played: what is said to whoever answers, and the key that they press (TwiML)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from vestibule.testing.carriers.archive import CarrierMessage
from vestibule.testing.carriers.desk import Desk
from vestibule.testing.carriers.faults import Fault

MOST_PAGES: Final = 10
"""As many scripts are read in a call; some lead to themselves."""
BROKEN: Final = "We are sorry, an application error has occurred. Goodbye."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a call was ordered with."""

    account: str
    token: str
    sid: str
    form: Mapping[str, str] = field(repr=False)
    events: tuple[str, ...]
    """Of initiated, ringing, answered and completed, what its customer wants to be told."""


class Broken(Exception):
    """A script cannot be had, or read."""


@dataclass(frozen=True, slots=True)
class Page:
    """A script, and where it came from."""

    verbs: list[ET.Element]
    url: str


def play(desk: Desk, message: CarrierMessage, line: Line, fault: Fault) -> None:
    """Have the call answered, keep what was said in it, and tell its customer how it went."""
    if fault.undelivered is not None:
        _report(desk, message, line, fault, ("initiated", "failed"))
        return
    if fault.answers == "nobody":
        _report(desk, message, line, fault, ("initiated", "ringing", "no-answer"))
        return
    call = _Call(desk, line, fault)
    desk.archive.say(message.carrier, message.id, " ".join(call.heard()))
    _report(desk, message, line, fault, ("initiated", "ringing", "in-progress", "completed"))


class _Call:
    """What happens while somebody is on the line."""

    def __init__(self, desk: Desk, line: Line, fault: Fault) -> None:
        self._desk = desk
        self._line = line
        self._fault = fault
        self._said: list[str] = []

    def heard(self) -> list[str]:
        """Return all that was said until somebody hung up."""
        try:
            page: Page | None = self._first()
            for _ in range(MOST_PAGES):
                if page is None:
                    break
                page = self._read(page)
        except Broken:
            self._said.append(BROKEN)
        return self._said

    def _first(self) -> Page:
        form = self._line.form
        if form.get("Twiml"):
            return Page(_verbs(form["Twiml"].encode()), "")
        return self._fetch(form["Url"], form.get("Method", "POST"), {})

    def _read(self, page: Page) -> Page | None:
        """Say what a page says; return the one that it leads to, None where it ends."""
        for verb in page.verbs:
            if verb.tag == "Say":
                self._say(verb)
            elif verb.tag == "Hangup":
                return None
            elif verb.tag == "Redirect":
                address = urljoin(page.url, (verb.text or "").strip())
                return self._fetch(address, verb.get("method", "POST"), {})
            elif verb.tag == "Gather" and (pressed := self._gather(verb)) is not None:
                address = urljoin(page.url, verb.get("action", ""))
                return self._fetch(address, verb.get("method", "POST"), {"Digits": pressed})
        return None

    def _gather(self, gather: ET.Element) -> str | None:
        """Return what is pressed while this is said; None where nobody is told that it was."""
        for verb in gather.iter("Say"):
            self._say(verb)
        if self._fault.answers == "person" and self._fault.key:
            most = gather.get("numDigits", "")
            return self._fault.key[: int(most)] if most.isdecimal() else self._fault.key
        return "" if gather.get("actionOnEmptyResult") == "true" else None

    def _say(self, verb: ET.Element) -> None:
        said = " ".join("".join(verb.itertext()).split())
        if said:
            self._said.append(said)

    def _fetch(self, url: str, method: str, more: Mapping[str, str]) -> Page:
        fields = {**_of_call(self._line, "in-progress"), **more}
        if "MachineDetection" in self._line.form:
            is_machine = self._fault.answers == "machine"
            fields["AnsweredBy"] = "machine_start" if is_machine else "human"
        made = self._desk.callbacks.call(url, fields, self._line.token, method=method.upper())
        if not made.is_answered:
            raise Broken
        return Page(_verbs(made.answer), url)


def _verbs(script: bytes) -> list[ET.Element]:
    if b"<!" in script:
        raise Broken  # Neither of the two carriers reads a script that declares its own entities.
    try:
        response = ET.fromstring(script)  # noqa: S314 -- the customer's own, see above
    except ET.ParseError as error:
        raise Broken from error
    if response.tag != "Response":
        raise Broken
    return list(response)


def _of_call(line: Line, status: str) -> dict[str, str]:
    return {
        "CallSid": line.sid,
        "AccountSid": line.account,
        "To": line.form["To"],
        "Called": line.form["To"],
        "From": line.form["From"],
        "Caller": line.form["From"],
        "CallStatus": status,
        "ApiVersion": "2010-04-01",
        "Direction": "outbound-api",
    }


EVENTS: Final = {"in-progress": "answered", "no-answer": "completed", "failed": "completed"}
"""By which event a status is asked for, where they have not one name."""


def _report(
    desk: Desk, message: CarrierMessage, line: Line, fault: Fault, statuses: tuple[str, ...]
) -> None:
    """Post what was asked for of how a call goes."""
    url = line.form.get("StatusCallback", "")

    def post(status: str) -> None:
        wanted = EVENTS.get(status, status) in line.events
        if not (url and wanted):
            return
        fields = {**_of_call(line, status), "CallbackSource": "call-progress-events"}
        fields["SequenceNumber"] = str(statuses.index(status))
        if status == "completed":
            fields["CallDuration"] = "12"
        if status == "failed":
            fields["ErrorCode"] = str(fault.undelivered)
        desk.callbacks.call(url, fields, line.token)

    desk.tell(message, statuses, fault, post)
