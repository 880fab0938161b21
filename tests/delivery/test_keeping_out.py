"""What of a carrier's refusals keeps it out."""

import pytest
from tests.core.site import Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import courier_on
from tests.delivery.test_courier import ask_for_code


def test_a_carrier_that_refuses_a_message_for_good_is_reached(letters_site: Site) -> None:
    """A refusal that is the message's own ends a row of failures: such a carrier answers."""
    person, one = letters_site.enrol(), Fake("one")
    person.add_letters()
    person.deliver()
    courier = courier_on(letters_site, email=(one,))
    one.counter.refuse(times=2)
    one.counter.refuse("no such number", permanent=True)
    one.counter.refuse(times=2)

    for _ in range(6):
        ask_for_code(person)
        courier.deliver_due()

    assert one.counter.asked == 6
    assert len(one.counter.taken) == 1


def test_refused_credentials_are_said_at_once(
    letters_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The first refusal of our credentials is a warning, the next ones are none till it works."""
    person, one = letters_site.enrol(), Fake("one")
    person.add_letters()
    person.deliver()
    courier = courier_on(letters_site, email=(one,))

    def said() -> int:
        return sum("does not take our credentials" in line for line in caplog.messages)

    def send() -> None:
        ask_for_code(person)
        courier.deliver_due()

    one.counter.refuse("refused with status 401", not_let_in=True)
    send()
    assert said() == 1
    assert "one (email) does not take our credentials: refused with status 401" in caplog.text
    one.counter.refuse("refused with status 401", not_let_in=True)
    send()
    assert said() == 1
    send()
    one.counter.refuse("refused with status 401", not_let_in=True)
    send()

    assert said() == 2


def test_a_busy_carrier_is_no_matter_of_credentials(
    letters_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a carrier that fails otherwise nothing is said before it is kept out."""
    person, one = letters_site.enrol(), Fake("one")
    person.add_letters()
    person.deliver()
    courier = courier_on(letters_site, email=(one,))
    one.counter.refuse("refused with status 503")
    ask_for_code(person)
    courier.deliver_due()

    assert one.counter.asked == 1
    assert "vestibule.carriers" not in caplog.text
