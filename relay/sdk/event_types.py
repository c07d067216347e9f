"""Our own event types, for providers that speak our words already."""

from collections.abc import Mapping

from relay.catalogue.vocabulary import EventType, catalogue

__all__ = ["EventType", "event_types"]


def event_types() -> Mapping[str, EventType]:
    """All event types by name, `unknown` among them."""
    return catalogue().types
