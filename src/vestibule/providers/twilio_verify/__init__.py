"""Codes that Twilio Verify makes, sends and checks."""

from vestibule.providers.twilio_verify.provider import TwilioVerify as TwilioVerify

__all__ = ["TwilioVerify"]
