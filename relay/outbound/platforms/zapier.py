"""Zapier. A hook of its takes 30 requests in a second.

https://docs.zapier.com/platform/build/operating-constraints
"""

from relay.outbound.platforms import Platform

PLATFORM = Platform("zapier", rate=25.0)
