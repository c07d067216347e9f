"""What is sealed opens with its key and in its place, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import ConfigError
from relay.security.vault import SHORTEST_KEY, Vault

OLD, NEW = "an old key that is long enough to be one", "a new key that is long enough to be one"


@given(st.binary(), st.text())
def test_what_is_sealed_opens_in_its_place(value: bytes, context: str) -> None:
    vault = Vault((OLD,))

    sealed = vault.seal(value, context)

    assert vault.open(sealed, context) == value
    assert len(value) < 4 or value not in sealed


def test_the_same_value_is_sealed_differently_each_time() -> None:
    vault = Vault((OLD,))

    assert vault.seal(b"value", "place") != vault.seal(b"value", "place")


def test_a_key_is_rotated_by_putting_a_new_one_in_front() -> None:
    kept = Vault((OLD,)).seal(b"value", "place")
    rotating = Vault((NEW, OLD))

    assert rotating.open(kept, "place") == b"value"
    assert Vault((NEW,)).open(rotating.seal(b"value", "place"), "place") == b"value"


@pytest.mark.parametrize("harm", ["another key", "another place", "cut", "changed", "empty", "another format"])
def test_nothing_else_opens(harm: str) -> None:
    vault = Vault((OLD,))
    sealed = vault.seal(b"value", "place")
    harmed = {
        "cut": sealed[:-1],
        "changed": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "empty": b"",
        "another format": b"\x02" + b"\x00" * len(sealed),
    }.get(harm, sealed)

    with pytest.raises(ConfigError, match="does not open"):
        (Vault((NEW,)) if harm == "another key" else vault).open(
            harmed, "elsewhere" if harm == "another place" else "place"
        )


@pytest.mark.parametrize("keys", [(), ("",), ("x" * (SHORTEST_KEY - 1),), (OLD, "short")])
def test_keys_that_are_none_are_refused_with_the_way_to_make_one(keys: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="openssl rand"):
        Vault(keys)


def test_each_kind_of_data_has_a_key_of_its_own() -> None:
    vault = Vault((OLD,))
    seals = {kind: vault.mac(kind).seal(b"value") for kind in ("audit log", "something else")}

    assert vault.mac("audit log").fits(b"value", seals["audit log"])
    assert not vault.mac("audit log").fits(b"value", seals["something else"])
    assert not vault.mac("audit log").fits(b"another", seals["audit log"])
    assert not vault.mac("audit log").fits(b"value", "no seal")


def test_a_seal_of_the_old_key_is_known_while_it_is_there() -> None:
    old = Vault((OLD,)).mac("audit log").seal(b"value")

    assert Vault((NEW, OLD)).mac("audit log").fits(b"value", old)
    assert not Vault((NEW,)).mac("audit log").fits(b"value", old)
