"""Log lines: to standard error, in one form, without secrets, whichever library wrote them."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Collection
from contextlib import suppress
from typing import Any, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor

from bots.redaction import HIDDEN, TOKEN_LIKE
from bots.renamed import with_former_name
from bots.settings import LogSettings
from bots.traces import short_trace


def configure(settings: LogSettings, secrets: Collection[str] = ()) -> None:
    """Send every log line of this process to standard error. Call again to change the settings."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        with_former_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(short_trace),
        _Redactor(secrets),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _StandardError(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(
        logging.WARNING
    )  # libraries: what goes wrong, and nothing that prints addresses with tokens
    for ours in ("bots", "core", "sandbox"):
        logging.getLogger(ours).setLevel(_level(settings))


def _level(settings: LogSettings) -> int:
    return logging.getLevelNamesMapping()[settings.level.upper()]


def _renderer(settings: LogSettings) -> Processor:
    if settings.format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


class _StandardError(logging.StreamHandler[TextIO]):
    """Where log lines go. The standard handler would print the values of a line that it can't write."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        with suppress(OSError, ValueError):
            self.stream.write(f"a log line of {record.name} could not be written ({record.pathname})\n")


class _Redactor:
    """Takes the configured secrets, and whatever looks like a token, out of every value of a log line."""

    def __init__(self, secrets: Collection[str]) -> None:
        forms = {
            form
            for secret in secrets
            for form in (secret, quote(secret, safe="", errors="replace"), repr(secret)[1:-1])
        }
        self._secrets = sorted((form for form in forms if len(form) > 3), key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        return {key: value if key.startswith("_") else self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)  # JSON has no such numbers
        if not isinstance(value, str):
            return value if isinstance(value, int | float | bool | type(None)) else self._clean(str(value))
        for secret in self._secrets:
            value = value.replace(secret, HIDDEN)
        return TOKEN_LIKE.sub(HIDDEN, value)
