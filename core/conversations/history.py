"""What the model is shown: instructions, the newest history that fits, the surroundings, the question."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from core.messages import Attachment, Quote
from core.settings import ConversationSettings
from core.storage.history import HistoryStore
from core.turns.model import Remembered, Turn

BYTES_PER_TOKEN = 3
"""Tokens are estimated from UTF-8 bytes, on the high side for every script (English has about 4 a token)."""
TOKENS_PER_MESSAGE = 4
KINDS = ("image", "audio", "video")


def estimate_tokens(text: str) -> int:
    """A safe guess at the tokens of a message, its frame included."""
    return len(text.encode()) // BYTES_PER_TOKEN + 1 + TOKENS_PER_MESSAGE


class History:
    """Reads a turn's context within the budgets of `[conversation]`."""

    def __init__(self, store: HistoryStore, settings: ConversationSettings) -> None:
        self._store = store
        self._settings = settings
        self._names_authors = settings.scope == "thread"

    async def question(self, turn: Turn) -> Sequence[Remembered]:
        """The messages that this turn answers, oldest first."""
        return await self._store.of_turn(turn.id)

    async def window(self, turn: Turn) -> list[Remembered]:
        """The newest messages before the turn that fit `history_tokens`, oldest first, none cut in two."""
        left = self._settings.history_tokens
        chosen: list[Remembered] = []
        if left == 0:
            return chosen
        async with aclosing(self._before(turn)) as past:
            async for message in past:
                left -= estimate_tokens(self.shown(message))
                if left < 0:
                    break
                chosen.append(message)
        return chosen[::-1]

    def shown(self, message: Remembered, *, name_attachments: bool = True) -> str:
        """A stored message as the model reads it: with its author where several write, attachments only named."""
        parts = [message.text] if message.text else []
        if name_attachments:
            parts += [named(attachment) for attachment in message.attachments]
        text = "\n".join(parts)
        if self._names_authors and message.role == "user" and message.author_name:
            return f"{message.author_name}: {text}"
        return text

    async def surroundings(
        self, turn: Turn, quotes: Sequence[Quote], known: Sequence[Remembered]
    ) -> list[Quote]:
        """The newest quotes that fit their budget and that the history does not hold already, oldest first.

        The message replied to is taken before all others.
        """
        turn_ids = {message.turn_id for message in known} | {turn.id}
        seen = {message.origin for message in known} | await self._store.answers(turn_ids)
        fresh = [quote for quote in quotes if quote.origin not in seen]
        left = self._settings.surroundings_tokens
        chosen: set[str] = set()
        newest_first = fresh[::-1]
        for quote in sorted(newest_first, key=lambda quote: not quote.replied_to):
            left -= estimate_tokens(quoted(quote))
            if left < 0:
                break
            chosen.add(quote.origin)
        return [quote for quote in fresh if quote.origin in chosen]

    def _before(self, turn: Turn) -> AsyncGenerator[Remembered]:
        return self._store.before(turn.conversation_id, turn.id)


def named(attachment: Attachment) -> str:
    """`[image: cat.png]`: what stands for a file whose content is not sent."""
    kind = attachment.media_type.partition("/")[0]
    return f"[{kind if kind in KINDS else 'file'}: {attachment.name}]"


def quoted(quote: Quote) -> str:
    """One line of the surroundings."""
    files = "".join(f" [file: {name}]" for name in quote.attachment_names)
    mark = " (the question replies to this)" if quote.replied_to else ""
    return f"- {quote.author_name or 'someone'}{mark}: {quote.text}{files}"
