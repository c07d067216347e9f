"""IML: every expression can be read, and uses functions, variables and fields that there are."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from relay.develop.make_app import iml
from relay.develop.make_app.app import App, Component
from relay.develop.make_app.rules.reading import Fault, Request, every_field, mapping, requests, texts

_ALWAYS = frozenset(("now", "temp", "common"))
_ANSWER = frozenset(("body", "headers", "statusCode", "item"))
_ASKING = frozenset(("url", "method", "headers", "qs", "body", "type", "baseUrl", "ca"))
"""Parts of a request that are worked out before there is an answer."""

_VARIABLES: Mapping[str, frozenset[str]] = {
    "base": frozenset(("connection", "parameters")),
    "connection": frozenset(("parameters",)),
    "incoming": frozenset(("parameters", "data", "method", "query")),
    "hook": frozenset(("parameters", "connection", "webhook", "data")),
    "module": frozenset(("parameters", "connection", "pagination")),
    "epoch": frozenset(("parameters", "connection", "pagination")),
    "rpc": frozenset(("parameters", "connection", "pagination", "webhook")),
}
_OF_KIND = {"trigger": frozenset(("data",)), "instant_trigger": frozenset(("payload",))}
_CURSOR = ("lastDate", "lastID")
_RPC = re.compile(r"rpc://([^/?]+)")


def iml_syntax(app: App) -> Iterator[Fault]:
    for request in requests(app):
        for place, text in texts(request.block):
            try:
                _read(text)
            except iml.Wrong as wrong:
                yield request.fault(place, f"Mend the expression: {wrong}.")


def iml_function(app: App) -> Iterator[Fault]:
    own = {each.id for each in app.of("function")}
    for request, place, expression in _expressions(app):
        for name in expression.calls:
            if name not in iml.FUNCTIONS | own:
                yield request.fault(place, f"There is no function {name}() that every app may use: take another.")


def iml_variable(app: App) -> Iterator[Fault]:
    """Every variable is one that there is at this place and at this moment."""
    for request, place, expression in _expressions(app):
        known = _ALWAYS | _ANSWER | _VARIABLES[request.sort]
        if request.component is not None:
            known |= _OF_KIND.get(request.component.kind, frozenset())
        if request.sort not in ("incoming", "base") and place.split(".")[0].split("[")[0] in _ASKING:
            known -= _ANSWER
        for root in sorted({path[0] for path in expression.paths} - known):
            yield request.fault(place, f"There is no variable {root} at this place.")


def iml_field(app: App) -> Iterator[Fault]:
    """Every field of parameters, connection and webhook is one that somebody fills."""
    for request, place, expression in _expressions(app):
        known = _fields(app, request)
        for path in expression.paths:
            root, *names = path
            if names and root in known and names[0] not in known[root]:
                yield request.fault(place, f"There is no {root}.{names[0]}: nobody fills it.")


def rpc_target(app: App) -> Iterator[Fault]:
    """Every RPC that is called is there."""
    ids = {each.id for each in app.of("rpc")}
    for _, code in app.codes():
        for place, text in texts(code.value):
            called = _RPC.match(text)
            if called and called[1] not in ids:
                yield Fault(code.path, place, f"There is no RPC {called[1]!r}: name one that there is.")


def _expressions(app: App) -> Iterator[tuple[Request, str, iml.Expression]]:
    for request in requests(app):
        for place, text in texts(request.block):
            try:
                found = _read(text)
            except iml.Wrong:
                continue  # another rule's
            for expression in found:
                yield request, place, expression


@lru_cache(maxsize=4096)  # several rules ask, and most texts of an app come many times
def _read(text: str) -> tuple[iml.Expression, ...]:
    return () if text == iml.SPREAD else tuple(iml.expressions(text))


def _fields(app: App, request: Request) -> dict[str, set[str]]:
    component = request.component
    if component is None:
        return {"connection": {name for each in app.of("connection") for name in stored(each)}}
    if component.type == "connection":
        return {"parameters": _names(component, "params")}
    connection = app.get("connection", component.entry.get("connection"))
    known = {"connection": stored(connection) if connection else set()}
    if component.type == "webhook":
        held = _names(component, "params") | stored(component, "attach")
        return known | {"parameters": held, "data": held, "webhook": held | {"url"}}
    if component.type == "module":
        known["parameters"] = _names(component, "staticParams", "mappableParams")
        known["data"] = set(_CURSOR)
        return known
    webhooks = app.of("webhook")  # an RPC may be called for any of them
    held = {name for each in webhooks for name in _names(each, "params") | stored(each, "attach")}
    return known | {"webhook": held | {"url"}}


def stored(component: Component, key: str = "communication") -> set[str]:
    """Names of what a connection or webhook keeps of the answer."""
    return {name for block in component.blocks(key) for name in mapping(mapping(block.get("response")).get("data"))}


def _names(component: Component, *keys: str) -> set[str]:
    """Of fields, those within others too: a nested one lies beside its parent."""
    return {
        str(each.get("name"))
        for key in keys
        if key in component.codes
        for _, each in every_field(component.codes[key].value)
    }
