"""Looks at an installation as its operator would, and says what to do about what it finds."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from relay import providers
from relay.accounts.settings import misfits
from relay.config import LEAST_FREE, Config, free_bytes, is_weak
from relay.errors import ConfigError, NotFound, StorageUnavailable, Unreachable
from relay.model import OWN_PROVIDER, Source, iso, now_ms
from relay.queue.lanes import LANES
from relay.queue.wakeups import workers
from relay.running import anchors
from relay.running.own_address import ask
from relay.security.vault import Vault
from relay.storage import (
    Connection,
    Database,
    audit,
    checks,
    deliveries,
    hooks,
    inbound,
    locks,
    metrics,
    polls,
    resealing,
    sealed,
    sources,
    workspaces,
)
from relay.storage.locks import Lock
from relay.storage.migrate import check

FINE, LOOK, BROKEN = "ok", "look", "broken"
_URGENCY = (BROKEN, LOOK, FINE)
_OK = 200
_MOST_NAMED = 5
_WEB_SECONDS = 5.0
_SILENT_MS = 7 * 24 * 3600 * 1000
_STALE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is ok, look or broken; `remedy` is empty where there is nothing to do."""

    state: str
    what: str
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything worth saying about the relay that the environment points at."""
    try:
        config = Config.load()
        vault = Vault(config.secret_keys)
    except ConfigError as error:
        return [Finding(BROKEN, "configuration", error.message, "set the variable and run this again")]
    except OSError as error:
        remedy = "run this as the user that the relay runs as, or set RELAY_DATA_DIR"
        return [Finding(BROKEN, "data directory", f"{error.filename}: {error.strerror}", remedy)]
    findings = [*_settings(config), *_web(config), *_queue(config), *_stored(config, vault)]
    return sorted(findings, key=lambda each: _URGENCY.index(each.state))


def _stored(config: Config, vault: Vault) -> Iterator[Finding]:
    """What the database says, or what is wrong with it."""
    try:
        database = Database(config.database_url, vault)
    except OSError as error:
        yield Finding(BROKEN, "database", f"{error.filename}: {error.strerror}", "give it to the user of the relay")
        return
    try:
        with database.read() as connection:
            version = check(connection)
        if version is None:
            yield Finding(BROKEN, "database", "empty: no relay was started here", "relay up, or set RELAY_DATA_DIR")
        else:
            yield from _database(config, database, vault)
    except StorageUnavailable as error:
        remedy = error.remedy or "start it, or check RELAY_DATABASE_URL"
        yield Finding(BROKEN, "database", error.reason or error.message, remedy)
    except ConfigError as error:
        yield Finding(BROKEN, "database", error.message, "see Upgrade and Back up in docs/how-to/production.md")
    finally:
        database.close()


def _web(config: Config) -> Iterator[Finding]:
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


def _clock(lock: Lock | None, now: int) -> Finding:
    if lock is not None and lock.until >= now:
        return Finding(FINE, "clock", f"active: {lock.holder}")
    found = "none runs: nothing is retried late, and no missed check is told"
    return Finding(BROKEN, "clock", found, "start it: relay clock")


def _settings(config: Config) -> Iterator[Finding]:
    key = config.data_dir / "secret.key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding(BROKEN, "secret key", "others on this machine can read it", f"chmod 600 {key}")
    yield from _too_open(config.data_dir)
    yield from _room(config)
    if any(is_weak(each) for each in config.secret_keys):
        found = "RELAY_SECRET_KEY looks typed, not drawn: whoever has the database can guess it"
        remedy = "put a new one in front (openssl rand -base64 48), then relay vault rotate"
        yield Finding(LOOK, "secret key", found, remedy)
    if not os.environ.get("RELAY_PUBLIC_URL"):
        yield Finding(
            LOOK,
            "public address",
            f"sources show {config.public_url}",
            "set RELAY_PUBLIC_URL to the https address that providers reach",
        )
    elif not config.public_url.startswith("https://"):
        yield Finding(LOOK, "public address", config.public_url, "providers and Zapier need https")
    else:
        yield Finding(FINE, "public address", config.public_url)
    if config.allow_private:
        yield Finding(FINE, "private targets", f"allowed: {', '.join(sorted(config.allow_private))}")
    if alone := config.allow_private_sources - config.allow_private:
        yield Finding(FINE, "private sources", f"allowed: {', '.join(sorted(alone))}")


def _room(config: Config) -> Iterator[Finding]:
    free = free_bytes(config.data_dir)
    if free is not None and free < LEAST_FREE:
        found = f"{free // 2**20} MiB are free at {config.data_dir}: webhooks are about to be answered 503"
        yield Finding(BROKEN, "disk", found, "make room: senders try again, and it goes on by itself")


def _too_open(data_dir: Path) -> Iterator[Finding]:
    """What others on this machine can read, though it holds people's events."""
    if not data_dir.is_dir() or not stat.S_IMODE(data_dir.stat().st_mode) & 0o077:
        return
    names = sorted(each.name for each in data_dir.iterdir() if stat.S_IMODE(each.lstat().st_mode) & 0o077)
    if names:
        found = f"others on this machine can read {', '.join(names[:_MOST_NAMED])}"
        yield Finding(BROKEN, "data directory", found, f"chmod -R go-rwx {data_dir}")


def _queue(config: Config) -> Iterator[Finding]:
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


