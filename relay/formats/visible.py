"""Text as people are to see it: signs that turn its direction, or have no width, are shown as such.

A name that a vendor or a customer chose may hold them, and then reads as another name to whoever approves a refund.
"""

import re

# U+200C and U+200D join letters of Persian, Hindi and others, and pictures: they stay between such.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]|(?<![^\x00-\u02ff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u02ff])"
)


def visible(text: str) -> str:
    """The text with each such sign written as `[U+202E]`."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
