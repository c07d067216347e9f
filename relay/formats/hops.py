"""How often an event has gone through a relay: what one tells another in a header, so that no circle is endless.

A delivery to an address of the relay that sent it is a webhook, which gives an event, which is a delivery. Addresses
below our own are refused as targets; this ends the circles that lead back by other names, or over other relays.
"""

import re
from collections.abc import Mapping

from relay.errors import Loop

HEADER = "relay-hops"
MOST = 3

_NUMBER = re.compile(r"[0-9]{1,4}")


def of(headers: Mapping[str, str]) -> int:
    """How many relays a webhook has come from, one after the other; 0 where none says so."""
    return max(map(int, _NUMBER.findall(headers.get(HEADER, ""))), default=0)


def sent_on(hops: int) -> dict[str, str]:
    """What a delivery says of an event that has come from so many relays."""
    return {HEADER: str(hops + 1)}


def check(headers: Mapping[str, str]) -> None:
    """Raises `Loop` for what goes in a circle."""
    if (hops := of(headers)) > MOST:
        raise Loop(
            f"This came through {hops} relays, one after the other, and {MOST} is the most: a hook leads back to where"
            " its events come from. Give it another target, or other event types."
        )
