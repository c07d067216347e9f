"""Make's API for apps: one call at a time, tried again where that can help.

What is called and how it answers is written in https://developers.make.com/api-documentation and, where that is
silent, in the editor that Make publishes: https://github.com/integromat/vscode-apps-sdk
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.errors import ConfigError, InvalidRequest, NotFound, Unreachable, Unreadable
from relay.formats import jsontext
from relay.formats.retry_after import retry_after
from relay.http import Answer, GuardedClient

JSON = "application/json"
JSONC = "application/jsonc"
MARKDOWN = "text/markdown"

Pause = Callable[[float], Awaitable[None]]
Tell = Callable[[str], None]

_ZONE = re.compile(r"([a-z]{2}[1-9])(\.make\.com|\.make\.celonis\.com)?")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1:\d{1,5}|\[::1\]:\d{1,5})")
_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0)
"""After a failure that may pass."""

_TOO_MANY = 429
_USUAL_WAIT = 5.0
_LONGEST_WAIT = 120.0
_WAITS = 100
"""How often Make may ask to wait in one call: the smallest plan takes 60 calls in a minute."""

_TIMEOUT = 60.0
_MAX_BYTES = 16 * 1024 * 1024


class Passing(Unreachable):
    """Make did not answer, or answered that it cannot now. What was asked for may have been done all the same."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the API of an account is, and a key for it."""

    base_url: str
    key: str = field(repr=False)


def base_url(zone: str, api: str | None = None) -> str:
    """Where the API of a zone is. `api` takes its place in tests, on this machine only. Raises `ConfigError`."""
    if api is not None:
        if not _LOOPBACK.fullmatch(api):
            raise ConfigError("--api takes an address on this machine only, such as http://127.0.0.1:8080.")
        return f"{api}/api"
    found = _ZONE.fullmatch(zone.strip().lower())
    if found is None:
        raise ConfigError(
            f"{zone[:40]!r} is no zone of Make. It stands in the address of Make when you are signed in, such as eu1"
            " or us2.make.com."
        )
    return f"https://{found[1]}{found[2] or '.make.com'}/api"


def read_key(file: Path) -> str:
    """Raises `ConfigError` for a file that holds no key, without showing what it holds."""
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{file} cannot be read as text.") from None
    if not _KEY.fullmatch(key):
        raise ConfigError(f"{file} must hold Make's API key and nothing else, on one line.")
    return key


class Remote:
    """The API for the apps of one account. Paths are those below `/v2/sdk/apps`."""

    def __init__(self, account: Account, *, tell: Tell, pause: Pause = asyncio.sleep) -> None:
        local = _LOOPBACK.match(account.base_url)
        self._door = GuardedClient(allow_private=frozenset([local[1]] if local else ()))
        self._base = f"{account.base_url}/v2/sdk/apps"
        self._key = account.key
        self._tell = tell
        self._pause = pause

    async def close(self) -> None:
        await self._door.close()

    async def get(self, path: str) -> Mapping[str, Any]:
        return await self._again("GET", path, b"", JSON)

    async def put(self, path: str, text: str, content_type: str) -> None:
        await self._again("PUT", path, text.encode(), content_type)

    async def patch(self, path: str, body: Mapping[str, Any]) -> None:
        await self._again("PATCH", path, jsontext.dumps(body), JSON)

    async def post(self, path: str) -> None:
        """Something that may be asked for twice."""
        await self._again("POST", path, b"{}", JSON)

    async def create(
        self, path: str, body: Mapping[str, Any], kind: str, find: Callable[[], Awaitable[str | None]]
    ) -> str:
        """Make one thing and answer its name at Make. Where no answer came, `find` says whether it was made."""
        for pause in (*_PAUSES, None):
            try:
                made = await self._once("POST", path, jsontext.dumps(body), JSON)
            except Passing as trouble:
                if pause is None:
                    raise
                self._tell(f"{trouble.message} Trying again in {pause:g} s.")
                await self._pause(pause)
                found = await find()
                if found is not None:
                    return found
            else:
                thing = made.get(kind)
                name = thing.get("name") if isinstance(thing, Mapping) else None
                if not isinstance(name, str) or not name:
                    raise InvalidRequest(f"Make's answer to POST {path} has no {kind}.name.")
                return name
        raise AssertionError("the last try either answers or raises")

    async def _again(self, method: str, path: str, body: bytes, content_type: str) -> Mapping[str, Any]:
        for pause in _PAUSES:
            try:
                return await self._once(method, path, body, content_type)
            except Passing as trouble:
                self._tell(f"{trouble.message} Trying again in {pause:g} s.")
            await self._pause(pause)
        return await self._once(method, path, body, content_type)

    async def _once(self, method: str, path: str, body: bytes, content_type: str) -> Mapping[str, Any]:
        """One call, waited for as long as Make says that there are too many: such a call did nothing."""
        headers = {"authorization": f"Token {self._key}", "accept": JSON}
        if body:
            headers["content-type"] = content_type
        for _ in range(_WAITS):
            try:
                answer = await self._door.request(
                    method, self._base + path, body=body, headers=headers, timeout=_TIMEOUT, max_bytes=_MAX_BYTES
                )
            except Unreachable as error:
                raise Passing(error.message, code=error.code, sent=error.sent) from None
            if answer.status != _TOO_MANY:
                return self._judged(method, path, answer)
            wait = _wait(answer)
            self._tell(f"Make asks to wait {wait:g} s.")
            await self._pause(wait)
        raise Unreachable("Make has asked to wait too often. Run the command again later: it goes on where it stopped.")

    def _judged(self, method: str, path: str, answer: Answer) -> Mapping[str, Any]:
        status = answer.status
        if 200 <= status < 300:
            return _object(answer.body) if method in ("GET", "POST") else {}
        said = f"Make answered {status} to {method} {path}{self._words(answer.body)}."
        if status >= 500:
            raise Passing(said)
        if status in (401, 403):
            raise ConfigError(
                f"{said} The key must be of this zone, and have the scopes sdk-apps:read and sdk-apps:write."
            )
        if status == 404:
            raise NotFound(said)
        raise InvalidRequest(said)

    def _words(self, body: bytes) -> str:
        """What Make says of an error, without the key, should it repeat it."""
        try:
            told = _object(body)
        except InvalidRequest:
            return ""
        details = told.get("detail")
        words = [*(details if isinstance(details, list) else [details])]
        others = told.get("suberrors")
        words += (
            [each.get("message") for each in others if isinstance(each, Mapping)] if isinstance(others, list) else []
        )
        text = " ".join(str(each) for each in words if each) or str(told.get("message") or "")
        text = re.sub(r"[^\x20-\x7e\xa0-\uffff]", " ", text.replace(self._key, "***"))[:400].strip(" .")
        return f": {text}" if text else ""


def _wait(answer: Answer) -> float:
    told = retry_after(answer.headers, time.time())
    return _USUAL_WAIT if told is None else min(told, _LONGEST_WAIT)


def _object(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        return {}
    try:
        found = jsontext.read(body)
    except Unreadable:
        raise InvalidRequest("Make's answer is not JSON.") from None
    return found if isinstance(found, Mapping) else {}
