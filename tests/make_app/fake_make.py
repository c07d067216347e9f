"""A stand-in for Make's API for apps, on this machine. It is stricter than Make where Make is not documented."""

import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kit.waiting import PATIENCE_SECONDS
from relay.develop.make_app.app import without_comments

JSON, JSONC, MARKDOWN = "application/json", "application/jsonc", "text/markdown"
APP_SECTIONS = {"base": JSONC, "common": JSON, "readme": MARKDOWN, "groups": JSON}
SECTIONS = {
    "connections": {"api": JSONC, "parameters": JSONC, "common": JSON},
    "webhooks": dict.fromkeys(("api", "parameters", "attach", "detach", "update", "scope"), JSONC),
    "rpcs": dict.fromkeys(("api", "parameters"), JSONC),
    "modules": dict.fromkeys(("api", "parameters", "expect", "interface", "samples", "scope", "epoch"), JSONC),
}
COLUMNS = {
    "label": "label",
    "description": "description",
    "typeId": "type_id",
    "crud": "crud",
    "connection": "account_name",
    "altConnection": "alt_account_name",
}
SINGLE = {"connections": "appConnection", "webhooks": "appWebhook", "modules": "appModule", "rpcs": "appRpc"}
CHECKSUMS = {"connections": "accounts", "webhooks": "hooks", "modules": "modules", "rpcs": "rpcs"}
WAIT = 7
WRITES = ("POST", "PUT", "PATCH")


class Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class Thing:
    """A connection, webhook, module or RPC."""

    properties: dict[str, Any]
    sections: dict[str, str] = field(default_factory=dict)
    public: bool = False


