import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.engine.context import lane_of, network_of
from vestibule.core.model import Lane


@pytest.mark.row("ATK-16")
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_is_counted_under_its_network(address: str, network: str) -> None:
    """An IPv4 address is counted by itself, in whatever form, and an IPv6 one with its /64."""
    assert network_of(address) == network


@pytest.mark.row("ATK-16", "ATK-73")
@pytest.mark.parametrize(
    "address", ["", "unknown", "192.0.2.7:443", "192.0.2.7, 192.0.2.8", "[::1]", "x" * 9999, "\0"]
)
def test_what_is_no_address_is_not_counted(address: str) -> None:
    """Text that is no address is no network of its own."""
    assert network_of(address) is None


@given(st.text(max_size=60) | st.ip_addresses().map(str))
def test_a_network_fits_its_column(address: str) -> None:
    """Whatever stands where an address should be, what is counted is nothing or short."""
    network = network_of(address)

    assert network is None or len(network) <= 64


def test_a_browser_is_known_by_what_was_found_of_it() -> None:
    """A browser of which nothing is found is a stranger."""
    assert lane_of(b"hash") is Lane.KNOWN
    assert lane_of(None) is Lane.STRANGER
