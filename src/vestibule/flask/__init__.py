"""Vestibule for Flask: a second door behind the login an application already has."""

from vestibule.flask.extension import Status as Status
from vestibule.flask.extension import Vestibule as Vestibule
from vestibule.flask.signals import event_recorded as event_recorded
from vestibule.flask.signals import login_completed as login_completed
from vestibule.flask.signals import login_paused as login_paused

__all__ = ["Status", "Vestibule", "event_recorded", "login_completed", "login_paused"]
