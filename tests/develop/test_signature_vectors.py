"""Each signature vector's verdict: of the project's own, which are frozen, and of those that others published."""

from typing import Any

import pytest

import vectors
from corpus import of_corpus, rows
from kit.cases import cases
from relay.develop.signature_vectors import judge
from relay.model import Inbound
from relay.providers import get, load
from relay.security.verification import Credentials

PROVIDERS = [name for name, each in load().items() if each.kind != "relay"]
OWN = [
    (name, vector)
    for name in PROVIDERS
    if vectors.path_of(name).exists()
    for vector in vectors.load(vectors.path_of(name))
]
PUBLISHED = rows("gateways/signature_vectors.json")


def holds(vector: dict[str, Any]) -> None:
    provider = get(vector["provider"])

    assert judge(provider, vector) == (vector["expected"], vector["reason"])
    if "response_body" in vector:
        asked = Inbound(b"", method=vector["method"], query=vector["query"])
        assert provider.handshake is not None
        reply = provider.handshake(asked, Credentials(settings=vector))
        assert (reply and reply.text) == vector["response_body"]


@cases("vector", [each for _, each in OWN], ids=[f"{name}-{each['id']}" for name, each in OWN])
def test_a_frozen_vector_is_judged_as_it_says(vector: dict[str, Any]) -> None:
    holds(vector)


@of_corpus
@pytest.mark.parametrize("vector", PUBLISHED, ids=[each["id"] for each in PUBLISHED])
def test_a_published_vector_is_judged_as_it_says(vector: dict[str, Any]) -> None:
    holds(vector)


@cases("name", PROVIDERS)
def test_a_provider_has_vectors_of_good_and_of_bad_proof(name: str) -> None:
    path = vectors.path_of(name)

    assert path.exists(), f"next: make vectors ONLY={name}, and read what it says of each"
    verdicts = {each["expected"] for each in vectors.load(path)}
    assert "invalid" in verdicts or verdicts == {"unsigned"}


def test_no_two_vectors_have_one_name() -> None:
    names = [(name, each["id"]) for name, each in OWN]

    assert sorted(names) == sorted(set(names))
