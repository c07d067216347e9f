"""How alerts stand is kept by source and key, for one worker after the other."""

import threading
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from kit.workbench import Workbench
from relay.model import AlertKey, AlertStanding, now_ms
from relay.storage import Database, alerts
from relay.storage.migrate import alembic_config, upgrade

DOWN = AlertStanding(True, "critical", 1_795_330_000_000, "monitor.down", "17", 1_795_330_000_001)
DISK, LOAD, ELSEWHERE = ("src_1", "disk"), ("src_1", "load"), ("src_2", "disk")


def standing(bench: Workbench, *keys: AlertKey) -> dict[AlertKey, AlertStanding]:
    with bench.database.write() as connection:
        return alerts.standing(connection, keys)


def save(bench: Workbench, changed: dict[AlertKey, AlertStanding]) -> None:
    with bench.database.write() as connection:
        alerts.save(connection, changed)


def test_what_is_saved_is_read_again_and_written_over(bench: Workbench) -> None:
    over = AlertStanding(open=False, severity="info", heard_at=5)
    save(bench, {DISK: DOWN, ELSEWHERE: over})

    assert standing(bench, DISK, LOAD, ELSEWHERE, DISK) == {DISK: DOWN, ELSEWHERE: over}
    save(bench, {DISK: over, LOAD: DOWN})
    assert standing(bench, DISK, LOAD) == {DISK: over, LOAD: DOWN}


def test_what_is_set_up_is_well(bench: Workbench) -> None:
    with bench.database.write() as connection:
        alerts.close(connection, *DISK, now=7)

    assert standing(bench, DISK) == {DISK: AlertStanding(open=False, severity="info", heard_at=7)}


def test_there_may_be_more_of_them_than_one_statement_can_ask_for(bench: Workbench) -> None:
    many = {("src_1", str(number)): DOWN for number in range(12_000)}

    save(bench, many)

    assert standing(bench, *many) == many


def test_whoever_reads_them_is_waited_for(bench: Workbench) -> None:
    """Also where there is no row yet: two workers would tell the same beginning twice."""
    first_reads, seen = threading.Event(), []

    def second() -> None:
        assert first_reads.wait(60)
        seen.append(standing(bench, DISK))

    thread = threading.Thread(target=second)
    thread.start()
    with bench.database.write() as connection:
        before = alerts.standing(connection, [DISK])
        first_reads.set()
        alerts.save(connection, {DISK: DOWN})
    thread.join()

    assert (before, seen) == ({}, [{DISK: DOWN}])


@pytest.fixture
def older(url: str) -> Database:
    """A database of the version that did not keep as what an alert began."""
    database = Database(url)
    upgrade(database)
    with database.write() as connection:
        command.downgrade(alembic_config(connection), "0005")
    return database


def insert(database: Database, rows: list[dict[str, Any]]) -> None:
    with database.write() as connection:
        for number, row in enumerate(rows):
            values = {"source_id": f"src_{number}", **row}
            connection.execute(
                text(
                    "INSERT INTO sources (id, workspace_id, provider, name, sealed, monitor, created_at)"
                    " VALUES (:source_id, 'ws_1', :provider, 'A', '', false, 0)"
                ),
                values,
            )
            connection.execute(
                text(
                    "INSERT INTO alerts (source_id, key, open, severity, changed_at)"
                    " VALUES (:source_id, 'disk', :open, :severity, :changed_at)"
                ),
                values,
            )


def test_what_was_open_before_ends_as_it_began(older: Database) -> None:
    open_one = {"open": True, "severity": "critical", "changed_at": 7}
    rows = [
        open_one | {"provider": "zabbix"},
        open_one | {"provider": "zabbix", "severity": "warning"},
        open_one | {"provider": "zabbix", "open": False},
        open_one | {"provider": "proxmox", "changed_at": None},
    ]
    insert(older, rows)
    before = now_ms()

    upgrade(older)

    with older.write() as connection:
        found = alerts.standing(connection, [(f"src_{number}", "disk") for number in range(4)])
    older.close()
    kept = [found[f"src_{number}", "disk"] for number in range(4)]
    assert [each.type for each in kept] == ["monitor.down", None, None, None]
    assert [each.outage for each in kept] == ["disk", "disk", "disk", None]
    assert [each.heard_at for each in kept[:3]] == [7, 7, 7]
    assert before - 1000 <= kept[3].heard_at <= now_ms()
