"""Requests: their shape, their errors, what the log must not show; connections and webhooks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from relay.develop.make_app import iml
from relay.develop.make_app.app import App
from relay.develop.make_app.rules.expressions import stored
from relay.develop.make_app.rules.reading import Fault, every_field, mapping, requests, texts

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WITH_BODY = ("POST", "PUT", "PATCH")
_KEYS = iml.words(
    "url method headers qs body type encodeUrl condition temp pagination response log repeat followRedirects gzip"
    " ca endpoint input"
)
_RESPONSE_KEYS = iml.words("type valid error limit iterate temp output trigger wrapper data metadata uid expires")
_BASE_KEYS = iml.words("baseUrl url headers qs body timeout response log encodeUrl ca gzip followRedirects")
_INCOMING_KEYS = frozenset(["verification", "condition", "iterate", "output", "uid", "respond"])
_LONGEST = 300_000
_ERROR_TYPES = iml.words(
    "RuntimeError DataError RateLimitError ConnectionError InvalidAccessTokenError InvalidConfigurationError"
    " IncompleteDataError DuplicateDataError OutOfSpaceError"
)
_WANTED_ERRORS = {
    "400": "DataError",
    "401": "InvalidAccessTokenError",
    "403": "DataError",
    "404": "DataError",
    "409": "DataError",
    "422": "DataError",
    "429": "RateLimitError",
    "502": "ConnectionError",
    "503": "ConnectionError",
    "504": "ConnectionError",
}
_MUST_HAVE = ("401", "404", "429", "502", "503", "504")
_STATUS = "[{{statusCode}}]"
_SECRET = re.compile(r"secret|token|password|api_?key|signature", re.IGNORECASE)


def request_shape(app: App) -> Iterator[Fault]:
    """Requests have the parts that Make knows, with values that it takes."""
    for request in requests(app):
        known = {"base": _BASE_KEYS, "incoming": _INCOMING_KEYS}.get(request.sort, _KEYS)
        for name in request.block:
            if name not in known:
                yield request.fault(name, "Remove it: a request of this sort has no such part.")
        for name in request.response:
            if name not in _RESPONSE_KEYS:
                yield request.fault(f"response.{name}", "Remove it: an answer has no such part.")
        method = request.block.get("method", "GET")
        if "{{" not in str(method) and method not in METHODS:
            yield request.fault("method", f"Set it to one of {', '.join(METHODS)}.")
        for name in ("headers", "qs"):
            value = request.block.get(name, {})
            if not isinstance(value, Mapping) or any(isinstance(each, Mapping | list) for each in value.values()):
                yield request.fault(name, "Make it a flat object.")
        timeout = request.block.get("timeout", 0)
        if request.sort == "base" and not (isinstance(timeout, int) and 0 <= timeout <= _LONGEST):
            yield request.fault("timeout", f"Set it to at most {_LONGEST} ms.")


def request_body(app: App) -> Iterator[Fault]:
    for request in requests(app):
        if request.block.get("method") in _WITH_BODY and "body" not in request.block:
            yield request.fault("body", f"Give the {request.block['method']} a body, even if it is {{}}.")


def path_encoding(app: App) -> Iterator[Fault]:
    """What a person fills into a path is encoded, and only once; the universal module takes a whole path."""
    for request in requests(app, "module", "rpc"):
        url = str(request.block.get("url", ""))
        if request.component is None or request.component.kind == "universal" or "{{" not in url:
            continue
        try:
            found = list(iml.expressions(url))
        except iml.Wrong:
            continue
        filled = [each for each in found if any(path[0] == "parameters" for path in each.paths)]
        if any("encodeURL" not in each.calls for each in filled):
            yield request.fault("url", "Put encodeURL() around what is filled in.")
        elif filled and request.block.get("encodeUrl") is not False:
            yield request.fault("encodeUrl", "Set it to false: the address is encoded by encodeURL() already.")


# Errors


def error_handling(app: App) -> Iterator[Fault]:
    """Base and connection say the status and the API's own words; every error has a message and a known type."""
    for request in requests(app):
        error = request.response.get("error")
        if error is None:
            if request.sort in ("base", "connection"):
                yield request.fault("response.error", "Say what an error is, with the status and the API's message.")
            continue
        told = mapping(error) or {"message": error}
        message = str(told.get("message", ""))
        if _STATUS not in message or "{{" not in message.replace(_STATUS, "", 1):
            yield request.fault("response.error.message", f"Begin it with {_STATUS}, then the API's own message.")
        for status, each in told.items():
            if not isinstance(each, Mapping):
                continue
            place = f"response.error.{status}"
            if not re.fullmatch(r"[1-5]\d\d", status):
                yield request.fault(place, "Name it by a status of three digits.")
            elif status[0] in "23" and "valid" not in request.response:
                yield request.fault(place, "Remove it: without `valid` no error is made of this status.")
            if _STATUS not in str(each.get("message", "")):
                yield request.fault(f"{place}.message", f"Begin it with {_STATUS}.")
        for place, kind in _error_types(told):
            if kind not in _ERROR_TYPES:
                yield request.fault(place, "Set it to an error type that Make knows.")


