"""Asks providers' APIs for what webhooks leave out, and for what is not posted at all.

Many questions at once over kept-alive connections, each for a bounded time, all through the one door. What cannot be
had is missing from the answers; why is logged, without addresses or credentials.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvloop

from relay.errors import Unreachable, Unreadable
from relay.formats import charsets, jsontext
from relay.http import Answer, GuardedClient
from relay.logs import Logger
from relay.model import Inbound
from relay.sdk.oauth import FORM, Client, Token, TokenCache
from relay.sdk.provider import ClientLogin, LookUp, Question
from relay.security.addresses import climbs

TOTAL_SECONDS = 8.0
"""For all that one webhook asks; shorter than the lease of whoever works on it."""

AT_ONCE = 20
"""For one webhook: a batch asks hundreds of questions."""

_ROUNDS = 4
_MAX_BYTES = 1024 * 1024
_NO_SUCH_THING = (404, 410)

log = Logger("ask")
Ask = Callable[[Mapping[str, Any]], Mapping[str, Question]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was told, by the names of the questions. `complete` unless any question got no answer."""

    told: Mapping[str, Any] = field(repr=False, default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Api:
    """Where is asked, and who asks where a token has to be had first."""

    base: str
    client: Client | None = None
    login: ClientLogin | None = None


class ApiReader:
    """An event loop in a thread of its own, begun with the first question."""

    def __init__(self, door: Callable[[], GuardedClient]) -> None:
        self._make_door = door
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._door: GuardedClient | None = None
        # The look-ups under way, and those that follow them, by what is asked. Of the loop's thread alone.
        self._under_way: dict[Hashable, asyncio.Task[Answers]] = {}
        self._following: dict[Hashable, asyncio.Task[Answers]] = {}
        self._tokens = TokenCache()
        self._logins: dict[str, asyncio.Task[str]] = {}

    def look_up(self, look_up: LookUp, inbound: Inbound) -> "Future[Answers]":
        """Everything that a read webhook leaves out.

        The same is asked once at a time: webhooks of the same words that come in meanwhile share the next answer, which
        is as new as the last of them.
        """

        def questions(told: Mapping[str, Any]) -> Mapping[str, Question]:
            return look_up.questions(replace(inbound, looked_up=told))

        settings, login = inbound.settings, look_up.login
        base = look_up.address(settings).rstrip("/")
        if not base or not all(settings.get(name) for name in look_up.needs):
            return _nothing()
        client = None
        if login is not None:
            client = Client(base, *(str(settings.get(name, "")) for name in (login.client_id, login.client_secret)))
        return self._begin(questions, Api(base, client, login), _same(look_up, inbound))

    def ask(self, questions: Ask, settings: Mapping[str, Any], needs: tuple[str, ...]) -> "Future[Answers]":
        """Answers to what `questions` wants to know, which is called with what was told so far.

        `settings` are those of the source; without the `needs` among them nothing can be asked, now or later.
        """
        base = str(settings.get("api_url") or "").rstrip("/")
        if not base or not all(settings.get(name) for name in needs):
            return _nothing()
        return self._begin(questions, Api(base), None)

    def _begin(self, questions: Ask, api: Api, same: Hashable) -> "Future[Answers]":
        """Of what is the `same` one is asked after the other."""
        asked = self._ask(questions, api) if same is None else self._in_turn(same, questions, api)
        return asyncio.run_coroutine_threadsafe(asked, self._running())

    def close(self) -> None:
        """Leave what is under way."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=5)
        self._thread.join(timeout=5)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = uvloop.new_event_loop()
            self._thread = threading.Thread(target=self._run, args=(self._loop,), name="api_reader", daemon=True)
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._door = self._make_door()
        loop.run_forever()

    async def _stop(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._door is not None:
            await self._door.close()
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)

    async def _in_turn(self, same: Hashable, questions: Ask, api: Api) -> Answers:
        following = self._following.get(same)
        if following is None:
            turn = self._turn(same, self._under_way.get(same), questions, api)
            following = self._following[same] = asyncio.create_task(turn)
        return await asyncio.shield(following)

    async def _turn(self, same: Hashable, before: "asyncio.Task[Answers] | None", questions: Ask, api: Api) -> Answers:
        if before is not None:
            await asyncio.wait([before])
        # Whoever comes from here on may know something newer, and gets the next turn.
        own = self._under_way[same] = self._following.pop(same)
        try:
            return await self._ask(questions, api)
        finally:
            if self._under_way.get(same) is own:
                del self._under_way[same]

    async def _ask(self, questions: Ask, api: Api) -> Answers:
        told: dict[str, Any] = {}
        unanswered: set[str] = set()
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, question: Question) -> None:
            async with turn:
                try:
                    told[name] = await self._answer(api, question)
                except (Unreachable, Unreadable) as error:
                    unanswered.add(name)
                    log.warning("no_answer", question=name.partition(":")[0], reason=error.code)

        wanted: Mapping[str, Question] = {}
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                for _ in range(_ROUNDS):
                    asked = questions(told)
                    wanted = {
                        name: each for name, each in asked.items() if name not in told | dict.fromkeys(unanswered)
                    }
                    if not wanted:
                        break
                    await asyncio.gather(*(one(name, question) for name, question in wanted.items()))
        except TimeoutError:
            unanswered |= wanted.keys() - told.keys()
            log.warning("no_answer", reason="timeout")
        except Exception as error:  # noqa: BLE001  a foreign body may break any reader
            log.warning("no_question", reason=type(error).__name__)
            return Answers(told, complete=True)
        return Answers(told, complete=not unanswered)

    async def _answer(self, api: Api, question: Question) -> Any:
        if climbs(question.path):
            raise Unreadable("An id in the webhook is a step in a path.")
        token = await self._token(api)
        answer = await self._get(api, question, token)
        if answer.status == 401 and api.client is not None:
            # A token may end before its time.
            self._tokens.drop(api.client.key, token)
            answer = await self._get(api, question, await self._token(api))
        if answer.status in _NO_SUCH_THING:
            return None
        if not 200 <= answer.status < 300:
            raise Unreachable(f"The API answered {answer.status}.", code=f"status_{answer.status}")
        return _read(answer)

    async def _get(self, api: Api, question: Question, token: str) -> Answer:
        proof = {"authorization": f"Bearer {token}"} if token else {}
        headers = {"accept": "application/json", **question.headers, **proof}
        return await self._send("GET", api.base + question.path, headers)

    async def _token(self, api: Api) -> str:
        """The token that all is asked with, empty where none is needed; whoever wants the same shares the way to it."""
        if api.client is None or api.login is None:
            return ""
        key = api.client.key
        kept = self._tokens.get(key, time.monotonic())
        if kept is not None:
            return kept
        under_way = self._logins.get(key)
        if under_way is None:
            under_way = self._logins[key] = asyncio.create_task(self._log_in(api.client, api.login))
            under_way.add_done_callback(lambda ended: self._logged_in(key, ended))
        return await asyncio.shield(under_way)

    async def _log_in(self, client: Client, login: ClientLogin) -> str:
        begun = time.monotonic()
        headers = {"accept": "application/json", **client.headers}
        answer = await self._send("POST", client.base + login.path, headers, FORM)
        if answer.status != 200:
            raise Unreachable(
                f"The API answered the token request with {answer.status}.", code=f"token_status_{answer.status}"
            )
        token = Token.of(_read(answer), begun)
        if token is None:
            raise Unreachable("The API's answer holds no token.", code="no_token")
        self._tokens.put(client.key, token)
        return token.value

    def _logged_in(self, key: str, ended: "asyncio.Task[str]") -> None:
        del self._logins[key]
        if not ended.cancelled():
            ended.exception()  # seen, also where nobody waits for it any more

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        assert self._door is not None
        return await self._door.request(
            method, url, body=body, headers=headers, timeout=TOTAL_SECONDS, max_bytes=_MAX_BYTES
        )


def _read(answer: Answer) -> Any:
    return jsontext.read(answer.body, charsets.named(answer.headers.get("content-type", "")))


def _nothing() -> "Future[Answers]":
    done: Future[Answers] = Future()
    done.set_result(Answers())
    return done


def _same(look_up: LookUp, inbound: Inbound) -> Hashable:
    """What webhooks have in common that ask for the same; None where that cannot be told."""
    try:
        first = frozenset((name, question.path) for name, question in look_up.questions(inbound).items())
    except Exception:  # noqa: BLE001  a foreign body may break any reader
        return None
    return first, inbound.body, tuple(inbound.query.items()), tuple(inbound.settings.items())


@contextmanager
def asking(allow_private: frozenset[str]) -> Iterator[ApiReader]:
    """An api_reader for a moment."""
    api_reader = ApiReader(lambda: GuardedClient(allow_private=allow_private))
    try:
        yield api_reader
    finally:
        api_reader.close()
