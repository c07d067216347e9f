"""A webhook as it lies in the database: sealed, without secrets."""

from dataclasses import replace
from datetime import UTC, datetime

from relay.formats import jsontext
from relay.model import Inbound, Source
from relay.sdk.provider import Provider
from relay.security.vault import Vault
from relay.security.verification import TOKEN
from relay.storage.inbound import Claimed

_HEADERS_NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization", "x-forwarded-for", "forwarded"})
_MOST_HEADER_BYTES = 16 * 1024


def open_stored(vault: Vault, stored: Claimed, source: Source | None = None) -> Inbound:
    """The webhook as it came in, with the settings of its source, not yet read.

    Raises `DoesNotOpen` without its key, or where its body was forgotten.
    """
    return replace(
        unpack(vault.open(stored.sealed or b"", stored.id)),
        received_at=datetime.fromtimestamp(stored.received_at / 1000, UTC),
        settings=source.settings if source else {},
        verified_by=stored.verified_by,
    )


def pack(provider: Provider, webhook: Inbound) -> bytes:
    """A read webhook as it is sealed: a line of JSON (method, headers, query), then the body without secrets.

    A body that had to be written anew is in UTF-8, whatever charset its header named.
    """
    body = provider.storable(webhook)
    kept = provider.headers_without_secrets(webhook.headers)
    headers = {name: value for name, value in kept.items() if name not in _HEADERS_NOT_KEPT}
    if body is not webhook.body and "content-type" in headers:
        headers["content-type"] = headers["content-type"].partition(";")[0]
    if sum(len(name) + len(value) for name, value in headers.items()) > _MOST_HEADER_BYTES:
        headers = {name: value for name, value in headers.items() if len(value) <= 1024}
    said = {name: value for name, value in webhook.query.items() if name != TOKEN}
    query = provider.parameters_without_secrets(said)
    envelope = {"method": webhook.method, "headers": headers, "query": query}
    return jsontext.dumps(envelope) + b"\n" + body


def unpack(packed: bytes) -> Inbound:
    """The webhook that `pack` wrote; what is kept beside it is set by `open_stored`."""
    head, _, body = packed.partition(b"\n")
    envelope = jsontext.loads(head)
    return Inbound(body=body, headers=envelope["headers"], method=envelope["method"], query=envelope["query"])
