"""Log lines: one event each, its stage as the logger's name, ids as fields. For people at a terminal, as JSON else."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from relay.security.redaction import without_credentials_in_addresses

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _StandardError:
    """Standard error as it is when a line is written. Where it cannot be, the line is lost: a full disk must not keep
    anybody unanswered.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class Logger:
    """The log of a stage. Each line names its event and gives what belongs to it as fields.

    A stage that works on many things at once writes one line for all: their count, and a tuple of their ids. What is in
    a tuple is ours, and is written as it is; credentials are looked for in everything else.

    structlog is loaded with the first line: most commands write none, and would take longer to load it than to run.
    """

    quiet = False
    """Whether only errors are written, where `set_up` was not called. For the whole process."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._lines: Any = None

    def debug(self, event: str, **fields: Any) -> None:
        self._loaded().debug(event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        self._loaded().info(event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._loaded().warning(event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        self._loaded().error(event, **fields)

    def exception(self, event: str, **fields: Any) -> None:
        """An error, with the traceback of the exception that is being handled."""
        self._loaded().exception(event, **fields)

    def _loaded(self) -> Any:
        if self._lines is None:
            import structlog

            if Logger.quiet and not structlog.is_configured():
                _configure("error")
            self._lines = structlog.get_logger(stage=self._stage)
        return self._lines


def be_quiet() -> None:
    """For a command, which says itself what went wrong: a line of the log would come in between, or into its JSON."""
    Logger.quiet = True


def _without_credentials(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An address may come into a line by what an error says."""
    cleaned: MutableMapping[str, Any] = without_credentials_in_addresses(dict(line))
    return cleaned


def _short(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """At a terminal the count of many things says enough."""
    return {name: value for name, value in line.items() if not isinstance(value, tuple) or len(value) == 1}


def set_up(level: str) -> None:
    """Configure logging for this process, once, at its start. Writes to standard error."""
    _configure(level)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def _configure(level: str) -> None:
    import structlog

    shared: list[Any] = [
        _without_credentials,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if sys.stderr.isatty():
        shared += [_short, structlog.dev.ConsoleRenderer()]
    else:
        shared.append(structlog.processors.JSONRenderer())
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]  # all it needs
        cache_logger_on_first_use=True,
    )
