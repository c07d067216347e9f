"""Webhooks over real connections to the relay's own server: answered in its loop or by a thread, nobody can tell."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from kit.lines import answers, heard, one_answer, whole_answers
from kit.serving import Serving, serving
from kit.signing import credentials, signing_scheme
from relay.develop.samples import RECEIVED_AT, Sample, all_samples
from relay.errors import StorageUnavailable
from relay.inbound import receive
from relay.inbound.receive import Receiver, is_prompt
from relay.inbound.stored import unpack
from relay.model import Inbound
from relay.providers import get, load
from relay.sdk.provider import Provider
from relay.security.verification import TOKEN, Credentials
from relay.storage import inbound as rows
from relay.storage.tables import inbound
from relay.web.framework.door import Post, Said
from relay.web.public.door import InboundDoor

POSTED = [
    (provider, sample)
    for provider in load().values()
    if provider.kind != "relay"
    for sample in all_samples(provider.name)[:1]
    if sample.inbound.method == "POST"
]
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Watched(InboundDoor):
    """A door that counts what goes through it."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self.receiver = receiver
        self.through = 0

    def answer(self, posts: Sequence[Post], said: Said) -> None:
        self.through += len(posts)
        super().answer(posts, said)


@dataclass
class Front:
    """The relay behind its own server."""

    api: Any
    server: Serving
    door: Watched

    def source(self, provider: str = "alertmanager", *, known: bool = True, **fields: Any) -> dict[str, Any]:
        """A source; unless it is not `known`, what it sends can be answered in the loop."""
        made: dict[str, Any] = self.api.source(provider=provider, **fields)
        if known:
            self.door.receiver.source(made["id"])
            self.door.receiver._prompt.add(provider)
        return made

    def say(self, *requests: bytes) -> list[tuple[int, dict[str, str], Any]]:
        """The answers to requests, each on a connection of its own, sent one after the other without waiting."""
        lines = [self.server.connect() for _ in requests]
        for line, asked in zip(lines, requests, strict=True):
            line.sendall(asked)
        found = [one_answer(line) for line in lines]
        for line in lines:
            line.close()
        return found

    def kept(self, source: dict[str, Any]) -> list[tuple[Inbound, str, str]]:
        """What is stored of a source: the webhooks, what proved them, what a repeat is known by."""
        with self.api.database.read() as connection:
            found = connection.execute(select(inbound).where(inbound.c.source_id == source["id"])).all()
        opened = [(unpack(self.api.vault.open(each.sealed, each.id)), each) for each in found]
        return [(replace(each, received_at=RECEIVED_AT), row.verified_by, row.dedupe_key) for each, row in opened]


