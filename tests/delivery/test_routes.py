from tests.delivery.carriers import Fake

from vestibule.delivery.own import OwnSender
from vestibule.delivery.routes import Routes
from vestibule.testing import Inbox

ONE, TWO, THREE = Fake("one"), Fake("two"), Fake("three")
ROUTES = Routes(named={"sms": (ONE, TWO), "sms:+49": (TWO,), "sms:+49170": (THREE,)})


def test_the_longest_prefix_of_a_number_decides() -> None:
    """A number takes the route of its longest prefix, and else the channel's."""
    assert ROUTES.of("sms", "+491701234567") == (THREE,)
    assert ROUTES.of("sms", "+491511234567") == (TWO,)
    assert ROUTES.of("sms", "+12025550123") == (ONE, TWO)


def test_a_channel_without_a_route_is_carried_by_nobody() -> None:
    """No route, no carrier."""
    assert ROUTES.of("call", "+491701234567") == ()
    assert not ROUTES.carries("call")
    assert ROUTES.carries("sms")


def test_the_hosts_own_sender_carries_what_no_route_names() -> None:
    """A host's sender carries the channels that have no route, of those it can."""
    own = OwnSender(sender=Inbox())
    routes = Routes(named=ROUTES.named, otherwise=own)

    assert routes.of("email", "ada@site.test") == (own,)
    assert routes.of("sms", "+12025550123") == (ONE, TWO)
    assert routes.of("pigeon", "loft 7") == (own,)  # of a factor that is the host's too
    assert routes.of("whatsapp", "+12025550123") == ()


def test_a_route_for_some_numbers_alone_carries_its_channel() -> None:
    """A channel with a route for one country is carried, to that country."""
    routes = Routes(named={"call:+49": (ONE,)})

    assert routes.carries("call")
    assert routes.of("call", "+12025550123") == ()
    assert routes.provider("one") == ONE
    assert routes.provider("two") is None


def test_numbers_are_reached_by_a_route_for_them_or_for_all() -> None:
    """A prefix is reached where a route is for it, for a part of it, or for every number."""
    routes = Routes(named={"sms:+49": (ONE,), "call": (ONE,), "whatsapp:+1201": (ONE,)})

    assert routes.reaches("sms", "+49")
    assert routes.reaches("sms", "+49170")
    assert routes.reaches("call", "+43")
    assert routes.reaches("whatsapp", "+1")
    assert not routes.reaches("sms", "+43")
    assert not routes.reaches("email", "+49")
    assert not routes.reaches("whatsapp", "+1876")
    assert Routes(otherwise=OwnSender(sender=Inbox())).reaches("sms", "+43")
