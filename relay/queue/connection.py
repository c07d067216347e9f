"""How Redis is reached."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_SOCKET_SECONDS = 2.0


def connect(redis_url: str, seconds: float = _SOCKET_SECONDS) -> Redis:
    """A client whose calls end within seconds when the server does not answer."""
    return Redis.from_url(redis_url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=once_more())


def once_more() -> Retry:
    """For a connection that a restart of the server has cut. By itself the client would try ten times."""
    return Retry(NoBackoff(), 1)
