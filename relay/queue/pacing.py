"""How fast a hook may be sent to, by all workers together."""

import time
from collections.abc import Sequence

from redis.exceptions import RedisError

from relay.model import now_ms
from relay.queue.connection import connect

PACED_AHEAD_MS = 2000
"""No slot is given that lies further ahead than so many milliseconds."""

_SECONDS = 0.25
_AWAY_SECONDS = 2.0

# KEYS[1] holds when the next slot is free; ARGV: now (ms), gap (ms, may have a fraction), how many at most, and
# how far ahead of now (ms) a slot may lie. A slot that nobody gets is not taken.
_RESERVE = """
local now, gap = tonumber(ARGV[1]), tonumber(ARGV[2])
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local count = math.max(0, math.min(tonumber(ARGV[3]), math.floor((now + tonumber(ARGV[4]) - free) / gap) + 1))
if count > 0 then
    local after = free + gap * count
    redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1000)
end
return {string.format('%.3f', free), count}
"""


class Pace:
    """Slots in time for hooks that have a rate, shared by all workers; kept here alone while Redis is away."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, _SECONDS)
        self._script = self._redis.register_script(_RESERVE)
        self._own: dict[str, float] = {}
        self._away_until = 0.0

    def reserve(self, hook_id: str, per_second: float, count: int) -> Sequence[int]:
        """When (Unix ms) each of the hook's next requests may leave: `count` of them, or as many as may leave soon."""
        now = now_ms()
        gap = 1000 / per_second
        first, fitting = self._shared(hook_id, now, gap, count) or self._alone(hook_id, now, gap, count)
        self._own[hook_id] = first + gap * fitting
        return [int(first + gap * index) + 1 for index in range(fitting)]

    def _shared(self, hook_id: str, now: int, gap: float, count: int) -> tuple[float, int] | None:
        # Deliveries wait for the answer: while Redis is away it is not asked each time.
        if time.monotonic() < self._away_until:
            return None
        try:
            first, fitting = self._script(keys=[f"relay:pace:{hook_id}"], args=[now, gap, count, PACED_AHEAD_MS])
        except RedisError:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None
        # What no worker would have written there holds nobody back.
        start, free = float(first), int(fitting)
        return (start, free) if now <= start <= now + PACED_AHEAD_MS + gap and 0 <= free <= count else None

    def _alone(self, hook_id: str, now: int, gap: float, count: int) -> tuple[float, int]:
        first = max(self._own.get(hook_id, 0.0), float(now))
        return first, max(0, min(count, int((now + PACED_AHEAD_MS - first) // gap) + 1))
