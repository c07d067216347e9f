"""A webhook as a reader gets it."""

from relay.model import Inbound

__all__ = ["Inbound"]
