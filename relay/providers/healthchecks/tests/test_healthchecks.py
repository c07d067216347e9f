"""What is peculiar to Healthchecks: which checks are backups, and that a check's id is a secret."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.healthchecks import PROVIDER

HEALTHCHECKS = ProviderUnderTest("healthchecks")


@cases(
    ("check", "about", "told"),
    [
        ({"name": "Nightly backup"}, "auto", ["backup.missed"]),
        ({"name": "Nightly", "slug": "pg-dump"}, "auto", ["backup.missed"]),
        ({"name": "Nightly", "tags": "prod Borg"}, "auto", ["backup.missed"]),
        ({"name": "Restic of web03"}, "auto", ["backup.missed"]),
        ({"name": "restic check"}, "auto", ["alert.raised"]),
        ({"name": "Weekly", "slug": "borg-prune"}, "auto", ["alert.raised"]),
        ({"name": "borgmatic compact"}, "auto", ["alert.raised"]),
        ({"name": "Restic backup and forget"}, "auto", ["backup.missed"]),
        ({"name": "Borg of checkout"}, "auto", ["backup.missed"]),
        ({"name": "Cron", "desc": "not a backup"}, "auto", ["alert.raised"]),
        ({"name": "Cron"}, "auto", ["alert.raised"]),
        ({"name": "Cron"}, "backup", ["backup.missed"]),
        ({"name": "Nightly backup"}, "job", ["alert.raised"]),
        ({}, "auto", ["alert.raised"]),
    ],
)
def test_a_check_is_a_backup_by_its_name_or_by_the_sources_setting(check: Any, about: str, told: list[str]) -> None:
    assert HEALTHCHECKS.types(check | {"status": "down"}, settings={"about": about}) == told


@pytest.mark.parametrize(
    ("last_ping", "grace", "told"),
    [
        ("2026-11-22T06:59:58+00:00", 3600, "backup.failed"),
        ("2026-11-22T05:59:58+00:00", 3600, "backup.missed"),
        ("2026-11-22T08:00:00+00:00", 3600, "backup.missed"),
        (None, 3600, "backup.missed"),
        ("2026-11-22T06:59:58+00:00", None, "backup.missed"),
    ],
)
def test_a_backup_that_is_down_within_its_grace_time_said_so_itself(last_ping: Any, grace: Any, told: str) -> None:
    event = HEALTHCHECKS.event(HEALTHCHECKS.payload("down") | {"last_ping": last_ping, "grace": grace})

    assert event.type == told


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"unique_key": "u1", "badge_url": "https://h.example/b/2/6b1d0386-d07e-44b0-8995-4a9a372de000.svg"}, "u1"),
        (
            {"badge_url": "https://h.example/b/2/6b1d0386-d07e-44b0-8995-4a9a372de000.svg"},
            "6b1d0386-d07e-44b0-8995-4a9a372de000",
        ),
        ({"badge_url": "https://h.example/badge"}, "cron"),
        ({"slug": ""}, "Cron"),
    ],
)
def test_a_check_is_known_by_what_may_be_shown_of_it(check: Any, expected: str) -> None:
    down, up = (
        HEALTHCHECKS.events({"name": "Cron", "slug": "cron", "uuid": "x"} | check | {"status": s})[0]
        for s in ("down", "up")
    )

    assert [each.envelope["data"]["alert"]["key"] for each in (down, up)] == [expected, expected]


def test_the_id_that_pings_a_check_is_neither_kept_nor_told() -> None:
    check = HEALTHCHECKS.payload("down")
    webhook = read(PROVIDER, Inbound(jsontext.dumps(check)))

    kept, told = PROVIDER.storable(webhook), HEALTHCHECKS.events(webhook)

    assert check["uuid"].encode() not in kept
    assert check["uuid"].encode() not in told[0].body


@pytest.mark.parametrize("status", ["new", "grace", "started", "paused"])
def test_states_on_the_way_are_told_to_nobody(status: str) -> None:
    assert HEALTHCHECKS.events(HEALTHCHECKS.payload("down") | {"status": status}) == []


def test_each_outage_is_known_by_the_ping_before_it() -> None:
    down = HEALTHCHECKS.payload("down--no-backup")
    payloads = [down, down | {"n_pings": 9, "last_ping": "2026-11-22T02:31:07+00:00"}, down | {"status": "up"}]

    alerts = [event.alert for each in payloads for event in HEALTHCHECKS.events(each)]

    assert [each and each.outage for each in alerts] == [
        "2026-11-21T02:31:07+00:00/7",
        "2026-11-22T02:31:07+00:00/9",
        None,
    ]
