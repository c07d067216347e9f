"""A batch is one line of each stage, however many webhooks it has; a retry and a failure are told by the same ids."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kit.workbench import Belt, Workbench, sqlite_url
from relay.formats import jsontext
from relay.model import Inbound

TOLD = {"type": "something.happened", "data": {"it": "did"}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def test_a_batch_is_one_line_of_each_stage(bench: Workbench) -> None:
    source, hook, belt = bench.source(), bench.hook(), Belt(bench)
    ids = [bench.accept(source, TOLD) for _ in range(5)]

    with capture_logs() as lines:
        belt.process()

    events = [each["id"] for each in bench.events()]
    sent = {each.id: each.event_id for each in bench.deliveries(hook)}
    normalized, committed, dispatched = lines
    assert [line["event"] for line in lines] == ["normalized", "committed", "dispatched"]
    assert {line["count"] for line in lines} == {5}
    assert list(normalized["webhooks"]) == [
        {"inbound": own_id, "events": [event_id]} for own_id, event_id in zip(ids, events, strict=True)
    ]
    assert sorted(committed["events"]) == sorted(events)
    for line in (committed, dispatched):
        assert {each["delivery"]: each["event_id"] for each in line["deliveries"]} == sent


def test_an_event_that_is_known_is_not_committed_again(bench: Workbench) -> None:
    source, belt = bench.source(), Belt(bench)
    webhook = Inbound(jsontext.dumps(TOLD), headers={"webhook-id": "msg_1", "content-type": "application/json"})
    bench.keep(source, webhook)
    belt.process()
    bench.keep(source, webhook, key="sent once more")

    with capture_logs() as lines:
        belt.process()

    [event] = bench.events()
    normalized, committed = lines
    assert [each["events"] for each in normalized["webhooks"]] == [[event["id"]]]
    assert (committed["event"], committed["events"], committed["deliveries"]) == ("committed", (), ())


def test_what_the_late_lane_sends_is_told_too(bench: Workbench) -> None:
    hook, belt = bench.hook(ordered=True), Belt(bench)
    bench.accept(bench.source(), TOLD)
    belt.process()

    with capture_logs() as lines:
        belt.retry()

    [delivery] = bench.deliveries(hook)
    assert [(line["event"], line["deliveries"]) for line in lines] == [
        ("dispatched", ({"delivery": delivery.id, "event_id": delivery.event_id},))
    ]


def test_nothing_to_do_is_no_line(bench: Workbench) -> None:
    belt = Belt(bench)

    with capture_logs() as lines:
        belt.process()
        belt.retry()

    assert lines == []
