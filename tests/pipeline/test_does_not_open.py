"""A sealed row whose key was dropped, or whose bytes were harmed, stands in no other's way, and is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, update

from kit.processes import free_port
from kit.workbench import SECRET_KEY, Belt, Workbench, sqlite_url
from relay.accounts.hooks import delete as delete_hook
from relay.areas.findings import BROKEN
from relay.errors import DoesNotOpen
from relay.model import Hook, now_ms
from relay.notify.channels import shown
from relay.running import doctor
from relay.security.vault import Vault
from relay.storage import channels, hooks, sources
from relay.storage.channels import Channel
from relay.storage.tables import channels as channels_table
from relay.storage.tables import hooks as hooks_table
from relay.storage.tables import sources as sources_table

TOLD = {"type": "something.happened", "data": {"it": "did"}}
ANOTHER_KEY = "another key that was dropped one row too early"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


@pytest.fixture
def belt(bench: Workbench) -> Belt:
    return Belt(bench)


def shut(bench: Workbench, table: Table, **values: Any) -> None:
    """Make the row of this id or name one that does not open."""
    (column, value), *_ = values.items()
    with bench.database.write() as connection:
        sealed = Vault([ANOTHER_KEY]).seal(b"{}", "anywhere")
        connection.execute(update(table).where(table.c[column] == value).values(sealed=sealed))


def reopened(bench: Workbench, hook: Hook) -> None:
    with bench.database.write() as connection:
        hooks.save(connection, bench.vault, hook, now_ms())
        hooks.pause(connection, hook.id, 1)


def test_the_other_hooks_get_their_events_and_this_ones_wait_until_it_opens(bench: Workbench, belt: Belt) -> None:
    lost, well = bench.hook(), bench.hook()
    shut(bench, hooks_table, id=lost.id)
    bench.accept(bench.source(), TOLD)

    assert belt.process() == 1
    belt.retry()

    assert [parcel.hook.id for parcel in belt.dispatcher.parcels] == [well.id]
    assert [each.state for each in bench.deliveries(lost)] == ["pending"]
    belt.dispatcher.parcels.clear()

    reopened(bench, lost)
    belt.retry()

    assert lost.id in [parcel.hook.id for parcel in belt.dispatcher.parcels]


def test_one_that_does_not_open_is_told_once_a_day(bench: Workbench, belt: Belt) -> None:
    lost = bench.hook()
    shut(bench, hooks_table, id=lost.id)
    bench.accept(bench.source(), TOLD)
    belt.process()
    belt.retry()
    with bench.database.write() as connection:
        hooks.pause(connection, lost.id, 1)
    belt.retry()

    belt.process()

    told = [event for event in bench.events() if event["type"] == "hook.switched_off"]
    assert [event["data"]["hook"]["id"] for event in told] == [lost.id]
    assert told[0]["data"]["hook"]["reason"].startswith("Its secret cannot be decrypted with RELAY_SECRET_KEY")


def test_lists_show_it_and_it_can_be_removed(bench: Workbench) -> None:
    lost, well, source = bench.hook(), bench.hook(), bench.source()
    shut(bench, hooks_table, id=lost.id)
    shut(bench, sources_table, id=source.id)

    with bench.database.read() as connection:
        listed = hooks.search(connection, bench.vault, bench.workspace_id)
        assert [(hook.id, hook.opens, hook.secrets) for hook in listed if hook.id != well.id] == [(lost.id, False, ())]
        assert [each.opens for each in sources.search(connection, bench.vault, bench.workspace_id)] == [False]
        with pytest.raises(DoesNotOpen):
            hooks.get(connection, bench.vault, bench.workspace_id, lost.id)
        with pytest.raises(DoesNotOpen):
            sources.get(connection, bench.vault, source.id)

    assert delete_hook(bench.working_in(), lost.id)


def test_a_channel_that_does_not_open_keeps_the_others(bench: Workbench) -> None:
    with bench.database.write() as connection:
        for name in ("lost", "well"):
            channels.save(connection, bench.vault, Channel(bench.workspace_id, name, "json://example.com"), 1)
    shut(bench, channels_table, name="lost")

    with bench.database.read() as connection:
        found = channels.named(connection, bench.vault, bench.workspace_id, ["lost", "well"])

    assert {name: each.opens for name, each in found.items()} == {"lost": False, "well": True}
    assert shown(found["lost"]) == {"name": "lost", "service": "cannot be decrypted with RELAY_SECRET_KEY"}


@pytest.fixture
def settled(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """As the environment has it, for the doctor."""
    monkeypatch.setenv("RELAY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RELAY_PUBLIC_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("RELAY_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("RELAY_SECRET_KEY", SECRET_KEY)
    monkeypatch.delenv("RELAY_DATABASE_URL", raising=False)
    return bench


def test_the_doctor_names_each_and_goes_on(settled: Workbench) -> None:
    lost, source = settled.hook(), settled.source()
    settled.hook()
    shut(settled, hooks_table, id=lost.id)
    shut(settled, sources_table, id=source.id)

    named = {each.what: each for each in doctor.examine() if each.found.startswith("does not open")}

    assert {what: (each.state, each.found) for what, each in named.items()} == {
        f"hook {lost.id}": (BROKEN, "does not open: its events wait, and no delivery is sent"),
        f"source {source.id}": (BROKEN, "does not open: its webhooks are answered 503"),
    }


def test_the_doctor_tells_a_wrong_key_from_a_database_that_is_away(
    settled: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.hook()
    settled.source()
    monkeypatch.setenv("RELAY_SECRET_KEY", ANOTHER_KEY)

    found = {each.what: (each.state, each.found) for each in doctor.examine()}

    assert found["database"] == ("ok", "answers")
    assert found["secret key"] == (BROKEN, "none of 2 stored secrets opens: this is another database's key")
