"""Once all is encrypted again, nothing needs the old key: after an interruption too, and beside other writers."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from kit.workbench import SECRET_KEY, Workbench
from relay.actions.requests import Desk
from relay.model import now_ms
from relay.security.vault import Vault
from relay.storage import Database, audit, channels, hooks, idempotency, resealing, runs, sealed, sources
from relay.storage.channels import Channel
from relay.storage.sealed import Shut

NEW = "a new key that is long enough to be one"
TOLD = {"type": "something.happened", "data": {"it": "did"}}


def of_every_kind(bench: Workbench) -> dict[str, str]:
    hook, source = bench.hook(), bench.source()
    inbound_id = bench.accept(source, TOLD)
    run = Desk(bench.working_in()).request("alert.raise", {"key": "a", "title": "b"})
    with bench.database.write() as connection:
        channels.save(connection, bench.vault, Channel(bench.workspace_id, "desk", "json://example.com"), 1)
        idempotency.begin(connection, bench.workspace_id, "key_1", "k1", "0" * 64, now_ms())
        idempotency.complete(connection, bench.vault, bench.workspace_id, "key_1", "k1", 200, b"{}")
    return {"hook": hook.id, "source": source.id, "webhook": inbound_id, "run": run.id}


def rotate(bench: Workbench, *keys: str) -> list[Shut]:
    """As the command does, by a relay with these keys."""
    with Rekeyed(bench, *keys) as again:
        return resealing.reseal(again.database, again.vault)


class Rekeyed(Workbench):
    """The same database, opened with other keys."""

    def __init__(self, bench: Workbench, *keys: str) -> None:
        self.vault = Vault(keys)
        self.database = Database(bench.database.engine.url.render_as_string(hide_password=False), self.vault)
        self.workspace_id = bench.workspace_id


def test_the_old_key_can_go_once_all_is_sealed_anew(bench: Workbench) -> None:
    made = of_every_kind(bench)

    assert rotate(bench, NEW, SECRET_KEY) == []

    with Rekeyed(bench, NEW) as alone, alone.database.read() as connection:
        assert resealing.left(connection, alone.vault) == []
        assert sealed.shut(connection, alone.vault)[0] == []
        assert hooks.get(connection, alone.vault, bench.workspace_id, made["hook"]) is not None
        assert sources.get(connection, alone.vault, made["source"]) is not None
        assert runs.get(connection, alone.vault, made["run"]) is not None
        assert channels.named(connection, alone.vault, bench.workspace_id, ["desk"])["desk"].opens
        kept = idempotency.get(connection, alone.vault, bench.workspace_id, "key_1", "k1")
        assert kept is not None
        assert kept.body == b"{}"
        assert audit.verify(connection).wrong is None


def test_what_still_needs_the_old_key_is_counted(bench: Workbench) -> None:
    of_every_kind(bench)

    with Rekeyed(bench, NEW, SECRET_KEY) as again, again.database.read() as connection:
        kinds = {each.kind for each in resealing.left(connection, again.vault)}

    assert kinds == {"source", "hook", "channel", "action run", "answer", "webhook", "audit log"}


def test_one_that_was_interrupted_goes_on_where_it_stopped(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "_AT_ONCE", 2)
    for _ in range(5):
        bench.hook()
    done: list[tuple[str, int]] = []

    def stop(kind: str, count: int) -> None:
        done.append((kind, count))
        raise KeyboardInterrupt

    with Rekeyed(bench, NEW, SECRET_KEY) as again:
        with pytest.raises(KeyboardInterrupt):
            resealing.reseal(again.database, again.vault, stop)
        resealing.reseal(again.database, again.vault, lambda kind, count: done.append((kind, count)))

    assert [each for each in done if each[0] == "hook"] == [("hook", 2), ("hook", 2), ("hook", 1)]


def test_what_opens_with_no_key_is_named_and_keeps_no_other(bench: Workbench) -> None:
    lost, well = bench.hook(), bench.hook()
    with bench.database.write() as connection:
        foreign = Vault(["a key that nobody has any more, sadly"]).seal(b"{}", lost.id)
        connection.execute(text("UPDATE hooks SET sealed = :sealed WHERE id = :id"), {"sealed": foreign, "id": lost.id})

    assert rotate(bench, NEW, SECRET_KEY) == [Shut("hook", lost.id)]

    with Rekeyed(bench, NEW) as alone, alone.database.read() as connection:
        assert hooks.get(connection, alone.vault, bench.workspace_id, well.id) is not None


def test_a_forged_entry_of_the_audit_log_is_not_sealed_by_it(bench: Workbench) -> None:
    bench.hook()
    with bench.database.write() as connection:
        connection.execute(text("UPDATE audit SET hash = :hash"), {"hash": "0" * 64})

    assert [each.kind for each in rotate(bench, NEW, SECRET_KEY)] == ["audit log"]


def test_what_the_format_before_sealed_opens_and_is_sealed_anew(bench: Workbench) -> None:
    hook = bench.hook()
    with bench.database.write() as connection:
        value: Any = bench.vault.open(connection.execute(text("SELECT sealed FROM hooks")).scalar_one(), hook.id)
        before = as_before(SECRET_KEY, value, hook.id)
        connection.execute(text("UPDATE hooks SET sealed = :sealed"), {"sealed": before})
    assert bench.reread(hook) == hook

    rotate(bench, SECRET_KEY)

    with bench.database.read() as connection:
        assert resealing.left(connection, bench.vault) == []
    assert bench.reread(hook) == hook


def as_before(key: str, value: bytes, context: str) -> bytes:
    """Sealed as it was while all kinds had one key."""
    derived = hashlib.sha256(b"relay vault\0" + key.encode()).digest()
    nonce = b"\0" * 12
    return (
        b"\x01" + hashlib.sha256(derived).digest()[:4] + nonce + AESGCM(derived).encrypt(nonce, value, context.encode())
    )
