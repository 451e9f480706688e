"""What the model is shown: instructions, the newest history that fits, the surroundings, the question."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from core.conversations.framing import INDENT, Names, harmless, indented, plain_name
from core.domain import Attachment, Quote, Remembered, Turn
from core.settings import ConversationSettings
from core.storage.history import HistoryStore

BYTES_PER_TOKEN = 3
"""Tokens are estimated from UTF-8 bytes, on the high side for every script (English has about 4 a token)."""
TOKENS_PER_MESSAGE = 4
KINDS = ("image", "audio", "video")
REPLIED_TO = "The question replies to this message:"
OURS = "(you)"
"""What the bot's own messages are marked with: no name can hold a bracket."""


def estimate_tokens(text: str) -> int:
    """A safe guess at the tokens of a message, its frame included."""
    return len(text.encode()) // BYTES_PER_TOKEN + 1 + TOKENS_PER_MESSAGE


class History:
    """Reads a turn's context within the budgets of `[conversation]`."""

    def __init__(self, store: HistoryStore, settings: ConversationSettings) -> None:
        self._store = store
        self._settings = settings
        self.names_authors = settings.scope == "thread"
        """Whether several people write in one conversation, so that each message carries its author's name."""

    async def question(self, turn: Turn) -> Sequence[Remembered]:
        """The messages that this turn answers, oldest first."""
        return await self._store.of_turn(turn.id)

    async def window(self, turn: Turn) -> list[Remembered]:
        """The newest messages before the turn that fit `history_tokens`, oldest first, none cut in two."""
        left = self._settings.history_tokens
        chosen: list[Remembered] = []
        if left == 0:
            return chosen
        async with aclosing(self._store.before(turn.conversation_id, turn.id)) as past:
            async for message in past:
                left -= estimate_tokens(self.shown(message, Names()))
                if left < 0:
                    break
                chosen.append(message)
        return chosen[::-1]

    def shown(self, message: Remembered, names: Names, *, name_attachments: bool = True) -> str:
        """A stored message as the model reads it: framed where several write, attachments only named."""
        if message.role == "assistant":
            return message.text
        files = [named(attachment) for attachment in message.attachments] if name_attachments else []
        if not self.names_authors:
            return "\n".join([*([harmless(message.text)] if message.text else []), *files])
        said = [indented(message.text)] if message.text else []
        label = names.label(message.author_name, message.author)
        return f"{label}: " + f"\n{INDENT}".join([*said, *files])

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
            left -= estimate_tokens(quoted(quote, Names()))
            if left < 0:
                break
            chosen.add(quote.origin)
        return [quote for quote in fresh if quote.origin in chosen]


def named(attachment: Attachment) -> str:
    """`[image: cat.png]`: what stands for a file whose content is not sent."""
    kind = attachment.media_type.partition("/")[0]
    return f"[{kind if kind in KINDS else 'file'}: {plain_name(attachment.name)}]"


def quoted(quote: Quote, names: Names) -> str:
    """One message of the surroundings in its frame."""
    files = "".join(f" [file: {plain_name(name)}]" for name in quote.attachment_names)
    label = OURS if quote.own else names.label(quote.author_name, quote.author)
    shown = f"- {label}: {indented(quote.text)}{files}"
    return f"{REPLIED_TO}\n{shown}" if quote.replied_to else shown
