"""What a run did, by what it printed: tools ping after a check or a clean-up too, and those save nothing.

The words are those that borgmatic, Borg, restic, kopia and duplicity print by themselves. Output that names no such
thing, or that was cut, says nothing: then the run is what the check is for.
"""

import re

CHECK, UPKEEP = "check", "upkeep"

_SAVED = re.compile(
    r"\bCreating archive\b|^Archive name: |^This archive: "  # borgmatic, Borg
    r"|\bsnapshot [0-9a-f]{8,} saved|^Added to the repo|^Files: +\d+ new"  # restic
    r"|\bCreated snapshot\b|\bBackup Statistics\b",  # kopia, duplicity
    re.MULTILINE,
)
_CHECKED = re.compile(
    r"\bRunning (?:consistency checks|extract check|spot check)\b"  # borgmatic
    r"|\bStarting (?:repository|archive consistency) check\b|\bArchive consistency check complete\b"  # Borg
    r"|^check (?:all packs|snapshots, trees and blobs)|^no errors were found"  # restic
    r"|^Verify complete: ",  # duplicity
    re.MULTILINE,
)
_CLEANED = re.compile(
    r"\bPruning archives?\b|\bCompacting segments\b|\bcompaction freed\b|\bKeeping archive\b"  # borgmatic, Borg
    r"|^Applying Policy: |^(?:keep|remove) \d+ snapshots?:|^total prune: |^collecting packs for deletion"  # restic
    r"|\bRunning (?:full|quick) maintenance\b|^No old backup sets found",  # kopia, duplicity
    re.MULTILINE,
)
_CUT = "..."


def ran(log: str) -> str | None:
    """`check` or `upkeep` where the output names that and nothing that was saved."""
    if log.startswith(_CUT) or _SAVED.search(log):
        return None
    if _CHECKED.search(log):
        return CHECK
    return UPKEEP if _CLEANED.search(log) else None


def broke_off(log: str) -> str | None:
    """`check` or `upkeep` where that is what the output names last: there a run that does one by one has failed."""
    kinds = ((_SAVED, None), (_CHECKED, CHECK), (_CLEANED, UPKEEP))
    places = [(found.start(), kind) for pattern, kind in kinds for found in pattern.finditer(log)]
    return max(places, key=lambda each: each[0], default=(0, None))[1]
