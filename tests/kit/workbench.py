"""A database with one workspace in it, and hands to put things in and look at what became of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kit.databases import at_newest
from relay.accounts import hooks, sources
from relay.config import Config
from relay.context import Relay, Workspace
from relay.formats import jsontext
from relay.http import GuardedClient
from relay.inbound.identity import native_id, read
from relay.inbound.lookups import ApiReader
from relay.inbound.stored import pack
from relay.model import Hook, Inbound, Source, new_id, now_ms
from relay.outbound.dispatcher import WAITING_PER_HOOK, OutgoingDelivery
from relay.pipeline.commit import Committer
from relay.pipeline.dispatch import Outlet, Reserve
from relay.pipeline.hooks_index import ActiveHooks
from relay.pipeline.late_lane import LateLane
from relay.pipeline.loop import Loop
from relay.pipeline.read import Reader
from relay.providers import get as get_provider
from relay.queue.presence import Presence
from relay.security.approval_links import Links
from relay.security.vault import Vault
from relay.storage import Database, deliveries, events, inbound, workspaces
from relay.storage import hooks as hook_rows
from relay.storage import sources as source_rows

SECRET_KEY = "a key for tests that is long enough to seal"
TARGET = "https://hooks.example.com/in"
HOLDER = "wrk_tests"
"""The worker that holds what `Workbench.due` makes."""

_ACTOR = "tests"


class OwnDatabase:
    """The relay of an empty database, with one workspace. Nothing is woken."""

    def __init__(self, url: str) -> None:
        self.vault = Vault((SECRET_KEY,))
        self.database = at_newest(url, self.vault)
        self.woken: list[str] = []
        self.relay = relay_of(self.database, self.vault, self.woken.append)
        self.workspace_id = self.workspace("Ours")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    def workspace(self, name: str) -> str:
        with self.database.write() as connection:
            return workspaces.add(connection, name, now_ms()).id

    def working_in(self, workspace_id: str | None = None, actor: str = _ACTOR) -> Workspace:
        """A workspace as the tests work in it; ours, if none is named."""
        return self.relay.workspace(workspace_id or self.workspace_id, actor)


class Workbench(OwnDatabase):
    """Sources and hooks; webhooks as they came in; events and deliveries as they were stored."""

    def source(self, provider: str = "standard", *, workspace_id: str | None = None) -> Source:
        made, _ = sources.create(self.working_in(workspace_id), provider, secret="whsec_c2VjcmV0IG9mIGEgdGVzdA==")
        return made

    def hook(self, target_url: str = TARGET, *, workspace_id: str | None = None, **fields: Any) -> Hook:
        """A hook that wants everything, if `fields` do not say otherwise."""
        made, _ = hooks.create(
            self.working_in(workspace_id), {"target_url": target_url, "event_types": ["*"], **fields}
        )
        return made

    def reread(self, hook: Hook) -> Hook:
        with self.database.read() as connection:
            found = hook_rows.get(connection, self.vault, hook.workspace_id, hook.id)
        assert found is not None
        return found

    def accept(self, source: Source, message: Any, *, key: str | None = None, at: int | None = None) -> str:
        """Store a webhook as the receiver would; answers its id."""
        headers = {"webhook-id": key or new_id("msg"), "content-type": "application/json"}
        return self.keep(source, Inbound(jsontext.dumps(message), headers=headers), at=at)

    def keep(
        self,
        source: Source,
        webhook: Inbound,
        *,
        key: str | None = None,
        at: int | None = None,
        proof: str | None = None,
    ) -> str:
        """The same with a webhook as it came in. `key` is what a repeat of it would be known by, `proof` what proved
        it where that is not the provider's usual one."""
        provider = get_provider(source.provider)
        own_id = new_id("in")
        webhook = read(provider, webhook)
        new = inbound.NewInbound(
            id=own_id,
            workspace_id=source.workspace_id,
            source_id=source.id,
            dedupe_key=key or native_id(provider, webhook),
            verified_by=proof or provider.verification.name,
            received_at=now_ms() if at is None else at,
            sealed=self.vault.seal(pack(provider, webhook), own_id),
        )
        with self.database.write() as connection:
            return inbound.store(connection, [new])[own_id]

    def events(self) -> list[dict[str, Any]]:
        """Every event of our workspace as it is delivered, oldest first."""
        with self.database.read() as connection:
            found = events.search(connection, self.workspace_id, events.EventQuery(limit=1000))
        return [jsontext.loads(each.body) for each in reversed(found)]

    def deliveries(self, hook: Hook | None = None) -> list[deliveries.Delivery]:
        """Oldest first."""
        with self.database.read() as connection:
            found = deliveries.search(
                connection, self.workspace_id, hook_id=None if hook is None else hook.id, limit=1000
            )
        return list(reversed(found))

    def due(self, hook: Hook, count: int = 1, *, at: int | None = None) -> list[OutgoingDelivery]:
        """Deliveries of made-up events that are taken for sending now, as parcels."""
        now = now_ms() if at is None else at
        parcels = []
        for _ in range(count):
            new = deliveries.NewDelivery(
                id=new_id("dlv"),
                workspace_id=hook.workspace_id,
                event_id=new_id("evt"),
                event_sequence=now * 1000,
                hook_id=hook.id,
                order_key=None,
                created_at=now,
                due_at=now + deliveries.LEASE_MS,
                held_by=HOLDER,
            )
            with self.database.write() as connection:
                deliveries.store(connection, [new])
            parcels.append(OutgoingDelivery(new.id, new.event_id, hook, b'{"told":true}', 0, now, new.due_at))
        return parcels

    def sources_of(self, provider: str) -> list[Source]:
        with self.database.read() as connection:
            found = source_rows.search(connection, self.vault, self.workspace_id, limit=1000)
        return [each for each in found if each.provider == provider]


