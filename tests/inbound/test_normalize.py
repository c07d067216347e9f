"""From a webhook to events: never an exception, never an event that is broken and does not say so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.cases import cases
from relay.catalogue.vocabulary import catalogue
from relay.develop.samples import all_samples
from relay.formats import jsontext
from relay.inbound.identity import event_id, native_id, read, repeat_key
from relay.inbound.normalize import Origin, normalize
from relay.model import EVENTS_PER_WEBHOOK, Event, Inbound, Source
from relay.providers import load
from relay.sdk.provider import JSON, JSON_OBJECT, BodyFormat, On, Provider, by_arrival
from relay.security.verification import STANDARD_WEBHOOKS, fingerprint

RECEIVED_AT = datetime(2026, 11, 22, 7, 0, 1, tzinfo=UTC)
ORIGIN = Origin(Source("src_1", "ws_1", "made_up", "Our source"), place=42, verified_by="standard_webhooks")
FIRST = ORIGIN.place * EVENTS_PER_WEBHOOK


def made_up(**declared: Any) -> Provider:
    """A provider that posts `{"type", "id", "data"}`, unless `declared` says otherwise."""
    notice = On("notice.received", lambda data: {"notice": {"title": data["title"]}})
    defaults: dict[str, Any] = {
        "name": "made_up",
        "label": "Made up",
        "kind": "generic",
        "homepage": "https://made-up.example",
        "verification": STANDARD_WEBHOOKS,
        "event_name": lambda inbound: inbound.payload["type"],
        "event_id": lambda inbound: inbound.payload["id"],
        "subject": lambda inbound: inbound.payload["data"],
        "events": {"said": notice},
        "ignored": frozenset({"whispered"}),
        "body": JSON,
    }
    return Provider(**{**defaults, **declared})


def inbound(payload: Any) -> Inbound:
    return Inbound(body=jsontext.dumps(payload), received_at=RECEIVED_AT, payload=payload)


def said(**more: Any) -> Inbound:
    return inbound({"type": "said", "id": "n-1", "data": {"title": "Hello"}} | more)


def told(provider: Provider, webhook: Inbound) -> list[Event]:
    return normalize(provider, webhook, ORIGIN)


def reason(event: Event) -> tuple[str, str | None]:
    assert event.type == "unknown"
    return event.envelope["data"]["unknown"]["reason"], event.envelope["data"]["unknown"]["defect"]


def test_an_event_is_whole() -> None:
    (event,) = told(made_up(), said())

    assert event.envelope == {
        "id": event_id("src_1", "n-1", "notice.received"),
        "type": "notice.received",
        "version": 1,
        "sequence": FIRST,
        "occurred_at": "2026-11-22T07:00:01Z",
        "received_at": "2026-11-22T07:00:01Z",
        "source": {
            "id": "src_1",
            "name": "Our source",
            "provider": "made_up",
            "kind": "generic",
            "verified_by": "standard_webhooks",
            "signed": "fully",
        },
        "enriched": None,
        "livemode": None,
        "severity": "info",
        "summary": 'Notice "Hello" was received from Our source.',
        "provider_event": {"id": "n-1", "type": "said"},
        "customer": None,
        "data": {"notice": {"title": "Hello", "text": None, "origin": None}, "service": None},
    }
    assert jsontext.loads(event.body) == event.envelope
    assert event.defect is None


@pytest.mark.parametrize("zeros", ["evt_00000000000000", "00000000-0000-0000-0000-000000000000", "0", 0])
def test_an_id_of_zeros_stands_with_the_bodys_fingerprint(zeros: Any) -> None:
    webhooks = [said(id=zeros, data={"title": title}) for title in ("one", "two", "one")]

    ids = [native_id(made_up(), each) for each in webhooks]

    assert ids == [f"{zeros}:{fingerprint(each.body)[:32]}" for each in webhooks]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("payload", [{"type": "said", "id": "%s"}, {"type": "said", "token": "%s"}])
def test_two_that_differ_in_nothing_but_what_was_removed_stay_two(payload: Any) -> None:
    provider = made_up(event_id=lambda inbound: inbound.payload.get("id"))
    cards = ("4111111111111111", "5555555555554444")
    bodies = [jsontext.dumps(payload).replace(b"%s", card.encode()) for card in cards]
    came = [read(provider, Inbound(body=body, received_at=RECEIVED_AT)) for body in bodies]
    kept = [
        read(provider, Inbound(body=provider.storable(each), received_at=RECEIVED_AT + timedelta(seconds=number)))
        for number, each in enumerate(came)
    ]

    assert kept[0].body == kept[1].body
    assert repeat_key(provider, came[0]) != repeat_key(provider, came[1])
    assert native_id(provider, kept[0]) != native_id(provider, kept[1])


def test_a_gateways_webhook_is_known_by_its_id_and_the_name_of_its_event() -> None:
    webhooks = [said(), said(type="whispered"), said(data={"title": "said again"})]

    assert [repeat_key(made_up(kind="payment_gateway"), each) for each in webhooks] == [
        "n-1:said",
        "n-1:whispered",
        "n-1:said",
    ]
    assert [repeat_key(made_up(), each) for each in webhooks] == ["n-1"] * 3


def test_a_native_event_may_give_several_of_ours_in_order() -> None:
    def read_invoice(_: Any) -> dict[str, Any]:
        return {"invoice": {"id": "1", "items": []}}

    route = (On("invoice.paid", read_invoice), On("invoice.refunded", read_invoice, severity="critical"))

    events = told(made_up(events={"said": route}), said())

    assert [(each.type, each.sequence, each.envelope["severity"]) for each in events] == [
        ("invoice.paid", FIRST, "info"),
        ("invoice.refunded", FIRST + 1, "critical"),
    ]


def test_a_condition_may_hold_an_event_back() -> None:
    on = On("notice.received", lambda data: {"notice": {}}, when=lambda webhook: webhook.payload["loud"])
    provider = made_up(events={"said": on})

    assert len(told(provider, said(loud=True))) == 1
    assert told(provider, said(loud=False)) == []


def test_a_key_tells_two_events_of_one_type_apart() -> None:
    def about(key: str) -> On:
        return On("notice.received", lambda data: {"notice": {}}, key=lambda data: key)

    events = told(made_up(events={"said": (about("a"), about("b"))}), said())

    assert len({event.id for event in events}) == 2


def test_what_is_knowingly_ignored_gives_nothing() -> None:
    assert told(made_up(), said(type="whispered")) == []


@pytest.mark.parametrize("name", ["shouted", "", None, 7, ["said"], {"said": 1}])
def test_another_name_is_kept_as_unknown(name: Any) -> None:
    (event,) = told(made_up(), said(type=name))

    assert event.type == "unknown"
    assert event.envelope["provider_event"] == {"id": "n-1", "type": name if isinstance(name, str) else None}


def test_an_unknown_event_says_whether_it_is_new_or_broken() -> None:
    new = told(made_up(), said(type="shouted"))[0]
    broken = told(made_up(), said(data={}))[0]
    other = told(made_up(), said(data=None))[0]

    assert reason(new) == ("This event type is not supported yet.", None)
    assert reason(broken) == ("The event could not be read.", "the field title is missing")
    assert reason(other) == ("The event could not be read.", "TypeError while reading")


def test_a_foreign_word_does_not_get_into_the_reason() -> None:
    statuses = {"open": "firing"}
    on = On("alert.raised", lambda data: {"alert": {"status": statuses[data["title"]]}})

    (event,) = told(made_up(events={"said": on}), said(data={"title": "hunter2\0 is my password"}))

    assert reason(event) == ("The event could not be read.", "KeyError while reading")


def test_an_event_that_our_schema_refuses_carries_its_defect() -> None:
    on = On("notice.received", lambda data: {"notice": {"title": 7, "colour": "red"}})

    (event,) = told(made_up(events={"said": on}), said())

    assert event.type == "notice.received"
    assert event.defect is not None
    assert event.defect.startswith("notice")
    assert "red" not in event.defect


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<xml/>", "The body must be one JSON document: Expecting value: line 1 column 1 (char 0)."),
        (b"", "The body must be one JSON document: it is empty."),
        (b"[1]", "The body must be a JSON object; it is an array."),
        (b'{"id":1,"id":2}', "The body must be one JSON document: the key 'id' stands twice and says two things."),
    ],
)
def test_a_body_that_could_not_be_read_is_unknown_says_why_and_is_known_by_its_words(body: bytes, why: str) -> None:
    provider = made_up(body=JSON_OBJECT, event_id=by_arrival)
    webhook = read(provider, Inbound(body=body, received_at=RECEIVED_AT))

    (event,) = told(provider, webhook)

    assert reason(event) == ("The body could not be read.", why)
    known = body or b"{}"
    assert event.envelope["provider_event"] == {"id": fingerprint(known), "type": None}
    assert native_id(provider, webhook) == fingerprint(known)


def test_a_reader_that_breaks_leaves_a_body_unread() -> None:
    def broken(_: Any) -> Any:
        raise RecursionError

    provider = made_up(body=BodyFormat("broken", broken, jsontext.dumps))

    assert read(provider, Inbound(b"{}")).unreadable == "RecursionError while reading"


class Breaking:
    """A reader that breaks in a way of its own."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, _: Any) -> Any:
        raise self._error


