"""Anybody who signs the body with an HMAC, in a header that the source's settings describe.

Every webhook becomes a `custom` event that carries the body as it came: an object of JSON, XML or the fields of a form.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from relay.formats import jsontext
from relay.formats.values import HEADER, Form, Unfit
from relay.sdk.entities import Data
from relay.sdk.errors import Unreadable
from relay.sdk.fields import Object, dig, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, BodyFormat, On, Provider, Setting, inner_json
from relay.security.redaction import is_secret_name, without_secrets
from relay.security.verification import KEY_FORMS, ConfiguredHmac, fingerprint

_NAME_FIELDS = ("type", "event", "event_type", "name")
# A field named `id` is not looked at: it is as often the id of what changed, and a second change of the same
# thing would then be taken for a repeat of the first and be lost.
_ID_HEADERS = (
    "webhook-id",
    "svix-id",
    "x-github-delivery",  # https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
    "x-gitea-delivery",
    "x-forgejo-delivery",
    "x-gogs-delivery",
    "x-shopify-webhook-id",  # https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates
    "x-wc-webhook-delivery-id",  # https://woocommerce.com/document/webhooks/
    "x-request-uuid",  # https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
    "x-atlassian-webhook-identifier",
    "linear-delivery",
    "x-contentful-idempotency-key",
    "ce-id",  # https://github.com/cloudevents/spec
    "x-delivery-id",
    "x-webhook-delivery-id",
    "x-event-id",
    "idempotency-key",  # GitLab's since 17.4, and whoever else sends it
    "x-idempotency-key",
)
# These may be the same for several deliveries: of one cause, or of one endpoint. With the body they tell them apart.
_SHARED_HEADERS = ("x-gitlab-event-uuid", "x-shopify-event-id", "x-webhook-id")
_PATH = re.compile(r"[A-Za-z0-9_$-]+(?:\.[A-Za-z0-9_$-]+){0,9}")
_UNNAMED = "custom"


def _read(inbound: Inbound) -> Any:
    """Whatever is signed: JSON, XML, or a form, perhaps with the JSON in its field `payload`, as GitHub's is."""
    if not inbound.body.strip():
        # What an address says is not signed.
        raise Unreadable("The body must be an object of JSON, XML or a form; it is empty.")
    found = ANY.read(inbound)
    if not isinstance(found, dict):
        raise Unreadable("The body must be an object of JSON, XML or a form; it is a list.")
    inner = inner_json(found["payload"]) if list(found) == ["payload"] else None
    return inner if isinstance(inner, dict) else found


def event_name(inbound: Inbound) -> str:
    found = (inbound.payload.get(field) for field in _NAME_FIELDS)
    return next((name for name in found if isinstance(name, str) and name), _UNNAMED)


def event_id(inbound: Inbound) -> str | None:
    """None where the sender gives no id of the event: then the body's fingerprint knows a repeat."""
    path, header = str(inbound.settings.get("id_path") or ""), str(inbound.settings.get("id_header") or "")
    if path or header:
        return _at(inbound.payload, path) or inbound.headers.get(header.lower()) or None
    found = scalar(inbound.payload.get("event_id"))
    if found is not None:
        return found
    named = next((inbound.headers[name] for name in _ID_HEADERS if inbound.headers.get(name)), None)
    shared = next((inbound.headers[name] for name in _SHARED_HEADERS if inbound.headers.get(name)), None)
    return named or (shared and f"{shared}:{fingerprint(inbound.body)[:32]}")


def _at(payload: Any, path: str) -> str | None:
    return scalar(dig(payload, *path.split("."))) if path else None


def _not_secret(fits: Callable[[str], str]) -> Callable[[str], str]:
    """What is named like a secret is removed before anything is kept, so nothing could be known by it later."""

    def check(text: str) -> str:
        found = fits(text)
        if any(is_secret_name(name) for name in found.split(".")):
            raise Unfit("it is named like a secret, and secrets are not kept")
        return found

    return check


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise Unfit(f"it is {text[:60]!r}")
    return text


_ID_HEADER = replace(HEADER, example="X-Delivery-Id", check=_not_secret(HEADER.check))
_ID_PATH = Form("names of fields with dots between, such as data.delivery_id", "data.delivery_id", _not_secret(_path))


def custom(payload: Object) -> Data:
    cleaned, _ = without_secrets(payload)
    return {"custom": cleaned}


class EveryEvent(Mapping[str, On]):
    """A custom event for every name."""

    def __getitem__(self, _: str) -> On:
        return _CUSTOM

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


_CUSTOM = On("custom", custom)

PROVIDER = Provider(
    name="hmac",
    label="HMAC",
    kind="generic",
    homepage="https://www.rfc-editor.org/rfc/rfc2104",
    verification=ConfiguredHmac(),
    event_name=event_name,
    event_id=event_id,
    events=EveryEvent(),
    body=BodyFormat("any", _read, jsontext.dumps),
    settings=(
        Setting(
            "header",
            "Signature header",
            "The header that carries the signature, such as X-Signature.",
            required=True,
            form=HEADER,
        ),
        Setting(
            "algorithm",
            "Hash algorithm",
            "The hash that the sender signs with.",
            default="sha256",
            choices=("sha256", "sha1", "sha384", "sha512"),
        ),
        Setting(
            "encoding",
            "Encoding of the signature",
            "How the signature is written in the header.",
            default="hex",
            choices=("hex", "base64"),
        ),
        Setting(
            "prefix",
            "Prefix of the signature",
            "What stands before the signature in the header, such as sha256=. Empty for nothing.",
        ),
        Setting(
            "key_form",
            "Form of the secret",
            "Whether the secret's text is the key itself, or the key written in base64 or hexadecimal.",
            default="text",
            choices=tuple(KEY_FORMS),
        ),
        Setting(
            "id_header",
            "Header of the id",
            "The header with the id of a delivery, the same when it is repeated, where it is none of the usual ones.",
            form=_ID_HEADER,
        ),
        Setting(
            "id_path",
            "Field of the id",
            "Where that id stands in the body instead, such as data.delivery_id.",
            form=_ID_PATH,
        ),
    ),
)