@pytest.fixture
def front(api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    for name in ("_SOURCE_FRESH_SECONDS", "_SOURCE_RENEWED_SECONDS"):
        monkeypatch.setattr(receive, name, 3600.0)  # however busy the machine is
    door = Watched(api.app.extensions["door"]._receiver)
    with serving(api.app, lambda _: door) as server:
        yield Front(api, server, door)


def request(source: dict[str, Any], webhook: Inbound) -> bytes:
    """A webhook as it comes over the wire. A token comes in a header: with a query no post is plain."""
    headers = dict(webhook.headers)
    query = dict(webhook.query)
    if token := query.pop(TOKEN, None):
        headers["authorization"] = f"Bearer {token}"
    path = f"/in/{source['id']}" + (f"?{urlencode(query)}" if query else "")
    said = {"host": "relay.example.com", **headers, "content-length": str(len(webhook.body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join([*lines, "", ""]).encode() + webhook.body


def alert(source: dict[str, Any], number: int = 0, *, secret: str | None = None, **headers: str) -> bytes:
    """A webhook of Alertmanager, proved by a token."""
    token = {"authorization": f"Bearer {secret or source['secret']}"}
    return request(source, Inbound(b'{"alerts": [], "number": %d}' % number, {**token, **headers}))


def said_of(source: dict[str, Any], sample: Sample, provider: Provider) -> bytes:
    held = credentials(provider)
    known = Credentials(held.secrets, {**held.settings, **sample.inbound.settings}, source["url"])
    return request(source, signing_scheme(provider).sign(sample.inbound, known, time.time()))


@pytest.mark.parametrize(("provider", "sample"), POSTED, ids=[provider.name for provider, _ in POSTED])
def test_in_the_loop_each_provider_is_answered_and_kept_as_by_a_thread(
    front: Front, provider: Provider, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = credentials(provider)
    secret = held.secrets[0] if held.secrets else None
    fields = {"secret": secret, "settings": {**held.settings, **sample.inbound.settings}}
    slowly, swiftly = (front.source(provider.name, known=known, **fields) for known in (False, is_prompt(provider)))
    plain = not {name: text for name, text in sample.inbound.query.items() if name != TOKEN}

    ((status, headers, content),) = front.say(said_of(slowly, sample, provider))
    through = front.door.through
    ((again_status, again_headers, again_content),) = front.say(said_of(swiftly, sample, provider))

    assert through == 0
    assert front.door.through == (plain and is_prompt(provider))
    assert status == again_status
    changing = {"date", "content-length"}
    assert {name: headers[name] for name in headers.keys() - changing} == {
        name: again_headers[name] for name in again_headers.keys() - changing
    }
    for each in (content, again_content):
        if isinstance(each, dict) and "id" in each:
            each.pop("id")
    assert content == again_content
    ours = [(replace(each, headers={}), proof) for each, proof, _ in front.kept(slowly)]
    assert ours == [(replace(each, headers={}), proof) for each, proof, _ in front.kept(swiftly)]
    assert [each.headers.keys() for each, *_ in front.kept(slowly)] == [
        each.headers.keys() for each, *_ in front.kept(swiftly)
    ]


def test_webhooks_that_come_together_get_their_own_answers(front: Front) -> None:
    source = front.source()

    found = front.say(alert(source, 1), alert(source, 2, secret="wrong"), alert(source, 1), alert(source, 3))

    assert [status for status, *_ in found] == [202, 401, 200, 202] or [status for status, *_ in found] == [
        200,
        401,
        202,
        202,
    ]
    assert found[0][2]["id"] == found[2][2]["id"]
    assert len(front.kept(source)) == 2
    assert front.door.through == 4


def test_repeated_headers_and_odd_ones_are_kept_as_by_a_thread(front: Front) -> None:
    slowly, swiftly = front.source(known=False), front.source()
    odd = b"X-Twice: a\r\nx-twice: b\r\nX_Under: gone\r\nX-Empty:\r\nX-Latin: caf\xe9\r\nContent-Type:\r\n"

    for source in (slowly, swiftly):
        ((status, *_),) = front.say(alert(source).replace(b"content-length", odd + b"content-length"))
        assert status == 202

    ((slow, *_),), ((swift, *_),) = front.kept(slowly), front.kept(swiftly)
    assert swift == slow
    assert (swift.headers["x-twice"], "x-under" in swift.headers) == ("a,b", False)
    assert front.door.through == 1


@pytest.mark.parametrize("provider", ["paypal", "mollie", "hostinger", "braintree"])
def test_what_may_wait_for_somebody_is_never_proved_in_the_loop(front: Front, provider: str) -> None:
    source = front.source(provider, settings={"api_key": "test_key"} if provider in ("mollie", "hostinger") else {})
    front.door.receiver._prompt.discard(provider)

    for _ in range(2):
        front.say(request(source, Inbound(b"id=tr_1", {"content-type": "application/x-www-form-urlencoded"})))

    assert front.door.through == 0


def test_the_first_webhook_of_a_provider_and_of_a_source_goes_to_a_thread(front: Front) -> None:
    first, second = front.source(known=False), front.source(known=False)

    through = []
    for number, source in enumerate((first, first, second, second)):
        assert front.say(alert(source, number))[0][0] == 202
        through.append(front.door.through)

    assert through == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("headers", "status"), [({"content-encoding": "gzip"}, 415), ({"relay-hops": "4"}, 422), ({"relay-hops": "1"}, 202)]
)
def test_what_may_be_refused_for_a_header_is_judged_the_long_way(
    front: Front, headers: dict[str, str], status: int
) -> None:
    assert front.say(alert(front.source(), **headers))[0][0] == status


def test_no_such_source_is_said_by_a_thread(front: Front) -> None:
    nobody = {"id": "src_nobody", "secret": "x"}

    ((status, _, content),) = front.say(alert(nobody))

    assert (status, content["error"]["code"], front.door.through) == (404, "not_found", 0)


def test_while_another_writes_the_loop_goes_on_and_then_all_are_answered(front: Front) -> None:
    source = front.source()
    with closing(front.server.connect()) as line:
        with front.api.database.write():
            line.sendall(alert(source, 1))
            with closing(front.server.connect()) as other:
                other.sendall(HEALTH)
                meanwhile = answers(heard(other))
        status, *_ = one_answer(line)

    assert (meanwhile[0][0], status, front.door.through) == (200, 202, 1)


def test_who_is_not_answered_in_time_is_told_to_come_again_and_the_repeat_is_known(front: Front) -> None:
    source = front.source()
    front.door.patience = 0.05

    with front.api.database.write():
        ((status, headers, content),) = front.say(alert(source, 1))
    front.door.patience = 60.0
    ((again, _, _),) = front.say(alert(source, 1))

    assert (status, headers["retry-after"]) == (503, "5")
    assert content["error"] == {
        "code": "storage_unavailable",
        "message": "The database does not answer. Send the webhook again.",
    }
    assert again == 200
    assert len(front.kept(source)) == 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StorageUnavailable("The disk is full."), 503, "storage_unavailable"),
        (ZeroDivisionError(), 500, "internal_error"),
    ],
)
def test_if_none_can_be_stored_all_are_told(
    front: Front, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    source = front.source()

    def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(rows, "store", fails)
        found = front.say(alert(source, 1), alert(source, 2))
    after = front.say(alert(source, 1))

    assert [(each[0], each[2]["error"]["code"]) for each in found] == [(status, code)] * 2
    assert ["retry-after" in headers for _, headers, _ in found] == [status == 503] * 2
    assert after[0][0] == 202


def test_a_fault_of_ours_with_one_webhook_is_no_harm_to_the_others(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, faulty = front.source(), front.source("uptime_kuma")
    prove_and_seal = front.door.receiver.prove_and_seal

    def fails(of: Any, webhook: Inbound) -> Any:
        return prove_and_seal(of, webhook) if of.provider != "uptime_kuma" else 1 / 0

    monkeypatch.setattr(front.door.receiver, "prove_and_seal", fails)

    found = front.say(alert(source, 1), alert(faulty), alert(source, 2))

    assert [status for status, *_ in found] == [202, 500, 202]


def test_two_behind_each_other_on_one_connection_are_both_answered(front: Front) -> None:
    source = front.source()
    with closing(front.server.connect()) as line:
        line.sendall(alert(source, 1) + alert(source, 2, connection="close"))
        found = whole_answers(heard(line))

    assert [status for status, *_ in found] == [202, 202]


def test_providers_say_of_themselves_whether_proving_waits() -> None:
    waiting = {name for name, provider in load().items() if provider.verification.blocking}

    assert waiting == {"hostinger", "mollie", "paypal"}
    assert not is_prompt(get("braintree")), "it has a handshake"
