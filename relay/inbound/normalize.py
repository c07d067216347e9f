"""From a webhook as it arrived to our events: allow-listed, complete, checked against our own schemas.

Pure: nothing is read or stored here. Whatever a body holds, `normalize` returns events and never raises;
what cannot be understood becomes `unknown`, and an event that our schema refuses carries its `defect`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from relay.catalogue.vocabulary import catalogue
from relay.formats import hops, jsontext
from relay.inbound.identity import LONGEST_ID, event_id, id_text, native_id, or_none, what_broke
from relay.inbound.news import ENDS, STATING
from relay.model import EVENTS_PER_WEBHOOK, OWN_PROVIDER, SEVERITIES, Event, Inbound, Source, Statement, iso
from relay.sdk.entities import Alert, Customer, CustomerDetails, Data
from relay.sdk.provider import Instead, On, Provider
from relay.security.redaction import without_credentials_in_addresses
from relay.security.verification import Coverage

UNVERIFIED = "unverified"
POLLED = "polled"
"""Stand for a proof where there is none, beside `OWN_PROVIDER` for what the relay itself says: a source in monitor mode
took it without; the provider's API was asked for it."""

_WITHOUT_PROOF: Mapping[str, Coverage] = {UNVERIFIED: "not", OWN_PROVIDER: "fully", POLLED: "fetched"}

_LOGS_IN = re.compile(rb"""//[^\s/?#"'<>\\]*@""")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a webhook came from, as its events tell it. `place` is its number in order of acceptance."""

    source: Source
    place: int
    verified_by: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one event is made of: a part of a webhook, its number among its events, its name at the provider."""

    provider: Provider
    inbound: Inbound
    origin: Origin
    index: int
    native: str | None = None


def normalize(provider: Provider, inbound: Inbound, origin: Origin) -> list[Event]:
    """All events that a read webhook gives, in order; none for a native event that is knowingly ignored."""
    if inbound.unreadable is not None:
        return [_unknown(_Piece(provider, inbound, origin, 0), "The body could not be read.", inbound.unreadable)]
    if inbound.looked_up:
        answers = without_credentials_in_addresses(dict(inbound.looked_up), provider.plain_parameters)
        inbound = replace(inbound, looked_up=answers)
    instead = _instead(provider, inbound)
    if instead is not None:
        told = or_none(instead.told, inbound)
        payload, _ = provider.without_secrets(or_none(instead.named, inbound) if told is None else told)
        inbound = replace(inbound, payload=payload)
        if told is None:
            return [_unknown(_Piece(provider, inbound, origin, 0), instead.reason)]
    events: list[Event] = []
    pieces = _pieces(provider, inbound)
    for number, piece in enumerate(pieces):
        found = _events_of(provider, piece, origin, offset=len(events))
        if len(events) + len(found) >= EVENTS_PER_WEBHOOK:
            left = len(found) + len(pieces) - number - 1
            return [*events, _more(_Piece(provider, inbound, origin, len(events)), left)]
        events += found
    return events


def _more(piece: _Piece, left: int) -> Event:
    """One alert for what a webhook holds beyond its room: whoever wants to know of trouble hears of it."""
    source = piece.origin.source
    alert: Alert = {
        "key": f"more:{source.id}",
        "title": f"{left} events of one webhook were dropped",
        "message": f"A webhook of {source.name} held more events than the {piece.index} that were told one by one. At"
        f" least {left} were not told: look there.",
        "severity": "critical",
        "status": "firing",
        "resource": source.name,
    }
    identity = f"{native_id(piece.provider, piece.inbound)}:more"
    return _envelope(piece, "alert.raised", {"alert": alert}, identity=identity, severity="critical")


def _instead(provider: Provider, inbound: Inbound) -> Instead | None:
    """By what a read webhook is replaced; None for one that is told as it came."""
    instead = provider.look_up.instead if provider.look_up else None
    return instead if instead is not None and inbound.unreadable is None and instead.of(inbound) else None


def _signed(provider: Provider, inbound: Inbound, proof: str) -> Coverage:
    if proof in _WITHOUT_PROOF:
        return _WITHOUT_PROOF[proof]
    return "fetched" if _instead(provider, inbound) else provider.verification.covers(proof)


def enriched(provider: Provider, inbound: Inbound) -> bool | None:
    """Whether all that a read webhook leaves out has been looked up; None if it leaves nothing out."""
    if provider.look_up is None:
        return None
    asked = or_none(provider.look_up.questions, inbound)
    return all(inbound.looked_up.get(name) is not None for name in asked) if asked else None


def _pieces(provider: Provider, inbound: Inbound) -> Sequence[Inbound]:
    try:
        pieces = provider.split(inbound)
        if len(pieces) < 2:
            return pieces or (inbound,)
        # A piece without an id is known by its own fingerprint, not by that of the body they share.
        return [replace(piece, body=jsontext.dumps(piece.payload)) for piece in pieces]
    except Exception:  # noqa: BLE001  a foreign body may break any reader; the whole is then judged as one
        return (inbound,)


def _events_of(provider: Provider, inbound: Inbound, origin: Origin, offset: int) -> list[Event]:
    name = None
    try:
        name = provider.event_name(inbound)
        if name in provider.ignored:
            return []
        route = provider.events.get(name) if isinstance(name, str) else None
        if route is None:
            return [
                _unknown(
                    _Piece(provider, inbound, origin, offset, _text(name)), "This event type is not supported yet."
                )
            ]
        subject = provider.subject(inbound)
        read_already: dict[Any, Any] = {}

        def once(reader: Callable[[Any], Any]) -> Any:
            """Several events of one webhook are often read by one reader."""
            if reader not in read_already:
                read_already[reader] = reader(subject)
            return read_already[reader]

        events = []
        for index, on in enumerate(_wanted(route, inbound), start=offset):
            piece = _Piece(provider, inbound, origin, index, name)
            key = on.key(subject) if on.key else ""
            customer = once(on.customer or provider.customer)
            event = _event(piece, on, once(on.data), customer, key)
            if on.lasts and on.type in STATING and event.defect is None:
                event = replace(event, alert=_statement(piece, subject, event))
            events.append(event)
        return events
    except Exception as error:  # noqa: BLE001  see the module's promise: kept and shown, never raised
        piece = _Piece(provider, inbound, origin, offset, _text(name))
        return [_unknown(piece, "The event could not be read.", what_broke(error))]


