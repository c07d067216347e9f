"""With the app's credentials PayPal is asked for each event, and nothing of the body but its id is believed."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from kit.vendor import Vendor
from kit.waiting import until
from kit.workbench import Belt, Workbench, sqlite_url
from relay.formats import jsontext
from relay.model import Inbound, Source, new_id, now_ms
from relay.outbound import replay
from relay.pipeline import read
from relay.providers import get
from relay.providers.paypal.postback import api_address
from relay.providers.paypal.tests.authority import WEBHOOK_ID, authority
from relay.providers.paypal.tests.forgery import with_checksum
from relay.providers.paypal.verification import SIMULATOR
from relay.security.verification import Credentials
from relay.storage import inbound, sources
from relay.watch.findings import of_api

PAYPAL = get("paypal")
TOKEN, EVENTS = "/v1/oauth2/token", "/v1/notifications/webhooks-events/"
APP = {"client_id": "app", "client_secret": "secret-of-the-app"}
SETTLED_MS, PATIENCE_MS = 121_000, 24 * 3600 * 1000 + 1000


def sale(native_id: str = "WH-1", total: str = "24.00", **more: Any) -> dict[str, Any]:
    resource = {"id": f"S-{native_id}", "amount": {"total": total, "currency": "EUR"}, "payer_id": "P-1"}
    return {
        "id": native_id,
        "event_type": "PAYMENT.SALE.COMPLETED",
        "create_time": "2026-11-22T07:00:00Z",
        "resource": resource,
        **more,
    }


@dataclass
class Relay:
    """A worker whose PayPal is a vendor of the test's own."""

    bench: Workbench
    vendor: Vendor
    belt: Belt = field(init=False)

    def __post_init__(self) -> None:
        self.belt = Belt(self.bench)
        self.vendor.answers = {TOKEN: {"access_token": "A21-1", "expires_in": 32400}}

    def source(self, **settings: str) -> Source:
        kept = {**PAYPAL.usual_settings, "webhook_id": WEBHOOK_ID, "api_base": self.vendor.url, **settings}
        made = Source(new_id("src"), self.bench.workspace_id, "paypal", "PayPal", settings=kept)
        with self.bench.database.write() as connection:
            sources.add(connection, self.bench.vault, made, now_ms())
        return made

    def accept(self, body: Any, source: Source | None = None, **more: Any) -> None:
        kept = body if isinstance(body, bytes) else jsontext.dumps(body)
        self.bench.keep(source or self.source(**APP), Inbound(kept), key=new_id("msg"), **more)

    def knows(self, *events: dict[str, Any]) -> None:
        self.vendor.answers |= {EVENTS + event["id"]: event for event in events}

    def work(self) -> None:
        self.belt.process()

    def told(self) -> list[tuple[Any, ...]]:
        """Type, amount, native id and name, what is signed and whether all is found, of each event."""
        return [
            (
                each["type"],
                (each["data"].get("payment") or {}).get("amount_minor"),
                each["provider_event"]["id"],
                each["provider_event"]["type"],
                each["source"]["signed"],
                each["enriched"],
            )
            for each in self.bench.events()
        ]


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setattr(read, "_ASK_AGAIN_MS", 0)
    with Workbench(sqlite_url(tmp_path)) as bench, Vendor() as vendor:
        made = Relay(bench, vendor)
        yield made
        made.belt.api_reader.close()


def unknown(native_id: str = "WH-1") -> list[tuple[Any, ...]]:
    return [("unknown", None, native_id, None, "fetched", False)]


SUCCEEDED = [("payment.succeeded", 2400, "WH-1", "PAYMENT.SALE.COMPLETED", "fetched", True)]


def test_a_forged_body_that_fits_a_genuine_signature_is_told_as_paypal_has_the_event(relay: Relay) -> None:
    scheme, source = authority().scheme(), relay.source(**APP)
    held, now = Credentials(settings=source.settings), now_ms() / 1000
    genuine = scheme.sign(Inbound(jsontext.dumps(sale())), held, now)
    before = jsontext.dumps(sale(total="99999.00"))[:-1] + b',"x":"'
    forged = replace(genuine, body=with_checksum(before, b"a" * 12, b'"}', zlib.crc32(genuine.body)))
    relay.knows(sale())

    proof = scheme.verify(forged, held, now)
    relay.accept(forged.body, source, proof=proof)
    relay.work()

    assert jsontext.loads(forged.body)["resource"]["amount"]["total"] == "99999.00"
    assert relay.told() == SUCCEEDED


def test_a_body_that_says_another_type_and_time_is_told_as_paypal_has_the_event(relay: Relay) -> None:
    relay.knows(sale())

    relay.accept(sale(event_type="CUSTOMER.DISPUTE.CREATED", create_time="2020-01-01T00:00:00Z"))
    relay.work()

    assert relay.told() == SUCCEEDED
    assert [each["occurred_at"] for each in relay.bench.events()] == ["2026-11-22T07:00:00Z"]


