"""How the APIs that have to be asked answer, and which checks were missed."""

from collections.abc import Callable, Iterator

from relay import providers
from relay.areas.findings import LOOK, Finding, OfSource, Stored
from relay.model import Source, iso
from relay.storage import checks, inbound, polls


def apis(stored: Stored) -> Callable[[Source], Iterator[Finding]]:
    put_off, unanswered = inbound.count_put_off(stored.connection), polls.failures(stored.connection)
    return lambda source: of_api(source, put_off.get(source.id, 0), unanswered.get(source.id, 0))


def of_api(source: Source, put_off: int, unanswered: int) -> Iterator[Finding]:
    """How its provider's API answers, where it has to be asked."""
    provider = providers.of_source(source.provider)
    what = f"source {source.name}"
    asking = provider.look_up or provider.poll
    missing = [name for name in asking.needs if not source.settings.get(name)] if asking else []
    if provider.look_up and provider.look_up.instead and len(missing) == len(provider.look_up.needs):
        missing = []  # its webhooks say all by themselves
    if missing:
        found = "its events lack details" if provider.look_up else "nothing is asked"
        remedy = f"relay source set {source.id} NAME=VALUE"
        yield Finding(LOOK, what, f"{found}: it has no {', '.join(missing)}", remedy)
    if put_off:
        yield Finding(
            LOOK,
            what,
            f"{put_off} webhooks wait for an answer of its API",
            "see that it is well, and that api_url and the credentials are right",
        )
    if unanswered:
        yield Finding(
            LOOK,
            what,
            f"its API did not answer {unanswered} times",
            "see that it is well, and that api_url and the credentials are right",
        )


def expected(stored: Stored) -> Callable[[Source], Iterator[Finding]]:
    return lambda source: _expected(source, checks.get(stored.connection, source.id))


def _expected(source: Source, check: checks.Check | None) -> Iterator[Finding]:
    if check is not None and check.missed:
        since = iso(check.succeeded_at)
        found = f"missed; last success {since}" if since else "missed; it never came"
        yield Finding(LOOK, f"check {source.name}", found, "see whether the job still runs and pings")


FINDINGS = (OfSource(apis), OfSource(expected))
