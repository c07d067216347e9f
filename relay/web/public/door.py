"""The inbound address without Flask, for plain posts: all that came together are proved, and stored as one."""

import re
from collections.abc import Sequence

from relay.areas.resources import Answer
from relay.errors import RelayError
from relay.formats import hops
from relay.inbound.receive import STORED_WITHIN_SECONDS, Accepted, Receiver, silent
from relay.model import Inbound, Source
from relay.storage.inbound import NewInbound
from relay.web.framework import responses
from relay.web.framework.door import Post, Said
from relay.web.public import inbound

_PATH = re.compile(r"/in/([A-Za-z0-9_]{1,64})/?")
_UNUSUAL = ("content-encoding", hops.HEADER)
"""Headers that may be a reason to refuse, or not: the long way knows."""


class InboundDoor:
    """Over the same receiver as the application's."""

    patience = STORED_WITHIN_SECONDS

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def find(self, path: str) -> Source | None:
        named = _PATH.fullmatch(path)
        return None if named is None else self._receiver.at_hand(named[1])

    def answer(self, posts: Sequence[Post], said: Said) -> None:
        answers: list[Answer | None] = [None] * len(posts)
        sealed: dict[int, NewInbound] = {}
        for index, post in enumerate(posts):
            if any(name in post.headers for name in _UNUSUAL):
                continue
            try:
                sealed[index] = self._receiver.prove_and_seal(post.place, Inbound(post.body, post.headers))
            except RelayError as error:
                answers[index] = inbound.refused(post.place.id, error)
            except Exception:  # noqa: BLE001, S112  a fault of ours: the long way meets it too, and logs it
                continue
        if not sealed:
            said(answers)
            return

        def stored(came: list[Accepted] | Exception) -> None:
            for number, index in enumerate(sealed):
                source: Source = posts[index].place
                if isinstance(came, RelayError):
                    answers[index] = inbound.refused(source.id, came)
                elif isinstance(came, Exception):
                    answers[index] = responses.unexpected(came, "inbound.take")
                else:
                    answers[index] = inbound.taken(source, came[number])
            said(answers)

        self._receiver.store(list(sealed.values()), stored)

    def too_late(self) -> Answer:
        return responses.refused(silent())
