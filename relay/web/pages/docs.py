"""Pages for people: `/` says how it stands, `/docs` how the API is used. No script, nothing from outside."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup, escape

from relay import __version__
from relay.areas.resources import PREFIX
from relay.catalogue.vocabulary import FAMILIES, catalogue
from relay.formats import jsontext
from relay.web.public.health import Health

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_METHODS = ("get", "post", "patch", "delete")


def blueprint(describe: Callable[[], dict[str, Any]], examine: Callable[[], Health]) -> Blueprint:
    """The pages over an OpenAPI document, and the document itself. It is made when somebody first looks."""
    pages = Blueprint("pages", __name__, template_folder="templates")
    style = (Path(__file__).parent / "templates" / "style.css").read_text()
    policy = (
        f"default-src 'none'; style-src 'sha256-{fingerprint(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    document = cache(describe)
    described = cache(lambda: jsontext.dumps(document()) + b"\n")
    docs: list[str] = []

    def page(html: str, status: int = 200) -> Response:
        response = Response(html, status=status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = policy
        return response

    @pages.get(f"{PREFIX}/openapi.json", provide_automatic_options=False)
    def show_openapi() -> Response:
        return Response(described(), mimetype="application/json")

    @pages.get("/docs", provide_automatic_options=False)
    def show_docs() -> Response:
        if not docs:
            docs.append(
                render_template(
                    "docs.html",
                    style=Markup(style),  # noqa: S704  our own file
                    document=document(),
                    groups=_groups(document()),
                    families=_families(),
                    version=__version__,
                )
            )
        return page(docs[0])

    @pages.get("/", provide_automatic_options=False)
    def show_status() -> Response:
        html = render_template(
            "status.html",
            style=Markup(style),  # noqa: S704  our own file
            health=examine(),
            version=__version__,
        )
        return page(html)

    pages.add_app_template_filter(_words, "words")
    pages.add_app_template_filter(_pretty, "pretty")
    pages.add_app_template_filter(lambda node: _type(document(), node), "type")
    pages.add_app_template_filter(lambda node: _fields(document(), node), "fields")
    return pages


def fingerprint(style: str) -> str:
    """What a page's policy knows its style by."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _groups(document: dict[str, Any]) -> list[tuple[dict[str, Any], list[tuple[str, str, dict[str, Any]]]]]:
    """The operations by tag, in the order of the tags."""
    found = []
    for tag in document["tags"]:
        operations = [
            (method, path, item[method])
            for path, item in document["paths"].items()
            for method in _METHODS
            if method in item and tag["name"] in item[method]["tags"]
        ]
        found.append((tag, operations))
    return found


def _families() -> list[tuple[str, list[tuple[Any, str]]]]:
    words = catalogue()
    return [
        (
            family,
            [(each, jsontext.pretty(words.sample(each))) for each in words.types.values() if each.family == family],
        )
        for family in FAMILIES
    ]


def _words(text: str) -> Markup:
    """The little markup that descriptions use: `code`, **strong** and paragraphs."""
    marked = str(escape(text.strip()))
    marked = _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", marked))
    return Markup("</p><p>".join(marked.split("\n\n")))  # noqa: S704  escaped above


def _pretty(value: Any) -> str:
    return jsontext.pretty(value).rstrip("\n")


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _type(document: dict[str, Any], node: dict[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in node:
        return str(node["$ref"].rpartition("/")[2])
    if "const" in node:
        return _pretty(node["const"])
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(_type(document, each) for each in node["anyOf"]))
    types = node.get("type", "any")
    named = [types] if isinstance(types, str) else list(types)
    if "array" in named and "items" in node:
        named[named.index("array")] = f"list of {_type(document, node['items'])}"
    if node.get("format") in ("date-time", "uri", "email"):
        named[0] = {"date-time": "date and time", "uri": "URL", "email": "e-mail"}[node["format"]]
    return " or ".join(named)


def _fields(document: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of an object schema, nested ones behind their parent with its name before theirs."""
    node = _resolved(document, node)
    found = []
    for name, schema in node.get("properties", {}).items():
        found.append({"name": name, "schema": schema, "required": name in node.get("required", ())})
        below = schema if "properties" in schema else schema.get("items", {})
        if "properties" in below:
            mark = "" if below is schema else "[]"
            found += [each | {"name": f"{name}{mark}.{each['name']}"} for each in _fields(document, below)]
    return found
