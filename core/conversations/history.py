"""What the model is shown: instructions, the newest history that fits, the surroundings, the question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.conversations.framing import INDENT, Names, harmless, indented, is_blank, plain_name
from core.domain import Attachment, Quote, Remembered, Turn
from core.settings import ConversationSettings
from core.storage.history import HistoryStore
from core.storage.summaries.store import StoredSummary, SummaryStore
from core.util.clock import utc_now
from core.util.recently import Latest

BYTES_PER_TOKEN = 3
"""Tokens are estimated from UTF-8 bytes, on the high side for every script (English has about 4 a token)."""
TOKENS_PER_MESSAGE = 4
MOST_FILLING = 1_000
KINDS = ("image", "audio", "video")
REPLIED_TO = "The question replies to this message:"
OURS = "(you)"
"""What the bot's own messages are marked with: no name can hold a bracket."""


def room_for_words(room: int) -> int:
    """How much of the window's tokens stays word for word where there are summaries: what fell out of it waits in the
    rest, shown like all else, until one covers it."""
    return room * 3 // 4


def estimate_tokens(text: str) -> int:
    """A safe guess at the tokens of a message, its frame included."""
    return len(text.encode(errors="replace")) // BYTES_PER_TOKEN + 1 + TOKENS_PER_MESSAGE


@dataclass(frozen=True, slots=True)
class Past:
    """What was said before a question, as far as its model is shown it."""

    window: tuple[Remembered, ...] = ()
    """The newest messages, oldest first, none cut in two."""
    summary: str = field(default="", repr=False)
    """What stands for all that was said before them; `""`: nothing does."""
    is_cut: bool = False
    """Whether messages before the window stand nowhere: the model is to know."""
    made_tokens: int = 0
    """What it took to make the summary, where this is the first question since then."""


NO_PAST = Past()


class History:
    """Reads a turn's context within the budgets of `[conversation]`."""

    def __init__(
        self,
        store: HistoryStore,
        settings: ConversationSettings,
        now: Callable[[], datetime] = utc_now,
        *,
        summaries: SummaryStore | None = None,
    ) -> None:
        """`summaries`: None where none are made."""
        self._now = now
        self._store = store
        self._settings = settings
        self._summaries = summaries
        self.filling = Latest[int](MOST_FILLING)
        """Conversations of which a summary may be due: their windows filled up when they were last read."""
        self.names_authors = settings.scope == "thread"
        """Whether several people write in one conversation, so that each message carries its author's name."""

    async def read(self, turn: Turn) -> tuple[Sequence[Remembered], Past]:
        """The messages that a turn answers, oldest first, and what was said before them that fits `history_tokens`.

        With a summary, what it covers is left out, and nothing else but for want of room.
        """
        here = turn.conversation_id
        beside = await self._store.beside(here, self._since()) if turn.talks_as_one else ()
        found = await self._summaries.of_each((here, *beside)) if self._summaries is not None else {}
        kept = {each.conversation_id: each for each in found.values() if each.kept}
        covered = {each: summary.up_to_turn for each, summary in found.items()}
        text = "\n\n".join(kept[each].text for each in (*beside, here) if each in kept and kept[each].text)
        room = left = self._room(text)
        question, past = await self._store.read(here, turn.id, beside, covered)
        chosen: list[Remembered] = []
        async with aclosing(past):
            async for each in past:
                message = _with_names_of_files(each) if each.is_elsewhere else each
                left -= self.tokens(message)
                if left < 0:
                    break
                chosen.append(message)
        if self._summaries is None:
            return question, Past(tuple(chosen[::-1]))
        if left < room - room_for_words(room):
            self.filling.add(here)
        is_lost = left < 0 or any(each.up_to_turn and not each.text for each in kept.values())
        return question, Past(tuple(chosen[::-1]), text, is_lost, _made_tokens(kept.get(here), chosen))

    def _since(self) -> datetime | None:
        """Since when something was said in what is not over by its silence."""
        hours = self._settings.idle_reset_hours
        return self._now() - timedelta(hours=hours) if hours else None

    def _room(self, summary: str) -> int:
        """How many tokens there are beside a summary."""
        return max(0, self._settings.history_tokens - (estimate_tokens(summary) if summary else 0))

    async def oldest_kept(self, conversation_id: int, after_turn: int, summary: str) -> tuple[int, int]:
        """The last turn after one that is to be summarised, and how many tokens may wait until that is done.

        What stands in the newest three quarters of the room is kept word for word, the newest turn always.
        """
        room = self._room(summary)
        left = room_for_words(room)
        newest = 0
        async with aclosing(self._store.past(conversation_id, after_turn)) as past:
            async for message in past:
                newest = newest or message.turn_id
                left -= self.tokens(message)
                if left < 0:
                    return min(message.turn_id, newest - 1), room - room_for_words(room)
        return 0, room

    async def ended(self, conversation_id: int, after_turn: int, up_to_turn: int) -> Sequence[Remembered]:
        """See `HistoryStore.ended`."""
        return await self._store.ended(conversation_id, after_turn, up_to_turn)

    async def question(self, turn: Turn) -> Sequence[Remembered]:
        """The messages that a turn answers alone, in the order of saying."""
        question, past = await self._store.read(turn.conversation_id, turn.id)
        await past.aclose()
        return question

    def left_chars(self, past: Past) -> int:
        """How many characters of files' texts still fit, beside what was said, into the history's budget."""
        left = self._room(past.summary) - sum(map(self.tokens, past.window))
        return max(0, left) * BYTES_PER_TOKEN

    def tokens(self, message: Remembered) -> int:
        """How many tokens a message takes, as it is shown."""
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


def _made_tokens(summary: StoredSummary | None, newest_first: Sequence[Remembered]) -> int:
    """What it took to make a summary since the last thing was said before a question; 0: none was made since then."""
    last = newest_first[0].turn_id if newest_first else 0
    is_new = summary is not None and summary.text and (summary.made_by or 0) > last
    return summary.made_tokens if summary is not None and is_new else 0


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


def _with_names_of_files(message: Remembered) -> Remembered:
    """What was said, with its files only named: another platform has them."""
    said = [message.text, *map(named, message.attachments)]
    return replace(message, text="\n".join(filter(None, said)), attachments=())
