"""What follows a whole answer, beside everything else: a title for its place, and what could be asked next.

Nobody waits for it, and nobody is told where it fails: the log says so once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from core.aivax.keys import require_private_key
from core.aivax.request import ChatMessage
from core.aivax.services.chat_helpers import ChatHelpers
from core.domain import AivaxError, BotError, Frontend, Turn
from core.guard.guard import NO_GUARD, Guard
from core.i18n.settings import RepliesSettings
from core.settings import AivaxSettings
from core.storage.history import HistoryStore
from core.util.log import log
from core.util.text import shorten

T = TypeVar("T")

TITLE_CHARS = 80
PROMPT_CHARS = 150
MOST_PROMPTS = 3
_TEXT_CHARS = 2_000
_MOST_WAITING = 100
_TIMEOUT_S = 60.0


def check(replies: RepliesSettings, aivax: AivaxSettings) -> None:
    """Refuse suggestions where there can't be any; a title also comes of the question's own words.

    Raises:
        SettingRefused: the key is a public one, or the server another one.
    """
    if replies.suggestions:
        require_private_key(aivax, "[replies] suggestions")


class Niceties:
    """Carries out what answers are followed by, one after the other; too many at once are left out."""

    def __init__(
        self,
        settings: RepliesSettings,
        helpers: ChatHelpers | None,
        history: HistoryStore,
        frontend_of: Callable[[Turn], Frontend],
        guard: Guard = NO_GUARD,
    ) -> None:
        """`helpers`: None where AIVAX can't be asked: then titles are the question's first words."""
        self._settings = settings
        self._helpers = helpers
        self._history = history
        self._frontend_of = frontend_of
        self._guard = guard
        self._waiting: asyncio.Queue[tuple[Turn, str]] = asyncio.Queue(_MOST_WAITING)
        self._failed: set[str] = set()

    @property
    def _titles(self) -> bool:
        return self._settings.titles

    @property
    def _suggestions(self) -> bool:
        return self._settings.suggestions and self._helpers is not None

    def begin(self, turn: Turn, text: str) -> None:
        """Have a whole answer followed, soon; returns at once."""
        is_answer = not turn.notice and not turn.capability and bool(text.strip())
        if is_answer and (self._titles or self._suggestions) and not self._waiting.full():
            self._waiting.put_nowait((turn, text))

    async def run(self) -> None:
        """Carry out what is to follow, until cancelled."""
        while True:
            turn, text = await self._waiting.get()
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._follow(turn, text)
            except (BotError, TimeoutError) as error:
                self._note("shown", error)
            except Exception:
                log.exception("niceties.failed")

    async def _follow(self, turn: Turn, text: str) -> None:
        asked, past = await self._history.read(turn.conversation_id, turn.id)
        question = "\n".join(each.text for each in asked).strip()
        is_new = await anext(past, None) is None
        await past.aclose()
        if not question:
            return
        words = (ChatMessage("user", question[:_TEXT_CHARS]), ChatMessage("assistant", text[:_TEXT_CHARS]))
        said = await self._guard.masked_for(turn.place, words)
        title = await self._title(question, said) if self._titles and is_new else ""
        prompts = await self._prompts(said) if self._suggestions else ()
        if title or prompts:
            await self._frontend_of(turn).adorn(turn.address, title, prompts)

    async def _title(self, question: str, said: Sequence[ChatMessage]) -> str:
        helpers = self._helpers
        told = await self._tried("title", lambda: helpers.title(said)) if helpers is not None else None
        return shorten(told or " ".join(question.split()), TITLE_CHARS)

    async def _prompts(self, said: Sequence[ChatMessage]) -> Sequence[str]:
        helpers = self._helpers
        told = await self._tried("prompts", lambda: helpers.continuations(said)) if helpers else None
        return [each for each in told or () if len(each) <= PROMPT_CHARS][:MOST_PROMPTS]

    async def _tried(self, what: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await ask()
        except AivaxError as error:
            self._note(what, error)
            return None

    def _note(self, what: str, error: Exception) -> None:
        """Say in the log, once for each kind, that something is missing."""
        if what not in self._failed:
            self._failed.add(what)
            log.info("niceties.missing", what=what, error=type(error).__name__, cause=str(error))
