"""What goes into a stream next, and where in the text a stream ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bots.slack.delivery.markup_out import DIALECT, disarmed, wire_bytes
from bots.slack.delivery.streaming.streams import (
    LAST_AGE_S,
    MOST_AGE_S,
    MOST_BYTES,
    MOST_BYTES_WITH_CARDS,
    Piece,
    Stream,
    reopening,
    rows_in,
)
from bots.slack.delivery.streaming.task_cards import Cards, cards_size
from bots.slack.events.buttons import button_blocks
from core.domain import Button
from core.markdown.splitter import split
from core.markdown.unfinished import certain_up_to

_LINES_FROM_BYTES = 8_000
"""From here on whole lines go in only, so that the message ends well wherever it has to."""
_CLOSING_ROOM = 64
_LEAST_ROOM = 256
_FOOTER_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ends."""

    footer: str = ""
    apology: str = ""
    buttons: tuple[Button, ...] = ()

    @property
    def blocks(self) -> tuple[dict[str, Any], ...]:
        text = disarmed(" ".join(self.footer.split())[:_FOOTER_CHARS])
        footer = [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}] if text else []
        return (*footer, *button_blocks(self.buttons))


def next_piece(
    stream: Stream, answer: str, cards: Cards, age_s: float, ending: Ending | None
) -> Piece | None:
    """Choose what is sent next; None when nothing is due."""
    live = bool(stream.ts)
    due = cards.due(stream.card_ids, MOST_BYTES_WITH_CARDS - stream.bytes)
    if live and cards.waiting and not due and not ending:
        return Piece("", stream.at, last=True)
    start = stream.at if stream.text else _first_shown(stream, answer)
    pending = answer[start:]
    opening = 0 if stream.text else wire_bytes(stream.seed)
    room = MOST_BYTES - _CLOSING_ROOM - stream.bytes - cards_size(due) - opening
    rows_left = (DIALECT.most_rows - rows_in(stream.text)) if "|" in pending else DIALECT.most_rows
    fits = wire_bytes(pending) <= room and not _has_more_rows(stream, pending, rows_left)
    cut, last = (len(pending), False) if fits else (_best_cut(stream, pending, room, rows_left), True)
    final = fits and ending is not None
    if fits and not ending:
        if live:
            cut, last = _cut_in_time(stream, pending, age_s)
        if not last:
            cut = _certain(stream, pending[:cut])
    text = pending[:cut]
    if ending is None and not last and not text.strip() and not due:
        return None
    if not live and not text.strip() and not (due and ending is None) and not (ending and ending.apology):
        return None
    nothing_yet = not (stream.text or text or final)  # what stands before its first words tells what opens it
    to = stream.at if nothing_yet else start + cut
    piece = _piece(stream, text, to, due, last=last or final, ending=ending if final else None)
    # what begins a token or a fence is held back: of that alone, nothing is due yet
    begins_nothing = not live and piece.final  # such as an answer's last tags
    return piece if (piece.last and not begins_nothing) or stream.with_piece(piece)[0] else None


def _piece(
    stream: Stream, text: str, to: int, due: dict[str, Any], *, last: bool, ending: Ending | None
) -> Piece:
    shown = text.rstrip() if last else text
    seed = stream.seed if not stream.text and shown else ""
    return Piece(
        text=seed + shown,
        to=to,
        cards=due,
        blank=text[len(shown) :],
        below=ending.apology if ending else "",
        blocks=ending.blocks if ending else (),
        last=last,
        final=ending is not None,
    )


def _first_shown(stream: Stream, answer: str) -> int:
    """A message begins with a visible character; within code the first line keeps its indentation."""
    rest = answer[stream.at :]
    visible = rest.lstrip("\n") if stream.seed.endswith("\n") else rest.lstrip()
    return len(answer) - len(visible)


def _cut_in_time(stream: Stream, pending: str, age_s: float) -> tuple[int, bool]:
    """How much of a text that has room goes in, and whether the stream is too old to go on after it."""
    line = pending.rfind("\n") + 1
    if age_s >= MOST_AGE_S:
        whole = _certain(stream, pending)
        whole_line = pending.rfind("\n", 0, whole) + 1
        if age_s >= LAST_AGE_S:
            return whole, True
        if whole_line or (not pending and stream.text.endswith("\n")):
            return whole_line, True
    nearly_full = stream.bytes + wire_bytes(pending) > _LINES_FROM_BYTES
    return (line if nearly_full else len(pending)), False


def _certain(stream: Stream, pending: str) -> int:
    """How much of a text can go in now: what was appended stays, so nothing half-written is.

    What the sanitizer would hold back, such as an address, waits with the marks before it.
    """
    before = stream.text or stream.seed
    certain = certain_up_to(before + pending, DIALECT) - len(before)
    while certain > 0:
        ahead = replace(stream.sanitizer)
        ahead.feed(pending[:certain])
        if not ahead.held:
            break
        settled = certain - len(ahead.held)
        certain = min(settled, certain_up_to(before + pending[:settled], DIALECT) - len(before))
    return max(0, certain)


def _has_more_rows(stream: Stream, pending: str, most: int) -> bool:
    return pending.count("\n") >= most and rows_in(_reopened(stream) + pending) > most


def _reopened(stream: Stream) -> str:
    """What stands before what comes next as if a message began there."""
    return reopening(stream.text) if stream.text else stream.seed


def _best_cut(stream: Stream, pending: str, room: int, rows: int) -> int:
    """Where a text that has no room is cut; 0 when the rest of the room is not worth it."""
    if room < _LEAST_ROOM or rows < 1:
        return 0
    opening = _reopened(stream)
    dialect = replace(DIALECT, most_rows=rows)
    first = split(opening + pending[: room + 1], room + wire_bytes(opening), wire_bytes, dialect)[0]
    return min(max(0, first.end - len(opening)), len(pending))
