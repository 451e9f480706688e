"""Slack's native streams on the wire: one that is being written, and what is known of them in this process.

Limits, as measured on the live service: a stream dies some five minutes after its start, whatever goes into it; its
whole message, task cards included, holds some 10,600 bytes of UTF-8 and 45 cards.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from cachetools import TTLCache

from bots.slack.delivery.markup_out import DIALECT, Sanitizer, safe
from bots.slack.delivery.streaming.task_cards import Card, cards_size
from bots.slack.events.address import Address
from bots.slack.settings import SlackSettings
from bots.slack.transport.error_mapping import UNKNOWN_MESSAGE
from bots.slack.transport.rate_limits import RateLimits
from core.markdown import blocks, seam
from core.markdown.marks import is_letter
from core.util.clock import Now

MOST_BYTES = 9_000
MOST_BYTES_WITH_CARDS = 10_000
MOST_AGE_S = 240.0
"""From here on a stream is left at the next line's end ..."""
LAST_AGE_S = 255.0
"""... and from here on wherever the text stands."""

_MOST_OPEN = 1_000
_LONGEST_INFO, _LONGEST_HEAD = 100, 2_000
_BLOCK_SIGN = re.compile(r"\s*+(?:>|(?:[-*+]|\#{1,6}|\d{1,9}+[.)])(?:\s|\Z))")
_SIGNS = " \t_*+-#.)0123456789"
"""Of these alone nobody can tell yet whether they begin a block, a name or what is emphasised."""
_IN_NAME = re.compile(r"_++(.)")
_NO_BLOCK = "\u200b"
"""Begins a message in the middle of a line, where a sign such as `>` would begin a quote."""
_LIFE_S = 300.0
"""So long after its start a stream is over in any case."""

UNKNOWN_TO_SLACK = frozenset({"unknown_method", "feature_not_enabled", "method_deprecated"})
MISSING_SCOPE = "missing_scope"
NOT_STREAMING = "message_not_in_streaming_state"
OVER = frozenset({NOT_STREAMING, "message_not_owned_by_app", UNKNOWN_MESSAGE})
STOPPED_BY_USER = "stopped_by_user"
NO_STREAM_ANY_MORE = OVER | {STOPPED_BY_USER}
TAKES_NO_MORE = frozenset(
    {"msg_too_long", "invalid_chunks", "channel_type_not_supported", "streaming_mode_mismatch"}
)
"""The stream lives, but not for what was to go in: that begins the next one."""

Chunk = dict[str, Any]


class Streams:
    """The streams of one workspace: whether answers can be streamed there, and which streams are open.

    Slack shows a stream that is not ended as still being written: so one is opened only where its stop, too, is within
    the rate limit.
    """

    def __init__(self, rate_limits: RateLimits, now: Now) -> None:
        self.known = True
        """Whether the workspace, as far as we were told, knows the methods: one that does not is not asked again."""
        self._rate_limits = rate_limits
        self._open: TTLCache[object, None] = TTLCache(_MOST_OPEN, _LIFE_S, timer=now)

    def possible(self, place: Address, settings: SlackSettings) -> bool:
        addressed = settings.channel_answers == "stream" and bool(place.user and place.user_team)
        return self.known and bool(place.thread) and (place.direct or addressed)

    def may_open(self) -> bool:
        """Whether one stream more could be ended at once, like all that are open."""
        return len(self._open) < self._rate_limits.left("chat.stopStream")

    def opened(self, key: object) -> None:
        """Remember a stream, by its ts, or by anything while it has none."""
        self._open[key] = None

    def ended(self, key: object) -> None:
        self._open.pop(key, None)


@dataclass(frozen=True, slots=True)
class Piece:
    """What goes into a stream with one call."""

    text: str
    """A stretch of the answer, as the model wrote it."""
    to: int
    """Where in the answer it ends."""
    cards: dict[str, Card] = field(default_factory=dict)
    blank: str = ""
    """What stands behind the text where the stream ends, and is not shown."""
    below: str = ""
    """What stands below the answer: an apology."""
    blocks: tuple[dict[str, Any], ...] = ()
    last: bool = False
    """Whether the stream ends with it."""
    final: bool = False
    """Whether the answer ends with it."""


