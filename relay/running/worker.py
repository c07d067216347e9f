"""A worker process: takes jobs of some lanes and sends what comes of them."""

from collections.abc import Sequence

import structlog

from relay.actions.runner import Runner
from relay.config import Config
from relay.http import GuardedClient
from relay.inbound.lookups import ApiReader
from relay.inbound.own_events import tell
from relay.model import Hook
from relay.outbound.dispatcher import GONE_REASON, Dispatcher
from relay.outbound.egress import Egress
from relay.pipeline.commit import Committer
from relay.pipeline.dispatch import Outlet
from relay.pipeline.hooks_index import ActiveHooks
from relay.pipeline.late_lane import LateLane
from relay.pipeline.loop import Loop
from relay.pipeline.read import Reader
from relay.queue.lanes import ACT, FRESH, LATE
from relay.queue.life_signs import Signs
from relay.queue.pacing import Pace
from relay.queue.presence import Presence
from relay.queue.wakeups import Wakeups, serve
from relay.running.garbage import collect_less
from relay.security.approval_links import Links
from relay.security.vault import Vault
from relay.storage import Connection, Database

log = structlog.get_logger(stage="work")


def run(config: Config, lanes: Sequence[str]) -> None:
    """Work until a signal says stop; then finish or hand back what is under way."""
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    bells = Wakeups(config.redis_url)

    def gone(connection: Connection, hook: Hook) -> None:
        tell(
            connection,
            vault,
            hook.workspace_id,
            "hook.switched_off",
            {"hook": {"id": hook.id, "platform": hook.platform, "reason": GONE_REASON}},
        )
        bells.ring(FRESH)

    def freed(webhooks: int, sent: int, asked: int) -> None:
        for lane, count in ((FRESH, webhooks), (LATE, sent), (ACT, asked)):
            if count:
                bells.ring(lane)

    presence = Presence(database, freed, Signs(config.data_dir / "workers"))
    dispatcher = Dispatcher(
        database,
        lambda: Egress(config.allow_private, config.egress_proxy),
        presence.worker_id,
        on_gone=gone,
        on_turn=lambda: bells.ring(LATE),
    )
    api_reader = ApiReader(lambda: GuardedClient(allow_private=config.allow_private_sources))
    reserve = Pace(config.redis_url).reserve
    actor = Runner(
        database,
        vault,
        bells.ring,
        reserve,
        presence,
        public_url=config.public_url,
        allow_private=config.allow_private_sources,
    )
    links = Links(vault, config.public_url)
    outlet = Outlet(database, dispatcher, presence, reserve)
    loop = Loop(
        Reader(database, vault, api_reader),
        Committer(database, presence, ActiveHooks(database, vault), outlet, links),
        outlet,
        LateLane(database, presence, outlet, links, bells.ring),
        wake=bells.ring,
        wake_another=bells.wake_another,
    )

    def work(lane: str, attentive: bool) -> None:
        if lane == FRESH:
            loop.process_waiting(attentive=attentive)
        elif lane == LATE:
            loop.retry_due()
        else:
            actor.carry_out_due()

    collect_less()
    presence.start()
    log.info("ready", lanes=",".join(lanes))
    try:
        serve(config.redis_url, lanes, work, loop.stop)
    finally:
        actor.close()
        api_reader.close()
        dispatcher.close()
        presence.close()
        database.close()
        log.info("stopped", lanes=",".join(lanes))
