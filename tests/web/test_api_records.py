"""What is known by now: found by e-mail address, id, domain and state, in pages; and all of a customer at once."""

import pytest

ZOE = {"id": "cus_1", "name": "Zoë Müller", "email": "zoe@example.com", "company": None}


@pytest.fixture
def learnt(api):
    """250 invoices of Zoë's, a subscription, and somebody else's."""
    made = api.events(250, "invoice.paid", customer=ZOE)
    for number, event in enumerate(made):
        known = {"id": f"in_{number}", "number": f"INV-{number}", "status": "paid"}
        event["data"] = {**event["data"], "invoice": {**event["data"]["invoice"], **known}}
    other = api.event(
        "service.suspended", customer={"id": "cus_2", "name": None, "email": "bo@example.com", "company": None}
    )
    api.learn(api.mine.id, *made, other)
    return api


def found(api, path, **query):
    answer = api.call("GET", path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def test_every_record_is_listed_once_over_all_pages(learnt):
    seen, cursor = [], None
    while True:
        query = {"limit": 40} | ({"cursor": cursor} if cursor else {})
        page = learnt.call("GET", "/invoices", **query).json
        seen += [item["invoice"]["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(f"INV-{number}" for number in range(250))


def test_a_record_says_what_it_is_where_and_by_which_event(learnt):
    (item,) = found(learnt, "/invoices", id="INV-7")

    assert item["kind"] == "invoice"
    assert item["native_id"] == "in_7"
    assert item["status"] == "paid"
    assert item["customer"] == ZOE
    assert item["event"]["type"] == "invoice.paid"
    assert found(learnt, "/invoices", id=item["id"]) == found(learnt, "/invoices", id="in_7") == [item]


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("/customers", {"email": "ZOE@example.com"}, 1),
        ("/customers", {"id": "cus_2"}, 1),
        ("/customers", {"email": "nobody@example.com"}, 0),
        ("/invoices", {"customer": "cus_1", "limit": 5}, 5),
        ("/invoices", {"status": "void"}, 0),
        ("/services", {"status": "suspended"}, 1),
        ("/services", {"domain": "ACME-SHOP.example"}, 1),
        ("/services", {"source": "src_other"}, 0),
        # as a person types it at the first try
        ("/customers", {"email": " Zoe@Example.com "}, 1),
        ("/services", {"domain": "www.acme-shop.example"}, 1),
        ("/invoices", {"id": "#INV-7"}, 1),
        ("/invoices", {"id": " # INV-7"}, 1),
        ("/alerts", {}, 0),
    ],
)
def test_records_are_found_by_what_is_known_of_them(learnt, path, query, count):
    assert len(found(learnt, path, **query)) == count


def test_all_that_is_known_of_a_customer_comes_in_one_answer(learnt):
    (zoe,) = found(learnt, "/customers", email="zoe@example.com")

    summary = learnt.call("GET", f"/customers/{zoe['id']}/summary").json

    assert summary["customer"]["name"] == "Zoë Müller"
    assert len(summary["invoices"]) == 50
    assert summary["services"] == []
    assert len(summary["recent_events"]) == 10
    assert set(summary["recent_events"][0]) == {"id", "type", "occurred_at", "severity", "summary"}


def test_what_is_no_customer_has_no_summary(learnt):
    (invoice,) = found(learnt, "/invoices", id="INV-7")

    assert learnt.call("GET", f"/customers/{invoice['id']}/summary").status_code == 404
