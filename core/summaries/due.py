"""What of a conversation is to be summarised next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.conversations.history import History
from core.domain import Remembered
from core.storage.history import MOST_AT_ONCE
from core.storage.summaries.store import StoredSummary
from core.summaries.prompt import MOST_CHARS
from core.summaries.settings import SummariesSettings


@dataclass(frozen=True, slots=True)
class Due:
    """The oldest messages that fell out and no summary covers, whole turns of them."""

    messages: tuple[Remembered, ...] = field(repr=False)
    is_due: bool
    """Whether they are enough for a summary to be made."""


NOTHING = Due((), is_due=False)


async def due_of(
    history: History, summary: StoredSummary | None, here: int, settings: SummariesSettings
) -> Due:
    """What is to be summarised of the conversation `here`, which has this summary so far."""
    if summary is not None and not summary.kept:
        return NOTHING
    covered, text = (summary.up_to_turn, summary.text) if summary is not None else (0, "")
    last, waiting_room = await history.oldest_kept(here, covered, text)
    if last <= covered:
        return NOTHING
    messages = await history.ended(here, covered, last)
    batch = first_turns(messages, most_chars=MOST_CHARS, is_all=len(messages) < MOST_AT_ONCE)
    if not batch:
        return NOTHING
    tokens = sum(map(history.tokens, batch))
    enough = (
        len(batch) >= settings.after_messages or tokens >= waiting_room // 2 or len(batch) < len(messages)
    )
    return Due(tuple(batch), is_due=enough)


def first_turns(messages: Sequence[Remembered], *, most_chars: int, is_all: bool) -> Sequence[Remembered]:
    """The first of the messages that fit into so many characters, whole turns of them; the first turn in any case.

    Not `is_all`: more follows, so that the last turn may go on.
    """
    by_turn: dict[int, list[Remembered]] = {}
    for message in messages:
        by_turn.setdefault(message.turn_id, []).append(message)
    turn_ids = list(by_turn)
    if not is_all and len(turn_ids) > 1:
        turn_ids.pop()
    left, chosen = most_chars, list[Remembered]()
    for turn_id in turn_ids:
        left -= sum(len(message.text) for message in by_turn[turn_id])
        if left < 0 and chosen:
            break
        chosen += by_turn[turn_id]
    return chosen