def test_without_credentials_nobody_is_asked_and_the_body_is_told(relay: Relay) -> None:
    for half in ({}, {"client_id": "app"}, {"client_secret": "secret"}):
        relay.accept(sale(), relay.source(**half))
    relay.work()

    assert relay.told() == [("payment.succeeded", 2400, "WH-1", "PAYMENT.SALE.COMPLETED", "partly", None)] * 3
    assert relay.vendor.asked == []


def test_paypal_is_asked_with_a_token_that_it_gave_for_the_apps_credentials(relay: Relay) -> None:
    relay.knows(sale())
    relay.accept(sale())
    relay.work()

    login, question = relay.vendor.asked

    assert (login.method, login.path, login.body) == ("POST", TOKEN, b"grant_type=client_credentials")
    assert login.headers["authorization"] == "Basic YXBwOnNlY3JldC1vZi10aGUtYXBw"
    assert (question.method, question.path) == ("GET", f"{EVENTS}WH-1")
    assert question.headers["authorization"] == "Bearer A21-1"


def test_a_token_is_used_again_and_another_secret_gets_its_own(relay: Relay) -> None:
    source = relay.source(**APP)
    for number in range(3):
        relay.knows(sale(f"WH-{number}"))
        relay.accept(sale(f"WH-{number}"), source)
        relay.work()
    relay.accept(sale("WH-0"), relay.source(client_id="app", client_secret="another"))
    relay.work()

    assert relay.vendor.paths.count(TOKEN) == 2
    assert len(relay.told()) == 4


def test_many_webhooks_at_once_ask_for_one_token(relay: Relay) -> None:
    source = relay.source(**APP)
    for number in range(30):
        relay.knows(sale(f"WH-{number}"))
        relay.accept(sale(f"WH-{number}"), source)
    relay.work()

    assert relay.vendor.paths.count(TOKEN) == 1
    assert {(each[0], each[-1]) for each in relay.told()} == {("payment.succeeded", True)}


def test_a_token_that_is_refused_is_replaced(relay: Relay) -> None:
    tokens = iter([{"access_token": f"A21-{number}", "expires_in": 32400} for number in (1, 2)])
    answers = iter([401, sale()])
    relay.vendor.answers = {TOKEN: lambda: next(tokens), f"{EVENTS}WH-1": lambda: next(answers)}
    relay.accept(sale())
    relay.work()

    assert relay.told() == SUCCEEDED
    assert relay.vendor.paths == [TOKEN, f"{EVENTS}WH-1"] * 2
    assert relay.vendor.asked[-1].headers["authorization"] == "Bearer A21-2"


def test_an_app_that_paypal_does_not_know_yet_is_asked_for_again(relay: Relay) -> None:
    tokens = iter([401, {"access_token": "A21-1", "expires_in": 32400}])
    relay.vendor.answers[TOKEN] = lambda: next(tokens)
    relay.knows(sale())
    relay.accept(sale())

    with capture_logs() as logs:
        until(lambda: relay.work() or relay.told(), "it is told")

    assert relay.told() == SUCCEEDED
    assert [each["reason"] for each in logs if each["event"] == "no_answer"] == ["token_status_401"]
    assert "secret-of-the-app" not in str(logs)
    assert "A21-1" not in str(logs)


@pytest.mark.parametrize("answer", [401, 403, 500, {}, {"access_token": ""}, [], b"<html>"])
def test_where_no_token_can_be_had_for_a_day_the_event_is_unknown(relay: Relay, answer: Any) -> None:
    relay.vendor.answers[TOKEN] = answer
    relay.knows(sale())
    relay.accept(sale(), at=now_ms() - PATIENCE_MS)
    relay.work()

    assert relay.told() == unknown()
    assert relay.vendor.paths == [TOKEN]


def test_while_paypal_is_away_the_webhook_waits_and_is_told_afterwards(relay: Relay) -> None:
    answers = iter([503, 429, sale()])
    relay.vendor.answers[f"{EVENTS}WH-1"] = lambda: next(answers)
    relay.accept(sale(total="1.00"))

    until(lambda: relay.work() or relay.told(), "it is told")

    assert relay.told() == SUCCEEDED


