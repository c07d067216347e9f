"""Reading what others wrote down."""

from kit.cases import cases
from relay.sdk.fields import host_of


@cases(
    ("address", "expected"),
    [
        ("https://Shop.Acme.example:8443/a?b#c", "shop.acme.example"),
        ("HTTPS://deploy:p%40w@acme.example", "acme.example"),
        ("acme.example:25", "acme.example"),
        ("acme.example.", "acme.example"),
        ("https://[2001:DB8::1]:8443/", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("https://bücher.example/", "bücher.example"),
        ("https://", None),
        ("https://[", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_is_told_without_what_stands_around_it(address: object, expected: str | None) -> None:
    assert host_of(address) == expected
