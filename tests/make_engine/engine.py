"""Carries out what the blocks of an app describe: requests, errors, lists, triggers, webhooks and RPCs."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from make_engine import iml
from make_engine.app import App, Block, Component
from make_engine.iml import Wrong, truth, value_of

MOST_PAGES = 50
EPOCH_ALL = "1970-01-01T00:00:00Z"
_REQUEST = {"url", "method", "headers", "qs", "body", "type", "encodeUrl", "pagination", "response", "log", "condition"}
_RESPONSE = {"output", "iterate", "limit", "trigger", "error", "valid", "data", "uid", "metadata", "type"}


class MakeError(Exception):
    """What a scenario sees: one of Make's error types, and a message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def variables(self) -> dict[str, Any]:
        return {"statusCode": self.status, "headers": dict(self.headers), "body": self.body}


@dataclass
class Hook:
    """A webhook as Make keeps it: its address, what its owner chose, and what `attach` brought."""

    webhook: Component
    url: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Trigger:
    """How far a polling trigger has come."""

    since: str
    ids: set[str] = field(default_factory=set)


class Engine:
    def __init__(self, app: App) -> None:
        self.app = app
        self.connection: dict[str, Any] = {}
        self.label: str | None = None
        self.uid: str | None = None
        self.sent: list[dict[str, Any]] = []

    # Connections

    def connect(self, parameters: Mapping[str, Any]) -> None:
        (connection,) = self.app.connections.values()
        block, variables = connection.code["communication"], {"parameters": dict(parameters)}
        answer = self._request(block, variables, inherits=False)
        known = variables | answer.variables
        response = block["response"]
        self.connection = value_of(response["data"], known)
        self.uid = value_of(response["uid"], known)
        self.label = value_of(response["metadata"]["value"], known)

    # Modules

    def action(self, name: str, parameters: Mapping[str, Any]) -> Any:
        """The one bundle of an action, a get or the universal module."""
        block, variables = self._module(name, parameters)
        assert "iterate" not in block.get("response", {}), "an action has no iterate"
        return self._output(block, variables, self._request(block, variables))

    def search(self, name: str, parameters: Mapping[str, Any]) -> list[Any]:
        block, variables = self._module(name, parameters)
        return list(self._items(block, variables))

    def epoch(self, name: str) -> list[Any]:
        """What a person chooses from, where a polling trigger is to begin."""
        module = self.app.modules[name]
        found = list(self._items(module.code["epoch"], {"connection": self.connection, "parameters": {}}))
        assert all({"date", "label"} <= set(each) for each in found)
        return found

    def poll(self, name: str, parameters: Mapping[str, Any], state: Trigger) -> list[Any]:
        """The bundles that are new since, oldest first."""
        block, variables = self._module(name, parameters)
        rule = block["response"]["trigger"]
        assert (rule["type"], rule["order"]) == ("date", "desc")
        found = []
        for page in self._pages(block, variables | {"data": {"lastDate": state.since}}):
            for item in page:
                at, own = (value_of(rule[key], {"item": item}) for key in ("date", "id"))
                if at > state.since or (at == state.since and own not in state.ids):
                    found.append((at, own, value_of(block["response"]["output"], {"item": item})))
        found.sort(key=lambda each: each[0])
        for at, own, _ in found:
            state.ids = {own} if at > state.since else state.ids | {own}
            state.since = max(at, state.since)
        return [bundle for _, _, bundle in found]

    def rpc(self, name: str, **variables: Any) -> list[Any]:
        known = {"connection": self.connection, "parameters": {}, "webhook": {}, **variables}
        return list(self._items(self.app.rpcs[name].code["communication"], known))

    def interface(self, name: str, **variables: Any) -> list[Any]:
        """A module's output fields; those that an RPC tells are asked for."""
        found: list[Any] = []
        for each in self.app.modules[name].code["interface"]:
            found += self.rpc(each.removeprefix("rpc://"), **variables) if isinstance(each, str) else [each]
        return found

    # Webhooks

    def attach(self, module: str, url: str, parameters: Mapping[str, Any]) -> Hook:
        webhook = self.app.webhooks[self.app.modules[module].entry["webhook"]]
        hook = Hook(webhook, url, dict(parameters))
        block, variables = webhook.code["attach"], self._of_hook(hook)
        answer = self._request(block, variables)
        hook.data |= value_of(block["response"]["data"], variables | answer.variables)
        return hook

    def update(self, hook: Hook, parameters: Mapping[str, Any]) -> None:
        hook.data |= parameters
        self._request(hook.webhook.code["update"], self._of_hook(hook))

    def detach(self, hook: Hook) -> None:
        self._request(hook.webhook.code["detach"], self._of_hook(hook))

    def delivered(self, module: str, hook: Hook, headers: Mapping[str, str], body: bytes) -> list[Any]:
        """The bundles that one request to the hook's address gives; none where the condition says no."""
        block = hook.webhook.code["communication"]
        assert set(block) <= {"condition", "output", "verification", "respond", "iterate"}
        variables = {
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": json.loads(body),
            "query": {},
            "method": "POST",
            "data": hook.data,
            "parameters": hook.data,
            "now": iml.now(),
        }
        if "condition" in block and not truth(value_of(block["condition"], variables)):
            return []
        payload = value_of(block["output"], variables)
        communication = self.app.modules[module].code.get("communication") or {}
        output = communication.get("response", {}).get("output")
        return [payload if output is None else value_of(output, {"payload": payload})]

    def _of_hook(self, hook: Hook) -> dict[str, Any]:
        return {
            "connection": self.connection,
            "parameters": hook.data,
            "webhook": {"url": hook.url, **hook.data},
        }

    # Requests

    def _module(self, name: str, parameters: Mapping[str, Any]) -> tuple[Block, dict[str, Any]]:
        module = self.app.modules[name]
        given = {each["name"]: each["default"] for each in self._fields(module) if "default" in each}
        return module.code["communication"], {"connection": self.connection, "parameters": given | dict(parameters)}

    @staticmethod
    def _fields(module: Component) -> Sequence[Any]:
        found = [*module.code.get("staticParams", []), *module.code.get("mappableParams", [])]
        return [each for each in found if isinstance(each, dict)]

    def _items(self, block: Block, variables: Mapping[str, Any]) -> Iterator[Any]:
        response = block["response"]
        limit = value_of(response.get("limit"), variables)
        count = 0
        for page in self._pages(block, variables):
            for item in page:
                if limit is not None and count >= int(limit):
                    return
                count += 1
                yield value_of(response["output"], {**variables, "item": item})
            if limit is not None and count >= int(limit):
                return

    def _pages(self, block: Block, variables: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
        more: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            answer = self._request(block, variables, more)
            known = {**variables, **answer.variables}
            page = value_of(block["response"]["iterate"], known)
            if not isinstance(page, list):
                raise Wrong(f"iterate is no list but {page!r}")
            yield page
            paging = block.get("pagination")
            if not page or paging is None or not truth(value_of(paging["condition"], known)):
                return
            more = value_of(paging["qs"], known)

    def _output(self, block: Block, variables: Mapping[str, Any], answer: Answer) -> Any:
        output = block.get("response", {}).get("output", "{{body}}")
        return value_of(output, {**variables, **answer.variables})

    def _request(
        self,
        block: Block,
        variables: Mapping[str, Any],
        more: Mapping[str, Any] | None = None,
        *,
        inherits: bool = True,
    ) -> Answer:
        if set(block) - _REQUEST or set(block.get("response", {})) - _RESPONSE:
            raise Wrong(f"there is no such key: {set(block) - _REQUEST | set(block.get('response', {})) - _RESPONSE}")
        base = self.app.base if inherits else {}
        url = str(value_of(block["url"], variables))
        if url.startswith("/"):
            url = f"{value_of(base['baseUrl'], variables)}{url}"
        query = {**value_of(block.get("qs", {}), variables), **(more or {})}
        headers = {**value_of(base.get("headers", {}), variables), **value_of(block.get("headers", {}), variables)}
        method = str(value_of(block.get("method", "GET"), variables)).upper()
        body = value_of(block.get("body"), variables)
        if method in ("POST", "PUT", "PATCH") and body is not None:
            headers = {"content-type": "application/json", **{name.lower(): value for name, value in headers.items()}}
            body = body if isinstance(body, str) else json.dumps(body)
        answer = self._send(method, url, query, headers, body if isinstance(body, str) else None)
        self._judge(block.get("response", {}), base.get("response", {}), variables, answer)
        return answer

    def _send(
        self, method: str, url: str, query: Mapping[str, Any], headers: Mapping[str, Any], body: str | None
    ) -> Answer:
        address = urlsplit(url)
        assert address.hostname == "127.0.0.1", "no request leaves loopback"
        target = address.path + (f"?{urlencode(query)}" if query else "")
        self.sent.append({"method": method, "target": target, "headers": dict(headers), "body": body})
        line = http.client.HTTPConnection(address.hostname, address.port, timeout=40)
        try:
            line.request(method, target, body=body.encode() if body is not None else None, headers=dict(headers))
            reply = line.getresponse()
            content = reply.read()
        finally:
            line.close()
        kind = reply.headers.get("content-type", "")
        told: Any = content.decode("utf-8", "replace")
        if content and "json" in kind:
            told = json.loads(content)
        return Answer(reply.status, {name.lower(): value for name, value in reply.headers.items()}, told)

    @staticmethod
    def _judge(own: Block, base: Block, variables: Mapping[str, Any], answer: Answer) -> None:
        known = {**variables, **answer.variables}
        if answer.status >= 400:
            error = own.get("error", base.get("error"))
            if isinstance(error, str):
                raise MakeError("RuntimeError", str(value_of(error, known)))
            assert error is not None
            assert "message" in error, "an error block needs a message"
            chosen = error.get(str(answer.status), error)
            kind = chosen.get("type", error.get("type", "RuntimeError"))
            raise MakeError(kind, str(value_of(chosen["message"], known)))
        valid = own.get("valid")
        if valid is not None and not truth(value_of(valid["condition"], known)):
            raise MakeError(valid.get("type", "RuntimeError"), str(value_of(valid["message"], known)))
