"""Events over the API: listed as they were delivered, in pages that hold still, with what stands behind them."""

from decimal import Decimal

import pytest

from relay.catalogue.vocabulary import catalogue
from relay.formats import jsontext
from relay.storage import events, inbound


def ids(answer):
    return [each["id"] for each in answer.json["items"]]


def test_events_are_listed_newest_first_exactly_as_stored(api):
    made = api.events(3)

    answer = api.call("GET", "/events", key="events:read")

    with api.database.read() as connection:
        stored = [events.get(connection, api.mine.id, each["id"]).body for each in reversed(made)]
    assert answer.data == b'{"items":[' + b",".join(stored) + b'],"next_cursor":null}\n'
    assert answer.mimetype == "application/json"


def test_an_event_is_answered_with_the_digits_it_was_stored_with(api):
    made = api.event(data={"invoice": {"amount": Decimal("24.00")}})

    answer = api.call("GET", f"/events/{made['id']}")

    assert b'"amount":24.00' in answer.data
    assert jsontext.loads(answer.data) == made


@pytest.mark.parametrize(
    "query",
    [
        {"type": "payment.failed"},
        {"type": "payment.failed,monitor.down"},
        {"type": ["payment.failed", "monitor.down"]},
        {"type": " payment.failed , monitor.down "},
    ],
)
def test_types_are_asked_for_one_by_one_or_between_commas(api, query):
    api.events(2, "invoice.paid")
    failed = api.event("payment.failed")

    assert ids(api.call("GET", "/events", **query)) == [failed["id"]]


EVERY = tuple(catalogue().types)


@pytest.mark.parametrize("asked", [",".join(EVERY), list(EVERY), "*,unknown"], ids=["commas", "repeated", "sign"])
def test_every_type_may_be_asked_for_at_once(api, asked):
    made = [api.event(each)["id"] for each in ("unknown", "custom", "invoice.paid")]

    assert ids(api.call("GET", "/events", type=asked)) == made[::-1]
    fields = api.call("GET", "/event-types/fields", types=asked).json["fields"]
    assert fields == api.call("GET", "/event-types/fields").json["fields"]


def test_the_sign_for_every_type_means_here_what_it_means_to_a_hook(api):
    made = [api.event(each)["id"] for each in ("unknown", "custom", "invoice.paid")]
    hook = api.hook(event_types=["*"])

    assert ids(api.call("GET", "/events", type="*")) == made[:0:-1]
    assert "unknown" not in spec_keys(api.call("GET", "/event-types/fields", types="*").json["fields"])["data"]
    replayed = api.call("POST", "/replays", {"since": "2000-01-01", "types": ["*"], "dry_run": True}).json
    assert (replayed["events"], replayed["hooks"]) == (2, {hook["id"]: 2})


def test_a_hook_may_want_every_type_by_name_and_only_what_a_thousand_sources_tell(api):
    many = [f"src_{number}" for number in range(1000)]

    hook = api.hook(event_types=list(EVERY), filters={"source": many, "domain": "", "severity": None})

    assert hook["event_types"] == list(EVERY)
    assert hook["filters"] == {"source": many}


def test_events_are_found_by_source_and_customer(api):
    one = api.event(customer={"id": "cus_1", "name": "A", "email": "Zoe@Example.com", "company": None})
    api.event(customer={"id": "cus_2", "name": "B", "email": "b@example.com", "company": None})
    source = one["source"]["id"]

    assert ids(api.call("GET", "/events", customer="cus_1")) == [one["id"]]
    assert ids(api.call("GET", "/events", customer="zoe@example.COM")) == [one["id"]]
    assert len(ids(api.call("GET", "/events", source=source))) == 2
    assert ids(api.call("GET", "/events", source="src_of_nobody")) == []


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T07:00:00Z",
        "2026-11-22T07:00:00.000Z",
        "2026-11-22T08:00:00+01:00",
        "2026-11-22T08:00:00 01:00",  # a plus that nobody percent-encoded
        "2026-11-22T07:00:00+00:00",
    ],
)
def test_events_are_found_by_when_they_came_in(api, text):
    before = 1_795_330_800_000
    api.event(received_ms=before)
    later = api.event(received_ms=before + 1)

    assert ids(api.call("GET", "/events", created_after=text)) == [later["id"]]


