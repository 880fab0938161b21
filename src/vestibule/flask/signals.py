"""What a host may listen to. Each is sent after the change is committed."""

from blinker import Namespace

_signals = Namespace()

event_recorded = _signals.signal("vestibule-event-recorded")
"""Sender: the application; `event`: the `vestibule.core.events.Event` that was written."""

login_paused = _signals.signal("vestibule-login-paused")
"""Sender: the application; `subject`: whose password login now waits for the second step."""

login_completed = _signals.signal("vestibule-login-completed")
"""Sender: the application; `subject`, and `factor`: how the second step was taken."""
