"""Reads the newest events for what is known of customers and their things."""

import time

from relay.areas.rules import Rule, each_turn
from relay.context import Relay
from relay.insight.records import learnt
from relay.storage import customers, inbound, records

EVENTS_AT_ONCE = 100
OLD_AT_ONCE = 2000
_SPARE_SECONDS = 0.25
"""As much of each second as the learning may take."""

_FRESH_MS = 500
_OPEN_TRANSACTION_MS = 3000
"""Longer than a transaction that stores webhooks is ever open."""


def learn(relay: Relay, now: int) -> None:
    """Others wait for the write lock, so that all is made before it is taken; and while webhooks wait they go first."""
    with relay.database.read() as connection:
        busy = inbound.waiting(connection, now - _FRESH_MS)
    # Where writers stand in line, nothing comes in behind what was read.
    before = now + 1 if relay.database.is_sqlite else now - _OPEN_TRANSACTION_MS
    end = time.monotonic() + (0.0 if busy else _SPARE_SECONDS)
    while True:
        with relay.database.read() as connection:
            lesson = records.lesson(connection, before, EVENTS_AT_ONCE)
            rows = learnt(connection, lesson) if lesson else []
        if lesson is None:
            return
        with relay.database.write() as connection:
            records.save(connection, rows, lesson)
        if time.monotonic() >= end:
            return


def put_in_old(relay: Relay, now: int) -> None:
    """Events from before there was a table of customers get into it, in the time that is to spare."""
    end = time.monotonic() + _SPARE_SECONDS
    with relay.database.read() as connection:
        left = customers.old_waiting(connection) and not inbound.waiting(connection, now - _FRESH_MS)
    while left and time.monotonic() < end:
        with relay.database.write() as connection:
            left = customers.put_in_old(connection, OLD_AT_ONCE)


RULES = (Rule("records", 0, each_turn(learn)), Rule("customers", 0, each_turn(put_in_old)))
