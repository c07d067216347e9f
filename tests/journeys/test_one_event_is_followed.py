"""What became of one event is read in the log of a running relay, by its id."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit.relays import Embedded
from kit.sender import post, standard_webhook
from kit.subscriber import Subscriber
from kit.waiting import until
from relay.formats import jsontext

SECRET_WORD = "planted-in-the-payload"


def lines(relay: Embedded, own_id: str) -> dict[tuple[str, str], Any]:
    """By stage and event, what the lines with this id say of it: the line itself where it is about nothing else."""
    return dict(_about(relay.said(), own_id))


def _about(log: str, own_id: str) -> Iterator[tuple[tuple[str, str], Any]]:
    for text in log.splitlines():
        if own_id in text and text.startswith("{"):
            line = jsontext.loads(text.encode())
            among = [each for each in line.get("webhooks") or line.get("deliveries") or [] if own_id in str(each)]
            yield (line["stage"], line["event"]), among


def test_one_event_is_followed_from_accept_to_delivery(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay") as relay, Subscriber() as subscriber:
        source_id = relay.source("Own")
        hook_id = relay.hook(subscriber.url, source_id)
        for number in range(3):
            post(relay.address(source_id), *standard_webhook(f"msg_{number}", {"type": SECRET_WORD, "data": {}}))
        answer = post(relay.address(source_id), *standard_webhook("msg_wanted", {"type": SECRET_WORD, "data": {}}))
        until(lambda: len(subscriber.received) == 4, "all are delivered")
        (event_id,) = [each.event["id"] for each in subscriber.received if each.native_id == "msg_wanted"]
        until(lambda: ("deliver", "delivered") in lines(relay, event_id), "the log says so")

        inbound_id = answer.said["id"]
        [delivered] = lines(relay, event_id)["deliver", "delivered"]
        delivery = {"delivery": delivered["delivery"], "event_id": event_id}
        webhook = {"inbound": inbound_id, "events": [event_id]}

        assert lines(relay, event_id) == {
            ("normalize", "normalized"): [webhook],
            ("commit", "committed"): [{**delivery, "hook": hook_id}],
            ("dispatch", "dispatched"): [delivery],
            ("deliver", "delivered"): [
                {**delivery, "hook": hook_id, "attempt": 1, "status": 200, "ms": delivered["ms"]}
            ],
        }
        assert lines(relay, inbound_id) == {
            ("receive", "accepted"): [{"inbound": inbound_id, "source": source_id}],
            ("normalize", "normalized"): [webhook],
        }
        assert SECRET_WORD not in relay.said()
