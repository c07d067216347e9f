"""What each kind of module, and an RPC, asks for and answers."""

import re
from collections.abc import Iterator, Mapping

from relay.develop.make_app.app import MANIFEST, App, Component
from relay.develop.make_app.rules.reading import Fault, Request, mapping, requests

_PAGE = re.compile(r"limit|per_?page|page_?size", re.IGNORECASE)
_LARGEST = 100
_MOST_POLLED = 300
_OPTIONS = (300, 500)
_USUAL = 10


def module_parts(app: App) -> Iterator[Fault]:
    """Each kind of module asks and answers as its kind does."""
    for request in requests(app, "module"):
        kind = request.component.kind if request.component else ""
        response = request.response
        if kind in ("action", "universal"):
            for name in ("iterate", "limit", "trigger"):
                if name in response:
                    yield request.fault(f"response.{name}", "Remove it: an action gives one bundle.")
            if "pagination" in request.block:
                yield request.fault("pagination", "Remove it: an action gives one bundle.")
        if kind in ("search", "trigger") and "iterate" not in response:
            yield request.fault("response.iterate", "Say where the list is.")
        if kind == "trigger":
            yield from _cursor(request)
        if kind == "instant_trigger" and isinstance(request.code.value, list):
            yield request.fault("", "Ask at most once: an instant trigger makes no chain of requests.")
    for request in requests(app, "epoch"):
        output = mapping(request.response.get("output"))
        for name in ("date", "label"):
            if name not in output:
                yield request.fault(f"response.output.{name}", "Give it, so that people can choose where to start.")
        limit = request.response.get("limit")
        if not isinstance(limit, int) or limit > _MOST_POLLED:
            yield request.fault("response.limit", f"Set it to at most {_MOST_POLLED}.")


def _cursor(request: Request) -> Iterator[Fault]:
    trigger = mapping(request.response.get("trigger"))
    if trigger.get("type") not in ("date", "id"):
        yield request.fault("response.trigger.type", "Set it to date or id.")
    if trigger.get("order") != "desc":
        yield request.fault("response.trigger.order", "Set it to desc, the only order to rely on.")
    for name in ("id", *(("date",) if trigger.get("type") == "date" else ())):
        if not trigger.get(name):
            yield request.fault(f"response.trigger.{name}", "Say where it is.")


def limit(app: App) -> Iterator[Fault]:
    """Searches, triggers and RPCs stop: modules at a Limit of 10 that people can change, the last field."""
    for request in requests(app, "rpc"):
        most = request.response.get("limit")
        if not isinstance(most, int) or not _OPTIONS[0] <= most <= _OPTIONS[1]:
            yield request.fault("response.limit", f"Set it to {_OPTIONS[0]} to {_OPTIONS[1]}.")
    for request in requests(app, "module"):
        component = request.component
        if component is None or component.kind not in ("search", "trigger"):
            continue
        if request.response.get("limit") != "{{parameters.limit}}":
            yield request.fault("response.limit", "Set it to {{parameters.limit}}.")
        key = "mappableParams" if component.kind == "search" else "staticParams"
        yield from _limit_field(component, key)


def _limit_field(component: Component, key: str) -> Iterator[Fault]:
    fields = component.fields(key)
    path = component.codes[key].path if key in component.codes else ""
    if not any(each.get("name") == "limit" for each in fields):
        yield Fault(path, "[limit]", "Add the field, with a default of 10.")
    elif fields[-1].get("name") != "limit":
        yield Fault(path, "[limit]", "Put it last.")
    else:
        last = fields[-1]
        if last.get("default") != _USUAL or last.get("required") or last.get("advanced"):
            yield Fault(path, "[limit]", "Give it a default of 10; it is neither required nor advanced.")


def pagination(app: App) -> Iterator[Fault]:
    """What comes in pages is asked for in the largest, page by page."""
    for request in requests(app, "module", "rpc"):
        kind = request.component.kind if request.component else ""
        sizes = {name: each for name, each in mapping(request.block.get("qs")).items() if _PAGE.fullmatch(name)}
        paged = bool(sizes) or kind in ("search", "trigger")
        if not paged or kind in ("action", "universal"):
            continue
        if not any(isinstance(each, int) and each >= _LARGEST for each in sizes.values()):
            yield request.fault("qs", f"Ask for the largest page, {_LARGEST} at least.")
        pages = mapping(request.block.get("pagination"))
        if not pages.get("condition") or not (pages.get("qs") or pages.get("url") or pages.get("body")):
            yield request.fault("pagination", "Say how the next page is asked for, and while there is one.")


def options(app: App) -> Iterator[Fault]:
    """An RPC for a list gives a label and a value; one for fields gives them as they are."""
    for request in requests(app, "rpc"):
        output = request.response.get("output")
        if isinstance(output, Mapping) and not {"label", "value"} <= set(output):
            yield request.fault("response.output", "Give label and value.")


def universal(app: App) -> Iterator[Fault]:
    """One module makes any call, with a path on our own address only: elsewhere it would take the key along."""
    found = [each for each in app.of("module") if each.kind == "universal"]
    if len(found) != 1 or found[0].id != "makeApiCall":
        yield Fault(MANIFEST, "components.module", "Have one universal module, makeApiCall.")
    for request in requests(app, "module"):
        if request.component in found and not re.match(r"/(?!/)", str(request.block.get("url", ""))):
            yield request.fault("url", "Begin it with one slash, so that the call goes to the base's address.")
