"""An event that a hook leads back to where it came from."""

from pathlib import Path

import pytest

from kit.cases import cases
from kit.workbench import Belt, Workbench, sqlite_url
from relay.errors import Loop
from relay.formats import hops, jsontext
from relay.model import Hook, Inbound
from relay.outbound.deliver import judge
from relay.outbound.verdicts import GAVE_UP, Reply, Verdict
from relay.security.addresses import is_below

CIRCLE = Verdict(GAVE_UP, error="HTTP 422: the event loops between relays")


@cases(
    ("header", "count"),
    [(None, 0), ("", 0), ("1", 1), ("3", 3), (" 4 ", 4), ("2, 5", 5), ("many", 0), ("9" * 5000, 9999)],
)
def test_the_header_says_how_many_relays_it_was(header: str | None, count: int) -> None:
    assert hops.of({} if header is None else {hops.HEADER: header}) == count


@cases(
    ("url", "base", "below"),
    [
        ("https://relay.example.com/in/src_1", "https://relay.example.com", True),
        ("https://relay.example.com", "https://relay.example.com", True),
        ("https://RELAY.example.com./ping/x?y=1", "https://relay.example.com", True),
        ("https://relay.example.com:443/in/src_1", "https://relay.example.com", True),
        ("http://relay.example.com/in/src_1", "https://relay.example.com", True),
        ("http://127.0.0.1:8080/in/src_1", "http://127.0.0.1:8080", True),
        ("https://example.com/relay/in/src_1", "https://example.com/relay", True),
        ("https://example.com/x/..//relay/in/src_1", "https://example.com/relay", True),
        ("https://example.com/%72elay/in/src_1", "https://example.com/relay", True),
        ("https://example.com/relay?in", "https://example.com/relay", True),
        ("https://example.com/relayed/in", "https://example.com/relay", False),
        ("https://example.com/n8n", "https://example.com/relay", False),
        ("http://127.0.0.1:9000/in/src_1", "http://127.0.0.1:8080", False),
        ("https://relay.example.com:8443/in/src_1", "https://relay.example.com", False),
        ("https://relay.example.com.other.example/in/src_1", "https://relay.example.com", False),
    ],
)
def test_an_address_below_our_own_is_known(url: str, base: str, below: bool) -> None:
    assert is_below(url, base) is below


def come(bench: Workbench, own_id: str, **headers: str) -> None:
    body = jsontext.dumps({"type": "thing.happened", "data": {"it": own_id}})
    bench.keep(bench.source(), Inbound(body, headers={"webhook-id": own_id, **headers}))


def test_the_number_goes_with_the_event_into_its_deliveries(tmp_path: Path) -> None:
    with Workbench(sqlite_url(tmp_path)) as bench:
        bench.hook()
        bench.hook(ordered=True)  # whose deliveries are read again from the database
        belt = Belt(bench)
        come(bench, "fresh")
        come(bench, "come", **{hops.HEADER: "2"})

        belt.process()
        belt.retry()
        belt.retry()

    said = [(jsontext.loads(each.body)["data"]["custom"]["it"], each.hops) for each in belt.dispatcher.parcels]
    assert sorted(set(said)) == [("come", 2), ("fresh", 0)]
    assert len(said) == 4


def test_a_delivery_that_was_refused_as_a_circle_is_not_tried_again() -> None:
    with pytest.raises(Loop) as refused:
        hops.check({hops.HEADER: "4"})
    body = jsontext.dumps({"error": {"code": refused.value.code, "message": refused.value.message}})

    verdict = judge(
        Hook("hk_1", "ws_1", "https://x.example"), Reply(refused.value.status, {}, body), attempt=1, age=0.0, now=0.0
    )

    assert verdict == CIRCLE
    hops.check({hops.HEADER: "3"})
