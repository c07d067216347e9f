"""`make bench`: everything side by side in one run, on one machine, with persistence on.

`python -m bench.run [--quick] [--only hello,accept,…]`. Writes the table into bench/README.md.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench import history, running
from bench.load import percentile
from bench.running import CONNECTIONS

_BEGIN, _END = "<!-- results -->", "<!-- /results -->"


class Bench:
    """One run; `found` grows with each measurement. `scale` shortens everything for a quick look."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self.found: dict[str, Any] = {}

    def hello(self) -> None:
        """(a) a bare Flask under stock gunicorn, and under the relay's own worker, which answers it in its loop."""
        for name, worker in (("hello", "stock"), ("hello_in_loop", "loop")):
            port = running.free_port()
            with running.process(running.module("bench.hello", str(port), worker)):
                running.listening(port)
                self._warm(port, "/in/bench")
                answer = running.load(**self._closed(port, "/in/bench", 40_000))
            self.found[name] = answer["rate"]

    def accept(self) -> None:
        """(b) the relay accepting: verified, committed, announced. Nobody works on what is stored."""
        with running.directory() as data, running.redis(data) as redis_url:
            path = running.source_path(data)
            port = running.free_port()
            told = running.environment(data) | {"RELAY_REDIS_URL": redis_url}
            with running.process(running.module("relay", "web", "--port", str(port), "--workers", "2"), told):
                running.listening(port)
                self._warm(port, path)
                answer = running.load(**self._closed(port, path, 20_000))
        self.found["accept"] = answer["rate"]

    def end_to_end(self) -> None:
        """(c) the whole relay: from the first request to the last unique id at the subscriber."""
        with running.directory() as data, running.subscriber() as subscriber:
            path = running.source_path(data)
            running.relay_command(data, "hook", "add", subscriber.url, "--events", "invoice.paid")
            with running.relay(data) as port:
                self._warm(port, path)
                self.found |= self._through(port, path, subscriber, "relay", 12_000)

    def light(self) -> None:
        """(d) 50 webhooks a second: how long until answered, how long until delivered."""
        with running.directory() as data, running.subscriber() as subscriber:
            path = running.source_path(data)
            running.relay_command(data, "hook", "add", subscriber.url, "--events", "invoice.paid")
            with running.relay(data) as port:
                self._warm(port, path)
                answer, arrivals = self._paced(port, path, subscriber, 50, 40)
        self.found["light_accept"] = [answer[name] for name in ("p50", "p95", "p99")]
        self.found["light_delivered"] = _spread(answer["sent"], arrivals)

    def naive(self) -> None:
        """(e) Flask and one RQ job for each webhook."""
        with running.directory() as data, running.redis(data) as redis_url, running.subscriber() as subscriber:
            port = running.free_port()
            told = {"BENCH_REDIS": redis_url, "BENCH_TARGET": subscriber.url}
            with (
                running.process(running.module("bench.naive", "web", str(port)), told),
                running.process(running.module("bench.naive", "work"), told),
            ):
                running.listening(port)
                self._warm(port, "/in/bench")
                self.found |= self._through(port, "/in/bench", subscriber, "naive", 2_000)

    def node_red(self) -> None:
        """(f) Node-RED: the same check and forward, kept nowhere."""
        with running.subscriber() as subscriber, running.node_red(subscriber.url) as port:
            self._warm(port, "/in/bench")
            self.found |= self._through(port, "/in/bench", subscriber, "node_red", 12_000)

    def stored(self) -> None:
        """(g) the cost of one event beside few, many and very many stored ones."""
        for count in (1_000, 100_000, 1_000_000):
            with running.directory() as data, running.subscriber() as subscriber:
                path = running.source_path(data)
                running.relay_command(data, "hook", "add", subscriber.url, "--events", "invoice.paid")
                print(f"  storing {count} events ...", flush=True)
                history.make(data, path.rpartition("/")[2], int(count * min(1.0, self._scale * 4)))
                with running.relay(data) as port:
                    self._warm(port, path)
                    cpu = running_cpu(data)
                    through = self._through(port, path, subscriber, "x", 6_000)
                    used = running_cpu(data) - cpu
                sent = int(6_000 * self._scale)
                self.found.setdefault("stored", {})[count] = (through["x"], used / sent * 1e6)

    def many_hooks(self) -> None:
        """1,000 hooks, of which 5 % never answer: what the healthy ones feel."""
        hanging = 50
        with running.directory() as data, running.subscriber() as subscriber:
            path = running.source_path(data)
            history.add_hooks(data, subscriber.url, 1000, hanging)
            with running.relay(data) as port:
                self._warm(port, path)
                answer, arrivals = self._paced(port, path, subscriber, 50, 60, lost=hanging)
        self.found["many_hooks"] = _spread(answer["sent"], arrivals)

    def _closed(self, port: int, path: str, count: int) -> dict[str, Any]:
        run = f"{time.time_ns():x}"
        return {
            "path": path,
            "port": port,
            "run": run,
            "count": max(200, int(count * self._scale)),
            "connections": CONNECTIONS,
        }

    def _warm(self, port: int, path: str) -> None:
        running.load(path=path, port=port, run=f"w{time.time_ns():x}", count=500, connections=CONNECTIONS)
        time.sleep(2)

    def _through(self, port: int, path: str, subscriber: running.Subscriber, name: str, count: int) -> dict[str, float]:
        self._settle(subscriber)
        orders = self._closed(port, path, count)
        answer = running.load(**orders)
        stats = subscriber.wait_for(orders["count"])
        return {name: orders["count"] / (stats["last"] - answer["started"]), f"{name}_accept": answer["rate"]}

    def _paced(
        self, port: int, path: str, subscriber: running.Subscriber, rate: int, seconds: float, lost: int = 0
    ) -> tuple[dict[str, Any], Mapping[str, float]]:
        self._settle(subscriber)
        count = int(rate * max(8, seconds * self._scale))
        answer = running.load(path=path, port=port, run=f"{time.time_ns():x}", count=count, rate=rate)
        subscriber.wait_for(sum(index % 1000 >= lost for index in range(count)))
        arrivals: Mapping[str, float] = subscriber.ask("arrivals")
        return answer, arrivals

    def _settle(self, subscriber: running.Subscriber) -> None:
        """Let what the warm-up sent arrive, then count from nothing."""
        seen = -1
        while (now := subscriber.ask("stats")["total"]) != seen:
            seen = now
            time.sleep(1)
        subscriber.ask("reset")


