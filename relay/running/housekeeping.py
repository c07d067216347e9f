"""Removes from the tables what is too old to keep: what each does is its `PRUNE`, beside its queries."""

from relay.areas.discovery import handed_out
from relay.areas.rules import Rule, each_turn
from relay.context import Relay
from relay.logs import Logger

log = Logger("clock")


def prune(relay: Relay, now: int) -> bool:
    """Returns whether anything was removed: then there may be more."""
    with relay.database.write() as connection:
        removed: int = sum(prune_table(connection, now) for prune_table in handed_out("PRUNE"))
    if removed:
        log.info("pruned", rows=removed)
    return removed > 0


RULES = (Rule("housekeeping", 60, each_turn(prune)),)
