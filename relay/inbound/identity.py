"""What a webhook is: its payload read, and the ids by which it, a repeat of it and its events are known. Pure."""

import hashlib
import re
from dataclasses import replace
from typing import Any

from relay.errors import Unreadable
from relay.formats import jsontext
from relay.model import Inbound
from relay.sdk.provider import Provider, by_arrival
from relay.security.redaction import REMOVED
from relay.security.verification import TOKEN, fingerprint

LONGEST_ID = 255
_ZEROS = re.compile(r"0[0-]*|[A-Za-z]{1,20}_0[0-]{7,}")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")


def read(provider: Provider, inbound: Inbound) -> Inbound:
    """The inbound with its payload read and freed of secrets, or with why that cannot be done: what is proved is kept
    either way."""
    try:
        payload, removed = provider.without_secrets(provider.body.read(inbound))
        return replace(inbound, payload=payload, redacted=removed)
    except Unreadable as error:
        return replace(inbound, unreadable=error.message)
    except Exception as error:  # noqa: BLE001  a foreign body may break any reader
        return replace(inbound, unreadable=what_broke(error))


def native_id(provider: Provider, inbound: Inbound) -> str:
    """The provider's id of a read webhook, or the fingerprint of what it says.

    An id of nothing but zeros, as all test webhooks of Stripe's dashboard have, stands with that fingerprint. Where
    something was removed, two that differ in nothing else have the same words: when they came tells them apart.
    """
    found = None if inbound.unreadable is not None else _known_id(provider, inbound)
    if found is None and (inbound.redacted or REMOVED.encode() in _words(inbound)):
        return by_arrival(inbound)
    return body_fingerprint(inbound) if inbound.unreadable is not None else _id_or_words(inbound, found)


def _known_id(provider: Provider, inbound: Inbound) -> str | None:
    """The provider's id, unless it was one that nobody may keep."""
    found = id_text(or_none(provider.event_id, inbound))
    return None if found is None or REMOVED in found else found


def _words(inbound: Inbound) -> bytes:
    return inbound.body or jsontext.dumps(inbound.payload)


def _id_or_words(inbound: Inbound, found: str | None) -> str:
    if found is None or _ZEROS.fullmatch(found):
        said = fingerprint(_words(inbound))
        return said if found is None else f"{found[: LONGEST_ID // 2]}:{said[:32]}"
    return _short(found)


def repeat_key(provider: Provider, inbound: Inbound) -> str:
    """What a repeat of a read webhook is known by: its id, or that of its sending where this is what was proved.

    With it stands the name of a gateway's event: samples and simulators have one id for events of several names.
    """
    if delivery_id := or_none(provider.delivery_id, inbound):
        return _short(f"sending:{delivery_id}")
    if inbound.unreadable is not None:
        return body_fingerprint(inbound)
    # The body is still as it came: here its words tell one from another.
    own_id = _id_or_words(inbound, _known_id(provider, inbound))
    name = or_none(provider.event_name, inbound) if provider.kind == "payment_gateway" else None
    return _short(f"{own_id}:{name}") if isinstance(name, str) else own_id


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ID else fingerprint(text.encode())


def body_fingerprint(inbound: Inbound) -> str:
    """What a webhook is known by that nobody could read: its body, or its address where it has none."""
    query = {name: value for name, value in inbound.query.items() if name != TOKEN}
    return fingerprint(inbound.body or jsontext.dumps(query))


def event_id(source_id: str, happening: str, type_name: str, key: str = "") -> str:
    """The same for the same happening and type, however often it comes, is told or is replayed."""
    text = "\0".join((source_id, happening, type_name, key))
    return f"evt_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def id_text(value: Any) -> str | None:
    """Text or a whole number as text that every database takes; None for nothing and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).replace("\0", "") or None


def or_none(reader: Any, piece: Inbound) -> Any:
    """Ids, times and modes are worth having, but an event is not lost for want of them."""
    try:
        return reader(piece)
    except Exception:  # noqa: BLE001  a foreign body may break any reader
        return None


def what_broke(error: Exception) -> str:
    """What broke, without the body's words: a KeyError names a key, everything else only its kind."""
    if isinstance(error, KeyError) and error.args and _FIELD_NAME.fullmatch(str(error.args[0])):
        return f"the field {error.args[0]} is missing"
    return f"{type(error).__name__} while reading"
