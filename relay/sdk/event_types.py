"""Our own event types, for providers that speak our words already."""

from collections.abc import Mapping
from typing import Any, cast

from relay.catalogue.vocabulary import EventType, catalogue
from relay.sdk.entities import Data

__all__ = ["EventType", "event_types", "fit"]


def event_types() -> Mapping[str, EventType]:
    """All event types by name, `unknown` among them."""
    return catalogue().types


def fit(event_type: str, data: Mapping[str, Any]) -> Data:
    """The part of `data` that the schema of this type has keys for. Their values are as they came."""
    return cast(Data, event_types()[event_type].fit(data))
