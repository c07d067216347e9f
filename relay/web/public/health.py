"""Whether it lives, whether it is ready, and the operator's numbers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from relay import __version__
from relay.areas.resources import Answer, Resource
from relay.config.data_directory import LEAST_FREE, free_bytes
from relay.context import Relay
from relay.errors import StorageUnavailable, Unauthorized
from relay.model import now_ms
from relay.storage import Database, hooks, metrics
from relay.web.framework.auth import Keys, require
from relay.web.framework.openapi import answered, refused
from relay.web.framework.responses import respond

SCOPE = "events:read"
_FRESH_SECONDS = 1.0
_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


@dataclass(frozen=True, slots=True)
class Health:
    """What the relay depends on, as it stood at most a second ago."""

    database: bool
    redis: bool


class Examination:
    """Looks at database and Redis, at most once a second however often it is asked."""

    def __init__(self, database: Database, redis_answers: Callable[[], bool]) -> None:
        self._kept_in = database
        self._redis_answers = redis_answers
        self._lock = Lock()
        self._last: tuple[Health, float] | None = None

    def __call__(self) -> Health:
        with self._lock:
            if self._last is None or time.monotonic() - self._last[1] > _FRESH_SECONDS:
                self._last = (Health(self._database(), self._redis_answers()), time.monotonic())
            return self._last[0]

    def _database(self) -> bool:
        try:
            with self._kept_in.read() as connection:
                metrics.alive(connection)
        except StorageUnavailable:
            return False
        return True


def blueprint(relay: Relay, keys: Keys, examine: Callable[[], Health]) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz", provide_automatic_options=False)
    def healthz() -> Response:
        return respond(Answer({"status": "alive", "version": __version__}))

    @pages.get("/readyz", provide_automatic_options=False)
    def readyz() -> Response:
        health = examine()
        free = free_bytes(relay.config.data_dir) if relay.database.is_sqlite else None
        full = free is not None and free < LEAST_FREE
        # Without Redis webhooks are still accepted and kept; what waits is sent once it is back.
        content = {
            "status": "ready" if health.database and not full else "not_ready",
            "database": "away" if not health.database else "full" if full else "ok",
            "redis": "ok" if health.redis else "away",
        }
        return respond(Answer(content, status=200 if health.database and not full else 503))

    @pages.get("/metrics", provide_automatic_options=False)
    def show_metrics() -> Response:
        if not _from_this_machine():
            try:
                key = keys.of_request()
            except Unauthorized:
                raise Unauthorized(
                    f"Metrics are for this machine, or for an API key with {SCOPE}:"
                    " send the header `Authorization: Bearer KEY`."
                ) from None
            require(key, SCOPE)
        with relay.database.read() as connection:
            found = metrics.read(connection, now_ms())
        registry = CollectorRegistry()
        registry.register(_Numbers(found, examine().redis))
        return Response(generate_latest(registry), content_type=_PROMETHEUS_TEXT)

    return pages


def _from_this_machine() -> bool:
    """Whether nobody but this machine asks. A proxy on it asks for others, and says so."""
    if any(name in request.headers for name in _FORWARDING):
        return False
    try:
        address = ip_address(request.remote_addr or "")
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return (mapped or address).is_loopback
    except ValueError:
        return False


class _Numbers:
    def __init__(self, found: metrics.Metrics, redis: bool) -> None:
        self._found = found
        self._redis = redis

    def collect(self) -> list[Any]:
        found = self._found
        accepted = CounterMetricFamily("relay_webhooks_accepted", "Webhooks accepted since the first start.")
        accepted.add_metric([], found.webhooks_accepted)
        by_status = GaugeMetricFamily("relay_hooks", "Hooks by status.", labels=["status"])
        for status in (hooks.ACTIVE, hooks.SWITCHED_OFF):
            by_status.add_metric([status], found.hooks_by_status.get(status, 0))
        gauges = (
            ("relay_webhooks_pending", "Webhooks that have not become events yet.", found.webhooks_pending),
            (
                "relay_webhook_oldest_due_seconds",
                "How long the oldest of them waits.",
                found.webhook_oldest_due,
            ),
            ("relay_events_last_minute", "Events of the last minute's webhooks.", found.events_last_minute),
            ("relay_deliveries_pending", "Deliveries that are not at their end.", found.deliveries_pending),
            (
                "relay_delivery_oldest_due_seconds",
                "How long the oldest due one waits.",
                found.delivery_oldest_due,
            ),
            ("relay_hooks_paused", "Active hooks whose target fails, so that they rest.", found.hooks_paused),
            ("relay_redis_up", "Whether Redis answers.", int(self._redis)),
            ("relay_clock_up", "Whether a clock ticks.", int(found.clock_up)),
        )
        build = InfoMetricFamily("relay_build", "This build.", value={"version": __version__})
        return [
            build,
            accepted,
            by_status,
            *(GaugeMetricFamily(name, about, value) for name, about, value in gauges),
        ]


RESOURCE = Resource(
    "Health",
    "For monitors.",
    place=91,
    outside={
        "/healthz": {
            "get": {
                "operationId": "get_health",
                "summary": "Is it alive",
                "responses": {"200": answered("The process lives.")},
            }
        },
        "/readyz": {
            "get": {
                "operationId": "get_readiness",
                "summary": "Is it ready",
                "description": "Ready means that webhooks can be kept. They are without Redis, too.",
                "responses": {"200": answered("Ready."), "503": answered("The database does not answer.")},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "get_metrics",
                "summary": "Numbers for Prometheus",
                "description": "For callers on the relay's own machine (not through a proxy), and for API keys"
                " with `events:read`. The numbers are of all workspaces together and name none.",
                "responses": {
                    "200": answered("Prometheus text.", "text/plain", {"type": "string"}),
                    **refused(401, 403, 503),
                },
            }
        },
    },
)
