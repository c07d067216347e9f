"""What is known by now: customers, subscriptions, invoices, services, domains, cards and alerts, as events tell them.

Pure: `told` reads what one event says of each thing, `merged` joins that with what was known. An older event never
overwrites what a newer one said; it only fills in what nobody said yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from relay.catalogue.record_kinds import RecordKind, record_kinds
from relay.catalogue.vocabulary import Catalogue, Entity, catalogue, entity_of
from relay.formats import jsontext
from relay.formats.times import instant
from relay.model import Record, record_id, text_of
from relay.providers import load
from relay.storage import Connection, records


def fields(kind: str, known: Catalogue) -> dict[str, Any]:
    """What a record of a kind has, as the API shows it and both apps declare it: JSON Schemas by name."""
    things, text = known.definitions["$defs"], {"type": "string"}
    noun = things[kind]["title"]
    return {
        "id": text | {"title": "Record ID", "description": "Identifier of the record in the relay."},
        "kind": text | {"title": "Record Kind", "description": "What it is a record of, such as customer or invoice."},
        "native_id": text | {"title": f"{noun} Reference", "description": "What it is called at its source."},
        "status": {
            "type": ["string", "null"],
            "title": "Status",
            "description": "Its state, such as active or overdue; empty where none was told.",
        },
        "source": known.envelope["properties"]["source"] | {"title": "Source"},
        "customer": things["customer"],
        kind: things["customer_details" if kind == "customer" else kind],
        "updated_at": things["timestamp"]
        | {"title": "Updated At", "description": "Time of the newest event about it."},
        "event": {
            "type": "object",
            "title": "Newest Event",
            "description": "The event that told of it last.",
            "properties": {
                "id": text | {"title": "Newest Event ID", "description": "Identifier of that event."},
                "type": text | {"title": "Newest Event Type", "description": "What happened, such as invoice.paid."},
            },
        },
    }


def shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """A record's item with every key that `fields` declares, also one that was learnt when there were fewer."""
    return _shape(item["kind"]).whole(item)


@cache
def _shape(kind: str) -> Entity:
    return _shape_by(kind, catalogue())


def _shape_by(kind: str, known: Catalogue) -> Entity:
    return entity_of({"properties": fields(kind, known)}, known.definitions)


def example(kind: str, known: Catalogue) -> dict[str, Any]:
    """A record as the API shows it, learnt from the sample of an event about such a thing."""
    usual = known.envelope["examples"][0]["type"]
    own = (each for each in known.types.values() if each.type.partition(".")[0] == kind)
    best = min(own, key=lambda each: (each.type != usual, not each.launch))
    item = next(record.item for record in told(known.sample(best)) if record.kind == kind)
    return _shape_by(kind, known).whole(item)


def told(envelope: Mapping[str, Any]) -> Iterator[Record]:
    """What one event says of each thing that it names."""
    data = envelope["data"]
    if envelope["customer"] is not None:
        customer = {**(data.get("customer") or {}), **_said(envelope["customer"])}
        yield from _record(envelope, record_kinds()["customer"], customer)
    for kind in record_kinds().values():
        thing = data.get(kind.name)
        if kind.name != "customer" and isinstance(thing, Mapping):
            yield from _record(envelope, kind, thing)


def merged(known: Record | None, new: Record) -> Record:
    """What is known of a thing once an event has told of it."""
    if known is None:
        return new
    older, newer = sorted((known, new), key=lambda each: (each.occurred_at, each.sequence))
    values, moments = _facts(older), dict(older.moments)
    for name, value in _facts(newer).items():
        told_at = newer.moments.get(name)
        if name not in values or (told_at is not None and list(told_at) >= list(moments.get(name, ()))):
            values[name] = value
            if told_at is not None:
                moments[name] = told_at
    return Record(
        new.id,
        new.kind,
        new.source_id,
        new.native_id,
        newer.occurred_at,
        max(known.sequence, new.sequence),
        {**newer.item, **_parts(values)},
        moments,
    )


def _facts(record: Record) -> dict[str, Any]:
    """What was told of a thing, by names such as `status` and `invoice.number`."""
    item, kind = record.item, record.kind
    facts = {name: item[name] for name in ("status", "customer") if name != kind}
    return facts | {f"{kind}.{name}": value for name, value in item[kind].items()}


def _parts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """`_facts` put together again."""
    parts: dict[str, Any] = {}
    for name, value in facts.items():
        whole, _, part = name.partition(".")
        if part:
            parts.setdefault(whole, {})[part] = value
        else:
            parts[whole] = value
    return parts


def _record(envelope: Mapping[str, Any], of: RecordKind, thing: Mapping[str, Any]) -> Iterator[Record]:
    kind, name = of.name, text_of(next((thing[key] for key in of.known_by if thing.get(key)), None), 255)
    moment = instant(envelope["occurred_at"])
    if name is None or moment is None:
        return
    source = _source(envelope)
    own_id = record_id(source["id"], kind, name)
    item = {
        "id": own_id,
        "kind": kind,
        "native_id": name,
        "status": thing.get("status") or of.states.get(envelope["type"]),
        "source": dict(source),
        "customer": envelope["customer"],
        kind: dict(thing),
        "updated_at": envelope["occurred_at"],
        "event": {"id": envelope["id"], "type": envelope["type"]},
    }
    occurred_at, sequence = int(moment.timestamp() * 1000), envelope["sequence"]
    record = Record(own_id, kind, source["id"], name, occurred_at, sequence, item, {})
    told_now = [fact for fact, value in _facts(record).items() if value is not None and value != []]
    yield replace(record, moments=dict.fromkeys(told_now, (occurred_at, sequence)))


def _source(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whose thing it is: what came of an action is its source's, though the relay tells it."""
    source: Mapping[str, Any] = envelope["source"]
    action = envelope["data"].get("action") or {}
    provider = load().get(action.get("provider") or "") if envelope["type"] == "action.completed" else None
    if provider is None:
        return source
    own = {"id": action["source_id"], "name": action["source_name"]}
    return {**own, "provider": provider.name, "kind": provider.kind}


def _said(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if value is not None and value != []}


def learnt(connection: Connection, lesson: records.Backlog) -> list[tuple[str, Record]]:
    """What is known once a lesson has been learnt, for `records.save`: workspace and record of each."""
    new: dict[str, Record] = {}
    workspace_of: dict[str, str] = {}
    for workspace_id, body in lesson.told:
        for record in told(jsontext.loads(body)):
            new[record.id] = merged(new.get(record.id), record)
            workspace_of[record.id] = workspace_id
    known = records.known(connection, list(new))
    return [(workspace_of[each.id], merged(known.get(each.id), each)) for each in new.values()]
