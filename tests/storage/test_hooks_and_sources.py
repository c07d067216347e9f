"""Hooks and sources: what was put in comes out, sealed in between."""

from dataclasses import replace

from sqlalchemy import select

from kit.workbench import Workbench
from relay.model import Hook, Secret, Source
from relay.storage import hooks, sources
from relay.storage.tables import hooks as hooks_table
from relay.storage.tables import sources as sources_table

NOW = 1_795_330_800_000
HOOK = Hook(
    id="hk_1",
    workspace_id="ws_1",
    target_url="https://hooks.example.com/in",
    event_types=("invoice.paid", "custom"),
    filters={"min_amount": "9.50", "livemode": True},
    platform="make",
    ordered=True,
    rate_limit=2.5,
    approval_links_by="key_1",
    secrets=(Secret("whsec_new"), Secret("whsec_old", 1_795_330_800.5)),
    token="very secret token",
)
SOURCE = Source(
    id="src_1",
    workspace_id="ws_1",
    provider="hmac",
    name="Häufige Quelle",
    secrets=(Secret("very secret secret"),),
    settings={"header": "x-signature"},
    monitor=True,
)


def test_a_hook_comes_out_as_it_was_put_in(bench: Workbench) -> None:
    with bench.database.write() as connection:
        hooks.add(connection, bench.vault, HOOK, NOW)

    with bench.database.read() as connection:
        assert hooks.get(connection, bench.vault, "ws_1", "hk_1") == HOOK
        assert hooks.get(connection, bench.vault, "ws_2", "hk_1") is None
        assert hooks.active(connection, bench.vault) == [HOOK]
        row = connection.execute(select(hooks_table)).one()
    assert not any(secret in repr(tuple(row)) for secret in ("whsec_new", "whsec_old", "very secret token"))


def test_saving_a_hook_leaves_its_circuit_alone(bench: Workbench) -> None:
    with bench.database.write() as connection:
        hooks.add(connection, bench.vault, HOOK, NOW)
        hooks.count_failures(connection, {"hk_1": (5, NOW + 5000)})
        hooks.save(connection, bench.vault, replace(HOOK, ordered=False), NOW + 1)

        kept = hooks.get(connection, bench.vault, "ws_1", "hk_1")

    assert kept == replace(HOOK, ordered=False, failures=5, open_until=NOW + 5000)


def test_the_newest_change_is_known(bench: Workbench) -> None:
    with bench.database.write() as connection:
        assert hooks.newest_change(connection) is None
        hooks.add(connection, bench.vault, HOOK, NOW)
        assert hooks.newest_change(connection) == NOW
        hooks.count_failures(connection, {"hk_1": (5, NOW + 5000)})
        assert hooks.newest_change(connection) == NOW
        hooks.save(connection, bench.vault, HOOK, NOW + 1)
        assert hooks.newest_change(connection) == NOW + 1
        hooks.set_status(connection, "hk_1", hooks.SWITCHED_OFF, "gone", NOW + 2)
        assert hooks.newest_change(connection) == NOW + 2


def test_a_hook_that_was_switched_off_or_deleted_is_not_active(bench: Workbench) -> None:
    with bench.database.write() as connection:
        hooks.add(connection, bench.vault, HOOK, NOW)
        assert hooks.set_status(connection, "hk_1", hooks.SWITCHED_OFF, "gone", NOW)
        assert not hooks.set_status(connection, "hk_1", hooks.SWITCHED_OFF, "gone", NOW)

        assert hooks.active(connection, bench.vault) == []
        assert hooks.get_active(connection, bench.vault, "hk_1") is None
        assert hooks.status_reason(connection, "hk_1") == "gone"
        assert hooks.search(connection, bench.vault, "ws_1") == [replace(HOOK, status=hooks.SWITCHED_OFF)]

        hooks.set_status(connection, "hk_1", hooks.DELETED, None, NOW)
        assert hooks.search(connection, bench.vault, "ws_1") == []


def test_a_new_secret_signs_first_and_the_old_one_for_a_while(bench: Workbench) -> None:
    rotated = hooks.with_new_secret(HOOK, "whsec_newest", old_until=1_795_330_000.0)

    assert rotated.secrets == (Secret("whsec_newest"), Secret("whsec_new", 1_795_330_000.0))


def test_a_source_comes_out_as_it_was_put_in(bench: Workbench) -> None:
    with bench.database.write() as connection:
        sources.add(connection, bench.vault, SOURCE, NOW)

    with bench.database.read() as connection:
        assert sources.get(connection, bench.vault, "src_1") == SOURCE
        assert sources.search(connection, bench.vault, "ws_1") == [SOURCE]
        assert sources.search(connection, bench.vault, "ws_2") == []
        row = connection.execute(select(sources_table)).one()
    assert "very secret secret" not in repr(tuple(row))
    assert "x-signature" not in repr(tuple(row))


def test_a_deleted_source_takes_nothing_more_but_what_it_sent_is_understood(bench: Workbench) -> None:
    with bench.database.write() as connection:
        sources.add(connection, bench.vault, SOURCE, NOW)
        assert not sources.delete(connection, "ws_2", "src_1", NOW)
        assert sources.delete(connection, "ws_1", "src_1", NOW)
        assert not sources.delete(connection, "ws_1", "src_1", NOW)

        assert sources.get(connection, bench.vault, "src_1") is None
        assert sources.get_any(connection, bench.vault, "src_1") == SOURCE
        assert sources.search(connection, bench.vault, "ws_1") == []


def test_lists_are_paged_by_key(bench: Workbench) -> None:
    made = [replace(HOOK, id=f"hk_{number}") for number in range(4)]
    with bench.database.write() as connection:
        for each in made:
            hooks.add(connection, bench.vault, each, NOW)

        first = hooks.search(connection, bench.vault, "ws_1", limit=3)
        second = hooks.search(connection, bench.vault, "ws_1", before=first[-1].id, limit=3)

    assert [each.id for each in [*first, *second]] == ["hk_3", "hk_2", "hk_1", "hk_0"]