def _text(name: Any) -> str | None:
    return name if isinstance(name, str) else None


def _wanted(route: Any, inbound: Inbound) -> Iterator[On]:
    choices = route(inbound) if callable(route) and not isinstance(route, On) else route
    for on in (choices,) if isinstance(choices, On) else choices:
        if on.when is None or on.when(inbound):
            yield on


def _event(piece: _Piece, on: On, data: Data, customer: Customer | CustomerDetails | None, key: str) -> Event:
    return _envelope(
        piece,
        on.type,
        data,
        identity=on.once(data) if on.once else None,
        key=key,
        customer=customer,
        severity=on.severity or _severity_of(on.type, data),
    )


def _severity_of(type_name: str, data: Data) -> str | None:
    """How severe an alert says that it is when it begins."""
    alert = data.get("alert") if type_name in ENDS else None
    own = alert.get("severity") if isinstance(alert, dict) else None
    return own if own in SEVERITIES else None


def _statement(piece: _Piece, subject: Any, event: Event) -> Statement | None:
    """What an event says of its alert; None where it names none."""
    data = event.envelope["data"]
    key = id_text((data["alert"] or {}).get("key")) or id_text((data["monitor"] or {}).get("id"))
    if key is None:
        return None
    provider, inbound = piece.provider, piece.inbound
    outage = or_none(provider.alerts.outage, subject)
    return Statement(
        key=key[:LONGEST_ID],
        type=event.type,
        severity=event.envelope["severity"],
        outage=iso(outage) if isinstance(outage, datetime) else outage and outage[:LONGEST_ID],
        began_at=_ms(outage),
        dated_at=_ms(or_none(provider.occurred_at, inbound)),
        heard_at=_ms(inbound.received_at) or 0,
        silence=int(provider.alerts.silence.total_seconds() * 1000),
    )


def _ms(moment: Any) -> int | None:
    return int(moment.timestamp() * 1000) if isinstance(moment, datetime) else None


def called(event: Event, type_name: str) -> Event:
    """The same event as one of another type that can hold what it says; else as it is."""
    if type_name == event.type:
        return event
    event_type = catalogue().types[type_name]
    data = event_type.complete(event_type.fit(event.envelope["data"]))
    envelope = {**event.envelope, "type": type_name, "version": event_type.version, "data": data}
    envelope["summary"] = event_type.summary.of(envelope)
    body = jsontext.dumps(envelope)
    defect = event_type.defect(jsontext.plain(body)["data"])
    return event if defect else replace(event, type=type_name, envelope=envelope, body=body)


def _unknown(piece: _Piece, reason: str, defect: str | None = None) -> Event:
    return _envelope(piece, "unknown", {"unknown": {"reason": reason, "defect": defect}})


def _envelope(
    piece: _Piece,
    type_name: str,
    data: Data,
    *,
    identity: str | None = None,
    key: str = "",
    customer: Customer | CustomerDetails | None = None,
    severity: str | None = None,
) -> Event:
    provider, inbound, origin = piece.provider, piece.inbound, piece.origin
    event_type = catalogue().types[type_name]
    provider_event_id = native_id(provider, inbound)
    received_at = iso(inbound.received_at)
    livemode = or_none(provider.livemode, inbound)
    envelope: dict[str, Any] = {
        "id": event_id(origin.source.id, identity or provider_event_id, type_name, key),
        "type": type_name,
        "version": event_type.version,
        "sequence": origin.place * EVENTS_PER_WEBHOOK + piece.index,
        "occurred_at": or_none(lambda each: iso(provider.occurred_at(each)), inbound) or received_at,
        "received_at": received_at,
        "source": {
            "id": origin.source.id,
            "name": origin.source.name,
            "provider": provider.name,
            "kind": provider.kind,
            "verified_by": origin.verified_by,
            "signed": _signed(provider, inbound, origin.verified_by),
        },
        "enriched": enriched(provider, inbound),
        "livemode": livemode if isinstance(livemode, bool) else None,
        "severity": severity or event_type.severity,
        "summary": "",
        "provider_event": {"id": provider_event_id, "type": piece.native},
        "customer": None if customer is None else _customer(customer),
        "data": event_type.complete(data),
    }
    envelope["summary"] = event_type.summary.of(envelope)
    body = jsontext.dumps(envelope)
    if _LOGS_IN.search(body):
        # What was read holds none; a reader may have made one by decoding what it read.
        envelope = without_credentials_in_addresses(envelope, provider.plain_parameters)
        body = jsontext.dumps(envelope)
    who = envelope["customer"] or {}
    return Event(
        id=envelope["id"],
        type=type_name,
        sequence=envelope["sequence"],
        customer_id=who.get("id"),
        customer_email=who.get("email"),
        envelope=envelope,
        body=body,
        defect=event_type.defect(jsontext.plain(body)["data"]),
        hops=hops.of(inbound.headers),
    )


def _customer(customer: Customer | CustomerDetails) -> dict[str, Any] | None:
    known = {name: id_text(customer.get(name)) for name in ("id", "name", "email", "company")}
    return known if any(known.values()) else None
