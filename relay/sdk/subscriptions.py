"""Pausing, resuming and canceling subscriptions, for gateways whose API differs in words only.

Each reads the subscription first: what is so already is done. So doing it again changes nothing more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from relay.formats.times import instant, timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import Headers, Reply
from relay.sdk.fields import an_object, dig, scalar
from relay.sdk.outcomes import Done, Failed
from relay.sdk.provider import segment

Body = Callable[[Task], Any]


@dataclass(frozen=True, slots=True)
class Transition:
    """One change: told at `path` (with `{id}`), needless in one of the states `already`. `word` says it to people."""

    path: str
    already: frozenset[str]
    word: str
    body: Body = lambda _: {}
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class SubscriptionApi:
    """How a gateway is asked and told.

    `path` is that of a subscription, `inside` where it lies in the answers. `keyed` is the header for an
    idempotency key, where there is one. `form` sends fields instead of JSON.
    """

    path: str
    headers: Callable[[Task], Headers]
    reason: Callable[[Any], str | None]
    inside: tuple[str, ...] = ()
    state: str = "status"
    renews: tuple[str, ...] = ("next_billing_at",)
    keyed: str | None = None
    form: bool = False
    needs: tuple[str, ...] = ("api_url", "api_key")
    words: Mapping[str, str] = field(default_factory=dict)
    """Their states in ours, where they differ."""

    def read(self, task: Task, path: str) -> dict[str, Any]:
        return task.vendor.read(path, headers=self.headers(task)).expect(self.reason).object()

    def change(self, task: Task, method: str, path: str, body: Any) -> Reply:
        headers = {**self.headers(task), **({self.keyed: task.key} if self.keyed else {})}
        sent = {"form": body} if self.form else {"json": body}
        return task.vendor.change(method, path, headers=headers, **sent).expect(self.reason)


def transitions(api: SubscriptionApi, table: Mapping[str, Transition]) -> dict[str, Adapter]:
    """The actions of a table, by their names."""
    return {name: Adapter(partial(_move, api, move), repeatable=True, needs=api.needs) for name, move in table.items()}


def at_once(task: Task) -> None:
    """Raises `Failed` where a cancellation at the end of the period is wanted, and the gateway knows none."""
    if task.input.get("at_period_end"):
        raise Failed("This gateway can only cancel immediately. Leave At Period End off.")


def still_to_come(text: str) -> datetime:
    """An instant. Raises `Failed` for one that is past."""
    found = instant(text)
    if found is None or found <= datetime.now(UTC):
        raise Failed(f"until must be a time in the future; it is {text}.")
    return found


def _move(api: SubscriptionApi, move: Transition, task: Task) -> Done:
    own_id = str(task.input["subscription_id"]).strip()
    path = segment(own_id)
    found = _inside(api, api.read(task, api.path.format(id=path)))
    if scalar(found.get(api.state)) in move.already:
        return Done(f"Subscription {own_id} was already {move.word}.", _shown(api, own_id, found))
    said = api.change(task, move.method, move.path.format(id=path), move.body(task)).object()
    return Done(f"Subscription {own_id} was {move.word}.", _shown(api, own_id, _inside(api, said) or found))


def _inside(api: SubscriptionApi, said: Mapping[str, Any]) -> dict[str, Any]:
    return an_object(dig(said, *api.inside) if api.inside else said)


def _shown(api: SubscriptionApi, own_id: str, found: Mapping[str, Any]) -> dict[str, Any]:
    state = scalar(found.get(api.state))
    renews = next((value for name in api.renews if (value := timestamp(found.get(name)))), None)
    return {
        "subscription_id": own_id,
        "subscription_status": api.words.get(state or "", state),
        "renews_at": renews,
    }