def error_types(app: App) -> Iterator[Fault]:
    """Each status has the type that makes Make do the right thing. Only a dead key may switch a scenario off."""
    for request in requests(app, "base"):
        told = mapping(request.response.get("error"))
        for status in _MUST_HAVE:
            if status not in told:
                yield request.fault(f"response.error.{status}", f"Add it, with the type {_WANTED_ERRORS[status]}.")
    for request in requests(app):
        if request.sort == "connection":
            continue  # a connection that fails its test switches nothing off
        for place, kind in _error_types(mapping(request.response.get("error"))):
            status = place.split(".")[2]
            wanted = _WANTED_ERRORS.get(status)
            if wanted is not None and kind != wanted:
                yield request.fault(place, f"Set it to {wanted}.")
            elif wanted is None and kind in ("InvalidAccessTokenError", "InvalidConfigurationError"):
                yield request.fault(place, "Set it to RuntimeError: this type switches the scenario off.")


def _error_types(error: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "type" in error:
        yield "response.error.type", error["type"]
    for status, each in error.items():
        if isinstance(each, Mapping):
            yield f"response.error.{status}.type", each.get("type", "RuntimeError")


def found_nothing(app: App) -> Iterator[Fault]:
    """A get of something that is not there is an error: by its status, or through `valid`."""
    known = "404" in mapping(mapping(app.base.get("response")).get("error"))
    for request in requests(app, "module"):
        if request.component and request.component.entry.get("actionCrud") == "read":
            own = "404" in mapping(request.response.get("error"))
            if not (known or own or "valid" in request.response):
                yield request.fault("response.valid", "Make an error of an empty answer.")


# The log


def sanitize(app: App) -> Iterator[Fault]:
    """No secret that is sent or answered stands in the log."""
    secrets = _secrets(app)
    base = next(requests(app, "base"), None)
    for request in requests(app, "base", "connection", "hook", "module", "epoch", "rpc"):
        inherited = base.block if base is not None and request.sort not in ("base", "connection") else {}
        log = mapping(request.block.get("log", inherited.get("log")))
        hidden = {str(each).lower() for each in log.get("sanitize") or ()}
        sent = {**mapping(inherited.get("headers")), **mapping(request.block.get("headers"))}
        parts = {"headers": sent, "qs": request.block.get("qs"), "body": request.block.get("body")}
        wanted = {
            f"request.{place}"
            for place, text in texts(parts)
            if any(f"{root}.{name}" in text for root, name in secrets)
        }
        for place, text in texts(request.response.get("data")):
            held = re.fullmatch(r"\{\{body\.([\w.]+)\}\}", text)
            if held and (_SECRET.search(place) or _SECRET.search(held[1])):
                wanted.add(f"response.body.{held[1]}")
        for path in sorted(wanted):
            if path.lower() not in hidden:
                yield request.fault("log.sanitize", f"Add {path}, which holds a secret.")


def _secrets(app: App) -> set[tuple[str, str]]:
    """Fields of connections that nobody may see: those typed as a password, and what is kept of them."""
    found: set[tuple[str, str]] = set()
    for each in app.of("connection"):
        typed = each.fields("params")
        names = {str(field.get("name")) for field in typed if field.get("type") == "password"}
        found |= {("parameters", name) for name in names}
        found |= {("connection", name) for name in stored(each) if name in names or _SECRET.search(name)}
    return found


# Connection and webhook


def connection_test(app: App) -> Iterator[Fault]:
    """The test of a connection is one request to a whole address, which fails for a wrong key; it tells whose it is."""
    for component in app.of("connection"):
        blocks = [each for each in requests(app, "connection") if each.component is component]
        if component.entry.get("connectionType") != "basic":
            continue
        for request in blocks[1:]:
            yield request.fault("", "Ask once: a connection makes one request.")
        for request in blocks[:1]:
            url = str(request.block.get("url", ""))
            if not re.match(r"https://|\{\{", url):
                yield request.fault("url", "Give a whole address: the base is not used here.")
            if "pagination" in request.block:
                yield request.fault("pagination", "Remove it: a connection asks once.")
            for name in ("iterate", "limit", "output", "expires"):
                if name in request.response:
                    yield request.fault(f"response.{name}", "Remove it: a connection has no such part.")
            metadata = mapping(request.response.get("metadata"))
            if metadata.get("type") not in ("text", "email") or not metadata.get("value"):
                yield request.fault("response.metadata", "Say whose account it is: type text or email, and a value.")
            if not request.response.get("data"):
                yield request.fault("response.data", "Keep what the modules need.")


def connection_url(app: App) -> Iterator[Fault]:
    """An address that can be changed later would take the key elsewhere."""
    for component in app.of("connection"):
        code = component.codes.get("params")
        for place, each in every_field(code.value if code else None):
            if code and each.get("type") == "url" and each.get("editable"):
                yield Fault(code.path, f"{place}.editable", "Remove it from the address.")


def webhook_hook(app: App) -> Iterator[Fault]:
    """A hook is made at our end with Make's address, and removed by the id that came back."""
    for component in app.of("webhook"):
        for request in requests(app, "hook"):
            if request.component is not component:
                continue
            if request.code.key == "attach":
                if not any("webhook.url" in text for _, text in texts(request.block.get("body"))):
                    yield request.fault("body", "Send {{webhook.url}}: it is where events go.")
                if not stored(component, "attach"):
                    yield request.fault("response.data", "Keep the id of the hook.")
            if request.code.key == "detach":
                if request.block.get("method") != "DELETE":
                    yield request.fault("method", "Set it to DELETE.")
                kept = stored(component, "attach")
                if not any(f"webhook.{name}" in str(request.block.get("url")) for name in kept):
                    yield request.fault("url", "Name the hook by the id that attach keeps.")


def webhook_proof(app: App) -> Iterator[Fault]:
    """Only what carries the hook's own token is taken, and no token is never one."""
    for request in requests(app, "incoming"):
        condition = str(request.block.get("condition", ""))
        kept = stored(request.component, "attach") if request.component else set()
        secrets = [name for name in kept if _SECRET.search(name)]
        if "headers." not in condition or not any(f"data.{name}" in condition for name in secrets):
            yield request.fault("condition", "Compare a header with the token that attach keeps.")
        elif not any(f"ifempty(data.{name}" in condition for name in secrets):
            yield request.fault("condition", "Refuse where no token is kept, with length(ifempty(...)) > 0.")
