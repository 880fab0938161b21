from datetime import timedelta

import pytest

from vestibule.core import stopping
from vestibule.core.alarm import Alarm
from vestibule.core.conversion import Area
from vestibule.core.events import Event, Fact
from vestibule.core.model import Whose
from vestibule.testing.clock import START

UNTIL = START + timedelta(days=1)
RANGE = Area(name="+4917012", whose=Whose.NEW, as_of=START, stopped_until=UNTIL)
CARRIER = Area(name="+4917012", provider="leaky", as_of=START, stopped_until=UNTIL)


def said(area: Area, caplog: pytest.LogCaptureFixture) -> str:
    """What the log says of an area that was stopped, and then of its going on."""
    hear(stopping.stopped(area), stopping.resumed(area))
    return "\n".join(one.getMessage() for one in caplog.records)


def hear(*facts: Fact) -> None:
    """Have facts heard, one after the other."""
    alarm = Alarm()
    for fact in facts:
        alarm.hear(Event(at=START, realm="default", subject="", fact=fact))


@pytest.mark.row("ATK-56")
def test_the_log_says_of_an_area_that_none_are_sent_there(caplog: pytest.LogCaptureFixture) -> None:
    """Where a range is stopped the log says to whom, until when, and how it is ended."""
    told = said(RANGE, caplog)

    assert "none are sent" in told
    assert f"for new numbers comes back from numbers that begin with {RANGE.name}" in told
    assert "vestibule fraud resume +4917012 --by NAME" in told
    assert "they get codes again" in told


@pytest.mark.row("ATK-56")
def test_the_log_says_of_a_carrier_that_codes_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """Where one carrier's codes do not come back the log stops nothing: that one comes last."""
    told = said(CARRIER, caplog)

    assert "leaky" in told
    assert "it comes last on the route there, and codes go on" in told
    assert "it comes last there no more" in told
    assert "none are sent" not in told
    assert "they get codes again" not in told


@pytest.mark.parametrize("area", [RANGE, CARRIER])
def test_what_an_operator_does_is_no_alarm(area: Area, caplog: pytest.LogCaptureFixture) -> None:
    """Of what an operator lets go on the audit trail tells, and the log does not."""
    hear(stopping.resumed(area, "bea"))

    assert caplog.records == []
