"""What an entity says of its records fits the vocabulary: a new kind of record is its `x-record` alone."""

import pytest

from relay.catalogue.record_kinds import EXTENSION, MONEY, RecordKind, money_entities, record_kinds
from relay.catalogue.vocabulary import catalogue

DEFINITIONS = catalogue().definitions["$defs"]
KEYS = {
    "order", "plural", "known_by", "searched_by", "of_a_customer", "launch", "states", "action_output",
}  # fmt: skip
SEARCHES = {"id", "email", "customer", "domain", "status"}


def test_the_kinds_have_an_order_without_gaps() -> None:
    assert [kind.order for kind in record_kinds().values()] == list(range(1, len(record_kinds()) + 1))


@pytest.mark.parametrize("kind", record_kinds().values(), ids=record_kinds())
def test_a_kind_names_only_what_there_is(kind: RecordKind) -> None:
    entity = DEFINITIONS[kind.name]
    fields = entity["properties"]
    states = fields.get("status", {}).get("enum")

    assert set(entity[EXTENSION]) <= KEYS
    assert set(kind.known_by) <= set(fields)
    assert set(kind.searched_by) <= SEARCHES
    assert set(kind.action_output.values()) <= set(fields)
    assert set(kind.states) <= set(catalogue().types)
    assert states is None or set(kind.states.values()) <= set(states)


def test_two_kinds_never_share_an_address() -> None:
    paths = [kind.path for kind in record_kinds().values()]

    assert len(paths) == len(set(paths))


def test_the_entities_with_an_amount_have_an_order_without_gaps() -> None:
    assert [DEFINITIONS[name][MONEY] for name in money_entities()] == list(range(1, len(money_entities()) + 1))
    assert all({"amount", "currency"} <= set(DEFINITIONS[name]["properties"]) for name in money_entities())
