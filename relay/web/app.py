"""The web application: the inbound address, the API, its docs, health and metrics."""

from typing import Any

from flask import Blueprint, Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from relay.areas.resources import PREFIX, all_resources, all_routes
from relay.config import Config
from relay.context import Relay
from relay.formats import hops
from relay.formats.visible import visible
from relay.inbound.receive import STORED_WITHIN_SECONDS, Receiver
from relay.queue.wakeups import Wakeups
from relay.security.proxies import Behind
from relay.security.vault import Vault
from relay.storage import Database
from relay.web.framework import openapi, rate_limit, responses, routes
from relay.web.framework.audit_notes import Notes
from relay.web.framework.auth import Keys
from relay.web.pages import approvals, docs
from relay.web.public import health, inbound, installers, pings
from relay.web.public.door import InboundDoor

_PUBLIC = frozenset({f"{PREFIX}/openapi.json"})


def build_app(config: Config, *, calls_per_minute: int = rate_limit.PER_MINUTE) -> Flask:
    """Wire the application. Connections open at the first request, so this is safe before a fork."""
    app = Flask("relay", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = None  # each surface has its own limit and its own words for it
    app.jinja_env.finalize = lambda value: type(value)(visible(value)) if isinstance(value, str) else value
    app.url_map.merge_slashes = False  # callers are never redirected: a key would follow
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault, patience=STORED_WITHIN_SECONDS)
    wakeups, notes = Wakeups(config.redis_url), Notes(database)
    relay = Relay(config, database, vault, wakeups.wake)
    app.extensions["relay"] = relay
    receiver = Receiver(database, vault, wakeups.wake, config.public_url)
    keys = Keys(relay.database)
    examine = health.Examination(database, wakeups.alive)
    responses.install(app)
    app.before_request(lambda: routes.authenticate(keys, _PUBLIC))
    rate_limit.install(app, config.redis_url, PREFIX, calls_per_minute)
    app.register_blueprint(routes.blueprint(relay, notes, all_routes()))
    app.register_blueprint(health.blueprint(relay, keys, examine))
    app.register_blueprint(docs.blueprint(lambda: openapi.document(all_resources(), config.public_url), examine))
    # Applications of their own: what the API asks of every call (key, limit) is not asked of these.
    mounts = {
        "/in": inbound.blueprint(receiver),
        "/ping": pings.ping_blueprint(receiver),
        "/api/push": pings.push_blueprint(receiver),
        "/install": installers.blueprint(relay),
        "/approvals": approvals.blueprint(relay, notes),
    }
    surfaces = DispatcherMiddleware(app.wsgi_app, {at: _alone(pages) for at, pages in mounts.items()})
    app.extensions["door"] = InboundDoor(receiver)
    app.wsgi_app = Behind(surfaces, config.trusted_proxies)  # type: ignore[method-assign]
    return app


def _alone(pages: Blueprint) -> Any:
    app = Flask(f"relay.{pages.name}", static_folder=None)
    # Senders add a slash to the address that they are given, and follow no redirect: it is the same address.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    responses.install(app)
    app.before_request(lambda: hops.check({hops.HEADER: request.headers.get(hops.HEADER, "")}))
    app.register_blueprint(pages)
    return app.wsgi_app
