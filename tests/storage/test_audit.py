"""The audit log's chain holds, also when many write at once, and against who can write to the database."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from kit.workbench import Workbench
from relay.formats import jsontext
from relay.security.vault import Vault
from relay.storage import audit
from relay.storage.audit import Place, Verdict


def entry(bench: Workbench, action: str = "hook.created") -> audit.Entry:
    return audit.Entry(bench.workspace_id, 1, "tests", action, "hk_1")


def append(bench: Workbench, *entries: audit.Entry) -> None:
    for each in entries:
        with bench.database.write() as connection:
            audit.append(connection, each)


def verify(bench: Workbench, *noted: Place) -> Verdict:
    with bench.database.read() as connection:
        return audit.verify(connection, noted)


def place(bench: Workbench) -> Place:
    with bench.database.read() as connection:
        return audit.places(connection)[bench.workspace_id]


def three(bench: Workbench) -> None:
    append(bench, entry(bench, "first"), entry(bench, "second"), entry(bench, "third"))


def run(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))


def reckoned_anew(connection: Connection) -> None:
    """All hashes as whoever has the code can make them."""
    previous = "0" * 64
    for row in connection.execute(text("SELECT * FROM audit ORDER BY number")).all():
        told = [previous, row.workspace_id, row.at, row.actor, row.action, row.object, row.outcome]
        own = hashlib.sha256(jsontext.dumps(told)).hexdigest()
        connection.execute(
            text("UPDATE audit SET previous_hash = :previous, hash = :own WHERE number = :number"),
            {"previous": previous, "own": own, "number": row.number},
        )
        previous = own


def test_a_chain_that_nobody_touched_is_whole(bench: Workbench) -> None:
    other = audit.Entry(bench.workspace("Theirs"), 1, "tests", "hook.created", "hk_2")
    append(bench, entry(bench), other, entry(bench, "hook.deleted"))

    assert verify(bench) == Verdict(3)


def test_many_that_write_at_once_make_one_chain(bench: Workbench) -> None:
    crowd = [threading.Thread(target=append, args=(bench, *[entry(bench)] * 5)) for _ in range(6)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert verify(bench) == Verdict(30)


def changed_and_reckoned_anew(connection: Connection) -> None:
    run(connection, "UPDATE audit SET actor = 'nobody' WHERE action = 'second'")
    reckoned_anew(connection)


def changed_and_unsealed(connection: Connection) -> None:
    changed_and_reckoned_anew(connection)
    run(connection, "UPDATE audit SET seal = NULL")


def cut_and_anchored_anew(connection: Connection) -> None:
    run(connection, "DELETE FROM audit WHERE action = 'third'")
    run(
        connection,
        "UPDATE audit_anchors SET entries = 2, head = (SELECT hash FROM audit ORDER BY number DESC LIMIT 1)",
    )


def does(*statements: str) -> Callable[[Connection], Any]:
    return lambda connection: [run(connection, each) for each in statements]


ATTACKS = {
    "an entry changed": does("UPDATE audit SET actor = 'nobody' WHERE action = 'second'"),
    "an entry taken out": does("DELETE FROM audit WHERE action = 'second'"),
    "all reckoned anew": changed_and_reckoned_anew,
    "all reckoned anew, without seals": changed_and_unsealed,
    "the newest cut off": does("DELETE FROM audit WHERE action = 'third'"),
    "the newest cut off, the anchor set back": cut_and_anchored_anew,
    "the log emptied": does("DELETE FROM audit"),
    "the anchor removed": does("DELETE FROM audit_anchors"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_whoever_can_write_to_the_database_is_found_out(bench: Workbench, attack: Callable[[Connection], Any]) -> None:
    three(bench)
    with bench.database.write() as connection:
        attack(connection)

    assert verify(bench).wrong is not None

    append(bench, entry(bench, "fourth"))
    assert verify(bench).wrong is not None


def test_a_log_that_was_put_back_does_not_go_through_what_was_noted(bench: Workbench) -> None:
    three(bench)
    noted = place(bench)
    assert verify(bench, noted) == Verdict(3)
    with bench.database.write() as connection:
        run(connection, "DELETE FROM audit")
        run(connection, "DELETE FROM audit_anchors")

    append(bench, entry(bench, "as if nothing had been"))

    assert verify(bench) == Verdict(1)
    assert verify(bench, noted) == Verdict(1, wrong=f"It does not go through 3:{noted.head[:16]}")


def test_entries_from_before_there_were_seals_are_counted(bench: Workbench) -> None:
    three(bench)
    with bench.database.write() as connection:
        run(connection, "UPDATE audit SET seal = NULL")
        run(connection, "DELETE FROM audit_anchors")

    append(bench, entry(bench, "fourth"))

    assert verify(bench) == Verdict(4, unsealed=3)


def test_another_key_proves_nothing(bench: Workbench) -> None:
    three(bench)
    mac = Vault(["another key that is long enough to be one"]).mac("audit log")

    with bench.database.engine.connect().execution_options(relay_audit=mac) as connection:
        assert audit.verify(connection).wrong == "The seal of entry 1 is not one of ours"


def test_a_database_without_the_vault_writes_no_entry(bench: Workbench) -> None:
    unsealing = bench.database.engine.connect().execution_options(relay_audit=None)

    with unsealing as connection, pytest.raises(RuntimeError, match="made with the vault"):
        audit.append(connection, entry(bench))
