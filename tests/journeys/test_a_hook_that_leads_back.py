"""A hook whose target is, by another name, the address that its events come from."""

from pathlib import Path

from kit.relays import Embedded
from kit.sender import post, standard_webhook
from kit.waiting import until
from relay.formats import hops


def test_a_hook_that_leads_back_by_another_name_goes_round_three_times(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay", RELAY_ALLOW_PRIVATE_TARGETS="127.0.0.1,localhost") as relay:
        source = relay.command("source", "add", "standard", "--name", "Loop")
        back = f"http://localhost:{relay.port}/in/{source['id']}"
        hook = relay.command("hook", "add", back, "--events", "custom")
        relay.command("source", "secret", source["id"], hook["secret"])

        webhook = standard_webhook("msg_1", {"type": "thing.happened", "data": {"a": 1}}, hook["secret"])
        post(f"{relay.url}/in/{source['id']}", *webhook)

        until(lambda: relay.left() == {"webhooks": 0, "deliveries": 0}, "nothing is on its way")
        told = relay.command("events")
        states = [(each["state"], each["attempts"]) for each in relay.command("deliveries")]
    assert len(told) == 1 + hops.MOST
    assert states == [("gave_up", 1), *[("delivered", 1)] * hops.MOST]
