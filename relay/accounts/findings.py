"""Sources and hooks: what is set wrong, silent or switched off."""

from collections.abc import Callable, Iterator

from relay import providers
from relay.accounts.settings import misfits
from relay.areas.findings import FINE, LOOK, Finding, OfSource, OfStored, Stored
from relay.model import OWN_PROVIDER, Source, iso
from relay.storage import hooks, inbound

_SILENT_MS = 7 * 24 * 3600 * 1000
_MOST = 1000


def source_traffic(stored: Stored) -> Callable[[Source], Iterator[Finding]]:
    """When each source sent something last."""

    def look(source: Source) -> Iterator[Finding]:
        last = inbound.last_received(stored.connection, [source.id]).get(source.id)
        return _traffic(source, last, stored.now)

    return look


def _traffic(source: Source, last: int | None, now: int) -> Iterator[Finding]:
    what = f"source {source.name}"
    if source.provider == OWN_PROVIDER:
        return
    if not source.secrets and providers.of_source(source.provider).secret != "none":
        yield Finding(LOOK, what, "has no secret, so it accepts no webhooks", f"relay source secret {source.id} SECRET")
    elif last is None:
        yield Finding(LOOK, what, "never sent anything", f"relay send SAMPLE --to {source.id} tries it")
    elif now - last > _SILENT_MS:
        yield Finding(LOOK, what, f"silent since {iso(last)}", "see whether its sender still posts here")
    else:
        yield Finding(FINE, what, f"last sent {iso(last)}")
    if source.monitor:
        yield Finding(
            LOOK,
            what,
            "accepts what is not verified",
            "for trying out only: remove it and add it without --monitor",
        )


def source_settings(stored: Stored) -> Callable[[Source], Iterator[Finding]]:
    """What was set before it was checked, and cannot be right."""
    return lambda source: _misfits(source, stored.config.allow_private_sources)


def _misfits(source: Source, allow_private: frozenset[str]) -> Iterator[Finding]:
    for name, wrong in misfits(source, allow_private):
        secret = name == "secret"
        remedy = f"relay source secret {source.id} SECRET" if secret else f"relay source set {source.id} {name}=VALUE"
        yield Finding(LOOK, f"source {source.name}", wrong, remedy)


def hooks_at_work(stored: Stored) -> Iterator[Finding]:
    if stored.workspace_id is None:
        return
    for hook in hooks.search(stored.connection, stored.vault, stored.workspace_id, limit=_MOST):
        if not hook.opens:
            continue
        if hook.status == hooks.SWITCHED_OFF:
            remedy = f"relay hook remove {hook.id}"
            yield Finding(LOOK, f"hook {hook.id}", "switched off: its target is gone", remedy)
        elif hook.failures:
            found, remedy = f"{hook.failures} failures since the last success", f"relay deliveries --hook {hook.id}"
            yield Finding(LOOK, f"hook {hook.id}", found, remedy)


FINDINGS = (OfSource(source_traffic), OfSource(source_settings), OfStored(hooks_at_work))
