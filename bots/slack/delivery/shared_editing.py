"""Post-and-edit as often as the other answers of the workspace leave it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from bots.slack.transport.fair_interval import Share
from core.delivery.editing_surface import EditingSurface
from core.domain.messages import Apology, Footer
from core.domain.ports import EditableChannel, Ledger
from core.util.clock import Now


class SharedEditing(EditingSurface):
    """Post-and-edit at the pace of a share."""

    def __init__(self, channel: EditableChannel, ledger: Ledger, share: Share, *, now: Now) -> None:
        """`channel` edits in the interval that `share` tells."""
        super().__init__(channel, ledger, now=now, sleep=share.sleep)
        self._share = share

    async def __aenter__(self) -> Self:
        self._share.begin()
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._share.end()

    async def pause(self) -> None:
        self._share.hurry()
        await super().pause()

    async def finish(self, footer: Footer) -> None:
        self._share.hurry()
        await super().finish(footer)

    async def fail(self, apology: Apology) -> None:
        self._share.hurry()
        await super().fail(apology)
