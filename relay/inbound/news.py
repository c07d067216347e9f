"""When an alert is news: it begins, it gets worse, it is over, or it is another one. See decision 14.

Pure: how the alerts stood is given, how they stand afterwards is answered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from relay.model import SEVERITIES, AlertKey, AlertStanding, Event, Statement

ENDS = {"monitor.down": "monitor.up", "alert.raised": "alert.resolved"}
"""The types that an alert begins as, and what it ends as."""

STATING = frozenset([*ENDS, *ENDS.values()])


def key_of(event: Event) -> AlertKey:
    """The alert that an event states something of."""
    assert event.alert is not None
    return event.envelope["source"]["id"], event.alert.key


def news(
    stating: Iterable[Event], standing: Mapping[AlertKey, AlertStanding], known: Iterable[str]
) -> tuple[dict[int, str], dict[AlertKey, AlertStanding]]:
    """Which of these events are news, by their sequence, and the type that each is to be told as; and how the alerts
    stand that changed. `known` are the ids of events that were told already: of several with one id the first counts.
    """
    told: dict[int, str] = {}
    changed: dict[AlertKey, AlertStanding] = {}
    known = set(known)
    for event in sorted(stating, key=lambda each: each.sequence):
        if event.id in known:
            continue
        assert event.alert is not None
        key = key_of(event)
        before = changed.get(key, standing.get(key))
        after, type_name = judge(before, event.alert)
        if after != before:
            changed[key] = after
        if type_name is not None:
            told[event.sequence] = type_name
            known.add(event.id)
    return told, changed


def judge(before: AlertStanding | None, said: Statement) -> tuple[AlertStanding, str | None]:
    """How an alert stands after what was said, and the type that this is told as; None where it tells nothing new."""
    if said.type in ENDS:
        return _begun(before, said)
    return _ended(before, said)


def _begun(before: AlertStanding | None, said: Statement) -> tuple[AlertStanding, str | None]:
    now = AlertStanding(True, said.severity, said.heard_at, said.type, said.outage, said.dated_at)
    if before is None:
        return now, said.type
    late = _is_late(before, said)
    if not before.open:
        return (before, None) if late else (now, said.type)
    if _is_another(before, said) or _is_silent(before, said):
        return now, said.type
    lasting = before if late else _refreshed(before, said)
    if SEVERITIES.index(said.severity) > SEVERITIES.index(before.severity):
        return replace(lasting, severity=said.severity, type=said.type), said.type
    return lasting, None


def _ended(before: AlertStanding | None, said: Statement) -> tuple[AlertStanding, str | None]:
    now = AlertStanding(False, said.severity, said.heard_at, None, said.outage, said.dated_at)
    if before is None:
        return now, said.type
    if before.open:
        # The end of an outage that another one followed: the alert goes on.
        earlier = said.outage is not None and before.outage not in (None, said.outage) and _is_late(before, said)
        return (before, None) if earlier else (now, ENDS.get(before.type or "", said.type))
    return (now, said.type) if _is_another(before, said) else (before, None)


def _between(before: AlertStanding, said: Statement) -> int | None:
    """The time between the last word and this one, by the clock of their source."""
    return None if before.changed_at is None or said.dated_at is None else said.dated_at - before.changed_at


def _is_late(before: AlertStanding, said: Statement) -> bool:
    """Whether this was said before the last word and only came after it.

    A clock that was set back says so, too, but not for ever: what comes after a long silence is not late.
    """
    between = _between(before, said)
    return between is not None and between < 0 and said.heard_at - before.heard_at <= said.silence


def _is_silent(before: AlertStanding, said: Statement) -> bool:
    """Whether nothing was said for longer than one outage may go on without a word.

    What began at the same time is the same however long that is, and so is an alert that has a key for each outage.
    """
    if said.outage is not None and said.outage == before.outage and (said.began_at or said.outage == said.key):
        return False
    between = _between(before, said)
    return (said.heard_at - before.heard_at if between is None or between < 0 else between) > said.silence


def _is_another(before: AlertStanding, said: Statement) -> bool:
    """Whether the source says that this is another outage, and a later one."""
    if said.outage in (None, before.outage) or _is_late(before, said):
        return False
    if before.outage is None:
        return said.began_at is not None and before.changed_at is not None and said.began_at > before.changed_at
    return _between(before, said) != 0


def _refreshed(before: AlertStanding, said: Statement) -> AlertStanding:
    """The same alert, which goes on."""
    dates = [each for each in (before.changed_at, said.dated_at) if each is not None]
    return replace(
        before,
        outage=before.outage or said.outage,
        changed_at=max(dates, default=None),
        heard_at=max(before.heard_at, said.heard_at),
    )