@cases("error", [KeyError("x"), ValueError(), OverflowError(), RecursionError(), ZeroDivisionError()])
@cases("reader", ["event_id", "occurred_at", "livemode"])
def test_an_event_is_not_lost_for_want_of_its_id_time_or_mode(reader: str, error: Exception) -> None:
    (event,) = told(made_up(**{reader: Breaking(error)}), said())

    assert event.type == "notice.received"
    assert event.envelope["occurred_at"] == "2026-11-22T07:00:01Z"


@pytest.mark.parametrize("reader", ["event_name", "subject", "customer", "split"])
def test_another_reader_that_breaks_makes_an_unknown_event(reader: str) -> None:
    (event,) = told(made_up(**{reader: Breaking(OverflowError())}), said())

    assert event.type == ("notice.received" if reader == "split" else "unknown")


@pytest.mark.parametrize("mode", ["yes", 1, {}, None])
def test_a_mode_is_yes_no_or_not_known(mode: Any) -> None:
    (event,) = told(made_up(livemode=lambda _: mode), said())

    assert event.envelope["livemode"] is None


@cases(
    ("given_id", "expected"),
    [
        ("n-1", "n-1"),
        (17, "17"),
        ("", None),
        (None, None),
        (True, None),
        ({"password": "hunter2"}, None),
        (["n-1"], None),
        (Decimal("1.5"), None),
        ("n\0-1", "n-1"),
        ("\0", None),
    ],
)
def test_an_id_is_text_that_every_database_takes(given_id: Any, expected: str | None) -> None:
    webhook = said(id=given_id)

    assert native_id(made_up(), webhook) == (expected or fingerprint(webhook.body))


