"""Requests that a proof has to make by itself: through the guarded client, as all requests go.

Adapters have `Task.vendor`, look-ups and polls have their questions; neither needs this.
"""

import os

from relay.config import private_for_sources
from relay.http import Answer, fetch

__all__ = ["Answer", "fetch", "private_hosts"]


def private_hosts() -> frozenset[str]:
    """The private hosts that the operator lets sources ask: `fetch(..., allow_private=private_hosts())`."""
    return private_for_sources(os.environ)
