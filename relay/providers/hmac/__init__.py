"""Anybody who signs the body with an HMAC, in a header that the source's settings describe.

Every webhook becomes a `custom` event that carries the body, an object of JSON, as it came.
"""

from collections.abc import Iterator, Mapping

from relay.model import Inbound
from relay.providers.base import Data, On, Provider, Setting
from relay.redaction import without_secrets
from relay.values import HEADER
from relay.verification import KEY_FORMS, ConfiguredHmac

_NAME_FIELDS = ("type", "event", "event_type", "name")
# A field named `id` is not looked at: it is as often the id of what changed, and a second change of the same
# thing would then be taken for a repeat of the first and be lost.
_ID_HEADERS = ("webhook-id", "x-webhook-id", "x-event-id", "x-delivery-id", "idempotency-key")
_UNNAMED = "custom"


def event_name(inbound: Inbound) -> str:
    found = (inbound.payload.get(field) for field in _NAME_FIELDS)
    return next((name for name in found if isinstance(name, str) and name), _UNNAMED)


def event_id(inbound: Inbound) -> str | None:
    """None where the sender gives no id of the event: then the body's fingerprint knows a repeat."""
    found = inbound.payload.get("event_id")
    if isinstance(found, str | int) and found:
        return str(found)
    return next((inbound.headers[name] for name in _ID_HEADERS if inbound.headers.get(name)), None)


def custom(payload: Data) -> Data:
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
    ),
)