def test_nothing_is_told_while_paypal_is_away(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_ASK_AGAIN_MS", 60_000)
    relay.vendor.answers[f"{EVENTS}WH-1"] = 503
    relay.accept(sale())
    relay.work()

    assert relay.told() == []
    with relay.bench.database.read() as connection:
        kept = inbound.get(connection, 1)
    assert kept is not None
    assert kept.put_off == 1


def test_an_event_that_paypal_posts_before_it_can_be_asked_for_is_asked_for_again(relay: Relay) -> None:
    answers = iter([404, 404, sale()])
    relay.vendor.answers[f"{EVENTS}WH-1"] = lambda: next(answers)
    relay.accept(sale())

    until(lambda: relay.work() or relay.told(), "it is told")

    assert relay.told() == SUCCEEDED


def test_what_paypal_does_not_know_is_unknown_and_says_what_to_do(relay: Relay) -> None:
    relay.accept(sale(), at=now_ms() - SETTLED_MS)
    relay.work()

    assert relay.told() == unknown()
    [event] = relay.bench.events()
    assert (
        "client_id, client_secret and mode are those of the app that the webhook belongs to"
        in (event["data"]["unknown"]["reason"])
    )
    assert b"24" not in jsontext.dumps(event["data"])


@pytest.mark.parametrize(
    "answer", [sale("WH-2"), {"events": [sale()]}, {}, [], "WH-1", {"id": "WH-1", "event_type": 7}]
)
def test_only_the_event_that_was_asked_for_is_an_answer(relay: Relay, answer: Any) -> None:
    relay.vendor.answers[f"{EVENTS}WH-1"] = answer
    relay.accept(sale(), at=now_ms() - PATIENCE_MS)
    relay.work()

    assert [(each[0], each[1], each[2], each[4]) for each in relay.told()] == [("unknown", None, "WH-1", "fetched")]


@pytest.mark.parametrize("own_id", [None, "", 7, [], {}, ".", "..", "../webhooks-events", "WH-1?x=1", "WH-1/resend"])
def test_no_id_in_a_body_leads_elsewhere_or_is_told_by_the_body(relay: Relay, own_id: Any) -> None:
    relay.knows(sale())
    relay.accept(sale() | {"id": own_id}, at=now_ms() - PATIENCE_MS)
    relay.work()

    assert [(each[0], each[1], each[4]) for each in relay.told()] == [("unknown", None, "fetched")]
    assert all(path == TOKEN or path.count("/") == EVENTS.count("/") for path in relay.vendor.paths)


def test_what_was_unknown_is_told_when_it_is_sent_again_with_the_right_credentials(relay: Relay) -> None:
    relay.accept(sale(), at=now_ms() - SETTLED_MS)
    relay.work()
    [event] = relay.bench.events()
    relay.knows(sale())

    replay.one(relay.bench.working_in(), event["id"], api_reader=relay.belt.api_reader)

    assert sorted(relay.told()) == sorted(SUCCEEDED + unknown())


def test_what_the_simulator_sends_is_told_as_it_came(relay: Relay) -> None:
    source = relay.source(**APP, allow_simulator="yes")
    scheme, held, now = authority().scheme(), Credentials(settings=source.settings), now_ms() / 1000
    simulated = Credentials(settings={**source.settings, "webhook_id": "WEBHOOK_ID"})
    webhook = scheme.sign(Inbound(jsontext.dumps(sale())), simulated, now)

    proof = scheme.verify(webhook, held, now)
    relay.accept(webhook.body, source, proof=proof)
    relay.work()

    assert proof == SIMULATOR
    assert relay.told() == [("payment.succeeded", 2400, "WH-1", "PAYMENT.SALE.COMPLETED", "partly", None)]
    assert relay.vendor.asked == []


def test_where_the_simulator_is_allowed_paypals_own_webhooks_are_still_asked_for(relay: Relay) -> None:
    relay.knows(sale())
    relay.accept(sale(total="1.00"), relay.source(**APP, allow_simulator="yes"))
    relay.work()

    assert relay.told() == SUCCEEDED


def test_secrets_in_paypals_answer_are_neither_told_nor_kept_in_the_event(relay: Relay) -> None:
    login = "https://user:planted-secret@example.com/"
    relay.knows(sale(resource={"id": "S-1", "custom": login, "amount": {"total": "24.00", "currency": "EUR"}}))
    relay.accept(sale())
    relay.work()

    assert [each[:2] for each in relay.told()] == [("payment.succeeded", 2400)]
    assert b"planted-secret" not in jsontext.dumps(relay.bench.events())


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({"mode": "live"}, "https://api-m.paypal.com"),
        ({"mode": "sandbox"}, "https://api-m.sandbox.paypal.com"),
        ({}, "https://api-m.paypal.com"),
        ({"mode": "live", "api_base": "https://api.paypal.com/"}, "https://api.paypal.com"),
    ],
)
def test_the_mode_says_which_of_paypals_hosts_is_asked(settings: dict[str, str], address: str) -> None:
    assert PAYPAL.look_up is not None
    assert PAYPAL.look_up.address(settings) == api_address(settings) == address


def test_doctor_misses_credentials_only_where_half_of_them_are_there(relay: Relay) -> None:
    found = [
        [each.found for each in of_api(relay.source(**settings), 0, 0)]
        for settings in ({}, APP, {"client_id": "app"}, {"client_secret": "secret"})
    ]

    assert found == [
        [],
        [],
        ["its events lack details: it has no client_secret"],
        ["its events lack details: it has no client_id"],
    ]
