"""Runs the turns that show nothing, and that nobody waits for: what is made beside the answers.

Where one can't be done now it ends, and hurts nobody: no breaker holds it, and nobody is told. The next answer begins
another one, if there is still reason to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from core.domain import (
    Apology,
    BotError,
    Button,
    CutShort,
    Fenced,
    Footer,
    Status,
    StorageError,
    Turn,
    TurnState,
)
from core.settings import LimitsSettings
from core.storage.turns.store import TurnStore
from core.turns.answer import Answer
from core.turns.asking.hooked import Refused
from core.turns.generation import Generation
from core.turns.surfaces import Surfaces
from core.util.log import log


class NoSurface:
    """A surface that shows nothing. See `core.domain.ports.ReplySurface`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    async def write(self, delta: str) -> None:
        """Nobody reads it."""

    async def note(self, status: Status) -> None:
        """Likewise."""

    async def offer(self, buttons: Sequence[Button]) -> None:
        """Likewise."""

    async def pause(self) -> None:
        """Likewise."""

    async def finish(self, footer: Footer) -> None:
        """Likewise."""

    async def fail(self, apology: Apology) -> None:
        """Likewise."""


class UnseenTurns:
    """Brings claimed turns that show nothing to their end."""

    def __init__(
        self, store: TurnStore, surfaces: Surfaces, generation: Generation, limits: LimitsSettings
    ) -> None:
        self._store = store
        self._surfaces = surfaces
        self._generation = generation
        self._limits = limits

    async def run(self, turn: Turn) -> None:
        """Do what the turn is for. Raises what fences it, or what the database is away with."""
        failure = None
        try:
            if turn.tries > self._limits.attempts:
                failure = "GaveUp"
            elif turn.answer is None:
                failure = await self._make(turn)
        finally:
            await self._generation.let_go(turn)
        state = TurnState.ANSWERED if failure is None else TurnState.FAILED
        await self._store.close(
            turn, TurnState.CANCELLED if failure == "" else state, failure=failure or None
        )

    async def _make(self, turn: Turn) -> str | None:
        """Make it; the name of the error that it met, `""` where it is not to be had now, None where it is made."""
        frontend, translator = self._surfaces.frontend(turn), self._surfaces.translator(turn)
        answer = Answer(turn, frontend, NoSurface(), translator, self._limits)
        try:
            async with asyncio.timeout(self._limits.turn_timeout_s):
                held_by = await self._generation.make_unseen(answer)
        except (Fenced, CutShort, StorageError):
            raise
        except Exception as error:
            bug = None if isinstance(error, BotError | Refused | TimeoutError) else error
            log.warning("turn.unseen_failed", error=type(error).__name__, cause=str(error), exc_info=bug)
            await self._store.keep_answer(turn, "", answer.usage, whole=False)
            return type(error).__name__
        return None if held_by is None else ""
