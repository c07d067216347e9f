"""What a run may come to: at the source that it was asked of, and where there is a fallback, at that one instead.

All that is decided about a run is decided about this: its policy, the page and the event that ask a person, and the
approval, which is bound to its fingerprint.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relay.catalogue.action_types import get as get_action
from relay.formats import jsontext
from relay.storage.runs import Run


@dataclass(frozen=True, slots=True)
class Planned:
    """One way that a run may take. `source_id` is None for what the relay itself does."""

    source_id: str | None
    input: Mapping[str, Any]


def inputs(content: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What is given to the first source, and what to its fallback: there, what differs stands over the rest."""
    given, fallback = content["input"], content.get("fallback")
    return [given] if fallback is None else [given, {**given, **fallback["input"]}]


def planned(run: Run) -> Sequence[Planned]:
    """The ways of a run: the first, then its fallback."""
    fallback = run.content.get("fallback")
    ids = [run.source_id] if fallback is None else [run.source_id, fallback["source_id"]]
    return [Planned(*each) for each in zip(ids, inputs(run.content), strict=True)]


def now_at(run: Run) -> Planned:
    """The way that a run is on."""
    return planned(run)[1 if run.on_fallback else 0]


def fingerprint(run: Run) -> str:
    """Of all that may be done, to the letter: what a person saw and approved."""
    ways = [[each.source_id, dict(sorted(each.input.items()))] for each in planned(run)]
    return hashlib.sha256(jsontext.dumps([run.id, run.action, ways])).hexdigest()


def in_words(run: Run, label_of: Callable[[str | None], str]) -> str:
    """All that may be done, for a person. `label_of` says what a source is called."""
    first, *others = [f"{label_of(each.source_id)}: {_fields(run.action, each.input)}" for each in planned(run)]
    then = "".join(f" If it is declined or not reached: {each}" for each in others)
    return f"{get_action(run.action).title} at {first}{then}"


def rows(action: str, given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields of an input by their titles, in the order of the schema. The source is told apart."""
    known = get_action(action).input["properties"]
    return [(each["title"], given[name]) for name, each in known.items() if name in given and name != "source"]


def _fields(action: str, given: Mapping[str, Any]) -> str:
    return ", ".join(f"{title} {value}" for title, value in rows(action, given)) + "."
