"""What `relay doctor` says of an installation: what is broken first, with what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kit.processes import free_port
from kit.workbench import SECRET_KEY, Workbench, sqlite_url
from relay.areas.findings import BROKEN, FINE, LOOK, Finding
from relay.model import Secret, now_ms
from relay.running import doctor
from relay.storage import inbound, locks, sources

TOLD = {"type": "deploy.finished", "data": {}}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    for name, value in {
        "RELAY_DATA_DIR": str(tmp_path),
        "RELAY_SECRET_KEY": SECRET_KEY,
        "RELAY_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "RELAY_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RELAY_DATABASE_URL", raising=False)
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The address of a web server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is to be read of it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def found(what: str) -> list[Finding]:
    return [each for each in doctor.examine() if each.what == what]


def test_a_clock_that_nobody_started_is_broken(bench: Workbench) -> None:
    assert found("clock") == [
        Finding(
            BROKEN,
            "clock",
            "none runs: no late retries, and no alerts for missed checks",
            "start it: relay clock",
        )
    ]


def test_a_clock_that_died_is_broken_once_its_lock_has_ended(bench: Workbench) -> None:
    now = now_ms()
    with bench.database.write() as connection:
        locks.hold(connection, locks.CLOCK, "web1:7", now - 10_000, now - 1)

    assert [each.state for each in found("clock")] == [BROKEN]


def test_a_clock_that_ticks_is_named(bench: Workbench) -> None:
    now = now_ms()
    with bench.database.write() as connection:
        locks.hold(connection, locks.CLOCK, "web1:7", now, now + 600_000)

    assert found("clock") == [Finding(FINE, "clock", "active: web1:7")]


def test_an_address_where_nobody_answers_is_broken(bench: Workbench) -> None:
    (finding,) = found("web")

    assert finding.state == BROKEN
    assert finding.found.endswith("cannot be reached: Connection refused.")
    assert finding.remedy == "start it: relay web; else look at the proxy and at RELAY_PUBLIC_URL"


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, b'{"status":"alive","version":"1"}', FINE),
        (502, b"<html>Bad Gateway</html>", BROKEN),
        (200, b"<html>It works!</html>", BROKEN),
        (301, b"", BROKEN),
    ],
)
def test_an_address_is_fine_where_a_relay_answers_and_nobody_else(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, state: str
) -> None:
    with answering(status, body) as url:
        monkeypatch.setenv("RELAY_PUBLIC_URL", url)

        assert [each.state for each in found("web")] == [state]


def test_what_is_broken_comes_first_and_what_is_fine_last(bench: Workbench) -> None:
    bench.source()

    states = [each.state for each in doctor.examine()]

    assert states == sorted(states, key=[BROKEN, LOOK, FINE].index)
    assert set(states) == {BROKEN, LOOK, FINE}


def test_redis_that_is_away_is_broken_with_what_it_says(bench: Workbench) -> None:
    (finding,) = found("Redis")

    assert (finding.state, "Connection refused" in finding.found) == (BROKEN, True)


def test_what_waits_is_counted(bench: Workbench) -> None:
    source = bench.source()
    for _ in range(3):
        bench.accept(source, TOLD)

    assert found("webhooks") == [Finding(FINE, "webhooks", "3 wait")]


def test_what_waits_too_long_is_counted_and_broken(bench: Workbench) -> None:
    bench.accept(bench.source(), TOLD, at=now_ms() - 600_000)

    assert [(each.state, each.found) for each in found("webhooks")] == [(BROKEN, "1 wait, some longer than a minute")]
    with bench.database.read() as connection:
        assert inbound.waiting_since(connection, now_ms())


def test_hosts_that_may_be_private_are_named_and_fine(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_ALLOW_PRIVATE_TARGETS", "n8n.internal:5678, 10.0.0.7")

    monkeypatch.setenv("RELAY_ALLOW_PRIVATE_SOURCES", "panel.internal, 10.0.0.7")

    assert found("private targets") == [Finding(FINE, "private targets", "allowed: 10.0.0.7, n8n.internal:5678")]
    assert found("private sources") == [Finding(FINE, "private sources", "allowed: panel.internal")]


def test_a_database_of_a_newer_version_is_broken(bench: Workbench, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "relay.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()

    (finding,) = found("database")

    assert finding.state == BROKEN
    assert finding.found.startswith("A newer version of the relay has written this database: its schema is 0099")


def test_a_database_that_is_empty_is_said_to_be_empty(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_DATABASE_URL", f"sqlite:///{bench.database.engine.url.database}.new")

    assert found("database") == [
        Finding(BROKEN, "database", "empty: the relay was never started here", "relay up, or set RELAY_DATA_DIR")
    ]


def test_a_variable_that_does_not_fit_is_broken(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PUBLIC_URL", "relay.example.com")

    (finding,) = doctor.examine()

    assert (finding.state, finding.what) == (BROKEN, "configuration")
    assert finding.found.startswith("RELAY_PUBLIC_URL must be an address with its scheme")


def test_what_was_set_before_it_was_checked_is_named_with_what_to_set(bench: Workbench) -> None:
    source = bench.source()
    old = replace(source, provider="stripe", name="Stripe", secrets=(Secret("sk_live_1"),), settings={"api_url": "x"})
    with bench.database.write() as connection:
        sources.save(connection, bench.vault, old)

    said = {each.remedy: each.found for each in found("source Stripe") if each.remedy}

    assert said[f"relay source set {source.id} api_url=VALUE"].startswith("api_url must be an address with its scheme")
    assert "begins with sk_live_" in said[f"relay source secret {source.id} SECRET"]


def test_a_source_of_a_provider_that_is_gone_hides_no_other_finding(bench: Workbench) -> None:
    gone, kept = bench.source(), bench.source()
    with bench.database.write() as connection:
        sources.save(connection, bench.vault, replace(gone, provider="gone", name="Gone"))

    assert [each.state for each in found("source Gone")] == [BROKEN]
    assert [each.state for each in found(f"source {kept.name}")] == [LOOK]