@dataclass
class FakeMake:
    """`burst` calls are answered, then none until `rest`. `failing` is the share of calls that go wrong, by `seed`:
    half of them before anything is done and half after it.
    """

    key: str = "fake-key-0123456789"
    burst: int = 10**9
    failing: float = 0.0
    seed: int = 1
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    on_write: Callable[[int], None] | None = None
    """Called with the number of each write after it was done and before it is answered."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._left = self.burst
        self._lock = threading.Lock()
        self._at_once = 0
        self.most_at_once = 0
        self.refused: list[str] = []
        self.limited = 0
        self.failed = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

        def handle(call: BaseHTTPRequestHandler) -> None:
            self.handle(call)

        for method in ("GET", *WRITES):
            setattr(Handler, f"do_{method}", handle)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    async def rest(self, seconds: float) -> None:
        """In place of waiting: whoever waits as long as was asked may call again."""
        if seconds >= WAIT:
            self._left = self.burst

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [each for each in self.log if each[0] in WRITES]

    def state(self) -> str:
        """All that is kept, to compare."""
        return json.dumps(self.apps, default=vars, sort_keys=True)

    # One call

    def handle(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("content-length") or 0))
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._answer(call, body)
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(self, call: BaseHTTPRequestHandler, body: bytes) -> None:
        if self._left <= 0:
            self.limited += 1
            self._send(call, 429, {"message": "Requests limit was exceeded."}, {"retry-after": str(WAIT)})
            return
        self._left -= 1
        fails = self._random.random() < self.failing
        after, hard = self._random.random() < 0.5, self._random.random() < 0.5
        if fails and not after:
            self._fail(call, hard)
            return
        try:
            if call.headers.get("authorization") != f"Token {self.key}":
                raise Refused(401, f"Access denied for {call.headers.get('authorization')}.")
            answer = self._do(call.command, call.path, body, call.headers.get("content-type", ""))
        except Refused as refused:
            self.refused.append(f"{call.command} {call.path}: {refused}")
            self._send(call, refused.status, {"message": "Bad request.", "detail": [str(refused)], "code": "IM001"})
            return
        self.log.append((call.command, call.path))
        if self.on_write and call.command in WRITES:
            self.on_write(len(self.writes))
        if fails:
            self._fail(call, hard)
            return
        self._send(call, 200, answer)

    def _fail(self, call: BaseHTTPRequestHandler, hard: bool) -> None:
        self.failed += 1
        if hard:
            call.close_connection = True
            call.connection.close()
        else:
            self._send(call, 503, {"message": "Try later."})

    def _send(
        self, call: BaseHTTPRequestHandler, status: int, answer: Any, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(answer).encode()
        try:
            call.send_response(status)
            for name, value in {"content-type": JSON, "content-length": str(len(body)), **(headers or {})}.items():
                call.send_header(name, value)
            call.end_headers()
            call.wfile.write(body)
        except OSError:
            call.close_connection = True

    # What is kept

    def _do(self, method: str, path: str, body: bytes, content_type: str) -> Any:
        if not path.startswith("/api/v2/sdk/apps"):
            raise Refused(404, "No such address.")
        parts = [each for each in path.removeprefix("/api/v2/sdk/apps").split("?")[0].split("/") if each]
        match method, parts:
            case "GET", []:
                return {"apps": [{"name": name, "label": app["label"]} for name, app in self.apps.items()]}
            case "POST", []:
                return {"app": self._create_app(_object(body, content_type))}
            case "GET", [name, "1", "checksum"]:
                return self._checksums(self._app(name))
            case "PUT", [name, "1", section] if section in APP_SECTIONS:
                app = self._app(name)
                text = _text(body, content_type, APP_SECTIONS[section])
                if section == "groups":
                    named = {module for group in json.loads(text) for module in group["modules"]}
                    if named - set(app["modules"]):
                        raise Refused(400, f"Groups name modules that are not there: {sorted(named)}.")
                app["sections"][section] = text
                return {"change": {}}
            case "GET", [name, *version, kind] if kind in SECTIONS and version == _version(kind):
                things = self._app(name)[kind]
                rows = [{"name": own, "public": t.public, **t.properties} for own, t in things.items()]
                return {SINGLE[kind] + "s": rows}
            case "POST", [name, *version, kind] if kind in SECTIONS and version == _version(kind):
                return {SINGLE[kind]: self._create(name, kind, _object(body, content_type))}
            case "POST", [name, "1", "modules", own, "public"]:
                self._thing(self._app(name), "modules", own).public = True
                return {}
            case _, [name, "1", ("modules" | "rpcs") as kind, own, *section]:
                return self._change(method, self._app(name), kind, own, section, body, content_type)
            case _, [("connections" | "webhooks") as kind, own, *section]:
                app = next((app for app in self.apps.values() if own in app[kind]), None)
                if app is None:
                    raise Refused(404, f"There is no {kind[:-1]} {own}.")
                return self._change(method, app, kind, own, section, body, content_type)
        raise Refused(404, f"There is no {method} {path}.")

    def _create_app(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = {"name", "label", "version", "description", "theme", "language", "audience"}
        if set(given) != wanted or not re.fullmatch(r"[a-z][0-9a-z-]{1,28}[0-9a-z]", given["name"]):
            raise Refused(400, "An app needs its name, label and the rest.")
        name = f"{given['name']}-{len(self.apps) + 1}x7k2q"
        self.apps[name] = {"label": given["label"], "sections": {}} | {kind: {} for kind in SECTIONS}
        return {**given, "name": name}

    def _create(self, app_name: str, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        app = self._app(app_name)
        properties = dict(given)
        if kind in ("connections", "webhooks"):
            count = sum(len(each[kind]) for each in self.apps.values())
            name = app_name + (str(count + 1) if count else "")
            if properties.pop("type", None) not in ("basic", "web"):
                raise Refused(400, "A type is missing.")
        else:
            name = str(properties.pop("name", ""))
            if not re.fullmatch(r"[a-zA-Z][0-9a-zA-Z]{2,47}", name) or name in app[kind]:
                raise Refused(400, f"{name} is taken or no name.")
        if kind == "modules":
            self._check_module(properties)
        self._check_entry(app, kind, properties)
        app[kind][name] = Thing(properties, dict.fromkeys(SECTIONS[kind], "blank"))
        return {**properties, "name": name}

    def _check_module(self, properties: dict[str, Any]) -> None:
        if properties.pop("moduleInitMode", None) != "blank":
            raise Refused(400, "moduleInitMode is missing.")
        if properties.get("typeId") == 12 and properties.pop("subtype", None) != "Universal":
            raise Refused(400, "subtype is missing.")

    def _check_entry(self, app: dict[str, Any], kind: str, properties: dict[str, Any]) -> None:
        allowed = {"label"} | (set() if kind == "connections" else {"connection", "altConnection"})
        if kind == "modules":
            allowed |= {"description", "typeId"}
            allowed |= {"crud"} if properties.get("typeId") == 4 else set()
            allowed |= {"webhook"} if properties.get("typeId") == 10 else set()
        if set(properties) != allowed or not properties["label"]:
            raise Refused(400, f"Expected {sorted(allowed)}, got {sorted(properties)}.")
        for key, place in (("connection", "connections"), ("altConnection", "connections"), ("webhook", "webhooks")):
            named = properties.get(key)
            if (named is not None or key == "webhook") and key in properties and named not in app[place]:
                raise Refused(400, f"There is no {place[:-1]} {named}.")

    def _change(
        self, method: str, app: dict[str, Any], kind: str, own: str, section: list[str], body: bytes, content_type: str
    ) -> Any:
        thing = self._thing(app, kind, own)
        match method, section:
            case "PATCH", []:
                given = _object(body, content_type)
                self._check_entry(app, kind, given)
                thing.properties = given
            case "PUT", [name] if name in SECTIONS[kind]:
                if name == "epoch" and thing.properties.get("typeId") != 1:
                    raise Refused(400, "Only a trigger has an epoch.")
                text = _text(body, content_type, SECTIONS[kind][name])
                missing = set(re.findall(r"rpc://(\w+)", text)) - set(app["rpcs"])
                if missing:
                    raise Refused(400, f"There are no RPCs {sorted(missing)}.")
                thing.sections[name] = text
            case _:
                raise Refused(404, f"There is no {method} of this.")
        return {"change": {}}

    def _app(self, name: str) -> dict[str, Any]:
        if name not in self.apps:
            raise Refused(404, f"There is no app {name}.")
        return self.apps[name]

    def _thing(self, app: dict[str, Any], kind: str, own: str) -> Thing:
        if own not in app[kind]:
            raise Refused(404, f"There is no {kind[:-1]} {own}.")
        thing = app[kind][own]
        assert isinstance(thing, Thing)
        return thing

    def _checksums(self, app: dict[str, Any]) -> dict[str, Any]:
        general = {"content" if key == "readme" else key: _md5(text) for key, text in app["sections"].items()}
        general.pop("groups", None)  # one that is not told
        found: dict[str, Any] = {"app": [{"name": "", "checksum": general}], "functions": []}
        for kind, things in CHECKSUMS.items():
            found[things] = [
                {
                    "name": name,
                    "checksum": {f"{key}_jsonc": _md5(text) for key, text in thing.sections.items()}
                    | {
                        COLUMNS[key]: None if value is None else _md5(str(value))
                        for key, value in thing.properties.items()
                        if key in COLUMNS
                    },
                }
                for name, thing in app[kind].items()
            ]
        return found


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def _version(kind: str) -> list[str]:
    return ["1"] if kind in ("modules", "rpcs") else []


def _object(body: bytes, content_type: str) -> dict[str, Any]:
    found = json.loads(_text(body, content_type, JSON))
    assert isinstance(found, dict)
    return found


def _text(body: bytes, content_type: str, wanted: str) -> str:
    if content_type != wanted:
        raise Refused(415, f"Expected {wanted}, got {content_type}.")
    text = body.decode()
    if wanted != MARKDOWN:
        try:
            json.loads(without_comments(text) if wanted == JSONC else text)
        except ValueError as error:
            raise Refused(400, f"This is not JSON: {error}.") from None
    return text


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
