"""From a call to a run: checked, given to a source, and put in line or before a person."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from relay.actions import adapters, builtin, policy, source_choice, strangers
from relay.actions.callers import asked_by_program
from relay.actions.own_secrets import Hidden
from relay.actions.planned import fingerprint, inputs
from relay.actions.run_events import tell_completed, tell_pending
from relay.actions.task import BuiltinTask
from relay.catalogue.action_types import Action
from relay.catalogue.action_types import get as get_action
from relay.context import Relay, Workspace
from relay.errors import Conflict, Forbidden, InvalidRequest, NotFound
from relay.formats import json_schema, jsontext
from relay.logs import Logger
from relay.model import Source, new_id, now_ms
from relay.queue.lanes import ACT, FRESH
from relay.sdk.actions import Task
from relay.sdk.client import Vendor
from relay.sdk.outcomes import Failed, Uncertain
from relay.security.approval_links import Link, Links
from relay.storage import Connection, runs, sources
from relay.storage.runs import Policy, Run

_RESERVED = ("dry_run", "fallback")
_LONGEST_OUTCOME = 64

log = Logger("act")


@dataclass(frozen=True, slots=True)
class _Call:
    """An action that is asked for, and the body of the request."""

    action: Action
    body: Mapping[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        """The action's input: the body without what says how it is to be done."""
        return {field: value for field, value in self.body.items() if field not in _RESERVED}


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes the calls of actions in one workspace, in the name of its actor, and wakes the workers for them."""

    workspace: Workspace

    @property
    def links(self) -> Links:
        return _links(self.workspace.relay)

    def request(self, name: str, body: Mapping[str, Any], *, key: str | None = None) -> Run:
        """The run of a call: a new one, or the one that the same call with this key made before.

        `body` fits the action's input schema; what its `fallback` comes to is checked here. Raises `InvalidRequest`, or
        `Conflict` when the key was used for something else.
        """
        run = self._requested(_Call(get_action(name), body), key)
        # For the run of an earlier call, too: what woke the workers then may have been lost.
        if not run.is_over:
            self.workspace.wake(FRESH if run.state == runs.PENDING else ACT)
        return run

    def _requested(self, call: _Call, key: str | None) -> Run:
        at, action, actor = self.workspace, call.action, self.workspace.actor
        asked = hashlib.sha256(jsontext.dumps([action.name, dict(sorted(call.body.items()))])).hexdigest()
        with at.database.read() as connection:
            known = runs.with_key(connection, at.vault, at.id, actor, key) if key else None
            if known is not None:
                return _same(known, asked)
            source = source_choice.choose(connection, at.vault, at.id, action, call.given)
            content = self._content(connection, call, source)
        with at.database.write() as connection:
            now = now_ms()
            waits = self._waits(connection, action, source, content, lock=True)
            minor, currency = policy.money_of(call.given)
            run = Run(
                id=new_id("run"),
                workspace_id=at.id,
                action=action.name,
                risk=action.risk,
                source_id=source.id if source else None,
                state=runs.PENDING if waits else runs.QUEUED,
                requested_by=actor,
                created_at=now,
                # What waits for a person is looked at again when nobody may approve it any more.
                due_at=now + policy.APPROVAL_MS if waits else now,
                expires_at=now + policy.APPROVAL_MS if waits else None,
                content=content,
                key=key,
                request_hash=asked,
                amount_minor=minor,
                currency=currency,
            )
            if not runs.add(connection, at.vault, run):
                # Another call with this key came first.
                first = runs.with_key(connection, at.vault, at.id, actor, key or "")
                assert first is not None
                return _same(first, asked)
            at.note(connection, now, "action.requested", run.id, action.name)
            told = tell_pending(connection, at.vault, run) if waits else None
        log.info("asked_for", run=run.id, action=run.action, source=run.source_id, state=run.state, inbound=told)
        return run

    def dry_run(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a call would send, without sending it: reads are done, changes only noted, secrets left out."""
        at, call = self.workspace, _Call(get_action(name), body)
        action, given = call.action, call.given
        with at.database.read() as connection:
            source = source_choice.choose(connection, at.vault, at.id, action, given)
            content = self._content(connection, call, source)
            judged = [self._waits(connection, action, source, content)]
        if source is None:
            text, would = self._dry_run_of_own(call)
            answer = {"source": None, "would_send": would, "message": text}
            return {"status": "dry_run", "needs_approval": any(judged), **answer}

        def judge(money: Mapping[str, Any]) -> None:
            with at.database.read() as connection:
                judged.append(policy.waits(connection, at.id, action, [money], now_ms()))

        vendor = Vendor(
            str(source.settings.get("api_url") or ""), allow_private=at.config.allow_private_sources, dry=True
        )
        task = Task(given, source.settings, vendor, new_id("run"), datetime.now(UTC), judge)
        try:
            text = adapters.of(source.provider)[name].run(task).text
        except (Failed, Uncertain) as error:
            text = error.message
        hidden = Hidden.of(source)
        return {
            "status": "dry_run",
            "needs_approval": any(judged),
            "source": {"id": source.id, "name": source.name, "provider": source.provider},
            "would_send": hidden.hide(vendor.told),
            # Told of a change that was not made, an adapter's sentence would be a lie.
            "message": hidden.hide(text)
            if not vendor.told
            else f"Would send {len(vendor.told)} requests that change something.",
        }

    def _dry_run_of_own(self, call: _Call) -> tuple[str, list[dict[str, Any]]]:
        at, action = self.workspace, call.action
        if action.name not in builtin.REHEARSALS:
            return "The relay carries this out itself. No request is sent to a provider.", []
        run = Run(
            id=new_id("run"),
            workspace_id=at.id,
            action=action.name,
            risk=action.risk,
            source_id=None,
            state=runs.QUEUED,
            requested_by="",
            created_at=now_ms(),
            due_at=None,
            content={"input": call.given},
        )
        try:
            would = builtin.REHEARSALS[action.name](BuiltinTask(run, at.database, at.vault))
        except Failed as error:
            return error.message, []
        return "Would send this message over the first of these channels that accepts it.", would

    def decide(self, run_id: str, *, approve: bool, owner: str | None = None, seen: str | None = None) -> Run:
        """Approve or reject what waits for a person, once.

        `owner` is whose way that was, where it is not the actor's own. `seen` is the fingerprint of what was decided
        on, where the caller knows it; an approval is kept with it, and nothing else is done for it. Raises `NotFound`,
        `Conflict` that says what became of it, or `Forbidden`: the key that asked does not approve, by no way.
        """
        at, actor = self.workspace, self.workspace.actor
        now = now_ms()
        with at.database.write() as connection:
            run = runs.get(connection, at.vault, run_id)
            if run is None or run.workspace_id != at.id:
                raise NotFound("There is no run with this id in this workspace.")
            if run.state != runs.PENDING or run.expires_at is None or now >= run.expires_at:
                state = runs.EXPIRED if run.state == runs.PENDING else run.state
                raise Conflict(f"This run is already decided: its state is {state}.", code="already_decided")
            if approve and (owner or actor) == run.requested_by and asked_by_program(run.requested_by):
                raise Forbidden(
                    "The key that requested this run cannot approve it. Use another key with the scope admin, a link"
                    f" that was sent to a person, or: relay action approve {run.id}"
                )
            if seen not in (None, fingerprint(run)):
                raise Conflict(
                    "The run has changed since it was shown. Read it again, then decide.", code="not_what_was_seen"
                )
            decided = replace(run, decided_by=actor, expires_at=None)
            if approve:
                content = {**run.content, "approved": fingerprint(run)}
                decided = replace(decided, state=runs.QUEUED, due_at=now, content=content)
            else:
                text = f"Rejected by {actor}."
                content = {**run.content, "text": text, "code": "rejected"}
                decided = replace(decided, state=runs.REJECTED, due_at=None, finished_at=now, content=content)
            if not runs.save(connection, at.vault, decided, was_due=run.due_at):
                raise Conflict(
                    "Another decision about this run is in progress. Read the run again.", code="already_decided"
                )
            at.note(connection, now, f"action.{'approved' if approve else 'rejected'}", run.id, run.action)
            told = None if approve else tell_completed(connection, at.vault, decided)
        log.info("decided", run=run.id, action=run.action, state=decided.state, inbound=told)
        at.wake(ACT if approve else FRESH)
        return decided

    def set_policy(self, rule: Policy) -> None:
        at = self.workspace
        with at.database.write() as connection:
            runs.set_policy(connection, at.id, rule)
            at.note(connection, now_ms(), "action.policy_set", rule.action, policy.words(rule)[:_LONGEST_OUTCOME])

    def _waits(
        self,
        connection: Connection,
        action: Action,
        source: Source | None,
        content: Mapping[str, Any],
        *,
        lock: bool = False,
    ) -> bool:
        """Whether a person has to say yes first. What the workspace decided for the action holds first."""
        at = self.workspace
        if policy.waits(connection, at.id, action, inputs(content), now_ms(), lock=lock):
            return True
        if not asked_by_program(at.actor) or runs.policy_of(connection, at.id, action.name) is not None:
            return False
        ids = (source.id if source else None, content.get("fallback", {}).get("source_id"))
        return any(
            strangers.writes_to_stranger(connection, at.vault, at.id, action.name, source_id, given)
            for source_id, given in zip(ids, inputs(content), strict=False)
        )

    def _content(self, connection: Connection, call: _Call, first: Source | None) -> dict[str, Any]:
        """What a run holds from the beginning. Raises `InvalidRequest`."""
        if call.body.get("fallback") is None:
            return {"input": call.given}
        return {"input": call.given, "fallback": self._fallback(connection, call, first)}

    def _fallback(self, connection: Connection, call: _Call, first: Source | None) -> dict[str, Any]:
        at, action, wanted = self.workspace, call.action, call.body["fallback"]
        if action.own:
            raise InvalidRequest(f"{action.name} is carried out by the relay itself and takes no fallback.")
        named = str(wanted.get("source") or "")
        chosen = source_choice.fit(
            sources.named(connection, at.vault, at.id, named), action, named, field="fallback.source"
        )
        if first is not None and chosen.id == first.id:
            raise InvalidRequest("fallback.source must differ from the first source.")
        differs = json_schema.without_blanks(wanted.get("input") or {}, action.input)
        if "source" in differs:
            raise InvalidRequest("fallback.input.source is not allowed: use fallback.source.")
        json_schema.check({**call.given, **differs}, action.input, within="fallback.input.")
        for name in policy.changed_money(call.given, differs):
            raise InvalidRequest(
                f"fallback.input.{name} must be left out: a fallback uses the amount and currency of the first request."
            )
        return {"source_id": chosen.id, "input": differs}


def linked(relay: Relay, token: str) -> tuple[Link, Run]:
    """What an approval link says, and the run that it leads to. Raises `NotFound`."""
    link = _links(relay).read(token)
    with relay.database.read() as connection:
        run = runs.get(connection, relay.vault, link.run_id)
    if run is None:
        raise NotFound("The run of this link no longer exists.")
    return link, run


def decide_by_link(relay: Relay, token: str, *, approve: bool, seen: str | None = None) -> Run:
    """As `Desk.decide`, for who came by a link: it says in which workspace, and in whose name."""
    link, run = linked(relay, token)
    desk = Desk(relay.workspace(run.workspace_id, f"approval link {link.way}"))
    return desk.decide(run.id, approve=approve, owner=link.owner, seen=seen)


def _links(relay: Relay) -> Links:
    return Links(relay.vault, relay.config.public_url)


def _same(known: Run, asked: str) -> Run:
    if known.request_hash != asked:
        raise Conflict(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    return known
