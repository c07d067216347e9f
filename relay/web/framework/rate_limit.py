"""How often one API key may call. Counted in Redis for all web processes; while it is away, in each."""

import time
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from relay.errors import TooManyRequests
from relay.web.framework.responses import refusal

PER_MINUTE = 600
_REDIS_SECONDS = 0.25
_WINDOW_SECONDS = 60


def install(app: Flask, redis_url: str, prefix: str, per_minute: int = PER_MINUTE) -> None:
    """Limit what lies below `prefix`. Expects `g.key`, the API key, where one was found."""
    # Handed on to redis.from_url as they are.
    options: dict[str, Any] = {
        "socket_timeout": _REDIS_SECONDS,
        "socket_connect_timeout": _REDIS_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    limiter = Limiter(
        _caller,
        application_limits=[f"{per_minute} per minute"],
        storage_uri=f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url,
        storage_options=options,
        strategy="sliding-window-counter",  # no burst of twice the limit where two minutes meet
        key_prefix="relay:limit",
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    limiter.request_filter(lambda: not request.path.startswith(prefix))
    limiter.init_app(app)

    def exceeded(_: RateLimitExceeded) -> Response:
        wait = _wait(limiter)
        return refusal(
            TooManyRequests(f"More than {per_minute} calls in a minute. Try again in {wait} s.", retry_after=wait)
        )

    app.register_error_handler(RateLimitExceeded, exceeded)


def _wait(limiter: Limiter) -> int:
    """Seconds until there is room again; a whole window if Redis has gone away just now."""
    try:
        left = limiter.current_limit.reset_at - time.time() if limiter.current_limit else _WINDOW_SECONDS
    except RedisError:
        left = _WINDOW_SECONDS
    return max(1, min(int(left) + 1, _WINDOW_SECONDS))


def _caller() -> str:
    key = g.get("key")
    return f"key:{key.id}" if key is not None else f"address:{get_remote_address()}"
