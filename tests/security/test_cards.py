"""Card numbers are known by what they are; ids, telephone numbers and times are left."""

from decimal import Decimal

import pytest

from kit.cases import cases
from relay.security.cards import in_text, is_number, without
from relay.security.credentials import REMOVED

# Test numbers that the schemes and gateways publish.
NUMBERS = [
    "4111111111111111",
    "4222222222222",
    "4000000000000000006",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "36227206271667",
    "6011111111111117",
    "3566002020360505",
    "6200000000000005",
    "6759649826438453",
    "5066991111111118",
    "2200000000000004",
]


@cases("number", NUMBERS)
def test_a_card_of_each_scheme_is_known(number: str) -> None:
    assert without(f"paid with {number}.") == f"paid with {REMOVED}."
    assert is_number(int(number))
    assert is_number(Decimal(number))


@pytest.mark.parametrize(
    "spelled",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111  1111 - 1111  1111",
        "4111\xa01111\u20111111\u20131111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "411111-1111111111",
        "\uff14" + "\uff11" * 15,
    ],
)
def test_blanks_dashes_and_other_digits_hide_nothing(spelled: str) -> None:
    assert without(spelled) == REMOVED


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("4111 1111 1111 1111 12 27", "[removed] 12 27"),
        ("order 12 4111 1111 1111 1111 123", "order 12 [removed] 123"),
        ("3782 822463 10005 9999", "[removed] 9999"),
        ("4111111111111111,5555555555554444", "[removed],[removed]"),
        ("%B4111111111111111^DOE/JANE^2512", "%B[removed]^DOE/JANE^2512"),
        (";4111111111111111=2512", ";[removed]=2512"),
        ("PAN4111111111111111", "PAN[removed]"),
    ],
)
def test_a_card_is_found_among_other_digits(text: str, kept: str) -> None:
    assert without(text) == kept


@cases(
    "text",
    [
        "",
        "4111111111111112",  # its check digit is wrong
        "1795330801000",  # a time in milliseconds
        "1795330200000000",
        "8816178914079738",  # Luhn is right, but no scheme begins so
        "+4915112345679",
        "+49 151 12345679",
        "0.4111111111111111",
        "803f4111-1111-1111-1112-7be7b774a000",
        "ab12cd4111111111111111",
        "41111111111111114111111111111111",
        "/dev/sda1 41152736 20576368 18456368 53% /",
        "2026-11-22 07:00:00.123456",
    ],
)
def test_what_is_no_card_stays(text: str) -> None:
    assert without(text) == text
    assert not in_text(text)


@pytest.mark.parametrize("number", [0, -4111111111111111, 4111111111111112, Decimal("4111111111111111.5"), 10**30])
def test_a_number_that_is_none_stays(number: int | Decimal) -> None:
    assert not is_number(number)
