"""Which hooks want an event. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from relay.catalogue.record_kinds import money_entities
from relay.catalogue.vocabulary import EventType, catalogue
from relay.model import SEVERITIES, Hook

FILTERS = ("source", "customer", "min_amount", "currency", "severity", "livemode", "domain", "days_ahead")
EVERY_TYPE = "*"
UNKNOWN = "unknown"
_DAYS = ("days_until_renewal", "days_until_expiry", "days_until_due")


@dataclass(frozen=True, slots=True)
class HookIndex:
    """Active hooks by event type. `*` wants every type but `unknown`, which must be named."""

    by_type: Mapping[str, tuple[Hook, ...]]

    @classmethod
    def of(cls, hooks: Iterable[Hook]) -> "HookIndex":
        found: dict[str, list[Hook]] = defaultdict(list)
        for hook in hooks:
            for event_type in hook.event_types:
                found[event_type].append(hook)
        return cls({event_type: tuple(wanting) for event_type, wanting in found.items()})

    def wanting(self, envelope: Mapping[str, Any]) -> list[Hook]:
        """The hooks that get this event, each once."""
        event_type = envelope["type"]
        candidates = list(self.by_type.get(event_type, ()))
        if event_type != UNKNOWN:
            candidates += [h for h in self.by_type.get(EVERY_TYPE, ()) if h not in candidates]
        return [hook for hook in candidates if wants(hook.filters, envelope)]


def left_out(types: Collection[str]) -> tuple[str, ...]:
    """The event types that a list with `*` does not mean."""
    return (UNKNOWN,) if EVERY_TYPE in types and UNKNOWN not in types else ()


def named(types: Collection[str]) -> tuple[str, ...]:
    """The event types that a list means, in the order of the catalogue."""
    every, but = EVERY_TYPE in types, left_out(types)
    return tuple(each for each in catalogue().types if each in types or (every and each not in but))


def wants(filters: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether every filter lets the event through. One that the event has no value for holds it back."""
    return all(_CHECKS[name](wanted, envelope) for name, wanted in filters.items())


def filters_of(event_type: EventType) -> tuple[str, ...]:
    """The filters that can let events of this type through."""
    fields = {field for entity in event_type.entities.values() for field in entity.blank}
    has_amount = not event_type.entities.keys().isdisjoint(money_entities())
    offered = {
        "min_amount": has_amount,
        "currency": has_amount,
        "domain": "domain" in event_type.entities or "domain" in fields,
        "days_ahead": not fields.isdisjoint(_DAYS),
    }
    return tuple(name for name in FILTERS if offered.get(name, True))


def _amount(envelope: Mapping[str, Any]) -> tuple[Any, Any]:
    for entity in money_entities():
        found = envelope["data"].get(entity)
        if found and found.get("amount") is not None:
            return found["amount"], found["currency"]
    return None, None


def _source(wanted: list[str], envelope: Mapping[str, Any]) -> bool:
    return envelope["source"]["id"] in wanted


def _customer(wanted: list[str], envelope: Mapping[str, Any]) -> bool:
    who = envelope["customer"] or {}
    return who.get("id") in wanted or (who.get("email") or "").lower() in wanted


def _min_amount(wanted: str, envelope: Mapping[str, Any]) -> bool:
    amount, _ = _amount(envelope)
    return amount is not None and Decimal(amount) >= Decimal(wanted)


def _currency(wanted: list[str], envelope: Mapping[str, Any]) -> bool:
    return _amount(envelope)[1] in wanted


def _severity(wanted: str, envelope: Mapping[str, Any]) -> bool:
    return SEVERITIES.index(envelope["severity"]) >= SEVERITIES.index(wanted)


def _domain(wanted: list[str], envelope: Mapping[str, Any]) -> bool:
    """Also names below a wanted one: shop.example lets www.shop.example through."""
    return any(name == each or name.endswith(f".{each}") for name in _domains(envelope) for each in wanted)


def _domains(envelope: Mapping[str, Any]) -> Iterator[str]:
    for key, entity in envelope["data"].items():
        if isinstance(entity, Mapping):
            name = entity.get("name" if key == "domain" else "domain")
            if isinstance(name, str):
                yield name.lower()


def _days_ahead(wanted: int, envelope: Mapping[str, Any]) -> bool:
    found = [
        entity[name]
        for entity in envelope["data"].values()
        if isinstance(entity, Mapping)
        for name in _DAYS
        if entity.get(name) is not None
    ]
    return bool(found) and min(found) <= wanted


def _livemode(wanted: bool, envelope: Mapping[str, Any]) -> bool:
    return envelope["livemode"] is wanted


_CHECKS: Mapping[str, Any] = {
    "source": _source,
    "customer": _customer,
    "min_amount": _min_amount,
    "currency": _currency,
    "severity": _severity,
    "livemode": _livemode,
    "domain": _domain,
    "days_ahead": _days_ahead,
}
