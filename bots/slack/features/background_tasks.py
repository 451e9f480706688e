"""What the bot does beside taking events in: small tasks with an owner, of which nothing else depends."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

import structlog

from core.domain.errors import PlatformError
from core.util.tasks import TaskSet

log = structlog.get_logger(__name__)

_MOST = 500


class Errands:
    """Runs tasks until it is left; what goes wrong in one is noted, and ends there."""

    def __init__(self) -> None:
        self._running = TaskSet()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    def run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        """Begin an errand; with too many under way it is left out."""
        if len(self._running) >= _MOST:
            errand.close()
            log.warning("slack.errand_left_out", errand=name)
            return
        self._running.start(self._run(name, errand), name=f"slack-{name}")

    async def _run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except (PlatformError, TimeoutError) as exc:
            log.info("slack.errand_failed", errand=name, problem=str(exc) or type(exc).__name__)
        except Exception:
            log.exception("slack.errand_failed", errand=name)