def test_a_day_is_its_midnight_in_utc(api):
    midnight = 1_795_305_600_000
    later = api.event(received_ms=midnight + 1)

    assert ids(api.call("GET", "/events", created_after="2026-11-22")) == [later["id"]]
    assert ids(api.call("GET", "/events", created_after="1970-01-01T00:00:00.000Z")) == [later["id"]]


def test_pages_hold_still_while_new_events_arrive(api):
    made = [each["id"] for each in api.events(250)]
    seen, cursor = [], None

    for _ in range(20):
        page = api.call("GET", "/events", limit=30, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page.json["next_cursor"]
        api.events(7)
        if cursor is None:
            break

    assert seen == made[::-1]


def test_the_last_page_that_is_just_full_has_no_next(api):
    api.events(4)

    assert api.call("GET", "/events", limit=4).json["next_cursor"] is None
    assert api.call("GET", "/events", limit=3).json["next_cursor"] is not None


def test_defects_are_listed_only_when_asked_for(api):
    good = api.events(3)
    bad = api.events(300, defect="invoice.amount breaks the rule type of invoice.paid")
    newest = api.event()

    first = api.call("GET", "/events", limit=2)
    rest = api.call("GET", "/events", limit=100, cursor=first.json["next_cursor"])

    assert ids(first) + ids(rest) == [newest["id"]] + [each["id"] for each in reversed(good)]
    assert ids(api.call("GET", "/events", limit=2, defects="true")) == [newest["id"], bad[-1]["id"]]


def test_the_webhook_behind_an_event_is_shown_without_secrets(api):
    made = api.event()

    raw = api.call("GET", f"/events/{made['id']}/raw").json

    assert raw.pop("inbound_id").startswith("in_")
    assert raw.pop("received_at").endswith("Z")
    body = jsontext.loads(raw.pop("body").encode())
    assert (body["type"], body["data"]) == ("invoice.paid", {})
    assert raw == {
        "event_id": made["id"],
        "verified_by": "relay",
        "defect": None,
        "method": "POST",
        "headers": {"content-type": "application/json", "x-api-key": "[removed]"},
        "query": {},
    }


def test_a_forgotten_webhook_is_gone_and_its_event_stays(api):
    made = api.event(received_ms=1)
    with api.database.write() as connection:
        inbound.forget_bodies(connection, before=2, limit=10)

    answer = api.call("GET", f"/events/{made['id']}/raw")

    assert answer.status_code == 410
    assert answer.json["error"] == {
        "code": "gone",
        "message": "The webhook behind this event was forgotten: they are kept for 30 days. The event stays.",
    }
    assert api.call("GET", f"/events/{made['id']}").status_code == 200


def test_an_event_of_ones_own_becomes_the_event_whose_id_was_answered(api):
    hook = api.hook(event_types=["custom"])
    body = {
        "data": {"plan": "Business", "seats": 12},
        "customer": {"id": "cus_42", "email": "zoe@example.com"},
    }

    answer = api.call("POST", "/events", body, key="hooks:write")

    assert answer.status_code == 202
    assert answer.json["status"] == "accepted"
    sent = api.work()
    assert [(each.event_id, each.hook.id) for each in sent] == [(answer.json["id"], hook["id"])]
    event = api.call("GET", f"/events/{answer.json['id']}").json
    assert event["data"] == {"custom": {"plan": "Business", "seats": 12}}
    assert event["customer"] == {"id": "cus_42", "name": None, "email": "zoe@example.com", "company": None}


def test_an_event_of_ones_own_holds_neither_card_numbers_nor_secrets(api):
    data = {"order_id": "4111111111111111", "note": "paid by 4111-1111-1111-1111", "iban": "DE02", "seats": 12}

    answer = api.call("POST", "/events", {"data": data}, key="hooks:write")
    api.work()

    event = api.call("GET", f"/events/{answer.json['id']}").json
    removed = {"order_id": "[removed]", "note": "paid by [removed]", "iban": "[removed]", "seats": 12}
    assert event["data"] == {"custom": removed}
    assert "4111" not in api.call("GET", f"/events/{answer.json['id']}/raw").text


def test_two_like_events_of_ones_own_are_two(api):
    answers = [api.call("POST", "/events", {"data": {"a": 1}}).json["id"] for _ in range(2)]

    api.work()

    assert sorted(ids(api.call("GET", "/events"))) == sorted(answers)


def test_the_vocabulary_is_listed_with_schema_and_sample(shared_api):
    listed = shared_api.call("GET", "/event-types", key="hooks:write").json["items"]
    paid = next(each for each in listed if each["type"] == "invoice.paid")

    details = shared_api.call("GET", "/event-types/invoice.paid").json
    sample = shared_api.call("GET", "/event-types/invoice.paid/sample").json

    schema = details.pop("schema")
    assert details == paid
    assert paid["label"] == paid["title"]
    assert sample["type"] == "invoice.paid"
    assert set(sample["data"]) == set(schema["properties"])
    assert shared_api.call("GET", "/event-types/no.such").status_code == 404


def test_every_event_type_has_details_a_valid_schema_and_a_sample(shared_api):
    import jsonschema

    for each in shared_api.call("GET", "/event-types").json["items"]:
        schema = shared_api.call("GET", f"/event-types/{each['type']}").json["schema"]
        sample = shared_api.call("GET", f"/event-types/{each['type']}/sample").json
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(sample["data"], schema, jsonschema.Draft202012Validator)


def spec_keys(specs):
    return {spec["name"]: spec_keys(spec["spec"]) if spec["type"] == "collection" else None for spec in specs}


def sample_keys(value):
    return {name: sample_keys(item) if isinstance(item, dict) else None for name, item in value.items()}


def test_the_fields_for_make_are_those_of_the_sample(shared_api):
    answer = shared_api.call("GET", "/event-types/fields", types="invoice.paid").json

    fields = {each["name"]: each for each in answer["fields"]}
    assert list(fields) == list(answer["sample"])
    assert fields["id"]["type"] == "text"
    assert fields["received_at"]["type"] == "date"
    assert fields["sequence"]["type"] == "integer"
    assert fields["livemode"]["type"] == "boolean"
    data = spec_keys(fields["data"]["spec"])
    assert list(data["invoice"]) == list(sample_keys(answer["sample"]["data"])["invoice"])


def test_the_fields_of_several_types_are_joined(shared_api):
    answer = shared_api.call("GET", "/event-types/fields", types="invoice.paid,monitor.down").json

    data = next(each for each in answer["fields"] if each["name"] == "data")
    one = shared_api.call("GET", "/event-types/fields", types="monitor.down").json
    assert set(spec_keys(data["spec"])) >= set(one["sample"]["data"]) | set(answer["sample"]["data"])


def test_deliveries_are_listed_with_every_attempt(api):
    from relay.storage import deliveries

    hook = api.hook()
    event = api.event()
    sent = api.call("POST", f"/events/{event['id']}/replay").json["deliveries"]
    with api.database.write() as connection:
        for number, (status, state, due) in enumerate([(503, "pending", 5), (200, "delivered", None)], start=1):
            error = None if status == 200 else "HTTP 503"
            tried = deliveries.Attempt(sent[0], number, 1_795_330_800_000, 120, status, error, state, due)
            deliveries.record(connection, [tried])

    listed = api.call("GET", "/deliveries", event=event["id"], hook=hook["id"], state="delivered").json

    assert listed["next_cursor"] is None
    assert [each | {"created_at": ""} for each in listed["items"]] == [
        {
            "id": sent[0],
            "event_id": event["id"],
            "hook_id": hook["id"],
            "state": "delivered",
            "status_code": 200,
            "error": None,
            "created_at": "",
            "next_attempt_at": None,
            "finished_at": "2026-11-22T07:00:00.120000Z",
            "attempts": [
                {
                    "number": 1,
                    "started_at": "2026-11-22T07:00:00Z",
                    "duration_ms": 120,
                    "status_code": 503,
                    "error": "HTTP 503",
                },
                {
                    "number": 2,
                    "started_at": "2026-11-22T07:00:00Z",
                    "duration_ms": 120,
                    "status_code": 200,
                    "error": None,
                },
            ],
        }
    ]
    assert api.call("GET", "/deliveries", state="gave_up").json["items"] == []
    assert len(api.call("GET", f"/events/{event['id']}/deliveries").json["items"]) == 1
