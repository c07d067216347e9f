"""What entities are more than their fields: of what there are records, and which tell the amount of an event.

Both are said in `schemas/definitions.json`, by `x-record` and `x-money`: a new kind is one entry there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from relay.catalogue.vocabulary import catalogue

EXTENSION = "x-record"
MONEY = "x-money"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    name: str
    """As the envelope's data has it, such as `payment_method`."""

    title: str
    """In words, such as `Payment Method`."""

    order: int
    """Its place where all kinds are listed."""

    plural: str
    """As `customers/{id}/summary` has it, such as `payment_methods`."""

    known_by: tuple[str, ...]
    """The fields that a thing is known by at its source: the first that it has."""

    searched_by: tuple[str, ...]
    """What the connectors search it by, the most likely first."""

    of_a_customer: bool
    """Whether it belongs to a customer, and is in the customer's summary."""

    launch: bool
    """Whether the Zapier app has a search for it."""

    states: Mapping[str, str] = field(default_factory=dict)
    """By event type: the state that an event says the thing is in, where the thing itself says none."""

    action_output: Mapping[str, str] = field(default_factory=dict)
    """By the name that actions have in their output: the field that it is. The first names the thing."""

    @property
    def path(self) -> str:
        """The last word of its address in the API, such as `payment-methods`."""
        return self.plural.replace("_", "-")

    @property
    def label(self) -> str:
        """Several of them in words, such as `payment methods`."""
        return self.plural.replace("_", " ")


@cache
def record_kinds() -> Mapping[str, RecordKind]:
    """All kinds by name, in their order."""
    found = [
        _read(name, each) for name, each in catalogue().definitions["$defs"].items() if each.get(EXTENSION) is not None
    ]
    return MappingProxyType({each.name: each for each in sorted(found, key=lambda each: each.order)})


@cache
def money_entities() -> tuple[str, ...]:
    """The entities whose amount is that of an event, by their `x-money`: the first that an event has."""
    entities = catalogue().definitions["$defs"]
    return tuple(sorted((name for name in entities if MONEY in entities[name]), key=lambda name: entities[name][MONEY]))


def _read(name: str, entity: Mapping[str, Any]) -> RecordKind:
    given = entity[EXTENSION]
    return RecordKind(
        name=name,
        title=entity["title"],
        order=given["order"],
        plural=given["plural"],
        known_by=tuple(given["known_by"]),
        searched_by=tuple(given["searched_by"]),
        of_a_customer=given["of_a_customer"],
        launch=given["launch"],
        states=given.get("states", {}),
        action_output=given.get("action_output", {}),
    )
