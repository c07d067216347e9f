"""Somebody asks for something over the API of a running relay, somebody else allows it, and it is done once."""

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from actions.fake_vendor import FakeVendor
from kit.relays import LATE, Embedded
from kit.subscriber import Subscriber
from kit.waiting import until
from relay.formats import jsontext
from relay.providers.hestiacp.tests import vendor as hestiacp
from relay.providers.whmcs.tests import vendor as whmcs_vendor

AT_ONCE = 20
KEYS = {"api_access_key": "access", "api_secret_key": "s3cret"}
BILLING = {"api_identifier": "ident", "api_secret": "s3cret"}


class Caller:
    """Calls the API with one key."""

    def __init__(self, relay: Embedded, key: str) -> None:
        self._port, self._key = relay.port, key

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        sent = None if body is None else jsontext.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"content-type": "application/json"} if body is not None else {}
        try:
            line.request(method, path, sent, {"authorization": f"Bearer {self._key}", **kind, **named})
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        is_json = "json" in answer.headers["content-type"]
        return answer.status, jsontext.loads(content) if is_json else content.decode()


def test_an_action_from_the_call_to_the_panel_and_back(tmp_path: Path) -> None:
    hestia, whmcs = hestiacp.Account(), whmcs_vendor.Account()
    with (
        FakeVendor(hestia) as panel,
        FakeVendor(whmcs) as billing,
        Embedded(tmp_path / "relay") as relay,
        Subscriber() as watching,
    ):
        relay.source("Server 1", "hestiacp", settings={"api_url": panel.url, **KEYS})
        relay.source("Billing", "whmcs", settings={"api_url": billing.url, **BILLING})
        relay.hook(watching.url, None, event_types=["action.completed", "action.approval_requested"])
        asks = Caller(relay, relay.command("key", "add", "--scopes", "events:read,actions:run")["key"])
        allows = Caller(relay, relay.command("key", "add", "--scopes", "admin")["key"])

        # One key, many calls: one effect, and everybody gets its answer.
        suspend = {"service_id": "acme", "reason": "Invoice INV-1042 is not paid", "source": "Server 1"}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(
                pool.map(
                    lambda _: asks("POST", "/api/v1/actions/service.suspend", suspend, idempotency_key="k1"),
                    range(AT_ONCE),
                )
            )
        assert {status for status, _ in answers} <= {200, 202}
        assert len({body["id"] for _, body in answers}) == 1
        assert (200, "suspended") in {(status, body["service_status"]) for status, body in answers}
        assert [each.form["cmd"] for each in panel.done if each.form["cmd"] != "v-list-user"] == ["v-suspend-user"]

        # How the service is now is known from it, though its panel posts nothing of that.
        known = until(lambda: asks("GET", "/api/v1/services?id=acme")[1]["items"], "the registry has learnt it")
        assert (known[0]["status"], known[0]["source"]["name"]) == ("suspended", "Server 1")
        _, found = asks("POST", "/api/v1/actions/customer.fetch", {"email": "zoe@acme.example"})
        assert found["customer_id"] == "41"
        customer = until(lambda: asks("GET", "/api/v1/customers?email=ZOE@acme.example")[1]["items"], "it is known")
        assert (customer[0]["customer"]["name"], customer[0]["source"]["name"]) == ("Zoë Müller", "Billing")

        # Money waits for a person; who asks does not allow.
        status, pending = asks("POST", "/api/v1/actions/invoice.retry_payment", {"invoice_id": "1042"})
        assert (status, pending["status"]) == (202, "pending_approval")
        assert whmcs.captured == 0
        assert asks("POST", f"/api/v1/action-runs/{pending['id']}/approve")[0] == 403
        _, shown = allows("GET", f"/api/v1/action-runs/{pending['id']}")
        link = re.sub(r"^http://[^/]+", "", shown["approve_url"])
        status, page = Caller(relay, "nobody")("GET", link)
        assert status == 200
        assert "Retry Invoice Payment" in page
        assert "1042" in page
        assert whmcs.captured == 0, "looking at the page decides nothing"
        status, page = Caller(relay, "nobody")("POST", f"{link}/approve")
        assert status == 200
        assert "Approved" in page
        until(lambda: asks("GET", f"/api/v1/action-runs/{pending['id']}")[1]["status"] == "succeeded", "it is done")
        assert whmcs.captured == 1
        assert Caller(relay, "nobody")("POST", f"{link}/approve")[0] == 409

        # What cannot be done is an error that says why; a rehearsal sends nothing.
        status, refused = asks(
            "POST", "/api/v1/actions/service.suspend", {"service_id": "nobody1", "source": "Server 1"}
        )
        assert (status, refused["error"]["code"]) == (422, "no_such_thing")
        before = len(panel.done)
        _, told = asks(
            "POST",
            "/api/v1/actions/service.change_package",
            {"service_id": "acme", "package": "gold", "source": "Server 1", "dry_run": True},
        )
        assert told["would_send"][0]["body"]["cmd"] == "v-change-user-package"
        assert "s3cret" not in str(told)
        assert len(panel.done) == before + 1, "it only read"

        until(lambda: len(watching.taken) >= 5, "each end is told as an event")
        ends = [(each.event["type"], each.event["data"]["action"]["status"]) for each in watching.taken]
        assert sorted(ends) == [
            ("action.approval_requested", "pending_approval"),
            ("action.completed", "failed"),
            *[("action.completed", "succeeded")] * 3,
        ]
        assert [each for each in relay.command("action", "runs") if each["status"] == "failed"]
        assert "s3cret" not in relay.said()


def test_killed_between_effect_and_record_it_is_found_out_and_not_done_twice(tmp_path: Path) -> None:
    """The vendor has done it and does not answer; whoever waits for the answer is killed. The next one finds out."""
    hestia, whmcs = hestiacp.Account(), whmcs_vendor.Account()
    with (
        FakeVendor(hestia) as panel,
        FakeVendor(whmcs) as billing,
        Embedded(tmp_path / "relay") as relay,
        ThreadPoolExecutor(2) as pool,
    ):
        relay.source("Server 1", "hestiacp", settings={"api_url": panel.url, **KEYS})
        relay.source("Billing", "whmcs", settings={"api_url": billing.url, **BILLING})
        call = Caller(relay, relay.command("key", "add", "--scopes", "admin,events:read,actions:run")["key"])
        call("POST", "/api/v1/action-policies", {"action": "invoice.retry_payment", "mode": "never"})
        panel.next("POST", "/api/", "hangs", after=1)
        billing.next("POST", "/", "hangs", after=1)

        for path, body in (
            ("service.suspend", {"service_id": "acme", "source": "Server 1"}),
            ("invoice.retry_payment", {"invoice_id": "1042", "source": "Billing"}),
        ):
            pool.submit(call, "POST", f"/api/v1/actions/{path}", body)
        until(lambda: hestia.user["SUSPENDED"] == "yes" and whmcs.captured == 1, "both have had their effect")
        relay.kill(LATE)
        relay.end_leases()

        runs = until(lambda: ended(call), "both have ended")

    assert {each["action"]: each["status"] for each in runs} == {
        "service.suspend": "succeeded",
        "invoice.retry_payment": "succeeded",
    }
    assert whmcs.captured == 1
    told = [each.form["cmd"] for each in panel.done if each.form["cmd"] != "v-list-user"]
    assert told == ["v-suspend-user"]


def ended(call: Caller) -> list[dict[str, Any]] | None:
    _, found = call("GET", "/api/v1/action-runs")
    done = [each for each in found["items"] if each["finished_at"]]
    return done if len(done) == 2 else None
