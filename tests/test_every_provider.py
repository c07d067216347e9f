"""What every provider must do. A new one is picked up by itself.

A provider whose scheme cannot sign, because only the vendor holds the key, brings `NAME_authority.py` beside its own
tests, with `SCHEME`: the same scheme with a test's own authority behind it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from kit.cases import Check, cases
from kit.signing import credentials, signing_scheme, usable_secret
from relay.catalogue.vocabulary import catalogue, schema_directory
from relay.develop.samples import RECEIVED_AT, Sample, all_samples, events_of
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import EVENTS_PER_WEBHOOK, Event, Inbound, Source
from relay.providers import ROOT, load
from relay.sdk.provider import On, Provider
from relay.security.redaction import REMOVED
from relay.security.verification import Coverage, Credentials

NOW = RECEIVED_AT.timestamp()
HOUR = 3600
PLANTED = "planted-and-not-to-be-seen"
GENERAL_SECRETS = ("password", "NEW_PASSWORD", "api_key", "clientSecret", "key_pem", "cvv")

# The relay's own events are made inside: nobody posts them.
PROVIDERS = [each for each in load().values() if each.kind != "relay"]
SAMPLES = [(each, sample) for each in PROVIDERS for sample in all_samples(each.name)]


def signs_a_stamp(provider: Provider) -> bool:
    """Whether a signature of this scheme grows old."""
    return getattr(signing_scheme(provider), "window", None) is not None


def signed(provider: Provider, sample: Sample, now: float = NOW, owner: str = "ours") -> Inbound:
    return signing_scheme(provider).sign(sample.inbound, credentials(provider, owner), now)


def unsigned(provider: Provider, sample: Sample) -> Inbound:
    return sample.inbound


def somebody_elses(provider: Provider, sample: Sample) -> Inbound:
    return signed(provider, sample, owner="theirs")


def changed_body(provider: Provider, sample: Sample) -> Inbound:
    inbound = signed(provider, sample)
    return replace(inbound, body=inbound.body + b" ")


def an_hour_old(provider: Provider, sample: Sample) -> Inbound:
    return signed(provider, sample, NOW - HOUR)


def an_hour_ahead(provider: Provider, sample: Sample) -> Inbound:
    return signed(provider, sample, NOW + HOUR)


def covers(provider: Provider, sample: Sample) -> Coverage:
    """How much the proof of a signed sample covers."""
    scheme = signing_scheme(provider)
    return scheme.covers(scheme.verify(signed(provider, sample), credentials(provider), NOW))


def is_refused(provider: Provider, inbound: Inbound) -> bool:
    try:
        signing_scheme(provider).verify(inbound, credentials(provider), NOW)
    except VerificationError:
        return True
    return False


def of_samples(which: list[tuple[Provider, Sample]] = SAMPLES) -> Callable[[Check], Check]:
    """One test for each provider, over all its samples."""
    ids = [sample.id for _, sample in which]
    return cases(("provider", "sample"), which, ids, by=lambda provider, _: provider.name)


def of_providers() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("provider", PROVIDERS, ids=[each.name for each in PROVIDERS])


def origin_of(provider: Provider) -> Origin:
    source = Source("src_test", "ws_test", provider.name, f"{provider.label} of a test")
    return Origin(source, place=7, verified_by=provider.verification.name)


def events_from(provider: Provider, inbound: Inbound) -> list[Event]:
    return normalize(provider, read(provider, inbound), origin_of(provider))


@of_samples()
def test_a_signed_sample_is_accepted(provider: Provider, sample: Sample) -> None:
    inbound = signed(provider, sample)

    signing_scheme(provider).verify(inbound, credentials(provider), NOW)


def nobody_may_be_asked(*_: object, **__: object) -> None:
    pytest.fail("proving it would have asked somebody")


@of_samples()
def test_a_scheme_that_says_so_waits_for_nobody(
    provider: Provider, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked in the web server's loop, where all others would wait too."""
    scheme = provider.verification
    fetched = covers(provider, sample) == "fetched"
    inbound = signed(provider, sample)
    if not scheme.blocking:
        with monkeypatch.context() as patched:
            for name in ("socket", "create_connection", "getaddrinfo"):
                patched.setattr(socket, name, nobody_may_be_asked)
            scheme.verify(inbound, credentials(provider), NOW)

    assert scheme.blocking or not fetched, "what came before is counted in the database"