def _database(config: Config, database: Database, vault: Vault) -> Iterator[Finding]:
    now = now_ms()
    with database.read() as connection:
        workspace = workspaces.first(connection)
        yield Finding(FINE, "database", "answers")
        yield _clock(locks.get(connection, locks.CLOCK), now)
        pending = metrics.webhooks_pending(connection)
        if inbound.waiting_since(connection, now - _STALE_MS):
            late = f"{pending} wait, some longer than a minute"
            yield Finding(BROKEN, "webhooks", late, "see that relay work and relay clock run")
        else:
            yield Finding(FINE, "webhooks", f"{pending} wait" if pending else "none waits")
        waiting = f"{deliveries.count_due(connection)} on their way"
        if deliveries.waiting(connection, now - _STALE_MS):
            yield Finding(
                LOOK,
                "deliveries",
                f"{waiting}, some due for longer than a minute",
                "their targets are slow or have a rate; else see that relay work and relay clock run",
            )
        else:
            yield Finding(FINE, "deliveries", waiting)
        if workspace is None:
            return
        yield from _shut(connection, vault)
        yield from _old_keys(connection, config, vault)
        yield _audit(connection, [*anchors.noted(config.data_dir).values()])
        found = sources.search(connection, vault, workspace.id, limit=1000)
        last = inbound.last_received(connection, [source.id for source in found])
        put_off, unanswered = inbound.count_put_off(connection), polls.failures(connection)
        if not found:
            yield Finding(LOOK, "sources", "none", "add one: relay source add PROVIDER")
        for source in found:
            if not source.opens:
                continue
            try:
                yield from _source(source, last.get(source.id), now)
                yield from _misfits(source, config.allow_private_sources)
                yield from _asked(source, put_off.get(source.id, 0), unanswered.get(source.id, 0))
                yield from _expected(source, checks.get(connection, source.id))
            except NotFound as error:
                remedy = f"bring the provider back, or remove it: relay source remove {source.id}"
                yield Finding(BROKEN, f"source {source.name}", error.message, remedy)
        for hook in hooks.search(connection, vault, workspace.id, limit=1000):
            if not hook.opens:
                continue
            if hook.status == hooks.SWITCHED_OFF:
                yield Finding(
                    LOOK,
                    f"hook {hook.id}",
                    "switched off: its target is gone",
                    f"relay hook remove {hook.id}",
                )
            elif hook.failures:
                yield Finding(
                    LOOK,
                    f"hook {hook.id}",
                    f"{hook.failures} failures since the last success",
                    f"relay deliveries --hook {hook.id}",
                )


def _old_keys(connection: Connection, config: Config, vault: Vault) -> Iterator[Finding]:
    if len(config.secret_keys) > 1:
        needed = sum(each.count for each in resealing.left(connection, vault))
        if needed:
            yield Finding(LOOK, "secret keys", f"{needed} values need the older ones", "relay vault rotate")
        else:
            remedy = "leave only the first in RELAY_SECRET_KEY, and restart"
            yield Finding(LOOK, "secret keys", "nothing needs the older ones any more", remedy)


def _audit(connection: Connection, noted: Sequence[audit.Place]) -> Finding:
    verdict = audit.verify(connection, noted)
    if verdict.wrong is None:
        return Finding(FINE, "audit log", f"{verdict.count} entries, whole")
    return Finding(
        BROKEN, "audit log", verdict.wrong, "it was changed, or is an older copy: compare it with your backups"
    )


def _shut(connection: Connection, vault: Vault) -> Iterator[Finding]:
    """What was sealed with a key that is not there. Where nothing opens it is the wrong key altogether."""
    found, opening = sealed.shut(connection, vault)
    behind = "put the key it was sealed with behind the current one in RELAY_SECRET_KEY, separated by a comma"
    if found and not opening:
        what = f"none of {len(found)} stored secrets opens: this is another database's key"
        yield Finding(BROKEN, "secret key", what, f"{behind}, or restore secret.key")
        return
    for each in found:
        lost = {
            "hook": "its events wait, and nothing is sent",
            "source": "its webhooks are answered 503",
            "channel": "nothing goes over it",
        }
        again = f"; if it is lost: relay {each.kind} remove {each.name}, and add it again"
        yield Finding(BROKEN, f"{each.kind} {each.name}", f"does not open: {lost[each.kind]}", behind + again)


def _misfits(source: Source, allow_private: frozenset[str]) -> Iterator[Finding]:
    """What was set before it was checked, and cannot be right."""
    for name, wrong in misfits(source, allow_private):
        secret = name == "secret"
        remedy = f"relay source secret {source.id} SECRET" if secret else f"relay source set {source.id} {name}=VALUE"
        yield Finding(LOOK, f"source {source.name}", wrong, remedy)


def _asked(source: Source, put_off: int, unanswered: int) -> Iterator[Finding]:
    """How its provider's API answers, where it has to be asked."""
    provider = providers.get(source.provider)
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


def _expected(source: Source, check: checks.Check | None) -> Iterator[Finding]:
    if check is not None and check.missed:
        since = iso(check.succeeded_at)
        found = f"missed; last success {since}" if since else "missed; it never came"
        yield Finding(LOOK, f"check {source.name}", found, "see whether the job still runs and pings")


def _source(source: Source, last: int | None, now: int) -> Iterator[Finding]:
    what = f"source {source.name}"
    if source.provider == OWN_PROVIDER:
        return
    if not source.secrets and providers.get(source.provider).secret != "none":
        yield Finding(LOOK, what, "has no secret, so it accepts nothing", f"relay source secret {source.id} SECRET")
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
