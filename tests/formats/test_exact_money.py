"""Amounts keep their digits, and what is no amount becomes none instead of an error."""

from decimal import Decimal

import pytest

from kit.cases import cases
from relay.formats.money import Money, currency_code, exponent, from_decimal, from_minor, in_both_forms, named


def money(amount: str | None, minor: int | None, currency: str | None) -> Money:
    return {
        "amount": None if amount is None else Decimal(amount),
        "amount_minor": minor,
        "currency": currency,
    }


@cases(
    ("given", "currency", "expected"),
    [
        ("24.00", "EUR", money("24.00", 2400, "EUR")),
        ("24", "eur", money("24.00", 2400, "EUR")),
        (Decimal("15.9"), "USD", money("15.90", 1590, "USD")),
        (24, "USD", money("24.00", 2400, "USD")),
        ("-0.91", "EUR", money("-0.91", -91, "EUR")),
        (" 1e2\n", "EUR", money("100.00", 10000, "EUR")),
        ("0.1", "EUR", money("0.10", 10, "EUR")),
        ("2400", "JPY", money("2400", 2400, "JPY")),
        ("24.5", "JPY", money("24.5", None, "JPY")),
        ("1.234", "KWD", money("1.234", 1234, "KWD")),
        ("1.2345", "KWD", money("1.2345", None, "KWD")),
        ("999999999999999", "EUR", money("999999999999999.00", 99999999999999900, "EUR")),
    ],
)
def test_a_decimal_amount_becomes_money(given: object, currency: str, expected: Money) -> None:
    found = from_decimal(given, currency)

    assert found == expected
    assert str(found["amount"]) == str(expected["amount"])


@cases(
    ("given", "currency", "vendor_exponent", "expected"),
    [
        (2400, "EUR", None, money("24.00", 2400, "EUR")),
        ("2400", "eur", None, money("24.00", 2400, "EUR")),
        (2400, "JPY", None, money("2400", 2400, "JPY")),
        (1234, "BHD", None, money("1.234", 1234, "BHD")),
        (500000, "UGX", 2, money("5000", 5000, "UGX")),
        (Decimal("2400.0"), "EUR", None, money("24.00", 2400, "EUR")),
        (-100, "EUR", None, money("-1.00", -100, "EUR")),
        (0, "EUR", None, money("0.00", 0, "EUR")),
    ],
)
def test_a_minor_amount_becomes_money(
    given: object, currency: str, vendor_exponent: int | None, expected: Money
) -> None:
    found = from_minor(given, currency, vendor_exponent=vendor_exponent)

    assert found == expected
    assert str(found["amount"]) == str(expected["amount"])


@cases(
    ("given", "currency", "expected"),
    [
        (Decimal("59.990000000000002"), "USD", money("59.99", 5999, "USD")),
        ("59.989999999999995", "USD", money("59.99", 5999, "USD")),
        (Decimal("27964.000000000004"), "EUR", money("27964.00", 2796400, "EUR")),
        (Decimal("67.2000000000000028421709430404007434844970703125"), "DKK", money("67.20", 6720, "DKK")),
        (Decimal("9.99999999999998"), "EUR", money("10.00", 1000, "EUR")),
        (Decimal("5.551115123125783E-17"), "EUR", money("0.00", 0, "EUR")),
        (Decimal("-0.30000000000000004"), "EUR", money("-0.30", -30, "EUR")),
        (Decimal("1200.0000000000002"), "JPY", money("1200", 1200, "JPY")),
        (Decimal("3.5000000000000004"), "KWD", money("3.500", 3500, "KWD")),
        (Decimal("472.18500000000006"), "USD", money("472.185", None, "USD")),
        (Decimal("59.995"), "USD", money("59.995", None, "USD")),
        (Decimal("59.9900001"), "USD", money("59.9900001", None, "USD")),
        (Decimal("0.00000001"), "USD", money("1E-8", None, "USD")),
        (Decimal("123456789012.345"), "USD", money("123456789012.345", None, "USD")),
        (Decimal("0.333333333333333333"), "USD", money("0.333333333333333333", None, "USD")),
        (Decimal("1200.5"), "JPY", money("1200.5", None, "JPY")),
    ],
)
def test_what_binary_floats_leave_behind_is_no_part_of_an_amount(given: object, currency: str, expected: Money) -> None:
    found = from_decimal(given, currency)

    assert found == expected
    assert str(found["amount"]) == str(expected["amount"])


@pytest.mark.parametrize(("given", "minor"), [("2450.0000000000005", 2450), ("1998.9999999999998", 1999)])
def test_what_binary_floats_leave_behind_is_no_part_of_a_minor_amount(given: str, minor: int) -> None:
    assert from_minor(Decimal(given), "EUR")["amount_minor"] == minor


@cases(
    ("entity", "expected"),
    [
        ({"tax": 2}, {"tax": Decimal("2.00"), "tax_minor": 200}),
        ({"tax": "2.5", "tax_minor": None}, {"tax": Decimal("2.50"), "tax_minor": 250}),
        ({"tax_minor": 250}, {"tax": Decimal("2.50"), "tax_minor": 250}),
        ({"tax": Decimal("2.5"), "tax_minor": 250}, {"tax": Decimal("2.50"), "tax_minor": 250}),
        ({"tax": Decimal("2.505")}, {"tax": Decimal("2.505"), "tax_minor": None}),
        ({"tax": Decimal("2.5"), "tax_minor": 2}, {}),
        ({"tax": "free"}, {}),
        ({}, {}),
    ],
)
def test_an_amount_told_in_one_form_is_told_in_both(entity: dict[str, object], expected: dict[str, object]) -> None:
    found = in_both_forms("tax", entity, "EUR")

    assert (found, str(found.get("tax"))) == (expected, str(expected.get("tax")))


NO_AMOUNTS = [
    None,
    True,
    1.5,
    "",
    " ",
    "free",
    "1,000.00",
    "1_000",
    "٢٤",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
    "sNaN",
    "1e9999999",
    "1e99999999999999999999",
    "-1e9999999",
    10**15,
    10**400,
    Decimal("1e400"),
    Decimal("Infinity"),
    [],
    {},
]


@cases("given", NO_AMOUNTS, ids=lambda given: repr(given)[:30])
def test_what_is_no_amount_leaves_the_currency_alone(given: object) -> None:
    assert from_decimal(given, "EUR") == money(None, None, "EUR")
    assert from_minor(given, "EUR") == money(None, None, "EUR")


def test_a_part_of_the_smallest_unit_is_no_minor_amount() -> None:
    assert from_minor("24.5", "EUR") == money(None, None, "EUR")


@cases("given", [None, "", "EURO", "EU", "€€€", "E1R", 978, ["EUR"]])
def test_without_a_currency_there_is_no_amount(given: object) -> None:
    assert currency_code(given) is None
    assert from_decimal("24.00", given) == money(None, None, None)
    assert from_minor(2400, given) == money(None, None, None)


def test_currencies_have_their_own_number_of_decimals() -> None:
    assert [exponent(code) for code in ("JPY", "EUR", "KWD", "MGA", "ISK")] == [0, 2, 3, 2, 0]


def test_money_can_be_told_under_another_name() -> None:
    assert named("tax", from_decimal("3.83", "EUR")) == {"tax": Decimal("3.83"), "tax_minor": 383}
