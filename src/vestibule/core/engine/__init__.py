"""The engine: a file for each group of use cases, and one class that names them all."""

from vestibule.core.engine.context import Context as Context
from vestibule.core.engine.engine import Engine as Engine
from vestibule.core.engine.login import Begun as Begun
from vestibule.core.engine.login import Login as Login
from vestibule.core.engine.obliging import Owed as Owed
from vestibule.core.engine.verify import Outcome as Outcome

__all__ = ["Begun", "Context", "Engine", "Login", "Outcome"]
