"""Query parameters that several lists share."""

from relay.web.api.schemas import LONGEST_CURSOR, MOST_ON_A_PAGE
from relay.web.framework.requests import Parameter

USUAL_LIMIT = 50
LIMIT = Parameter(
    "limit",
    "How many on a page.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ON_A_PAGE, "default": USUAL_LIMIT},
    10,
)
CURSOR = Parameter(
    "cursor",
    "`next_cursor` of the page before. Without it the list starts with the newest.",
    {"type": "string", "maxLength": LONGEST_CURSOR},
)