@dataclass(slots=True)
class Stream:
    """One stream, and what is in it."""

    part: int
    base: int = 0
    """Where in the answer it begins."""
    seed: str = ""
    """What it begins with: it opens again what the message before had to close."""
    before: str = ""
    """The text of the message before, until it is certain what this one begins with."""
    ts: str = ""
    """Slack's id of it; empty while it is only planned."""
    began: float = 0.0
    text: str = ""
    """The Markdown in it, `seed` included; empty while only cards are in it."""
    at: int = 0
    """Where in the answer it ends."""
    bytes: int = 0
    card_ids: frozenset[str] = frozenset()
    wire: str = ""
    """What Slack was given of it."""
    sanitizer: Sanitizer = field(default_factory=Sanitizer)

    def look_ahead(self, answer: str) -> None:
        """Choose what it begins with: whether a table goes on tells the line that follows."""
        ahead = answer[self.at :]
        if self.text or not self.before or not ahead.strip():
            return
        first = ahead[: len(ahead) - len(ahead.lstrip())].rfind("\n") + 1
        before = self.before + ahead[:first]
        line, line_end, _ = ahead[first:].partition("\n")
        self.seed = reopening(before, line + line_end)
        if not first and not before.endswith("\n"):
            if not self.seed.strip("> ") and _BLOCK_SIGN.match(line):
                self.seed += _NO_BLOCK
            elif _goes_on_in_name(before, line):
                self.seed += seam.ESCAPE
        may_be_sign = not (first or line_end or line.strip(_SIGNS))
        if line_end or not (before.endswith("\n") or may_be_sign):
            self.before = ""

    def following(self, at: int, text: str) -> Stream:
        """Plan the one after this, which ended at a place in the answer with `text` in it.

        After one that had cards alone, it begins with what that one would have begun with.
        """
        if text.strip():
            return Stream(self.part + 1, base=at, at=at, before=text)
        return Stream(self.part + 1, base=at, at=at, seed=self.seed, before=self.before)

    @property
    def shown_text(self) -> str:
        return self.text[: len(self.text) - len(self.sanitizer.held)]

    @property
    def shown(self) -> int:
        """Up to where the answer is on the screen: a tail whose meaning is open is held back."""
        return max(self.base, self.at - len(self.sanitizer.held))

    def with_piece(self, piece: Piece) -> tuple[list[Chunk], Stream]:
        """Return the chunks that bring a piece, and what the stream is once Slack took them."""
        after = replace(
            self,
            text=self.text + piece.text + piece.blank,
            at=piece.to,
            card_ids=self.card_ids | piece.cards.keys(),
            sanitizer=copy(self.sanitizer),
        )
        wire = after.sanitizer.feed(piece.text)
        if piece.last:
            shown = self.text + piece.text
            wire += after.sanitizer.feed(closing(shown, seed=self.seed, final=piece.final))
            wire += after.sanitizer.rest() + _below(piece, shown)
        chunks: list[Chunk] = [card.chunk(key) for key, card in piece.cards.items()]
        if wire:
            chunks.append({"type": "markdown_text", "text": wire})
        after.wire += wire
        after.bytes += len(wire.encode()) + cards_size(piece.cards)
        return chunks, after


def closing(text: str, *, seed: str = "", final: bool = False) -> str:
    """What closes what a message leaves open. At an answer's end, of marks only those that its `seed` opened again:
    others that stay open are none."""
    state = _open_after(text)
    if final:
        state = replace(state, marks=tuple(mark for mark in state.marks if mark.at < len(seed)))
    closed = seam.closing(state, text)
    return closed.removeprefix("\n") if text.endswith("\n") else closed


def reopening(text: str, ahead: str = "") -> str:
    """What opens it again at the beginning of the next one: a fence, a table's head, marks. `ahead`: the line there."""
    state = _open_after(text, ahead)
    fence, head = state.fence, state.head
    if fence is not None:
        again = fence.again()
        fence = again if len(again.info) <= _LONGEST_INFO else again.without_info()
    if head is not None and len(str(head)) > _LONGEST_HEAD:
        head = None
    return seam.opening(replace(state, fence=fence, head=head), "")[0]


def _goes_on_in_name(before: str, line: str) -> bool:
    """Whether a message ended inside a name, before an underscore: at a line's beginning that would mark something."""
    found = _IN_NAME.match(line)
    if found is None or not (is_letter(before[-1]) and is_letter(found[1])):
        return False
    state = _open_after(before, line)
    is_code = state.fence is not None or (state.marks and state.marks[-1].text[0] == "`")
    return not is_code


def rows_in(text: str) -> int:
    """How many rows of tables a message has, without their heads."""
    return blocks.rows_in(text, blocks.NOTHING, DIALECT) if "|" in text else 0


def _open_after(text: str, ahead: str = "") -> blocks.State:
    if not text:
        return blocks.NOTHING
    reading = blocks.read(text + ahead, blocks.NOTHING, DIALECT, text_until=len(text))
    return reading.state_at(len(text))


def _below(piece: Piece, text: str) -> str:
    return ("\n\n" if text.strip() else "") + safe(piece.below) if piece.below else ""
