"""The event as PayPal itself has it, in place of the body: a signature over a checksum proves too little.

https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_get
It serves events of every type, to the app whose they are. What the webhook simulator sends, it does not know.
"""

from collections.abc import Mapping
from typing import Any

from relay.providers.paypal.postback import TOKEN_PATH, api_address
from relay.providers.paypal.verification import SIMULATOR
from relay.sdk.fields import an_object, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ClientLogin, Instead, LookUp, Question, segment

_NEEDS = ("client_id", "client_secret")
_A_DAY = 24 * 3600
_SETTLING = 120
"""PayPal posts an event some seconds before it can be asked for it: https://github.com/paypal/PayPal-node-SDK/issues/147"""

_NOT_FOUND = (
    "PayPal did not tell of this event, so nothing in it is believed. Check that client_id, client_secret and mode are "
    "those of the app that the webhook belongs to, then send the event again: relay replay EVENT_ID."
)


def is_asked(inbound: Inbound) -> bool:
    """Whether PayPal's own word is what counts."""
    return inbound.verified_by != SIMULATOR and all(inbound.settings.get(name) for name in _NEEDS)


def questions(inbound: Inbound) -> Mapping[str, Question]:
    own_id = _id(inbound)
    if own_id is None or not is_asked(inbound):
        return {}
    return {"event": Question(f"/v1/notifications/webhooks-events/{segment(own_id)}")}


def told(inbound: Inbound) -> Any | None:
    """Only the event that was asked for is an answer."""
    event = an_object(inbound.looked_up.get("event"))
    return event if event and event.get("id") == _id(inbound) else None


def named(inbound: Inbound) -> Any:
    return {"id": _id(inbound)}


def _id(inbound: Inbound) -> str | None:
    return text(an_object(inbound.payload).get("id"))


LOOK_UP = LookUp(
    questions,
    needs=_NEEDS,
    patience=_A_DAY,
    address=api_address,
    login=ClientLogin(TOKEN_PATH),
    settling=_SETTLING,
    instead=Instead(is_asked, told, named, _NOT_FOUND),
)
