"""What workers are woken for: work of one lane never waits for another's."""

FRESH = "fresh"
"""Webhooks that were just accepted, and what is delivered of them at once."""

LATE = "late"
"""Everything that is sent later than that."""

ACT = "act"
"""Actions."""

LANES = (FRESH, LATE, ACT)
