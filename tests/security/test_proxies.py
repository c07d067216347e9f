"""Who asks, when proxies ask for others."""

import pytest

from kit.cases import cases
from relay.security.proxies import Proxies, origin


@cases(
    ("trusted", "peer", "forwarded", "caller"),
    [
        ("", "127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("", "::1", "203.0.113.7", "203.0.113.7"),
        ("", "::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("", "127.0.0.1", "10.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("", "127.0.0.1", "203.0.113.7, 127.0.0.1", "203.0.113.7"),
        ("", "127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("", "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("", "127.0.0.1", "", "127.0.0.1"),
        ("", "127.0.0.1", "unknown", "127.0.0.1"),
        ("", "127.0.0.1", "203.0.113.7, nobody", "127.0.0.1"),
        ("", "198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("", "127.0.0.2", "203.0.113.7", "127.0.0.2"),
        ("", "", "203.0.113.7", ""),
        ("172.16.0.0/12, 10.0.0.5", "172.18.0.1", "203.0.113.7", "203.0.113.7"),
        ("172.16.0.0/12, 10.0.0.5", "172.18.0.1", "203.0.113.7, 10.0.0.5", "203.0.113.7"),
        ("172.16.0.0/12, 10.0.0.5", "127.0.0.1", "203.0.113.7", "127.0.0.1"),
        ("fd00::/8", "fd00::1", "203.0.113.7", "203.0.113.7"),
        ("none", "127.0.0.1", "203.0.113.7", "127.0.0.1"),
    ],
)
def test_the_caller_is_the_last_that_no_trusted_proxy_is(trusted: str, peer: str, forwarded: str, caller: str) -> None:
    assert Proxies.read(trusted).caller(peer, forwarded) == caller


@pytest.mark.parametrize("text", ["proxy.internal", "10.0.0.0/33", "10.0.0.1/8", "*", "127.0.0.1;10.0.0.1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        Proxies.read(text)


@pytest.mark.parametrize(
    ("address", "counted_by"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("", ""),
    ],
)
def test_all_addresses_of_a_network_in_ipv6_are_one_caller(address: str, counted_by: str) -> None:
    assert origin(address) == counted_by
