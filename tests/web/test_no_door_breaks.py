"""Whatever comes in at an address that anybody reaches: an answer that is nobody's fault of ours."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from kit.cases import cases
from kit.signing import credentials, signing_scheme
from relay import providers
from relay.develop.samples import all_samples
from relay.errors import Unreadable
from relay.formats import jsontext
from relay.providers import get
from relay.security.verification import Credentials
from relay.web.framework.headers import HEADERS

DIGITS = "9" * 5000
ODD = [
    DIGITS,
    f"-{DIGITS}",
    "1e999999",
    "1E-999999",
    "NaN",
    "Infinity",
    "-0",
    "²",
    "١٢",
    "0000-00-00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z",
    "2026-13-45",
    "",
    "\0",
    "\N{PILE OF POO}" * 3000,
    True,
    None,
    10**30,
    -(10**30),
    -62_135_596_801,
    253_402_300_800,
    [],
    {},
    [[[None]]],
    {"id": {"id": []}},
]
"""In place of any value that a body holds."""

TEXTS = [b"9" * 5000, b"1e999999", b"1e-999999", b"NaN", b"\xff\xfe", b"\x00", b"%00%ff", b"<a>" * 300, b"[" * 5000]
"""In place of any number that a body says."""

MUTATIONS = 6
PROVED_HERE = [name for name in sorted(providers.load()) if signing_scheme(get(name)) is get(name).verification]
"""Without those whose proof has to be fetched."""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, each in items:
        yield from places(each, (*at, name))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    if isinstance(value, dict):
        return {name: put(each, at[1:], new) if name == at[0] else each for name, each in value.items()}
    return [put(each, at[1:], new) if index == at[0] else each for index, each in enumerate(value)]


def changed(body: bytes, chance: random.Random) -> list[bytes]:
    """A body, each time with something odd in it."""
    try:
        payload = jsontext.loads(body)
    except Unreadable:
        numbers = [each for each in range(len(body)) if body[each : each + 1].isdigit()] or [0]
        cuts = [(chance.choice(numbers), chance.choice(TEXTS)) for _ in range(MUTATIONS)]
        return [body[:at] + text + body[at + 1 :] for at, text in cuts]
    everywhere = list(product(places(payload), ODD))
    return [
        jsontext.dumps(put(payload, at, new)) for at, new in chance.sample(everywhere, min(MUTATIONS, len(everywhere)))
    ]


@pytest.mark.parametrize("name", PROVED_HERE)
def test_no_proved_body_breaks_anything(api, name):
    provider, held, chance = get(name), credentials(get(name)), random.Random(name)
    secret = held.secrets[0] if held.secrets else None
    client = api.app.test_client()
    for sample in all_samples(name)[:4]:
        settings = {**held.settings, **sample.inbound.settings}
        made = api.source(provider=name, secret=secret, settings=settings)
        for body in changed(sample.inbound.body, chance):
            odd = replace(sample.inbound, body=body)
            try:
                signed = signing_scheme(provider).sign(odd, Credentials(held.secrets, settings), time.time())
            except Exception:  # noqa: BLE001  what cannot be signed cannot come
                continue
            answer = client.open(
                f"/in/{made['id']}",
                method=signed.method,
                data=signed.body,
                headers=dict(signed.headers),
                query_string=signed.query,
            )

            # 401 where the proof lies in what was changed.
            assert answer.status_code in (200, 202, 401), (answer.status_code, body[:500])

    api.work()
    assert api.call("GET", "/events", limit=100).status_code == 200


@cases("name", sorted(providers.load()))
def test_no_setting_breaks_anything(shared_api, name):
    for setting, text in product(
        [each.name for each in get(name).settings], [DIGITS, f"{DIGITS}d", "²", "\0", "%", ""]
    ):
        answer = shared_api.call("POST", "/sources", {"provider": name, "settings": {setting: text}})

        assert answer.status_code < 500, (setting, text[:20])


@cases("before", ["/in/", "/ping/", "/api/push/", "/install/", "/approvals/", "/api/v1/events/", "/"])
@cases(
    "end",
    [
        DIGITS[:8000],
        "%00",
        "%ff%fe",
        "%2e%2e/%2e%2e",
        "a%20b",
        "é",
        "a/b/c/d",
        "%0d%0aX:%20y",
        "?%ff=%fe&a=%00",
        "%",
        "\N{PILE OF POO}",
    ],
)
@cases("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_no_address_breaks_anything(shared_api, before, end, method):
    answer = shared_api.app.test_client().open(f"{before}{end}", method=method, data=None if method == "GET" else b"x")

    assert answer.status_code < 500


@cases("token", ["x.y", "src_1." + DIGITS, ".", "..", "%00.%00", "src_1."])
@cases("end", ["", "/" + DIGITS, "/-1", "/²", "/%00", "/0/0"])
def test_no_ping_breaks_anything(shared_api, token, end):
    answer = shared_api.app.test_client().post(f"/ping/{token}{end}", data=b"\xff" * 100)

    assert answer.status_code < 500


@cases("method", ["GET", "POST", "HEAD", "OPTIONS", "DELETE"])
@cases(
    "path",
    [
        *(f"{at}/src_1" for at in ("/in", "/ping", "/api/push", "/install", "/approvals", "/api/v1/events")),
        *("/", "/docs", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/me", "/nowhere", "/in/"),
    ],
)
def test_every_answer_says_that_no_browser_may_guess_or_frame_it(shared_api, method, path):
    answer = shared_api.app.test_client().open(path, method=method)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/in/{id}", "/ping/{id}.{secret}", "/api/push/{id}.{secret}"])
def test_what_was_taken_is_kept_by_no_cache(api, path):
    source = api.source(provider="ping")
    standard = api.source(provider="standard", monitor=True)
    at = path.format(id=source["id"], secret=source["secret"]) if "secret" in path else f"/in/{standard['id']}"

    answer = api.app.test_client().get(at) if "secret" in path else api.app.test_client().post(at, data=b"{}")

    assert answer.status_code < 300
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
