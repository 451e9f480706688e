"""What the model is shown: instructions, the newest history that fits, the surroundings, the question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

from core.conversations.framing import INDENT, Names, harmless, indented, is_blank, plain_name
from core.domain import Attachment, Quote, Remembered, Turn
from core.settings import ConversationSettings
from core.storage.history import HistoryStore
from core.util.clock import utc_now

BYTES_PER_TOKEN = 3
"""Tokens are estimated from UTF-8 bytes, on the high side for every script (English has about 4 a token)."""
TOKENS_PER_MESSAGE = 4
KINDS = ("image", "audio", "video")
REPLIED_TO = "The question replies to this message:"
OURS = "(you)"
"""What the bot's own messages are marked with: no name can hold a bracket."""


def estimate_tokens(text: str) -> int:
    """A safe guess at the tokens of a message, its frame included."""
    return len(text.encode(errors="replace")) // BYTES_PER_TOKEN + 1 + TOKENS_PER_MESSAGE


class History:
    """Reads a turn's context within the budgets of `[conversation]`."""

    def __init__(
        self, store: HistoryStore, settings: ConversationSettings, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._now = now
        self._store = store
        self._settings = settings
        self.names_authors = settings.scope == "thread"
        """Whether several people write in one conversation, so that each message carries its author's name."""

    async def read(self, turn: Turn) -> tuple[Sequence[Remembered], list[Remembered]]:
        """The messages that a turn answers, and the newest ones before them that fit `history_tokens`.

        Both oldest first, none cut in two.
        """
        left = self._settings.history_tokens
        beside = await self._store.beside(turn.conversation_id, self._since()) if turn.talks_as_one else ()
        question, past = await self._store.read(turn.conversation_id, turn.id, beside)
        chosen: list[Remembered] = []
        async with aclosing(past):
            async for each in past:
                message = _with_names_of_files(each) if each.is_elsewhere else each
                left -= self._tokens(message)
                if left < 0:
                    break
                chosen.append(message)
        return question, chosen[::-1]

    def _since(self) -> datetime | None:
        """Since when something was said in what is not over by its silence."""
        hours = self._settings.idle_reset_hours
        return self._now() - timedelta(hours=hours) if hours else None

    async def question(self, turn: Turn) -> Sequence[Remembered]:
        """The messages that a turn answers alone, in the order of saying."""
        question, past = await self._store.read(turn.conversation_id, turn.id)
        await past.aclose()
        return question

    def left_chars(self, window: Sequence[Remembered]) -> int:
        """How many characters of files' texts still fit, beside a window, into the history's budget."""
        left = self._settings.history_tokens - sum(map(self._tokens, window))
        return max(0, left) * BYTES_PER_TOKEN

    def _tokens(self, message: Remembered) -> int:
        return estimate_tokens(shown(message, Names(), message.attachments, framed=self.names_authors))

    async def surroundings(
        self, turn: Turn, quotes: Sequence[Quote], known: Sequence[Remembered], *, bare: bool
    ) -> list[Quote]:
        """The newest quotes that fit their budget and that the history does not hold already, oldest first.

        The message replied to is taken before all others, of a long one the beginning; then the first, which a thread
        is about. A `bare` question has no words: what it replies to is then shown even where the history holds it.
        """
        turn_ids = {message.turn_id for message in known} | {turn.id}
        if not quotes:
            return []
        seen = {message.origin for message in known} | await self._store.answers(turn_ids)
        fresh = [each for each in quotes if each.origin not in seen or (bare and each.replied_to)]
        left = self._settings.surroundings_tokens
        chosen: dict[str, Quote] = {}
        first = quotes[0].origin if quotes else ""
        newest_first = fresh[::-1]
        wanted = sorted(newest_first, key=lambda each: (not each.replied_to, each.origin != first))
        for quote in wanted:
            fitting = _cut(quote, left) if quote.replied_to else quote
            tokens = estimate_tokens(quoted(fitting, Names()))
            if tokens <= left:
                chosen[quote.origin] = fitting
                left -= tokens
            elif quote.origin != first:
                break
        return [chosen[quote.origin] for quote in fresh if quote.origin in chosen]


def shown(message: Remembered, names: Names, files: Collection[Attachment], *, framed: bool) -> str:
    """What a person said as the model reads it, with `files` only named; `framed` where several write."""
    said = [] if is_blank(message.text) else [indented(message.text) if framed else harmless(message.text)]
    said += map(named, files)
    if not framed or not said:
        return "\n".join(said)
    return f"{names.label(message.author_name, message.author)}: " + f"\n{INDENT}".join(said)


def _cut(quote: Quote, most_tokens: int) -> Quote:
    """A quote of which no more is shown than so many tokens hold."""
    over = estimate_tokens(quoted(quote, Names())) - most_tokens
    if over <= 0:
        return quote
    encoded = quote.text.encode(errors="replace")
    kept = encoded[: max(0, len(encoded) - (over + 3) * BYTES_PER_TOKEN)]
    return replace(quote, text=f"{kept.decode(errors='ignore')} […]")


def _with_names_of_files(message: Remembered) -> Remembered:
    """What was said, with its files only named: another platform has them."""
    said = [message.text, *map(named, message.attachments)]
    return replace(message, text="\n".join(filter(None, said)), attachments=())


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
