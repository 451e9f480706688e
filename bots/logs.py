"""Log lines: to standard error, in one form, short and without secrets, whichever library wrote them."""

from __future__ import annotations

import logging
import math
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from bots.redaction import HIDDEN, TOKEN_LIKE
from bots.setting_rules.renamed import with_former_name
from core.util.log import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor

    from bots.settings import LogSettings

TITLE = "Traceback (in short):"
"""What whoever searches a log for faults looks for."""
MOST_ERRORS = 8
"""Of a chain or a group; those closest to what was caught are told."""
MOST_FRAMES = 12
"""Of one error: the innermost, where it was raised, and the outermost, where it was caught."""
CAUSED = "which was caused by:"
MEANWHILE = "which happened while this was handled:"


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


def short_trace(exc_info: ExcInfo) -> str:
    """The error that was caught, then what caused it, each with where it was raised.

    Short, without the values of variables, and cheap enough for the event loop: Python's own way reads source files and
    parses them to mark what failed, up to a third of a second for a deep chain, in which nobody is answered.
    """
    lines = [TITLE]
    seen: set[int] = set()
    waiting: list[tuple[BaseException, str]] = [(exc_info[1], "")]
    while waiting and len(seen) < MOST_ERRORS:
        error, relation = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        lines += [relation] if relation else []
        lines += _words(error)
        lines += _frames(error)
        waiting += _behind(error)
    if waiting:
        lines.append(f"... and {len(waiting)} more")
    return "\n".join(lines)


def _words(error: BaseException) -> list[str]:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  an error of any library, which can't even tell what it is
        said = "(it has no text)"
    notes = getattr(error, "__notes__", None)
    return [f"{name}: {said}" if said else name, *(str(note) for note in notes or ())]


def _behind(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    if isinstance(error, BaseExceptionGroup):
        for at, each in enumerate(error.exceptions, 1):
            yield each, f"of which {at}:"
    if error.__cause__ is not None:
        yield error.__cause__, CAUSED
    elif error.__context__ is not None and not error.__suppress_context__:
        yield error.__context__, MEANWHILE


def _frames(error: BaseException) -> list[str]:
    """Where an error passed, outermost first; the middle of a long way is left out."""
    places = traceback.walk_tb(error.__traceback__)
    told = [f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}" for frame, line in places]
    half = MOST_FRAMES // 2
    if len(told) > MOST_FRAMES:
        told[half:-half] = [f"  ... {len(told) - MOST_FRAMES} more ..."]
    return told
