"""The whole way of an event, as its user runs it: `relay up`, a source, a hook, webhooks from outside."""

import hashlib
import hmac
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from standardwebhooks import Webhook

from kit.processes import of_data_directory
from kit.relays import Embedded
from kit.sender import Answer, post
from kit.subscriber import Subscriber
from kit.waiting import until
from relay.formats import jsontext

SECRET = "whsec_of_the_journey"
PLANTED = ("planted-client-secret", "planted-password", "planted-private-key")
_GENUINE = 120


def invoice_paid(number: int) -> bytes:
    """A paid invoice, as Stripe posts it, with secrets that must not survive its coming in."""
    invoice = {
        "id": f"in_journey{number}",
        "object": "invoice",
        "number": f"INV-{number}",
        "status": "paid",
        "total": 2400,
        "amount_due": 2400,
        "amount_paid": 2400,
        "amount_remaining": 0,
        "currency": "eur",
        "customer": f"cus_journey{number}",
        "customer_name": "Zoë Müller",
        "customer_email": "zoe@example.com",
        "confirmation_secret": PLANTED[0],
        "metadata": {"panel_password": PLANTED[1]},
        "footer": f"-----BEGIN PRIVATE KEY-----{PLANTED[2]}-----END PRIVATE KEY-----",
    }
    return json.dumps(
        {
            "id": f"evt_journey{number}",
            "object": "event",
            "created": int(time.time()),
            "type": "invoice.paid",
            "livemode": True,
            "data": {"object": invoice},
        }
    ).encode()


def signed(body: bytes, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - age)
    mac = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
    return {"content-type": "application/json", "stripe-signature": f"t={stamp},v1={mac}"}


GARBAGE = (b"\xff\xfe", b"[" * 100_000, b'{"id":1,"id":2}', b'{"a":NaN}', b"", b"null", b"[]", b'"\\ud800"')
"""Signed, so that it is kept, whatever can be read of it."""


def storm(address: str) -> dict[str, list[Answer]]:
    """200 webhooks at once: genuine ones, every fourth of them twice, forgeries, stale ones and garbage."""
    bodies = [invoice_paid(number) for number in range(_GENUINE)]
    kinds: list[tuple[str, bytes, dict[str, str]]] = [("genuine", body, signed(body)) for body in bodies]
    kinds += [("genuine", body, signed(body)) for body in bodies[::4]]
    kinds += [("forged", body, signed(body, secret="whsec_other")) for body in bodies[:20]]
    kinds += [("stale", body, signed(body, age=3600)) for body in bodies[:10]]
    kinds += [("unsigned", body, {"content-type": "application/json"}) for body in bodies[:10]]
    kinds += [("garbage", body, signed(body)) for body in GARBAGE]
    kinds += [("too large", b" " * (1024 * 1024 + 1), signed(b"")), ("zipped", bodies[0], {"content-encoding": "gzip"})]
    random.Random(7).shuffle(kinds)

    def send(each: tuple[str, bytes, dict[str, str]]) -> tuple[str, Answer]:
        kind, body, headers = each
        return kind, post(address, body, headers)

    answers: dict[str, list[Answer]] = {}
    with ThreadPoolExecutor(16) as pool:
        for kind, answer in pool.map(send, kinds):
            answers.setdefault(kind, []).append(answer)
    return answers


def test_genuine_webhooks_are_delivered_once_each_and_nothing_else_is(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay") as relay, Subscriber() as subscriber:
        source = relay.command("source", "add", "stripe", "--name", "Stripe EU", "--secret", SECRET)
        hook = relay.command("hook", "add", subscriber.url, "--events", "invoice.paid")

        answers = storm(f"{relay.url}/in/{source['id']}")

        statuses = {kind: Counter(answer.status for answer in given) for kind, given in answers.items()}
        assert statuses.pop("genuine") == {202: _GENUINE, 200: _GENUINE // 4}
        assert {kind: set(found) for kind, found in statuses.items()} == {
            "forged": {401},
            "stale": {401},
            "unsigned": {401},
            "garbage": {202},
            "too large": {413},
            "zipped": {415},
        }
        ids = Counter(answer.said["id"] for answer in answers["genuine"])
        assert Counter(ids.values()) == {1: _GENUINE - _GENUINE // 4, 2: _GENUINE // 4}

        until(lambda: len(subscriber.received) >= _GENUINE, "every genuine webhook is delivered")
        until(lambda: not any(relay.left().values()), "nothing is left to do")
        native = Counter(each.native_id for each in subscriber.received)
        assert native == {f"evt_journey{number}": 1 for number in range(_GENUINE)}
        for each in subscriber.received:
            Webhook(hook["secret"]).verify(each.body, dict(each.headers))
            assert each.headers["x-relay-token"] == hook["token"]
            assert each.event["data"]["invoice"]["amount_minor"] == 2400

        shown = jsontext.dumps([relay.command("events", "--limit", "1000"), relay.command("deliveries")])
        assert len(relay.opened()) == _GENUINE + len(GARBAGE)
        for kept in (shown, *relay.opened(), *(each.body for each in subscriber.received)):
            assert not any(secret.encode() in kept for secret in (*PLANTED, SECRET, hook["token"]))

        assert relay.stop() == 0
        assert of_data_directory(relay.directory) == []
        for path in (*relay.directory.rglob("*"), relay.log):
            if path.is_file():
                kept = path.read_bytes()
                assert not any(secret.encode() in kept for secret in (*PLANTED, SECRET, hook["token"])), path.name

        relay.start()
        until(lambda: not relay.complaints(), "a relay that was stopped starts again")
        assert len(subscriber.received) == _GENUINE


def test_the_demo_shows_events_flowing(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay", "--demo") as relay:
        told = ("service.suspended", "Invoice INV-1042", "monitor.down")
        until(
            lambda: all(each in relay.log.read_text() for each in told),
            "the demo's subscriber prints what it is told",
        )
        assert relay.log.read_text().count("\nevent ") > 80
        assert relay.stop() == 0
