"""The processes of an installation: web, Redis with the workers, clock."""

from collections.abc import Iterator

from relay.areas.findings import BROKEN, FINE, Finding, OfSettings, OfStored, Stored
from relay.config import Config
from relay.errors import Unreachable
from relay.queue.lanes import LANES
from relay.queue.wakeups import workers
from relay.running.own_address import ask
from relay.storage import locks

_OK = 200
_WEB_SECONDS = 5.0


def web(config: Config) -> Iterator[Finding]:
    """Whether the address that is shown to providers leads to a relay."""
    try:
        answer = ask(f"{config.public_url}/healthz", timeout=_WEB_SECONDS)
    except Unreachable as error:
        yield Finding(
            BROKEN, "web", error.message, "start it: relay web; else look at the proxy and at RELAY_PUBLIC_URL"
        )
        return
    if answer.status == _OK and b'"alive"' in answer.body:
        yield Finding(FINE, "web", f"answers at {config.public_url}")
    else:
        found = f"{config.public_url}/healthz answers {answer.status}, and not as the relay does"
        yield Finding(BROKEN, "web", found, "see that the proxy leads to relay web, and that this is RELAY_PUBLIC_URL")


def queue(config: Config) -> Iterator[Finding]:
    try:
        at_work = workers(config.redis_url)
    except Unreachable as error:
        remedy = "start it: webhooks are kept meanwhile, but nothing is delivered"
        yield Finding(BROKEN, "Redis", f"does not answer: {error.message}", remedy)
        return
    yield Finding(FINE, "Redis", "answers")
    for lane in LANES:
        count = at_work.get(lane, 0)
        if count:
            yield Finding(FINE, f"workers, {lane} lane", str(count))
        else:
            yield Finding(BROKEN, f"workers, {lane} lane", "none", "start them: relay work")


def clock(stored: Stored) -> Iterator[Finding]:
    lock = locks.get(stored.connection, locks.CLOCK)
    if lock is not None and lock.until >= stored.now:
        yield Finding(FINE, "clock", f"active: {lock.holder}")
    else:
        found = "none runs: no late retries, and no alerts for missed checks"
        yield Finding(BROKEN, "clock", found, "start it: relay clock")


FINDINGS = (OfSettings(web), OfSettings(queue), OfStored(clock))
