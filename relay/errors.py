"""Every error the relay raises on purpose.

RelayError
├── ConfigError            the operator must change a setting
│   ├── DoesNotOpen            a stored secret was sealed with a key that is not there
│   └── ProviderMissing        the package that brings a source's provider is not installed
├── Broken                 what is kept was changed by somebody else
├── Unreadable             the body is not what the provider's format promises
│   ├── TooLarge               it is larger than this address takes
│   │   └── HeadTooLarge           its headers are
│   ├── UnsupportedEncoding    it is compressed or of a kind that is not read here
│   └── BrokenBody             it broke off, or is no HTTP
├── VerificationError      the sender could not be proved
│   └── VerificationUnavailable   proof needs somebody who does not answer: try again
├── NotFound               no such thing in this workspace
├── InvalidRequest         the caller sent something we cannot act on
│   ├── Conflict           the same key was used for something else
│   └── Loop               it goes in a circle of relays
├── Forbidden              the key lacks the scope
├── Unauthorized           no key, or one that is not valid
├── TooManyRequests        slow down
├── TooSlow                the request did not come in time
├── Busy                   too much comes at once: try again
├── StorageUnavailable     nothing was stored: try again
└── Unreachable            an outgoing request got no answer
    └── AddressRefused     the address is not one we may connect to

`code` is stable and for machines; the message says what was expected, what came and what to do.
"""


class RelayError(Exception):
    """Base of all. `status` is the HTTP status that the API answers with."""

    code = "error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class ConfigError(RelayError):
    code = "bad_configuration"


class DoesNotOpen(ConfigError):
    code = "does_not_open"
    status = 503


class ProviderMissing(ConfigError):
    code = "provider_missing"
    status = 503


class Broken(RelayError):
    code = "broken"


class Unreadable(RelayError):
    code = "unreadable"
    status = 400


class TooLarge(Unreadable):
    code = "too_large"
    status = 413


class HeadTooLarge(TooLarge):
    status = 431


class UnsupportedEncoding(Unreadable):
    code = "unsupported_encoding"
    status = 415


class BrokenBody(Unreadable):
    code = "bad_request"
    status = 400


class VerificationError(RelayError):
    """`code` is the reason, such as `signature_mismatch` or `timestamp_too_old`."""

    code = "signature_mismatch"
    status = 401


class VerificationUnavailable(VerificationError):
    code = "verification_unavailable"
    status = 503


class NotFound(RelayError):
    code = "not_found"
    status = 404


class InvalidRequest(RelayError):
    code = "invalid_request"
    status = 422


class Conflict(InvalidRequest):
    code = "conflict"
    status = 409


class Loop(InvalidRequest):
    code = "loop"
    status = 422


class Unauthorized(RelayError):
    code = "unauthorized"
    status = 401


class Forbidden(RelayError):
    code = "forbidden"
    status = 403


class TooManyRequests(RelayError):
    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooSlow(RelayError):
    code = "timeout"
    status = 408


class Busy(RelayError):
    code = "busy"
    status = 503


class StorageUnavailable(RelayError):
    """`reason` is what the database itself says, as a sentence for the operator: it may name a host or a path. `remedy`
    is what mends it, where it is not to wait or to start the database."""

    code = "storage_unavailable"
    status = 503

    def __init__(self, message: str, *, reason: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.remedy = remedy


class Unreachable(RelayError):
    """`code` is what went wrong: `timeout`, `connection_failed`, `tls_failed`, `too_large`.

    `sent` is false where no connection came about, so that the request certainly never left.
    """

    code = "connection_failed"
    status = 502

    def __init__(self, message: str, *, code: str | None = None, sent: bool = True) -> None:
        super().__init__(message, code=code)
        self.sent = sent


class AddressRefused(Unreachable):
    code = "address_refused"
    status = 422
