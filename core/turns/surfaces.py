"""Where a turn's answer is shown, and in which language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager

from core.domain import Frontend, ReplySurface, Translator, Turn
from core.i18n import Translators
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore


class Surfaces:
    """Opens the surface of a turn on its platform, with the ledger of what already stands there."""

    def __init__(
        self,
        store: TurnStore,
        frontends: Mapping[str, Frontend],
        translators: Translators,
        *,
        timeout_s: float,
    ) -> None:
        """`timeout_s` bounds what `show` does."""
        self._store = store
        self._frontends = frontends
        self._translators = translators
        self._timeout_s = timeout_s

    @property
    def platforms(self) -> Collection[str]:
        """The platforms that answers can be shown on."""
        return self._frontends.keys()

    def translator(self, turn: Turn) -> Translator:
        """The language of the turn's author."""
        return self._translators.for_reader(turn.author.locale, turn.place)

    def frontend(self, turn: Turn) -> Frontend:
        """The frontend of the turn's platform."""
        return self._frontends[turn.place.platform]

    async def ledger(self, turn: Turn) -> StoredLedger:
        """What stands on the platform already of the turn's answer."""
        return await self._store.ledger(turn)

    @asynccontextmanager
    async def open(self, turn: Turn) -> AsyncIterator[ReplySurface]:
        """Open the turn's surface."""
        async with self.frontend(turn).reply_to(turn.address, await self.ledger(turn)) as surface:
            yield surface

    async def show(self, turn: Turn, show: Callable[[ReplySurface], Awaitable[None]]) -> None:
        """Open the turn's surface and have something shown there. Raises `TimeoutError` after `timeout_s`."""
        async with asyncio.timeout(self._timeout_s), self.open(turn) as surface:
            await show(surface)
