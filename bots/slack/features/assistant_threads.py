"""What makes a direct message a place to work in: a greeting, suggested prompts, a title. Nothing depends on it.

docs.slack.dev, "Agent view": without an event for a new thread, the greeting belongs to `app_home_opened` with the tab
`messages`, and prompts are set without a thread. "AI assistant" (the old view): `assistant_thread_started` opens a
thread, and both belong into it. Whatever Slack does not offer to this app is asked for once and never again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cachetools import LRUCache

from bots.slack.events.address import Address
from bots.slack.transport.api import SlackApi
from core.domain import FrontendRefused, PlatformError
from core.util.log import log
from core.util.text import shorten

_PROMPT_TITLE_CHARS = 75
_NOT_OFFERED = frozenset(
    (
        "unknown_method",
        "missing_scope",
        "not_allowed_token_type",
        "feature_not_enabled",
        "feature_disabled",
        "not_agent_app",
        "method_deprecated",
    )
)


class AssistantThreads:
    """The direct messages of one workspace."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._met: LRUCache[tuple[str, str], bool] = LRUCache(5_000)
        """Places that were opened; true for threads of the old view in which nobody has said anything yet."""
        self._off: set[str] = set()

    def is_first_visit(self, channel: str, thread: str) -> bool:
        """Whether a place is met for the first time since the start. Called once for each time that one is opened."""
        if (channel, thread) in self._met:
            return False
        self._met[channel, thread] = bool(thread)
        return True

    async def suggest(self, channel: str, thread: str) -> None:
        """Suggest the prompts of the settings."""
        prompts = [{"title": each.title, "message": each.message} for each in self._api.app.settings.prompts]
        if prompts:
            await self._ask(
                "assistant.threads.setSuggestedPrompts",
                channel_id=channel,
                thread_ts=thread or None,
                prompts=prompts,
            )

    async def set_title(self, place: Address, text: str) -> None:
        """Name a thread after the first words in it, where these are they."""
        # whether Slack reads tokens in titles it does not tell; without this sign there are none
        words, greeted = " ".join(text.split()).replace("<", "\u2039"), (place.channel, place.thread)
        first = place.thread == place.question or self._met.get(greeted, False)
        if not (words and place.thread and first):
            return
        self._met[greeted] = False
        await self._entitle(place, words)

    async def adorn(self, place: Address, title: str, prompts: Sequence[str]) -> None:
        """Name a thread anew, and suggest other prompts in it."""
        if title and place.thread:
            await self._entitle(place, title.replace("<", "\u2039"))
        if prompts:
            await self._ask(
                "assistant.threads.setSuggestedPrompts",
                channel_id=place.channel,
                thread_ts=place.thread or None,
                prompts=[{"title": shorten(each, _PROMPT_TITLE_CHARS), "message": each} for each in prompts],
            )

    async def _entitle(self, place: Address, words: str) -> None:
        there = {
            "channel_id": place.channel,
            "thread_ts": place.thread,
            "title": shorten(words, 80),
        }
        if not await self._ask("assistant.threads.setTitle", **there):
            await self._ask("agents.sessions.rename", **there)

    async def is_empty(self, channel: str, thread: str) -> bool:
        """Whether nothing was ever said there, as Slack tells it: so a person is greeted once, however often the bot
        starts. A thread of the old view begins with a message of Slack's own."""
        method, slack_s_own = ("conversations.replies", 1) if thread else ("conversations.history", 0)
        root = {"ts": thread} if thread else {}
        answer = await self._api.read(method, channel=channel, limit=slack_s_own + 1, **root)
        messages = answer.get("messages")
        return isinstance(messages, list) and len(messages) <= slack_s_own

    async def _ask(self, method: str, **arguments: Any) -> bool:
        """Whether Slack did it."""
        if method in self._off:
            return False
        try:
            await self._api.write(method, **arguments)
        except PlatformError as exc:
            if exc.code in _NOT_OFFERED or isinstance(exc, FrontendRefused):
                self._off.add(method)
            log.info("slack.feature_unavailable", method=method, code=exc.code)
            return False
        return True
