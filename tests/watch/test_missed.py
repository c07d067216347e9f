"""What did not come in time, by any schedule, is told once; and so is what comes again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.cases import cases
from kit.workbench import Belt, Workbench, relay_of, sqlite_url
from relay.accounts.sources import change as change_source
from relay.accounts.sources import create as create_source
from relay.areas.rules import all_rules
from relay.errors import ConfigError
from relay.inbound.receive import Receiver
from relay.model import Inbound, Source, now_ms
from relay.providers.ping.schedule import expected_by
from relay.running.clock import Clock
from relay.storage import checks, sources

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, NOON + timedelta(days=1, hours=1)),
        ({"every": "15m", "grace": "30s"}, NOON + timedelta(minutes=15, seconds=30)),
        ({"every": "2w", "grace": "6h"}, NOON + timedelta(days=14, hours=6)),
        ({"every": "30 2 * * *", "grace": "10m"}, datetime(2026, 3, 29, 2, 40, tzinfo=UTC)),
        # The night in which the clocks of Berlin go forward.
        ({"every": "30 3 * * *", "timezone": "Europe/Berlin"}, datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
        ({"every": "0 4 * * *", "timezone": "America/New_York"}, datetime(2026, 3, 29, 9, 0, tzinfo=UTC)),
        ({"every": "@daily", "grace": "1m"}, datetime(2026, 3, 29, 0, 1, tzinfo=UTC)),
    ],
)
def test_a_schedule_says_by_when_the_next_success_has_to_come(settings: dict[str, str], expected: datetime) -> None:
    assert expected_by(settings, NOON) == expected


@cases(
    "settings",
    [{"every": "1"}, {"every": "0d"}, {"every": "500d"}, {"every": "* * *"}, {"every": "61 * * * *"},
     {"every": "0 0 30 2 *"}, {"grace": ""}, {"grace": "-1h"}, {"every": "0 0 * * *", "timezone": "../etc/passwd"}],
)  # fmt: skip
def test_a_schedule_that_says_nothing_is_refused(settings: dict[str, str]) -> None:
    if settings == {"grace": ""}:
        assert expected_by(settings, NOON) == NOON + timedelta(days=1, hours=1), "nothing given is the default"
        return
    with pytest.raises(ConfigError, match=r"^The setting (every|grace|timezone) must be "):
        expected_by(settings, NOON)


class Relay:
    """A receiver, a worker and a clock on one database, with a wall clock that a test moves."""

    def __init__(self, bench: Workbench, data_dir: Path) -> None:
        self.bench = bench
        self.ahead_ms = 0
        self.receiver = Receiver(bench.database, bench.vault, lambda: None)
        self.clock = Clock(relay_of(bench.database, bench.vault, RELAY_DATA_DIR=str(data_dir)), all_rules())
        self.belt = Belt(bench)

    def check(self, **settings: str) -> Source:
        source, _ = create_source(self.bench.working_in(), "ping", name="Nightly backup", settings=settings)
        return source

    def ping(self, source: Source, action: str = "success") -> None:
        webhook = Inbound(
            b"", query={"token": source.secrets[0].value, "action": action, "check": source.id, "name": source.name}
        )
        self.receiver.accept(source, webhook)
        by = expected_by(source.settings, webhook.received_at)
        self.receiver.expect(source, by, succeeded_at=webhook.received_at)

    def after(self, **passed: int) -> None:
        """Let time pass, and the clock tick in it twice."""
        self.ahead_ms += int(timedelta(**passed).total_seconds() * 1000)
        self.clock.tick(now_ms() + self.ahead_ms)
        self.clock.tick(now_ms() + self.ahead_ms)

    def told(self) -> list[tuple[str, Any]]:
        self.belt.process()
        return [(event["type"], event["data"]) for event in sorted(self.bench.events(), key=lambda e: e["sequence"])]

    def types(self) -> list[str]:
        return [each for each, _ in self.told()]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with Workbench(sqlite_url(tmp_path)) as bench:
        made = Relay(bench, tmp_path)
        with made.clock:
            yield made
        made.receiver.close()


def test_a_backup_that_did_not_run_is_told_once_with_its_last_success(relay: Relay) -> None:
    source = relay.check(every="1d", grace="1h")
    relay.ping(source)

    relay.after(hours=24)
    assert relay.types() == ["backup.succeeded"]
    relay.after(hours=2)
    relay.after(days=3)

    (_, succeeded), (missed_type, missed) = relay.told()
    assert missed_type == "backup.missed"
    assert missed["backup"]["name"] == "Nightly backup"
    with relay.bench.database.read() as connection:
        check = checks.get(connection, source.id)
    assert check is not None
    assert (check.missed, check.expected_at) == (True, None)
    assert missed["backup"]["last_success_at"] is not None
    assert succeeded["backup"]["status"] == "succeeded"


def test_it_is_told_again_only_after_a_success(relay: Relay) -> None:
    source = relay.check(every="1h", grace="1m")
    relay.after(hours=2)
    relay.after(hours=2)
    relay.ping(source)
    relay.ahead_ms = 0
    relay.after(minutes=30)
    relay.after(hours=2)

    assert relay.types() == ["backup.missed", "backup.succeeded", "backup.missed"]


def test_one_that_never_came_is_missed_after_its_first_period(relay: Relay) -> None:
    relay.check(every="1d", grace="1h")

    relay.after(hours=26)

    ((event_type, data),) = relay.told()
    assert (event_type, data["backup"]["last_success_at"]) == ("backup.missed", None)


def test_a_job_is_an_alert_and_recovers_once(relay: Relay) -> None:
    source = relay.check(every="1h", grace="1m", about="job")
    relay.ping(source)
    relay.after(hours=2)
    for _ in range(3):
        relay.ping(source)

    assert relay.types() == ["alert.raised", "alert.resolved"]


def test_what_the_relay_found_out_says_so(relay: Relay) -> None:
    relay.check(every="1h")
    relay.after(hours=3)
    relay.belt.process()

    (event,) = relay.bench.events()

    assert (event["source"]["verified_by"], event["source"]["signed"]) == ("relay", "fully")


def test_a_deleted_check_is_missed_by_nobody(relay: Relay) -> None:
    source = relay.check(every="1h")
    with relay.bench.database.write() as connection:
        sources.delete(connection, relay.bench.workspace_id, source.id, now_ms())

    relay.after(hours=3)

    assert relay.types() == []
    with relay.bench.database.read() as connection:
        assert checks.get(connection, source.id) is None


def test_another_schedule_counts_from_when_it_was_given(relay: Relay) -> None:
    source = relay.check(every="1h", grace="1m")
    change_source(relay.bench.working_in(), source.id, {"settings": {"every": "7d"}})

    relay.after(days=6)

    assert relay.types() == []
