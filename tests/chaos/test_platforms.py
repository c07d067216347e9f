"""Zapier's and Make's side of a hook, as both describe it, under more events than one hook may be sent.

They refuse more than a number of requests, now and then fail or are slow, and end hooks. The long suite runs for two
minutes at 200 events a second over 50 hooks and measures that the limits are never met; the short one is the same in
small.
"""

import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chaos.conftest import LONG, World
from kit.sender import Line, standard_webhook
from kit.subscriber import Subscriber
from kit.waiting import until
from relay.formats import jsontext

pytestmark = pytest.mark.chaos

HOOKS = 50 if LONG else 8
SECONDS = 120 if LONG else 4
PER_SECOND = 200 if LONG else 50
SENDERS = 4
PATIENCE = 600
# https://docs.zapier.com and https://help.make.com: requests in so many seconds.
ZAPIER, MAKE = {30: 1.0, 10_000: 300.0}, {300: 10.0}
DONE, GONE, FULL = 200, 410, 400


@dataclass
class Platform:
    """Takes what comes to `/N`, if the limits allow it. The last hook is gone, the one before has a full queue."""

    limits: dict[int, float]
    full: str | None = None
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each event was taken, by hook and event."""
    over: int = 0
    failed: set[tuple[str, str]] = field(default_factory=set)
    gone: str = ""
    after_gone: int = 0
    _came: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _chance: random.Random = field(default_factory=lambda: random.Random(7))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, hook: str, event_id: str) -> tuple[int, bytes]:
        with self._lock:
            now = time.monotonic()
            came = self._came[hook]
            while came and now - came[0] > max(self.limits.values()):
                came.popleft()
            if any(sum(at > now - within for at in came) >= most for most, within in self.limits.items()):
                self.over += 1
                return 429, b"Too many requests"
            came.append(now)
            if hook == self.gone:
                self.after_gone += 1
                return GONE, b"Webhook not found."
            if hook == self.full:
                return FULL, b"Queue is full."
            luck = self._chance.random()
            if luck < 0.02 and (hook, event_id) not in self.failed:
                self.failed.add((hook, event_id))
                return 503, b"Later"
        if luck > 0.99:
            time.sleep(1.0)
        with self._lock:
            self.taken[hook, event_id] += 1
        return DONE, b"Accepted"


@contextmanager
def listening(platform: Platform) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            native = str(jsontext.loads(body)["provider_event"]["id"])
            status, said = platform.answer(self.path.strip("/"), native)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """What was taken says enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 512

        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever hung up did not wait for a slow answer."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def told(addresses: dict[str, str], name: str) -> dict[str, set[str]]:
    """Send events for as long as the suite says, a fifth of them to the first hook; answers what was accepted."""
    accepted: dict[str, set[str]] = defaultdict(set)
    lock, hooks = threading.Lock(), list(addresses)

    def send(number: int) -> None:
        lines = {hook: Line(address) for hook, address in addresses.items()}
        began, count = time.monotonic(), 0
        while time.monotonic() - began < SECONDS:
            hook = hooks[0] if count % 5 == 0 else hooks[(count * SENDERS + number) % len(hooks)]
            native = f"{name}-{number}-{count}"
            body, headers = standard_webhook(native, {"type": "platform.told", "data": {}})
            answer = lines[hook].post(body, headers)
            if answer is not None and answer.taken:
                with lock:
                    accepted[hook].add(native)
            count += 1
            time.sleep(max(0.0, began + count * SENDERS / PER_SECOND - time.monotonic()))
        for line in lines.values():
            line.close()

    senders = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    return accepted


@pytest.mark.parametrize(("name", "limits"), [("zapier", ZAPIER), ("make", MAKE)])
def test_a_platform_gets_everything_within_its_limits(world: World, name: str, limits: dict[int, float]) -> None:
    platform = Platform(limits)
    with listening(platform) as address, Subscriber() as watching:
        watched = world.relay.hook(watching.url, None, event_types=["hook.switched_off"])
        hooks = [f"{name}{number}" for number in range(HOOKS)]
        platform.gone = hooks[-1]
        platform.full = hooks[-2] if name == "make" else None
        addresses, ids = {}, {}
        for hook in hooks:
            source_id = world.relay.source(hook)
            addresses[hook] = world.relay.address(source_id)
            ids[hook] = world.relay.hook(f"{address}/{hook}", source_id, platform=name)

        accepted = told(addresses, name)
        well = [hook for hook in hooks if hook not in (platform.gone, platform.full)]
        wanted = {(hook, native) for hook in well for native in accepted[hook]}
        until(lambda: wanted <= set(platform.taken), "every hook that is well has everything", within=PATIENCE)

        assert accepted[hooks[0]], "the first hook is sent more than it may be"
        assert {count for event, count in platform.taken.items() if event in wanted} == {1}
        assert platform.failed, "some failed at first, and came again"
        if LONG:
            assert platform.over == 0
        until(lambda: watching.taken, "the owner is told of the hook that is gone")
        assert [each.event["data"]["hook"]["id"] for each in watching.taken] == [ids[platform.gone]]
        if platform.full:
            full = ids[platform.full]
            waiting = world.relay.command("deliveries", "--hook", full, "--limit", "1000")
            assert {each["state"] for each in waiting} == {"pending"}
        # What follows is told to nobody here.
        for hook_id in (watched, *ids.values()):
            world.relay.remove_hook(hook_id)
