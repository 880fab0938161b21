"""Text messages, WhatsApp and calls by Twilio, over plain HTTP."""

from vestibule.providers.twilio_messaging.provider import TwilioMessaging as TwilioMessaging

__all__ = ["TwilioMessaging"]