@cases("tamper", [unsigned, somebody_elses])
@of_samples()
def test_anything_else_is_refused_unless_all_that_is_told_is_fetched(
    provider: Provider, sample: Sample, tamper: Callable[[Provider, Sample], Inbound]
) -> None:
    proves = covers(provider, sample) != "fetched"

    assert is_refused(provider, tamper(provider, sample)) == proves


@of_samples()
def test_events_say_how_much_of_their_webhook_was_proved(provider: Provider, sample: Sample) -> None:
    golden = json.loads(sample.golden.read_text())

    assert {event["source"]["signed"] for event in golden} <= {"fully", "partly", "not", "fetched"}
    # A partial proof may be over a checksum, which most changes alter.
    may_be = {True: {"fully", "partly"}, False: {"partly", "not", "fetched"}}
    assert covers(provider, sample) in may_be[is_refused(provider, changed_body(provider, sample))]


STAMPED = [(each, sample) for each, sample in SAMPLES if signs_a_stamp(each)]


@cases("tamper", [an_hour_old, an_hour_ahead])
@of_samples(STAMPED)
def test_another_time_is_refused_where_the_time_is_signed(
    provider: Provider, sample: Sample, tamper: Callable[[Provider, Sample], Inbound]
) -> None:
    inbound = tamper(provider, sample)

    with pytest.raises(VerificationError) as caught:
        signing_scheme(provider).verify(inbound, credentials(provider), NOW)

    assert caught.value.code in ("timestamp_too_old", "timestamp_in_future")


@of_samples()
def test_a_sample_becomes_the_events_beside_it(provider: Provider, sample: Sample) -> None:
    made = jsontext.pretty(events_of(sample))

    assert sample.golden.exists(), f"next: relay generate (it writes {sample.golden.name}), and read what it says"
    assert made == sample.golden.read_text(), f"if this is meant: relay generate (it writes {sample.golden.name})"


def validator() -> Draft202012Validator:
    """The reference validator over the whole of an event: envelope, and data by its type."""
    directory = schema_directory()
    files = [directory / "definitions.json", directory / "envelope.json", *directory.glob("events/*.json")]
    schemas = [json.loads(path.read_text()) for path in files]
    registry: Any = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)
    of_a_type = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"data": {"$ref": each.schema["$id"]}}},
        }
        for name, each in catalogue().types.items()
    ]
    whole = {"allOf": [{"$ref": "urn:relay:schema:envelope"}, *of_a_type]}
    return Draft202012Validator(whole, registry=registry)


VALIDATOR = validator()


@of_samples()
def test_the_events_of_a_sample_are_what_our_schemas_say(provider: Provider, sample: Sample) -> None:
    events = json.loads(sample.golden.read_text())

    found = [f"{error.json_path}: {error.message}" for event in events for error in VALIDATOR.iter_errors(event)]

    assert found == []


@of_samples()
def test_nothing_of_a_sample_breaks_a_reader_or_a_schema(provider: Provider, sample: Sample) -> None:
    events = events_from(provider, sample.inbound)

    assert [event.defect for event in events if event.defect] == []
    assert [event.envelope["data"] for event in events if broken(event)] == []


def broken(event: Event) -> bool:
    """Whether it is unknown for want of a field, and not because its type is simply new."""
    return event.type == "unknown" and event.envelope["data"]["unknown"]["defect"] is not None


@of_samples()
def test_a_repeat_gives_the_same_events_and_each_has_its_own_id(provider: Provider, sample: Sample) -> None:
    first, again = events_from(provider, sample.inbound), events_from(provider, sample.inbound)

    assert again == first
    assert len({event.id for event in first}) == len(first)
    assert [event.sequence for event in first] == [7 * EVENTS_PER_WEBHOOK + index for index in range(len(first))]


def planted(value: Any, names: tuple[str, ...]) -> Any:
    """The same value with every one of these fields in each of its objects."""
    if isinstance(value, dict):
        kept = {name: planted(item, names) for name, item in value.items()}
        return kept | {name: f"{PLANTED}: {name}" for name in names if name not in value}
    if isinstance(value, list):
        return [planted(item, names) for item in value]
    return value


