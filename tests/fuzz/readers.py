"""Every reader of bytes that are not ours, with seeds that are good, and the errors that it may answer with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from kit.signing import credentials as held_by
from kit.signing import signing_scheme
from relay import http
from relay.accounts.hook_fields import HOOK_CHANGES
from relay.accounts.sources import ping_parts
from relay.areas import cursors
from relay.develop.samples import all_samples
from relay.errors import InvalidRequest, Loop, NotFound, RelayError, Unreadable
from relay.formats import charsets, forms, hops, json_schema, jsontext, money, times, xmltext
from relay.formats.retry_after import retry_after
from relay.formats.values import URL, ZONE, Unfit
from relay.inbound.identity import native_id, read, repeat_key
from relay.inbound.normalize import Origin, normalize
from relay.model import EVENTS_PER_WEBHOOK, Inbound, Source
from relay.notify import channel_urls, people
from relay.outbound.wanted import read_filters
from relay.providers import get, load
from relay.security import credentials, redaction
from relay.security.approval_links import Links
from relay.security.vault import Vault
from relay.security.verification import Credentials
from relay.web.framework.incoming import Incoming

_KEY = "a key for tests that is long enough to seal"
_AT = datetime(2026, 11, 22, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Reader:
    """`read` answers what can be said as JSON; what else it may do is raise one of `errors`."""

    read: Callable[[bytes], Any]
    seeds: Sequence[bytes]
    errors: tuple[type[Exception], ...] = ()


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass") if body.isascii() else body.decode("latin-1")


def _in_pieces(body: bytes) -> list[Any]:
    """As it comes from the network: in two pieces, and byte for byte."""
    found = []
    for pieces in ([body[: len(body) // 2], body[len(body) // 2 :]], [body[:200][at : at + 1] for at in range(200)]):
        incoming = Incoming()
        for piece in pieces:
            if not incoming.ripe:
                incoming.add(piece)
        found.append([incoming.has_head, incoming.ripe, incoming.whole, incoming.awaits_go_ahead])
    return found


def _answer(body: bytes) -> Any:
    found = http._answer_of(body, 4096)
    return None if found is None else [found.status, dict(found.headers), found.body.hex(), found.whole]


def _after(body: bytes) -> float | None:
    return retry_after({"retry-after": _text(body)}, 1_795_330_800.0)


def _hops(body: bytes) -> int:
    headers = {hops.HEADER: _text(body)}
    hops.check(headers)
    return hops.of(headers)


def _moments(body: bytes) -> Any:
    text = _text(body)
    found = [times.instant(text), times.local(text, "Europe/Paris"), times.local(text, text)]
    return [*(each and each.isoformat() for each in found), times.timestamp(text), times.local_timestamp(text, "UTC")]


def _money(body: bytes) -> Any:
    text = _text(body)
    made = (money.from_decimal(text, "EUR"), money.from_minor(text, "JPY"), money.from_decimal("1.00", text))
    return [money.named("amount", each) for each in made]


def _address(body: bytes) -> str:
    url = _text(body)
    channel_urls.secrets_of(url)
    return channel_urls.check(url, frozenset()).kind


def _person(body: bytes) -> list[str]:
    return [people.person(kind, _text(body)) for kind in (channel_urls.MAIL, channel_urls.SMS, channel_urls.CHAT)]


def _event_words(body: bytes) -> Any:
    given = jsontext.loads(body)
    if not isinstance(given, dict):
        return None
    json_schema.check({"event_types": given.get("event_types")}, HOOK_CHANGES)
    return read_filters(given.get("filters") or {})


def _one_by_one(readers: Mapping[str, Callable[[str], Any]]) -> Callable[[bytes], Any]:
    return lambda body: {name: each(_text(body)) for name, each in readers.items()}


_JSON = (
    b'{"id": "evt_1", "amount": 12.50, "nested": [{"a": null}, true, "\\u00fc\\ud83d\\ude00"]}',
    b'[1e3, -0.0, "", {"": []}]',
)
_XML = (
    b'<?xml version="1.0" encoding="utf-8"?><a><id type="integer">12</id><at nil="true"/><b>&amp;</b></a>',
    b"<a b='c'><d/><d>x</d></a>",
)
_FORM = (
    b"a=1&b=%C3%BC&c=x+y&d=&a=2",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: a/b; charset=latin-1\r\n\r\n\xfc\r\n--x--\r\n',
)
_ODD_FORM = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: a/b; charset=\xff\r\n\r\n\xfc\r\n--x--\r\n'
)
_REQUESTS = (
    b"POST /in/src_1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
)
_ANSWERS = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\nok",
    b"HTTP/1.0 410\nRetry-After: 5\n\n",
)
_VAULT = Vault([_KEY])

READERS: Mapping[str, Reader] = {
    "JSON, strictly": Reader(jsontext.loads, _JSON, (Unreadable,)),
    "JSON, leniently": Reader(jsontext.read, _JSON, (Unreadable,)),
    "JSON in another charset": Reader(lambda body: jsontext.read(body, "cp1252"), _JSON, (Unreadable,)),
    "XML": Reader(xmltext.loads, _XML, (Unreadable,)),
    "forms": Reader(forms.loads, (*_FORM, _ODD_FORM), (Unreadable,)),
    "text": Reader(lambda body: charsets.text(body, "cp1252", "utf-8"), (*_JSON, b"\xff\xfea\x00", b"\x80\xfc")),
    "content types": Reader(lambda body: charsets.named(_text(body)), (b"text/xml; charset=utf-16", b"a/b;charset=x")),
    "requests": Reader(_in_pieces, _REQUESTS),
    "answers": Reader(_answer, _ANSWERS),
    "Retry-After": Reader(_after, (b"120", b"Sun, 22 Nov 2026 07:00:00 GMT")),
    "relay-hops": Reader(_hops, (b"1", b"3, 2"), (Loop,)),
    "times": Reader(_moments, (b"2026-11-22T07:00:00+01:00", b"1795330800", b"22/11/2026 07:00", b"2026-11-22")),
    "money": Reader(_money, (b"1,234.50", b"-0.05", b"EUR", b"12")),
    "cursors": Reader(
        lambda body: cursors.read_id("hooks", _text(body)),
        (cursors.write("hooks", "hk_1").encode(),),
        (InvalidRequest,),
    ),
    "cursors by number": Reader(
        lambda body: cursors.read_number("events", _text(body)),
        (cursors.write("events", 12).encode(),),
        (InvalidRequest,),
    ),
    "tokens of pings": Reader(lambda body: ping_parts(_text(body)), (b"src_1.secret", b"src_1.")),
    "approval links": Reader(
        lambda body: Links(_VAULT, "https://relay.example.com").read(_text(body)).run_id,
        (b"AQAAAA", b"a" * 80),
        (NotFound,),
    ),
    "event types and filters": Reader(
        _event_words, (b'{"event_types": ["invoice.paid"], "filters": {"min_amount": "10"}}',), (RelayError,)
    ),
    "addresses of channels": Reader(
        _address,
        (
            b"mailtos://relay:secret@mail.example.com?from=billing@example.com",
            b"discord://" + b"4" * 18 + b"/" + b"a" * 60,
            b"json://hooks.example.com/a?+X-Token=b",
        ),
        (RelayError,),
    ),
    "recipients": Reader(_person, (b"zoe+x@shop.example", b"+33 6 12 34 56 78")),
    "addresses and zones of settings": Reader(
        _one_by_one({"url": URL.read}), (b"https://panel.example.com:8443/a", b"https://[2001:db8::1]/"), (Unfit,)
    ),
    "time zones": Reader(_one_by_one({"zone": ZONE.read}), (b"Europe/Paris", b"UTC"), (Unfit,)),
    "secrets in text": Reader(
        _one_by_one(
            {
                "names": redaction.text_without_secrets,
                "addresses": lambda text: credentials.without_credentials(text, lambda name: name == "token"),
            }
        ),
        (b"password=hunter2 and https://a:b@c.example/?token=d&x=1", b'{"api_key": "x"} <secret>y</secret>'),
    ),
}


@cache
def of_provider(name: str) -> Reader:
    """A provider's webhooks from their proof to their events. What is changed is the body, or one of the headers."""
    provider, scheme = get(name), signing_scheme(get(name))
    found = all_samples(name)[:6]
    held = held_by(provider)
    source = Source("src_1", "ws_1", name, name)
    origin = Origin(source, 1, "fuzz")

    def judged(inbound: Inbound) -> Any:
        known = read(provider, inbound)
        ids = [native_id(provider, known), repeat_key(provider, known)]
        events = normalize(provider, known, origin)
        assert len(events) <= EVENTS_PER_WEBHOOK
        return [ids, [jsontext.loads(event.body) for event in events]]

    def read_one(body: bytes) -> Any:
        sample = found[len(body) % len(found)].inbound
        settings = {**held.settings, **sample.settings}
        with_body = replace(sample, body=body, received_at=_AT, settings=settings)
        headers = {each: _text(body[:400]) for each in sample.headers}
        for inbound in (with_body, replace(with_body, body=sample.body, headers=headers)):
            try:
                scheme.verify(inbound, Credentials(held.secrets, settings), _AT.timestamp())
            except RelayError:
                continue  # refused with a reason
        return judged(with_body)

    return Reader(read_one, [each.inbound.body or b"a" for each in found])


PROVIDERS = [name for name in sorted(load()) if all_samples(name)]
