"""Capabilities that do what a test gives them to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Takes
from core.i18n import Phrase

Do = Callable[[CapabilityRun], Awaitable[None]]


def named(
    name: str, takes: Takes = "words", *, daily: int = 0, operators_only: bool = False, private: bool = False
) -> Capability:
    """A capability whose word in Portuguese is `pergunta`."""
    words = Phrase.QUESTION_NAME, Phrase.USAGE_COMMAND
    return Capability(name, *words, takes, daily=daily, operators_only=operators_only, private=private)


class Doing:
    """Carries out what a test gives it."""

    def __init__(self, capability: Capability, do: Do | None = None) -> None:
        self.capability = capability
        self.did = 0
        self._do = do or self._echo

    async def run(self, run: CapabilityRun) -> None:
        self.did += 1
        await self._do(run)

    @staticmethod
    async def _echo(run: CapabilityRun) -> None:
        await run.write(f"echo: {run.words}")


ECHO = named("echo")
ALONE = named("alone", "nothing")
