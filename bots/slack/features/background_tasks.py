"""Small tasks beside the handling of events: nothing depends on them, and whoever started them ends them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import structlog

from core.domain.errors import PlatformError
from core.util.tasks import TaskSet

log = structlog.get_logger(__name__)

_MOST = 500


class BackgroundTasks(TaskSet):
    """Tasks that nobody waits for; what goes wrong in one is logged, and ends there."""

    def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a task; with too many running it is left out."""
        if len(self) >= _MOST:
            work.close()
            log.warning("slack.task_left_out", task=name)
            return
        self.start(self._run(name, work), name=f"slack-{name}")

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (PlatformError, TimeoutError) as exc:
            log.info("slack.task_failed", task=name, problem=str(exc) or type(exc).__name__)
        except Exception:
            log.exception("slack.task_failed", task=name)