def with_secrets(provider: Provider, sample: Sample) -> Inbound:
    names = (*GENERAL_SECRETS, *sorted(provider.secret_fields))
    body = sample.inbound.body
    if body.lstrip()[:1] in (b"{", b"["):
        return replace(sample.inbound, body=jsontext.dumps(planted(jsontext.loads(body), names)))
    if body.lstrip()[:1] == b"<":
        head, end, root = body.rpartition(b"</")
        elements = "".join(f"<{name}>{PLANTED}: {name}</{name}>" for name in names)
        return replace(sample.inbound, body=head + elements.encode() + end + root)
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return replace(sample.inbound, body=urlencode(planted(form, names)).encode())


def has_fields(provider: Provider) -> bool:
    """What a job prints has none: it is cleaned where it comes in (relay/web/public/pings.py)."""
    return provider.body.name != "ping"


OF_FIELDS = [(provider, sample) for provider, sample in SAMPLES if has_fields(provider)]


@of_samples(OF_FIELDS)
def test_secrets_are_neither_kept_nor_told(provider: Provider, sample: Sample) -> None:
    inbound = read(provider, with_secrets(provider, sample))

    kept = provider.storable(inbound)
    told = normalize(provider, inbound, origin_of(provider))

    assert PLANTED.encode() in inbound.body
    assert PLANTED.encode() not in kept
    assert REMOVED in kept.decode() or REMOVED in dict(parse_qsl(kept.decode())).values()
    assert [event.type for event in told if PLANTED.encode() in event.body] == []


LOGIN = f"https://deploy:{PLANTED}@intranet.example/x?a=1&token={PLANTED}"


def with_logins(value: Any) -> Iterator[Any]:
    """The same value with an address that logs in: in each text in turn, in the place of an address or behind it."""
    if isinstance(value, str):
        yield LOGIN if "://" in value else f"{value} {LOGIN}"
    elif isinstance(value, dict):
        yield from ({**value, name: each} for name, item in value.items() for each in with_logins(item))
    elif isinstance(value, list):
        yield from (
            [*value[:at], each, *value[at + 1 :]] for at, item in enumerate(value) for each in with_logins(item)
        )


@of_samples(OF_FIELDS)
def test_credentials_in_addresses_are_neither_kept_nor_told(provider: Provider, sample: Sample) -> None:
    payloads = list(with_logins(provider.body.read(sample.inbound)))
    inbounds = [replace(sample.inbound, body=provider.body.write(each)) for each in payloads]
    answers = [replace(sample.inbound, looked_up=each) for each in with_logins(dict(sample.inbound.looked_up))]

    read_ones = [read(provider, each) for each in (*inbounds, *answers)]

    assert payloads
    assert [each.payload for each in read_ones if PLANTED in str(each.payload)] == []
    assert [kept for each in read_ones if PLANTED.encode() in (kept := provider.storable(each))] == []
    told = [event for each in read_ones for event in normalize(provider, each, origin_of(provider))]
    assert [event.type for event in told if PLANTED.encode() in event.body] == []


@of_samples()
def test_what_is_kept_gives_the_same_events_as_what_came(provider: Provider, sample: Sample) -> None:
    inbound = read(provider, with_secrets(provider, sample))
    kept = replace(inbound, body=provider.storable(inbound), payload=None)

    came, again = normalize(provider, inbound, origin_of(provider)), events_from(provider, kept)

    assert [(event.type, event.envelope["data"]) for event in again] == [
        (event.type, event.envelope["data"]) for event in came
    ]


@of_samples()
def test_an_event_that_is_not_mapped_is_kept_as_unknown(provider: Provider, sample: Sample) -> None:
    ignorant = replace(provider, events={}, ignored=frozenset())

    events = events_from(ignorant, sample.inbound)

    assert {event.type for event in events} == {"unknown"}
    assert {event.defect for event in events} == {None}
    assert all(event.envelope["provider_event"]["type"] for event in events)


GARBAGE = (b"", b"{}", b"[]", b"null", b"\xff\xfe", b"<a/>", b"a=b&c", b'{"event": 1, "data": []}')


@cases("body", GARBAGE)
@of_providers()
def test_garbage_is_kept(provider: Provider, body: bytes) -> None:
    events = events_from(provider, Inbound(body, received_at=RECEIVED_AT))

    assert [event.defect for event in events if event.defect] == []


@of_samples()
def test_a_sample_says_whence_it_comes(provider: Provider, sample: Sample) -> None:
    assert re.match(r"(recorded|from their documentation|made)\b", sample.origin)


