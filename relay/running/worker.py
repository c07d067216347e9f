"""A worker process: takes jobs of some lanes and sends what comes of them."""

from collections.abc import Sequence
from functools import partial

from relay.actions.runner import Runner
from relay.config import Config
from relay.context import Relay
from relay.http import GuardedClient
from relay.inbound.lookups import ApiReader
from relay.inbound.own_events import tell
from relay.logs import Logger
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

log = Logger("work")


def run(config: Config, lanes: Sequence[str]) -> None:
    """Work until a signal says stop; then finish or hand back what is under way."""
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    wakeups = Wakeups(config.redis_url)
    presence = Presence(database, partial(_freed, wakeups), Signs(config.data_dir / "workers"))
    dispatcher = Dispatcher(
        database,
        lambda: Egress(config.allow_private, config.egress_proxy),
        presence.worker_id,
        on_gone=partial(_gone, vault, wakeups),
        on_turn=lambda: wakeups.wake(LATE),
    )
    api_reader = ApiReader(lambda: GuardedClient(allow_private=config.allow_private_sources))
    reserve = Pace(config.redis_url).reserve
    runner = Runner(Relay(config, database, vault, wakeups.wake), reserve, presence)
    links = Links(vault, config.public_url)
    outlet = Outlet(database, dispatcher, presence, reserve)
    loop = Loop(
        Reader(database, vault, api_reader),
        Committer(database, presence, ActiveHooks(database, vault), outlet, links),
        outlet,
        LateLane(database, presence, outlet, links, wakeups.wake),
        wake=wakeups.wake,
        wake_another=wakeups.wake_another,
    )
    collect_less()
    presence.start()
    log.info("ready", lanes=",".join(lanes))
    try:
        serve(config.redis_url, lanes, partial(_work, loop, runner), loop.stop)
    finally:
        for part in (runner, api_reader, dispatcher, presence, database):
            part.close()
        log.info("stopped", lanes=",".join(lanes))


def _work(loop: Loop, runner: Runner, lane: str, attentive: bool) -> None:
    if lane == FRESH:
        loop.process_waiting(attentive=attentive)
    elif lane == LATE:
        loop.retry_due()
    else:
        runner.carry_out_due()


def _gone(vault: Vault, wakeups: Wakeups, connection: Connection, hook: Hook) -> None:
    """A hook said that it is gone: those who want to know are told."""
    data = {"hook": {"id": hook.id, "platform": hook.platform, "reason": GONE_REASON}}
    tell(connection, vault, hook.workspace_id, "hook.switched_off", data)
    wakeups.wake(FRESH)


def _freed(wakeups: Wakeups, webhooks: int, sent: int, asked: int) -> None:
    """What dead workers held is due again."""
    for lane, count in ((FRESH, webhooks), (LATE, sent), (ACT, asked)):
        if count:
            wakeups.wake(lane)
