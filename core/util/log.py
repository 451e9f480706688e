"""The one logger of the program: `bots.logs` decides where its lines go and how they look."""

from __future__ import annotations

from typing import Final

from core.util.imports import absent

with absent("rich"):  # for tracebacks that we never print its way: with pygments 60 ms of a start, and 8 MiB
    import structlog
from structlog.typing import FilteringBoundLogger

__all__ = ["log", "structlog"]

log: Final[FilteringBoundLogger] = structlog.get_logger("core")