def sqlite_url(directory: Path) -> str:
    return Config.load({"RELAY_DATA_DIR": str(directory), "RELAY_SECRET_KEY": SECRET_KEY}).database_url


def relay_of(
    database: Database, vault: Vault, wake: Callable[[str], None] = lambda _: None, **environment: str
) -> Relay:
    """The relay of a test's database: it may reach this machine, and no other part of it runs."""
    usual = {
        "RELAY_SECRET_KEY": SECRET_KEY,
        "RELAY_PUBLIC_URL": "https://relay.example.com",
        "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1",
    }
    return Relay(Config.load({**usual, **environment}), database, vault, wake)


@dataclass
class IdleDispatcher:
    """Takes parcels and sends none. `rooms` says how many are welcome for a hook; without it, many are."""

    parcels: list[OutgoingDelivery] = field(default_factory=list)
    rooms: dict[str, int] = field(default_factory=dict)
    here: dict[str, int] = field(default_factory=dict)
    load: int = 0

    def room(self, hook: Hook, *, fresh: bool) -> int:
        return self.rooms.get(hook.id, WAITING_PER_HOOK)

    def under_way(self, hook: Hook) -> int:
        return self.here.get(hook.id, 0)

    def hand(self, parcels: Any) -> None:
        self.parcels += parcels

    def native_ids(self, hook: Hook) -> list[str]:
        bodies = [jsontext.loads(each.body) for each in self.parcels if each.hook.id == hook.id]
        return [each["provider_event"]["id"] for each in bodies]


@dataclass
class Workings:
    """A worker's loop and the parts that it is made of. Nothing is woken."""

    database: Database
    vault: Vault
    dispatcher: Any
    api_reader: ApiReader
    reserve: Reserve = lambda _, __, count: [now_ms()] * count
    wake: Callable[[str], None] = lambda _: None
    wake_another: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self.presence = Presence(self.database, lambda *_: None)
        links = Links(self.vault, "https://relay.example.com")
        self.outlet = Outlet(self.database, self.dispatcher, self.presence, self.reserve)
        self.reader = Reader(self.database, self.vault, self.api_reader)
        self.loop = Loop(
            self.reader,
            Committer(self.database, self.presence, ActiveHooks(self.database, self.vault), self.outlet, links),
            self.outlet,
            LateLane(self.database, self.presence, self.outlet, links, self.wake),
            wake=self.wake,
            wake_another=self.wake_another,
        )

    def process(self) -> int:
        return self.loop.process_waiting(attentive=False)

    def retry(self) -> int:
        return self.loop.retry_due()


@dataclass
class Belt:
    """A worker's loop between a workbench's database and a dispatcher that sends nothing."""

    bench: Workbench
    dispatcher: IdleDispatcher = field(default_factory=IdleDispatcher)
    workings: Workings = field(init=False)
    api_reader: ApiReader = field(
        default_factory=lambda: ApiReader(lambda: GuardedClient(allow_private=frozenset(["127.0.0.1"])))
    )
    woken: list[str] = field(default_factory=list)
    slots: int | None = None
    """How many slots a hook with a rate gets; None gives as many as are asked for."""

    def __post_init__(self) -> None:
        self.workings = Workings(
            self.bench.database, self.bench.vault, self.dispatcher, self.api_reader, self._reserve, self.woken.append
        )

    @property
    def presence(self) -> Presence:
        return self.workings.presence

    def process(self) -> int:
        return self.workings.process()

    def retry(self) -> int:
        return self.workings.retry()

    def _reserve(self, hook_id: str, per_second: float, count: int) -> Sequence[int]:
        return [now_ms()] * (count if self.slots is None else min(count, self.slots))
