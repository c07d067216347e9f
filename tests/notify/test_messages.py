"""What the ready messages say, in both languages, whatever is missing."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import list_currencies

from kit.cases import cases
from relay.catalogue.action_types import actions
from relay.catalogue.vocabulary import catalogue
from relay.formats import jsontext
from relay.formats.money import exponent
from relay.notify import localized, message
from relay.notify.localized import LANGUAGES
from relay.notify.message import FOLDER, LONGEST_SUBJECT, TEMPLATES, filled, own
from relay.sdk.outcomes import Failed

PARIS = ZoneInfo("Europe/Paris")
TYPES = catalogue().types
TOLD = [(template, each) for template, types in TEMPLATES.items() for each in (types or TYPES)]
# What shows that a value was missing, or that a sentence is no sentence.
ODD = re.compile(r"None|Undefined|\{|\}|  | ,| \.(?!\w)|\.\.|\x00|\x01|\bon\.|\ble\.|: *$|: *\n", re.MULTILINE)


def sample(event_type: str) -> dict[str, Any]:
    return catalogue().sample(TYPES[event_type])


def without_values(value: Any) -> Any:
    """The same event, with nothing in it that may be missing."""
    if isinstance(value, dict):
        return {name: without_values(each) for name, each in value.items()}
    return [] if isinstance(value, list) else None


def each_missing(envelope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same event, with one value missing each time."""
    for entity, fields in envelope["data"].items():
        for name in fields or ():
            yield envelope | {"data": envelope["data"] | {entity: fields | {name: None}}}


def plain(text: str) -> str:
    return text.replace(localized.FIXED, " ").replace(localized.NARROW, " ")


def test_there_is_a_text_for_each_message_in_each_language() -> None:
    offered = actions()["notification.send"].input["properties"]

    assert {path.name for path in FOLDER.iterdir()} == {
        f"{name}.{language}.txt" for name in TEMPLATES for language in LANGUAGES
    }
    assert list(TEMPLATES) == offered["template"]["enum"]
    assert list(LANGUAGES) == offered["language"]["enum"]


@cases("language", LANGUAGES)
@cases(("template", "event_type"), TOLD)
def test_every_message_reads_well_of_every_event_it_tells_of(template: str, event_type: str, language: str) -> None:
    full = sample(event_type)
    nothing = full | {"data": without_values(full["data"]), "customer": None, "severity": None}

    no_entity = nothing | {"data": dict.fromkeys(full["data"])}
    for envelope in (full, nothing, no_entity, full | {"customer": None}, *each_missing(full)):
        said = filled(template, language, envelope, zone="Europe/Paris", signature="Northlight")
        for part in (said.subject, said.short, said.text):
            assert part.strip()
            assert ODD.search(plain(part)) is None, part
        assert "\n" not in said.subject
        assert said.text.endswith("\n\nNorthlight")


@cases("language", LANGUAGES)
@cases("template", TEMPLATES)
def test_every_message_reads_well_of_no_event(template: str, language: str) -> None:
    said = filled(template, language, None)

    assert all(part and ODD.search(plain(part)) is None for part in (said.subject, said.short, said.text))


def test_a_sentence_in_which_a_value_is_missing_is_left_out() -> None:
    envelope = sample("payment.failed")
    envelope["data"] = envelope["data"] | {
        "payment": envelope["data"]["payment"] | {"failure_reason": None, "next_attempt_at": None},
        "invoice": None,
    }

    assert filled("payment_failed", "en", envelope).text == (
        "Hello Zoë Müller,\n\n"
        "Your payment of €24.00 for invoice INV-1042 did not go through.\n\n"
        "It was to be taken from your Visa ending in 4242.\n\n"
        "Please check that your details are up to date, so that your services go on without a break."
    )


def test_no_template_is_told_of_another_events_matter() -> None:
    with pytest.raises(Failed, match=r"Template suspended is for service\.suspended; the event is payment\.failed"):
        filled("suspended", "en", sample("payment.failed"))
    with pytest.raises(Failed, match="There is no template"):
        filled("../own", "en", None)


def test_what_an_event_says_is_no_template_and_no_line() -> None:
    envelope = sample("service.suspended")
    reason = "{{ 7 * 7 }} {% include '/etc/passwd' %}\r\nSubject: other\x00\x01"
    envelope["data"] = {"service": envelope["data"]["service"] | {"reason": reason}, "domain": None}

    said = filled("suspended", "en", envelope)

    assert "The reason: {{ 7 * 7 }} {% include '/etc/passwd' %} Subject: other." in said.text


def test_own_words_stay_as_they_are() -> None:
    said = own("News", "Hello {{ customer.name }},\n\n<b>all</b> is well.\n")

    assert said == message.Message(
        "News",
        "News: Hello {{ customer.name }},\n\n<b>all</b> is well.",
        "Hello {{ customer.name }},\n\n<b>all</b> is well.",
    )


def test_a_text_without_a_subject_is_called_by_its_first_line() -> None:
    assert own(None, "All is well.\nReally.").subject == "All is well."
    assert len(own(None, "x" * 1000).subject) == LONGEST_SUBJECT


