"""Titles of conversations, and questions that could come next: two routes that AIVAX' own client used.

They stand in no documentation, so whoever asks needs something else where they give nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.aivax.admin import AdminRoutes
from core.aivax.http_call import HttpCall
from core.aivax.request import ChatMessage
from core.aivax.stream.chunks import Json, NotJson, decode_any, mapping

_TIMEOUT_S = 20.0
_ANSWER_BYTES = 64 * 1024


class ChatHelpers:
    """The helpers of one account. Every method raises `AivaxError` where AIVAX can't be asked."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def title(self, messages: Sequence[ChatMessage]) -> str:
        """Name a conversation; `""` where no name was given."""
        told = (await self._asked("chat-title", messages)).get("conversation_title")
        return " ".join(told.split()) if isinstance(told, str) else ""

    async def continuations(self, messages: Sequence[ChatMessage]) -> Sequence[str]:
        """What could be asked next; nothing where nothing was given."""
        told = (await self._asked("chat-continuations", messages)).get("continuation_topics")
        topics = told if isinstance(told, list) else ()
        lines = (" ".join(each.split()) for each in topics if isinstance(each, str))
        return tuple(dict.fromkeys(each for each in lines if each))

    async def _asked(self, helper: str, messages: Sequence[ChatMessage]) -> Json:
        url = self._admin.url("chat-utilities", helper).replace("/api/v1/", "/api/v2/", 1)
        body = msgspec.json.encode({"messages": [each.wire() for each in messages]})
        call = HttpCall("POST", url, body, timeout_s=_TIMEOUT_S, most_bytes=_ANSWER_BYTES)
        try:
            told = mapping(decode_any((await self._admin.exchange(call)).body))
        except NotJson:
            return {}
        return mapping(told.get("data")) or told
