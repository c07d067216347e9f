"""The audit log."""

import re
from typing import Any

import click

from relay.cli.context import here, json_option, show
from relay.errors import Broken, InvalidRequest
from relay.running import anchors
from relay.storage import audit

_ANCHOR = re.compile(r"([1-9]\d{0,17}):([0-9a-fA-F]{12,64})")


@click.group("audit")
def audit_group() -> None:
    """Who did what."""


@audit_group.command("verify")
@click.option("--expect", metavar="N:HASH", help="An anchor that was noted before: the log must contain it.")
@json_option
def verify_audit(expect: str | None, as_json: bool) -> None:
    """Check that no entry of the audit log was changed or removed, also at its end.

    Prints an anchor, N:HASH. Noted elsewhere, it shows later that the log was not put back: relay audit verify --expect
    12:9f86d081884c7d65
    """
    with here() as workspace:
        noted = [*_places(expect), *anchors.noted(workspace.config.data_dir).values()]
        with workspace.database.read() as connection:
            verdict = audit.verify(connection, noted)
            here_it_ends = audit.places(connection).get(workspace.id)
    if verdict.wrong is not None:
        raise Broken(
            f"{verdict.wrong}: the audit log was changed, or it is an older copy. Compare it with your backups"
            f" ({anchors.path(workspace.config.data_dir)} and what you noted say how far it went)."
        )
    told: dict[str, Any] = {
        "entries": verdict.count,
        "chain": "whole",
        "anchor": f"{here_it_ends.count}:{here_it_ends.head}" if here_it_ends else None,
    }
    if verdict.unsealed:
        told["unsealed"] = f"the first {verdict.unsealed}, from before entries were sealed"
    show(told, as_json)


def _places(text: str | None) -> list[audit.Place]:
    if text is None:
        return []
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest(
            "--expect must be N:HASH, as `relay audit verify` printed it, such as 12:9f86d081884c7d65."
        )
    return [audit.Place(int(found[1]), found[2].lower())]


COMMANDS = (audit_group,)
