"""The bot's own sentences as operators change them in the console: kept, and in force in every process at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from core.domain import BotError
from core.domain.audit import Actor
from core.i18n.overrides import problems_of
from core.storage.console.wordings import OwnSentence
from core.util.log import log

Own = Mapping[str, Mapping[str, str]]
"""Sentences by their key, by language."""
RETRY_S = 5.0


class Wordings(Protocol):
    """Where they are kept; `core.storage.console.wordings.WordingStore` is one."""

    async def all(self) -> Sequence[OwnSentence]: ...

    async def put(self, language: str, key: str, text: str, by: Actor) -> None: ...

    async def drop(self, language: str, key: str, by: Actor) -> None: ...

    async def hear(self, heard: Callable[[], None]) -> None: ...


class Wording:
    """Keeps this process saying what is kept."""

    def __init__(self, store: Wordings, say: Callable[[Own], None]) -> None:
        """`say` puts sentences in force, above those of the configuration."""
        self._store = store
        self._say = say
        self._reading = asyncio.Lock()
        self._changed = asyncio.Event()

    async def read(self) -> Sequence[OwnSentence]:
        """Put in force what is kept, and tell it. Raises StorageError."""
        async with self._reading:
            found = await self._store.all()
            usable: dict[str, dict[str, str]] = {}
            for each in found:
                if problem := next(problems_of({each.language: {each.key: each.text}}), None):
                    # of another version of this program: said wrongly it would fail in a conversation
                    log.warning(
                        "reply.passed_over", sentence=each.key, language=each.language, fix=problem.fix
                    )
                    continue
                usable.setdefault(each.language, {})[each.key] = each.text
            self._say(usable)
            return found

    async def change(self, language: str, key: str, text: str, by: Actor) -> None:
        """Keep a sentence; in force here when this returns, and in other processes a moment later.

        Raises:
            ValueError: it can't be used, or there is no such sentence or language.
        """
        if next(problems_of({language: {key: text}}), None):
            raise ValueError(key)
        await self._store.put(language, key, text, by)
        await self.read()

    async def reset(self, language: str, key: str, by: Actor) -> None:
        """Say again what the configuration or the catalogue says."""
        await self._store.drop(language, key, by)
        await self.read()

    async def run(self) -> None:
        """Keep up with what other processes change, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._store.hear(self._changed.set))
            group.create_task(self._keep_up())

    async def _keep_up(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.read()
            except BotError as error:
                log.warning("reply.unread", cause=f"{type(error).__name__}: {error}")
                self._changed.set()
                await asyncio.sleep(RETRY_S)
