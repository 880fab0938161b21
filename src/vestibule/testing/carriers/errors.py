"""Errors as Twilio writes them (wire formats, A.3 and E.1), and SignalWire after it."""

from collections.abc import Mapping
from typing import Final

from vestibule.testing.carriers.asked import Reply, told

KNOWN: Final[Mapping[int, tuple[int, str]]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too many requests"),
    20500: (500, "Internal server error"),
    21205: (400, "Url is not a valid URL"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number (caller ID)"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    60200: (400, "Invalid parameter"),
    60202: (429, "Max check attempts reached"),
    60203: (429, "Max send attempts reached"),
    60204: (400, "The feature is not enabled for the service"),
    60205: (403, "SMS is not supported by landline phone number"),
    60212: (429, "Too many concurrent requests for phone number"),
    60221: (400, "Either To or VerificationSid is required"),
    60223: (400, "Delivery channel disabled"),
    60410: (403, "Verification delivery attempt blocked"),
    60605: (403, "The destination country is not allowed"),
    63007: (400, "Could not find a Channel with the specified From address"),
}
"""By its number, the status of an error and its text."""
OF_STATUS: Final = {401: 20003, 404: 20404, 429: 20429}


def twilio_error(code: int | None = None, text: str = "", *, status: int | None = None) -> Reply:
    """Return an error of this number, or of this status, or of both; `text` instead of its own."""
    code = code or OF_STATUS.get(status or 400, 20500)
    usual, own = KNOWN.get(code, (400, "The request was refused"))
    status = status or usual
    more = f"https://www.twilio.com/docs/errors/{code}"
    data = {"code": code, "message": text or own, "more_info": more, "status": status}
    return told(data, status)