@of_providers()
def test_a_provider_has_samples_and_no_leftover_of_one(provider: Provider) -> None:
    samples = all_samples(provider.name)

    beside = {path.name for path in (ROOT / provider.name / "samples").iterdir()}

    assert samples, (
        f"next: save a delivery of {provider.label} as relay/providers/{provider.name}/samples/EVENT.http"
        " (CONTRIBUTING.md says how); then: relay generate"
    )
    answers = {each.answers.name for each in samples if each.answers.exists()}
    assert beside == {f"{each.name}.http" for each in samples} | {each.golden.name for each in samples} | answers


def ons(provider: Provider) -> Iterator[On]:
    """The routes that are written down; those that are functions show themselves in the samples."""
    for route in provider.events.values():
        if isinstance(route, On):
            yield route
        elif isinstance(route, list | tuple):
            yield from route


@of_providers()
def test_a_provider_tells_something(provider: Provider) -> None:
    told = {event.type for sample in all_samples(provider.name) for event in events_from(provider, sample.inbound)}

    assert "TODO" not in list(provider.events), f"next: map its events in relay/providers/{provider.name}/__init__.py"
    assert told - {"unknown"}, "next: map the events of its samples; they are all unknown yet"


@of_providers()
def test_a_provider_speaks_our_vocabulary(provider: Provider) -> None:
    assert sorted({on.type for on in ons(provider)} - catalogue().types.keys()) == []


@of_providers()
def test_an_event_is_either_told_or_ignored(provider: Provider) -> None:
    assert sorted(provider.ignored & set(provider.events)) == []


@of_providers()
def test_a_provider_is_named_by_its_folder(provider: Provider) -> None:
    assert (ROOT / provider.name / "__init__.py").is_file()
    assert re.fullmatch(r"[a-z][a-z0-9_]*", provider.name)
    assert provider.label
    assert provider.homepage.startswith("https://")


@of_providers()
def test_names_of_secret_fields_are_written_as_they_are_compared(provider: Provider) -> None:
    assert sorted(name for name in provider.secret_fields if name != name.lower()) == []


def test_no_two_providers_answer_to_one_name() -> None:
    names = [name for each in load().values() for name in (each.name, *each.aliases)]

    assert sorted(names) == sorted(set(names))


@of_providers()
def test_its_setup_can_be_followed(provider: Provider) -> None:
    text = (ROOT / provider.name / "setup.md").read_text()

    # Theirs have blanks or dots in them: Go's templates, Handlebars.
    blanks = set(re.findall(r"\{\{(\w*)\}\}", text))

    assert text.startswith("# ")
    assert blanks <= {"url", "id", "secret", "name"}
    assert {"url", "id"} <= blanks
    assert ("secret" in blanks) == (provider.secret == "ours")
    assert re.findall(r"\b(?:TODO|TBD|FIXME|XXX|lorem)\b", text) == [], "next: say the exact steps in setup.md"
    assert [each.name for each in provider.settings if f"`{each.name}`" not in text] == []


def shell_of(provider: Provider) -> str | None:
    """The script that its setup shows, if it shows one."""
    found = re.search(r"```sh\n(.*?)```", (ROOT / provider.name / "setup.md").read_text(), re.DOTALL)
    return found and found[1]


SHELLS = [each for each in PROVIDERS if shell_of(each)]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("provider", SHELLS, ids=[each.name for each in SHELLS])
def test_the_script_in_its_setup_posts_what_is_accepted(provider: Provider, tmp_path: Path) -> None:
    secret = usable_secret(provider, "ours")
    script = re.sub(r"SECRET='.*?'", f"SECRET='{secret}'", shell_of(provider) or "")
    curl, said = tmp_path / "curl", tmp_path / "said"
    curl.write_text(f"#!/bin/sh\nfor each; do printf '%s\\0' \"$each\"; done > '{said}'\n")
    curl.chmod(0o755)

    subprocess.run(["sh", "-eu", "-c", script], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True)

    words = said.read_text().split("\0")
    after = [(word, words[index + 1]) for index, word in enumerate(words[:-1])]
    headers = dict(value.split(": ", 1) for word, value in after if word == "--header")
    inbound = Inbound(
        body=dict(after)["--data-binary"].encode(),
        headers={name.lower(): value for name, value in headers.items()},
        received_at=RECEIVED_AT,
    )
    moment = float(inbound.headers.get("webhook-timestamp", NOW))
    provider.verification.verify(inbound, Credentials((secret,), {"header": "X-Signature"}), moment)
    assert "{{url}}" in words
    assert "unknown" not in [event.type for event in events_from(provider, inbound)]
