"""Text messages and calls by SignalWire, over plain HTTP."""

from vestibule.providers.signalwire.provider import SignalWire as SignalWire

__all__ = ["SignalWire"]
