"""A repeat is told once, and another outage is told, although nobody closed the one before: of whatever monitor."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.workbench import Belt, Workbench, sqlite_url
from relay.develop.samples import all_samples, find
from relay.inbound.news import ENDS
from relay.model import now_ms

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
_DAY = re.compile(rb"2026([-.])11\1(\d\d)([T +]|%20)(\d\d)")
_STAMP = re.compile(rb"\b1795\d{6}")

NUMBERED = ("betterstack:started", "zabbix:problem", "zabbix:problem--warning")
"""Each outage has a key of its own there."""

DATED = ("alertmanager:firing", "datadog:Triggered", "grafana:firing", "pingdom:down", "uptime_kuma:down")
"""A later start is another outage there, however soon it comes."""

WITHOUT_END = ("proxmox:fencing", "whmcs:AfterModuleCreateFailed")
BOTH = ("updown:check.down--and-up",)
"""Beginning and end in one."""


LASTING = sorted(
    each.id
    for each in all_samples()
    if any(f'"type": "{name}"' in each.golden.read_text() for name in ENDS)
    and each.id not in {*NUMBERED, *WITHOUT_END, *BOTH}
)
"""All others."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def later(body: bytes, by: timedelta) -> bytes:
    """The same with every time in it later. A problem or a message that has a number has a later one."""

    def moved(found: re.Match[bytes]) -> bytes:
        mark, day, between, hour = found[1].decode(), int(found[2]), found[3].decode(), int(found[4])
        at = datetime(2026, 11, day, hour, tzinfo=UTC) + by
        return f"{at:%Y{mark}%m{mark}%d}{between}{at:%H}".encode()

    body = _STAMP.sub(lambda found: str(int(found[0]) + int(by.total_seconds())).encode(), _DAY.sub(moved, body))
    return re.sub(
        rb'(PROBLEMID": "|^\{"id": ")(\d+)', lambda found: found[1] + str(int(found[2]) + by // HOUR).encode(), body
    )


def told(bench: Workbench, sample: str, *after: timedelta, repeat: timedelta | None = None) -> list[int]:
    """How many events a sample gives, then its repeat after a while, then what is the same some time later."""
    found = find(sample)
    source, belt, start = bench.source(found.provider), Belt(bench), now_ms() - 2 * _ms(WEEK)
    posts = [(timedelta(), found.inbound)]
    if repeat is not None:
        posts.append((repeat, found.inbound))
    for each in after:
        query = {name: later(value.encode(), each).decode() for name, value in found.inbound.query.items()}
        posts.append((each, replace(found.inbound, body=later(found.inbound.body, each), query=query)))
    counts = []
    for number, (since, webhook) in enumerate(posts):
        before = len(bench.events())
        headers = {**webhook.headers, "webhook-id": f"msg_{number}"}
        bench.keep(source, replace(webhook, headers=headers), key=str(number), at=start + _ms(since))
        belt.process()
        counts.append(len(bench.events()) - before)
    return counts


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


@pytest.mark.parametrize("sample", LASTING)
def test_the_next_outage_is_told_and_a_repeat_is_not(bench: Workbench, sample: str) -> None:
    first, repeated, another = told(bench, sample, WEEK, repeat=timedelta(minutes=5))

    assert (first > 0, repeated, another) == (True, 0, first)


@pytest.mark.parametrize("sample", DATED)
def test_a_later_start_is_told_however_soon_it_comes(bench: Workbench, sample: str) -> None:
    first, another, third = told(bench, sample, HOUR, 2 * HOUR)

    assert first == another == third > 0


@pytest.mark.parametrize("sample", WITHOUT_END)
def test_what_nothing_ends_is_told_each_time(bench: Workbench, sample: str) -> None:
    assert told(bench, sample, HOUR, WEEK) == [1, 1, 1]