def test_two_long_ids_that_begin_alike_stay_two() -> None:
    one, other = (native_id(made_up(), said(id="n" * 300 + end)) for end in "ab")

    assert one != other
    assert len(one) <= 255


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (None, None),
        ({}, None),
        ({"id": "", "name": None}, None),
        ({"id": 7}, {"id": "7", "name": None, "email": None, "company": None}),
        ({"name": "Zo\0ë"}, {"id": None, "name": "Zoë", "email": None, "company": None}),
        ({"name": {"first": "Zoë"}, "vip": True}, None),
    ],
)
def test_a_customer_has_four_texts_or_is_none(customer: Any, expected: Any) -> None:
    (event,) = told(made_up(customer=lambda _: customer), said())

    assert event.envelope["customer"] == expected
    assert event.customer_id == (expected and expected["id"])


def batch(webhook: Inbound) -> Sequence[Inbound]:
    return [replace(webhook, payload=each) for each in webhook.payload]


def test_a_batch_gives_an_event_for_each_of_its_pieces() -> None:
    pieces = [{"type": "said", "id": f"n-{n}", "data": {"title": str(n)}} for n in range(3)]

    events = told(made_up(split=batch), inbound([*pieces, {"type": "whispered"}, {"type": "shouted"}]))

    assert [(event.type, event.sequence) for event in events] == [
        ("notice.received", FIRST),
        ("notice.received", FIRST + 1),
        ("notice.received", FIRST + 2),
        ("unknown", FIRST + 3),
    ]


def test_pieces_without_ids_are_told_apart_by_what_they_hold() -> None:
    pieces = [{"type": "said", "data": {"title": title}} for title in ("a", "b")]

    together = told(made_up(split=batch), inbound(pieces))
    the_other_way_round = told(made_up(split=batch), inbound(pieces[::-1]))

    assert len({event.id for event in together}) == 2
    assert {event.id for event in together} == {event.id for event in the_other_way_round}


def said_times(count: int) -> Inbound:
    return inbound([{"type": "said", "id": f"n-{n}", "data": {"title": str(n)}} for n in range(count)])


def test_a_storm_in_one_webhook_is_told_event_by_event() -> None:
    events = told(made_up(split=batch), said_times(5400))

    assert [each.sequence for each in events] == [FIRST + n for n in range(5400)]


def test_what_a_webhook_has_no_room_for_is_told_by_one_critical_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.inbound.normalize.EVENTS_PER_WEBHOOK", 10)

    events = told(made_up(split=batch), said_times(14))

    assert [each.type for each in events] == ["notice.received"] * 9 + ["alert.raised"]
    last = events[-1].envelope
    assert (events[-1].sequence, events[-1].defect, last["severity"]) == (429, None, "critical")
    assert last["data"]["alert"]["title"] == "5 events of one webhook were dropped"
    assert told(made_up(split=batch), said_times(14))[-1].id == events[-1].id


def test_an_id_depends_on_source_happening_type_and_key_alone() -> None:
    ids = {
        event_id("src_1", "n-1", "invoice.paid"),
        event_id("src_2", "n-1", "invoice.paid"),
        event_id("src_1", "n-2", "invoice.paid"),
        event_id("src_1", "n-1", "invoice.voided"),
        event_id("src_1", "n-1", "invoice.paid", "a"),
    }

    assert len(ids) == 5
    assert event_id("src_1", "n-1", "invoice.paid") in ids


