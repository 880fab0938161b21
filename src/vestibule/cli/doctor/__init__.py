"""`flask vestibule doctor`: asks the gate about every route of the host, and calls no view.

`examine` is the whole story: the site is put together, its routes are asked (`routes`), its
configuration and its code are looked at for known faults (`faults`), and a `report` is written.
"""

from vestibule.cli.doctor.examine import examine as examine
from vestibule.cli.doctor.report import as_json as as_json
from vestibule.cli.doctor.report import as_text as as_text

__all__ = ["as_json", "as_text", "examine"]
