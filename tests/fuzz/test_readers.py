"""No bytes break a reader: each answers with something that can be kept, or with the error that it promises.

In the usual run the same few inputs each time; `make fuzz` tries others for as long as it is told to, and prints what
breaks together with the seed that leads there again.
"""

import os
import random
import time
import zlib
from collections.abc import Iterator

import pytest

from fuzz.mutations import mutated
from fuzz.readers import PROVIDERS, READERS, Reader, of_provider
from kit.cases import cases
from relay.formats import jsontext

SECONDS = float(os.environ.get("RELAY_FUZZ_SECONDS", "0"))
SEED = os.environ.get("RELAY_FUZZ_SEED", "")
ROUNDS, ROUNDS_OF_A_PROVIDER = 150, 12


def inputs(name: str, reader: Reader, rounds: int) -> Iterator[bytes]:
    """The seeds as they are, then so many changed ones; with `RELAY_FUZZ_SECONDS`, for as long."""
    yield from reader.seeds
    chance = random.Random(zlib.crc32(f"{SEED}{name}".encode()))
    end = time.monotonic() + SECONDS
    while rounds > 0 or time.monotonic() < end:
        rounds -= 1
        yield mutated(chance.choice(reader.seeds), reader.seeds, chance)


def check(name: str, reader: Reader, rounds: int) -> None:
    for body in inputs(name, reader, rounds):
        try:
            answer = reader.read(body)
        except reader.errors:
            continue
        except Exception as error:  # noqa: BLE001  the input is what whoever mends it needs
            pytest.fail(f"{type(error).__name__}: {error} (seed {SEED!r}): {body!r}")
        kept = jsontext.dumps(answer)
        kept.decode()


@cases("name", READERS)
def test_a_reader_answers_or_refuses(name: str) -> None:
    check(name, READERS[name], ROUNDS)


@cases("name", PROVIDERS)
def test_a_provider_reads_whatever_comes(name: str) -> None:
    check(name, of_provider(name), ROUNDS_OF_A_PROVIDER)