def test_an_sms_has_only_characters_that_fit_it() -> None:
    said = filled("renewal_reminder", "fr", sample("domain.expiring"))

    assert not set(said.short) & set("’“”–—…\u00a0\u202f")


@cases(
    ("amount", "currency", "english", "french"),
    [
        ("1234.5", "EUR", "€1,234.50", "1 234,50 €"),
        ("24.00", "USD", "$24.00", "24,00 $US"),
        ("2400", "JPY", "¥2,400", "2 400 JPY"),
        ("24.5", "CHF", "CHF 24.50", "24,50 CHF"),
        ("1.234", "KWD", "KWD 1.234", "1,234 KWD"),
        ("-5", "GBP", "-£5.00", "-5,00 £"),
        ("0", "EUR", "€0.00", "0,00 €"),
        ("1000", "INR", "₹1,000.00", "1 000,00 ₹"),
        ("5", "NZD", "NZ$5.00", "5,00 $NZ"),
        ("1500", "XOF", "F CFA 1,500", "1 500 F CFA"),
        ("12", "ISK", "ISK 12", "12 ISK"),
        ("3", "XXY", "XXY 3.00", "3,00 XXY"),
    ],
)
def test_money_is_written_as_people_write_it(amount: str, currency: str, english: str, french: str) -> None:
    written = [plain(localized.money(Decimal(amount), currency, language)) for language in LANGUAGES]

    assert written == [english, french]


@cases("currency", sorted(list_currencies()))
def test_every_currency_has_its_own_decimals_in_every_language(currency: str) -> None:
    value = Decimal(1).scaleb(-exponent(currency))

    for language in LANGUAGES:
        written = localized.money(Decimal(1) + value, currency, language)
        assert re.findall(r"\d", written) == list(
            "1" + "0" * (exponent(currency) - 1) + "1" if exponent(currency) else "2"
        )


def test_another_language_is_a_file_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    german = {
        **jsontext.loads((localized.FOLDER / "en.json").read_bytes()),
        "locale": "de",
        "day": "d. MMMM y",
        "first_day": "d. MMMM y",
        "moment": "{day} um {time} ({zone})",
    }
    (tmp_path / "de.json").write_bytes(jsontext.dumps(german))
    monkeypatch.setattr(localized, "FOLDER", tmp_path)

    said = [
        localized.money(Decimal("1234.5"), "EUR", "de"),
        localized.time("2026-11-22T06:57:00Z", "de", PARIS),
        localized.month(2026, 3, "de"),
        localized.duration(3660, "de"),
    ]

    assert [plain(each) for each in said] == [
        "1.234,50 €",
        "22. November 2026 um 07:57 (Europe/Paris)",
        "März 2026",
        "1 Stunde 1 Minute",
    ]


def test_a_french_sentence_has_the_spaces_that_its_marks_need() -> None:
    french, english = (localized.language_of(language) for language in ("fr", "en"))

    assert french.typeset("Montant : « 5 » ; vu ?") == "Montant\u00a0: «\u00a05\u00a0»\u00a0; vu\u00a0?"
    assert english.typeset("a : b") == "a : b"


@pytest.mark.parametrize("amount", [None, True, "24", [], {}])
def test_what_is_no_money_is_nothing(amount: Any) -> None:
    assert localized.money(amount, "EUR", "en") == ""
    assert localized.money(Decimal(1), None, "en") == ""


@pytest.mark.parametrize(
    ("moment", "english", "french"),
    [
        ("2026-12-01T00:00:00Z", "1 December 2026", "1er décembre 2026"),
        ("2026-11-22T23:30:00Z", "23 November 2026", "23 novembre 2026"),
        ("2026-08-02T10:00:00Z", "2 August 2026", "2 août 2026"),
        ("soon", "", ""),
        (None, "", ""),
    ],
)
def test_days_are_written_as_people_read_them(moment: Any, english: str, french: str) -> None:
    assert [localized.day(moment, language, PARIS) for language in LANGUAGES] == [english, french]


def test_a_civil_date_is_the_same_day_in_every_zone() -> None:
    assert localized.day("2026-12-01T00:00:00Z", "en", ZoneInfo("America/New_York")) == "1 December 2026"


def test_times_say_their_zone() -> None:
    said = [localized.time("2026-11-22T06:57:00Z", language, PARIS) for language in LANGUAGES]

    assert said == ["22 November 2026 at 07:57 (Europe/Paris)", "22 novembre 2026 à 07:57 (Europe/Paris)"]


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0, "0 seconds", "0 seconde"),
        (61, "1 minute 1 second", "1 minute 1 seconde"),
        (600, "10 minutes", "10 minutes"),
        (90_061, "1 day 1 hour", "1 jour 1 heure"),
        (None, "", ""),
        (-1, "", ""),
    ],
)
def test_durations_have_two_units_at_most(seconds: Any, english: str, french: str) -> None:
    assert [plain(localized.duration(seconds, language)) for language in LANGUAGES] == [english, french]


def test_a_card_ends_with_its_month() -> None:
    assert [localized.month(2026, 11, language) for language in LANGUAGES] == ["November 2026", "novembre 2026"]
    assert localized.month(2026, 13, "en") == localized.month(None, 1, "en") == ""
