"""A stand-in for carriers: real HTTP and SMTP on this machine. Never part of production."""

from vestibule.testing.carriers.archive import CarrierMessage as CarrierMessage
from vestibule.testing.carriers.callbacks import Callback as Callback
from vestibule.testing.carriers.callbacks import Caller as Caller
from vestibule.testing.carriers.faults import Fault as Fault
from vestibule.testing.carriers.stand_in import Carriers as Carriers

__all__ = ["Callback", "Caller", "CarrierMessage", "Carriers", "Fault"]