def running_cpu(data: Path) -> float:
    """CPU seconds used so far by the parts of the relay that keep their data there."""
    told = f"RELAY_DATA_DIR={data}".encode()
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                of_ours = told in (entry / "environ").read_bytes().split(b"\0")
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if of_ours:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _spread(sent: Mapping[str, float], arrivals: Mapping[str, float]) -> list[float]:
    """p50, p95 and p99 of the time from when a webhook was to leave to its event's arrival, in seconds."""
    took = [arrivals[native] - moment for native, moment in sent.items() if native in arrivals]
    return [percentile(took, share) for share in (0.50, 0.95, 0.99)]


def table(found: Mapping[str, Any]) -> list[str]:
    """The results as a Markdown table, with what was to be reached."""
    rows: list[tuple[str, str, str]] = []

    def row(what: str, value: str, goal: str = "", reached: bool | None = None) -> None:
        mark = "" if reached is None else ("met: " if reached else "**not met**: ")
        rows.append((what, value, mark + goal))

    def rate(name: str) -> float:
        return float(found[name])

    def ms(values: list[float]) -> str:
        return " / ".join(f"{value * 1000:.1f}" for value in values) + " ms"

    if "hello" in found:
        row("(a) bare Flask, stock gunicorn", f"{rate('hello'):.0f}/s")
        row("    the same under the relay's own worker, in its loop", f"{rate('hello_in_loop'):.0f}/s")
    if "accept" in found:
        row("(b) relay accepts: verified, committed, announced", f"{rate('accept'):.0f}/s")
    if {"accept", "hello"} <= found.keys():
        for under, name, goal in (("stock gunicorn", "hello", 1.2), ("the same worker", "hello_in_loop", 0.55)):
            share = rate("accept") / rate(name)
            row(f"    accept against bare Flask, {under}", f"{share:.2f} times", f"at least {goal}", share >= goal)
    if "relay" in found:
        row("(c) relay end to end, unique ids at the subscriber", f"{rate('relay'):.0f}/s")
        row("    accepted meanwhile, with everything running", f"{rate('relay_accept'):.0f}/s")
    if "light_accept" in found:
        row("(d) at 50/s: answered, p50 / p95 / p99", ms(found["light_accept"]))
        reached = found["light_delivered"][2] < 0.1
        row("    accept to delivered, p50 / p95 / p99", ms(found["light_delivered"]), "p99 under 100 ms", reached)
    if "naive" in found:
        row("(e) naive Flask + RQ relay, end to end", f"{rate('naive'):.0f}/s")
    if {"relay", "naive"} <= found.keys():
        ratio = rate("relay") / rate("naive")
        row("    (c) against (e)", f"{ratio:.1f} times", "at least 6 times", ratio >= 6)
    if "node_red" in found:
        row("(f) Node-RED, end to end, keeps nothing", f"{rate('node_red'):.0f}/s")
    if {"relay", "node_red"} <= found.keys():
        ratio = rate("relay") / rate("node_red")
        row("    (c) against (f)", f"{ratio:.2f} times", "at least 1.0 times", ratio >= 1.0)
    if "stored" in found:
        costs = {count: cost for count, (_, cost) in found["stored"].items()}
        for count, (through, cost) in found["stored"].items():
            row(f"(g) beside {count:,} stored events", f"{through:.0f}/s, {cost:.0f} µs CPU an event")
        worst = max(costs.values()) / min(costs.values())
        row("    dearest against cheapest", f"{worst:.2f} times", "within 20 %", worst <= 1.2)
    if "many_hooks" in found:
        reached = "light_delivered" not in found or found["many_hooks"][2] < max(0.1, 2 * found["light_delivered"][2])
        row(
            "1,000 hooks, 50 of them hanging, 50/s: healthy ones, p50 / p95 / p99",
            ms(found["many_hooks"]),
            "p99 as without them (under 100 ms)",
            reached,
        )
    return ["| measured | result | to reach |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]


def report(lines: list[str], command: str) -> None:
    """Write the table into bench/README.md, with where and how it was made."""
    machine = f"{os.cpu_count()} cores ({_cpu_name()}), Python {platform.python_version()}, {platform.system()}"
    made = [f"Made by `{command}` on {machine}; load generator and subscriber share the machine.", "", *lines]
    path = running.HERE / "README.md"
    before, _, rest = path.read_text().partition(_BEGIN)
    path.write_text(before + "\n".join([_BEGIN, *made, _END]) + rest.partition(_END)[2])


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    bench_parser = argparse.ArgumentParser(description=__doc__)
    bench_parser.add_argument("--quick", action="store_true", help="a tenth of everything, and nothing written")
    bench_parser.add_argument("--only", help="some of the measurements, by name, separated by commas")
    asked = bench_parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped then, too
    bench = Bench(0.1 if asked.quick else 1.0)
    steps: dict[str, Callable[[], None]] = {
        "hello": bench.hello,
        "accept": bench.accept,
        "naive": bench.naive,
        "node_red": bench.node_red,
        "end_to_end": bench.end_to_end,
        "light": bench.light,
        "many_hooks": bench.many_hooks,
        "stored": bench.stored,
    }
    for name in asked.only.split(",") if asked.only else steps:
        print(f"{name}: {steps[name].__doc__}", flush=True)
        steps[name]()
        print(f"  {bench.found}", flush=True)
    lines = table(bench.found)
    print("\n".join(lines))
    if not asked.quick and not asked.only:
        report(lines, "make bench")


if __name__ == "__main__":
    main()
