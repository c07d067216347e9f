"""What readers and proofs raise, and what a request of their own may raise."""

from relay.errors import ConfigError, Unreachable, Unreadable, VerificationError, VerificationUnavailable

__all__ = ["ConfigError", "Unreachable", "Unreadable", "VerificationError", "VerificationUnavailable"]