# What follows is asked of every provider, with bodies that nobody would send.

ASKED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
PROVIDERS = [each for each in load().values() if each.kind != "relay"]
SAMPLES = {each.name: all_samples(each.name) for each in PROVIDERS}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**63, max_value=2**80)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.sampled_from([Decimal("1e300"), Decimal("1e400"), Decimal("1e-400"), 0, -1, 2**31, 253402300800])
    | st.sampled_from(
        ["", "0", "0000-00-00", "2026-11-22", "2026-11-22T07:00:00Z", "1e9999999", "\0", "a@b", "EUR", "👩"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)


DRAWS = st.integers(0, 2**20)
"""Which of however many there are."""
FIELDS = st.sampled_from(["type", "event", "event_type", "data", "id", "context", "resource", "customer", "object"])


def values(names: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=8,
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything that a payload holds."""
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, name)
            yield from places(item, (*path, name))


def changed(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    if not path:
        return put
    name, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[name] = changed(value[name], tuple(rest), put)
    return copy


def judge(provider: Provider, webhook: Inbound) -> None:
    """Every promise of `normalize` for one webhook whose payload is read."""
    events = normalize(provider, webhook, ORIGIN)

    assert normalize(provider, webhook, ORIGIN) == events
    for event in events:
        again = jsontext.loads(event.body)
        assert again["type"] == event.type
        assert again["summary"]
        assert "\0" not in f"{event.customer_id}{event.customer_email}{again['provider_event']['id']}{event.defect}"
        if event.defect is None:
            assert catalogue().types[event.type].validator.is_valid(jsontext.floats(event.envelope["data"]))


# One draw is tried on every provider, since making one up takes longer than judging it.


@cache
def payloads_of(provider: str) -> tuple[list[Inbound], list[str]]:
    """Its samples as they are read, and the names of all that is in them."""
    read_ones = [read(load()[provider], sample.inbound) for sample in SAMPLES[provider]]
    return read_ones, sorted({str(name) for each in read_ones for path in places(each.payload) for name in path})


def of(draw: int, some: Sequence[Any]) -> Any:
    return some[draw % len(some)]


def named(value: Any, names: Sequence[str]) -> Any:
    """A value whose keys are draws, with a provider's own names for them."""
    if isinstance(value, dict):
        return {of(draw, names): named(item, names) for draw, item in value.items()}
    return [named(item, names) for item in value] if isinstance(value, list) else value


@cases("provider", PROVIDERS, ids=lambda each: each.name)
def judge_changed_samples(provider: Provider, which: int, changes: list[tuple[int, Any]]) -> None:
    payloads, names = payloads_of(provider.name)
    webhook = of(which, payloads)
    payload = webhook.payload
    for place, value in changes:
        if found := [path for path in places(payload) if path]:
            payload = changed(payload, of(place, found), named(value, names))

    judge(provider, replace(webhook, payload=payload))


@ASKED
@given(DRAWS, st.lists(st.tuples(DRAWS, values(DRAWS)), min_size=1, max_size=3))
def test_a_sample_with_anything_in_any_place_is_understood_or_kept(which: int, changes: list[tuple[int, Any]]) -> None:
    judge_changed_samples(which=which, changes=changes)


@cases("provider", PROVIDERS, ids=lambda each: each.name)
def judge_any_body(provider: Provider, which: int, fields: dict[str, Any], says_type: bool) -> None:
    native = of(which, sorted({*provider.events, *provider.ignored, "no.such.event"}))
    body = fields | ({"type": native, "event": native, "event_type": native} if says_type else {})
    webhook = Inbound(body=jsontext.dumps(body), native=native, received_at=RECEIVED_AT)

    judge(provider, read(provider, webhook))


@ASKED
@given(DRAWS, st.dictionaries(FIELDS, values(FIELDS), max_size=6), st.booleans())
def test_any_body_is_understood_or_kept(which: int, fields: dict[str, Any], says_type: bool) -> None:
    judge_any_body(which=which, fields=fields, says_type=says_type)


@cases("provider", PROVIDERS, ids=lambda each: each.name)
@cases("body", [b"", b"\xff\xfe", b"null", b"[]", b'"text"', b"7", b"a=b&a=c", b"{", b"<a/>"])
def test_a_body_of_another_format_is_kept(provider: Provider, body: bytes) -> None:
    webhook = Inbound(body=body, received_at=RECEIVED_AT)

    found = normalize(provider, read(provider, webhook), ORIGIN)

    assert {event.type for event in found} <= {"unknown", "custom"}
