"""Brings the app in a folder to Make: asks what is there, does what is missing, and goes on where it was cut short."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.develop.make_app import plan
from relay.develop.make_app.app import App, Code, read
from relay.develop.make_app.lint import lint
from relay.develop.make_app.origin import Origin, Origins
from relay.develop.make_app.plan import Known, Step
from relay.develop.make_app.remote import JSON, JSONC, MARKDOWN, Account, Pause, Remote, Tell
from relay.errors import ConfigError, InvalidRequest, NotFound

NAME = "hosting-relay"
LABEL = "Relay"
_NEW_APP = {
    "name": NAME,
    "label": LABEL,
    "version": 1,
    "description": "Watches what a hosting business's panels, gateways and monitors report, and acts on it.",
    "theme": "#2f5d8a",
    "language": "en",
    "audience": "global",
}
_APP_ID = re.compile(r"[a-z][0-9a-z-]{1,60}[0-9a-z]")
_APPS = "?cols%5B%5D=name&cols%5B%5D=label"
_LISTS = {"connection": "appConnections", "webhook": "appWebhooks", "module": "appModules", "rpc": "appRpcs"}
_ANSWERS = {"connection": "appConnection", "webhook": "appWebhook", "module": "appModule", "rpc": "appRpc"}


@dataclass(slots=True)
class Changes:
    """What was done, or in a dry run would be."""

    app: str = ""
    done: list[Step] = field(default_factory=list)
    unchanged: int = 0
    left_over: list[str] = field(default_factory=list)

    def count(self, verb: str) -> int:
        return sum(step.verb == verb for step in self.done)


def deploy(
    folder: Path,
    account: Account,
    *,
    app_id: str | None = None,
    visible: bool = False,
    dry_run: bool = False,
    tell: Tell,
    pause: Pause = asyncio.sleep,
) -> Changes:
    """Bring the app to Make. May be called again at any time.

    Raises `ConfigError` for an app with findings: what is wrong in a published app is live at once.
    """
    if app_id is not None and not _APP_ID.fullmatch(app_id):
        raise ConfigError(f"{app_id[:64]!r} is no app id of Make's: it is in the address of the app's page there.")
    findings = lint(folder)
    if findings:
        raise ConfigError(f"The app has {len(findings)} findings: see them with relay make lint, and mend them first.")

    async def work() -> Changes:
        origins = Origins(folder)
        remote = Remote(account, tell=tell, pause=pause)
        try:
            app = _Work(read(folder), origins, origins.get(account.base_url, app_id), remote, dry_run)
            return await app.all(visible, tell)
        finally:
            await remote.close()

    return asyncio.run(work())


@dataclass(slots=True)
class _Work:
    app: App
    origins: Origins
    origin: Origin
    remote: Remote
    dry_run: bool

    async def all(self, visible: bool, tell: Tell) -> Changes:
        known = await self._known()
        plan.match_up(self.app, self.origin, known)
        steps = plan.steps(self.app, self.origin, known, visible=visible)
        every = len(plan.steps(self.app, Origin(""), Known(), visible=visible))
        changes = Changes(unchanged=every - len(steps), left_over=plan.left_over(self.app, self.origin, known))
        for number, step in enumerate(steps, 1):
            tell(f"{number}/{len(steps)}  {'would ' if self.dry_run else ''}{step}")
            if not self.dry_run:
                await self._do(step)
                self.origins.save()
            changes.done.append(step)
        changes.app = self.origin.app
        return changes

    # What is there

    async def _known(self) -> Known:
        if not self.origin.app and self.origin.creating is not None:
            self.origin.app = await self._find_app() or ""
            self.origin.creating = None if self.origin.app else self.origin.creating
        if not self.origin.app:
            return Known()
        try:
            checksums = await self.remote.get(f"/{self._version}/checksum")
        except NotFound:
            raise NotFound(
                f"Make has no app {self.origin.app!r} in this zone that the key may see. Name another with --app, or"
                f" remove this one from {self.origins.path} and a new one is made."
            ) from None
        return Known(checksums, {kind: await self._listed(kind) for kind in _LISTS})

    async def _listed(self, kind: str) -> list[Mapping[str, Any]]:
        return await self._rows(self._collection(kind), _LISTS[kind])

    async def _rows(self, path: str, name: str) -> list[Mapping[str, Any]]:
        """A list of Make's. One that is not there is not an empty one: everything would be made once more."""
        rows = (await self.remote.get(path)).get(name)
        if not isinstance(rows, list):
            raise InvalidRequest(f"Make's answer to GET {path} has no list {name!r}.")
        return [each for each in rows if isinstance(each, Mapping)]

    async def _find_app(self) -> str | None:
        """The app whose making was cut short: Make adds a suffix to its name."""
        before = self.origin.creating or ()
        found = [
            name
            for each in await self._rows(_APPS, "apps")
            if (name := str(each.get("name"))) not in before
            and each.get("label") == LABEL
            and (name == NAME or name.startswith(f"{NAME}-"))
        ]
        if len(found) > 1:
            raise ConfigError(f"Make has several new apps called {LABEL}: name one with --app. It has {found}.")
        return found[0] if found else None

    # Where things are

    @property
    def _version(self) -> str:
        return f"{self.origin.app}/{self.origin.version}"

    def _collection(self, kind: str) -> str:
        of_version = kind in ("module", "rpc")
        return f"/{self._version if of_version else self.origin.app}/{kind}s"

    def _path(self, kind: str, own_id: str) -> str:
        if kind == "app":
            return f"/{self._version}"
        name = self.origin.name_of(kind, own_id)
        return f"/{self._version}/{kind}s/{name}" if kind in ("module", "rpc") else f"/{kind}s/{name}"

    # Doing it

    async def _do(self, step: Step) -> None:
        if step.verb == "show":
            await self.remote.post(f"{self._path('module', step.id)}/public")
        elif step.type == "app" and not step.key:
            await self._create_app()
        elif step.key:
            await self._send(step)
        else:
            await self._create(step) if step.verb == "create" else await self._update(step)

    async def _create_app(self) -> None:
        self.origin.creating = [str(each.get("name")) for each in await self._rows(_APPS, "apps")]
        self.origins.save()
        self.origin.app = await self.remote.create("", _NEW_APP, "app", self._find_app)
        self.origin.creating = None

    async def _create(self, step: Step) -> None:
        component = self.app.get(step.type, step.id)
        assert component is not None

        async def find() -> str | None:
            plan.match_up(self.app, self.origin, Known({}, {kind: await self._listed(kind) for kind in _LISTS}))
            name = self.origin.name_of(step.type, step.id)
            return name if name in [each.get("name") for each in await self._listed(step.type)] else None

        self.origin.forget(step.type, step.id)
        body = plan.first_entry(component, self.origin)
        name = await self.remote.create(self._collection(step.type), body, _ANSWERS[step.type], find)
        self.origin.call(step.type, step.id, name)
        self._remember(step, plan.entry_sum(plan.entry(component, self.origin)))

    async def _update(self, step: Step) -> None:
        component = self.app.get(step.type, step.id)
        assert component is not None
        body = plan.entry(component, self.origin)
        await self.remote.patch(self._path(step.type, step.id), body)
        self._remember(step, plan.entry_sum(body))

    async def _send(self, step: Step) -> None:
        code = self._code(step)
        text = code.text or ""
        path = f"{self._path(step.type, step.id)}/{plan.SECTIONS[step.type][step.key]}"
        await self.remote.put(path, text, _content_type(code))
        self._remember(step, plan.md5(text))

    def _code(self, step: Step) -> Code:
        component = self.app.get(step.type, step.id)
        return component.codes[step.key] if component else self.app.general[step.key]

    def _remember(self, step: Step, mark: str) -> None:
        self.origin.sent[plan.mark(step.type, step.id, step.key)] = mark


def _content_type(code: Code) -> str:
    if code.path.endswith(".iml.json"):
        return JSONC
    return MARKDOWN if code.path.endswith(".md") else JSON
