"""The clock's lock, API keys and remembered answers."""

from kit.workbench import Workbench
from relay.storage import idempotency, locks, workspaces

NOW = 1_795_330_800_000


def test_one_holds_a_lock_until_it_ends_or_is_given_up(bench: Workbench) -> None:
    def hold(holder: str, now: int) -> bool:
        with bench.database.write() as connection:
            return locks.hold(connection, "clock", holder, now, now + 5000)

    assert hold("a", NOW)
    assert not hold("b", NOW + 5000)
    assert hold("a", NOW + 1000)
    assert hold("b", NOW + 6001)
    assert not hold("a", NOW + 6002)
    with bench.database.write() as connection:
        locks.release(connection, "clock", "a")
        locks.release(connection, "clock", "b")
    assert hold("a", NOW + 6002)


def test_a_lock_from_before_a_clock_was_set_back_does_not_count(bench: Workbench) -> None:
    with bench.database.write() as connection:
        assert locks.hold(connection, "clock", "dead", NOW + 3_600_000, NOW + 3_605_000)
        assert locks.hold(connection, "clock", "alive", NOW, NOW + 5000)


def test_a_key_is_found_by_its_text_until_it_is_revoked(bench: Workbench) -> None:
    with bench.database.write() as connection:
        key, text = workspaces.add_key(connection, bench.workspace_id, "ci", ("events:read",), NOW)

        assert workspaces.find_key(connection, text) == key
        assert workspaces.find_key(connection, text + "x") is None
        assert workspaces.keys(connection, bench.workspace_id) == [key]
        assert (key.allows("events:read"), key.allows("admin")) == (True, False)

        assert not workspaces.revoke_key(connection, "ws_other", key.id, NOW)
        assert workspaces.revoke_key(connection, bench.workspace_id, key.id, NOW)
        assert not workspaces.revoke_key(connection, bench.workspace_id, key.id, NOW)
        assert workspaces.find_key(connection, text) is None


def test_the_command_line_works_in_the_oldest_workspace(bench: Workbench) -> None:
    with bench.database.write() as connection:
        workspaces.add(connection, "Younger", NOW * 2)

        first = workspaces.first(connection)
        assert first is not None
        assert first == workspaces.get(connection, bench.workspace_id)
        assert workspaces.get(connection, "ws_nobody") is None


def test_an_answer_is_remembered_for_its_key_and_forgotten_after_30_days(bench: Workbench) -> None:
    with bench.database.write() as connection:
        assert idempotency.begin(connection, "ws_1", "key_1", "key", "hash", NOW)
        assert not idempotency.begin(connection, "ws_1", "key_1", "key", "hash", NOW)
        assert idempotency.begin(connection, "ws_2", "key_1", "key", "hash", NOW)
        assert idempotency.begin(connection, "ws_1", "key_2", "key", "hash", NOW)
        assert idempotency.get(connection, bench.vault, "ws_1", "key_1", "key") == idempotency.Remembered(
            "hash", None, None
        )

        idempotency.complete(connection, bench.vault, "ws_1", "key_1", "key", 201, b"answer")
        assert idempotency.get(connection, bench.vault, "ws_1", "key_1", "key") == idempotency.Remembered(
            "hash", 201, b"answer"
        )

        idempotency.prune(connection, NOW + idempotency.KEPT_MS)
        assert idempotency.get(connection, bench.vault, "ws_1", "key_1", "key") is not None
        idempotency.prune(connection, NOW + idempotency.KEPT_MS + 1)
        assert idempotency.get(connection, bench.vault, "ws_1", "key_1", "key") is None


def test_a_call_that_came_to_nothing_may_be_made_again(bench: Workbench) -> None:
    with bench.database.write() as connection:
        idempotency.begin(connection, "ws_1", "key_1", "key", "hash", NOW)
        idempotency.forget(connection, "ws_1", "key_1", "key")

        assert idempotency.begin(connection, "ws_1", "key_1", "key", "other hash", NOW)
