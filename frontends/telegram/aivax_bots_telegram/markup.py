"""The model's Markdown as what Telegram shows: a text, and entities that say what of it is bold, code or a link.

Entities can't be malformed as HTML can, so that no cut of an answer is refused for its marks. They count in units of
UTF-16 (core.telegram.org/bots/api#messageentity).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token
from telegram import MessageEntity as Entity

MAX_SIZE = 4096
MOST_ENTITIES = 100
"""Telegram leaves out what is beyond."""
MOST_URL = 2048
_NAME = re.compile(r"(?P<address>https?://\S+)|(?<!\w)@(?=\w)", re.IGNORECASE)
"""What Telegram may take for somebody's name: not within a word, as in an e-mail address."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What Telegram strips, or what turns around the text behind it."""
WORD_JOINER = "\u2060"
"""Has no width. Behind an `@` it keeps Telegram from seeing a name there, which would notify somebody."""
Style = tuple[str, str]
"""An entity's type, and its language or address."""
_MARKS = {"strong_open": Entity.BOLD, "em_open": Entity.ITALIC, "s_open": Entity.STRIKETHROUGH}
_ALONE = (Entity.CODE, Entity.PRE)


def size(text: str) -> int:
    """How much of a message a text takes at most, in units of UTF-16. Never shrinks as the text grows: marks count."""
    return units(text) + 2 * text.count("@")


def units(text: str) -> int:
    """The length as Telegram counts it."""
    return len(text) + sum(1 for each in text if each > "\uffff")


def native(text: str) -> tuple[str, list[Entity]]:
    """The text to be shown, and its entities. Never longer than `size` of the Markdown."""
    written = _Written()
    _Blocks(text, written).write(_parser().parse(text))
    shown, entities = written.whole()
    return (shown, entities) if shown.strip() else bare(text)


def bare(text: str) -> tuple[str, list[Entity]]:
    """The text as it was written, for where its look is refused."""
    return _harmless(text).strip() or ".", []


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable("html_block")


def _harmless(text: str) -> str:
    """The text with nothing in it that notifies somebody; the address of a page still leads there."""
    return _NAME.sub(
        lambda found: (found["address"] or f"@{WORD_JOINER}").replace(
            "@", "%40" if found["address"] else "@"
        ),
        _UNSEEN.sub("", text),
    )


class _Written:
    """Pieces of text, each with its styles, on their way to a text with entities."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, tuple[Style, ...]]] = []
        self.styles: list[Style] = []

    def add(self, text: str, *more: Style) -> None:
        """Add text in the present styles; code has no other but the quote that it stands in."""
        styles = (*self.styles, *more)
        if any(kind in _ALONE for kind, _ in more):
            styles = (*(each for each in self.styles if each[0] == Entity.BLOCKQUOTE), *more)
            text = _UNSEEN.sub("", text)
        else:
            text = _harmless(text)
        if text:
            self._part(text)
            self._pieces.append((text, tuple(dict.fromkeys(styles))))

    def _part(self, text: str) -> None:
        """Keep a name apart whose `@` stands in the piece before: `@**ana**`."""
        before = self._pieces[-1][0] if self._pieces else ""
        if before.endswith("@") and re.match(r"\w", text):
            self._pieces.append((WORD_JOINER, tuple(dict.fromkeys(self.styles))))

    def whole(self) -> tuple[str, list[Entity]]:
        """What was written, without blanks around it."""
        text = "".join(piece for piece, _ in self._pieces)
        before = len(text) - len(text.lstrip())
        text = text.strip()
        return text, list(self._entities(-before, units(text)))[:MOST_ENTITIES]

    def _entities(self, at: int, end: int) -> Iterator[Entity]:
        """One for each run of a style, in order; the text begins at `at`, and what is shown of it ends at `end`."""
        running: list[tuple[Style, int]] = []
        found: list[tuple[int, int, Style]] = []
        for text, styles in (*self._pieces, ("", ())):
            # where one ends, those inside it end too, and begin again: entities may not cross
            kept = next((n for n, (style, _) in enumerate(running) if style not in styles), len(running))
            found += [(start, at, style) for style, start in running[kept:]]
            running = running[:kept]
            running += [(style, at) for style in styles if style not in dict(running)]
            at += units(text)
        for start, stop, (kind, more) in sorted(found, key=lambda each: (each[0], -each[1])):
            start, stop = max(start, 0), min(stop, end)
            if stop > start:
                language = more if kind == Entity.PRE and more else None
                url = more if kind == Entity.TEXT_LINK else None
                yield Entity(kind, start, stop - start, url=url, language=language)


class _Blocks:
    """Writes blocks as far apart as they stand in the source: with an empty line between them, or none."""

    def __init__(self, source: str, out: _Written) -> None:
        self._lines = source.split("\n")
        self._out = out
        self._ended: int | None = None
        """The line behind what was written last."""
        self._quotes = 0
        self._fresh_quote = False
        self._lists: list[int | None] = []
        """The next number of each list that is open; None for one without numbers."""
        self._mark = ""
        self._heading = False

    def write(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type == "table_open":
                end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
                self._leaf(token)
                self._out.add(self._table(token, tokens[at:end]), (Entity.PRE, ""))
                at = end
            elif token.type in ("inline", "fence", "code_block", "hr"):
                self._leaf(token)
                self._content(token)
            else:
                self._enter_or_leave(token)
            at += 1

    def _enter_or_leave(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self._quotes += 1
                self._fresh_quote = self._quotes == 1
            case "blockquote_close":
                self._quotes -= 1
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._mark = self._next_mark()
            case "heading_open" | "heading_close":
                self._heading = token.nesting > 0

    def _next_mark(self) -> str:
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        return "  " * (len(self._lists) - 1) + ("• " if number is None else f"{number}. ")

    def _leaf(self, token: Token) -> None:
        """Write what stands between the block before and this one, and the mark of its list."""
        first, behind = token.map or (0, 0)
        quote = ((Entity.BLOCKQUOTE, ""),) if self._quotes else ()
        if self._ended is not None:
            between = quote if not self._fresh_quote else ()
            self._out.add("\n\n" if first > self._ended else "\n", *between)
        self._ended = behind
        self._fresh_quote = False
        self._out.styles = [*quote]
        if self._mark:
            self._out.add(self._mark)
            self._mark = ""

    def _content(self, token: Token) -> None:
        if token.type == "inline":
            if self._heading:
                self._out.styles.append((Entity.BOLD, ""))
            _inline(token.children or (), self._out)
        elif token.type == "hr":
            self._out.add("———")
        else:
            language = token.info.split()[0] if token.info.strip() else ""
            known = language if re.fullmatch(r"[\w+#.-]{1,30}", language) else ""
            self._out.add(token.content.rstrip("\n") or " ", (Entity.PRE, known))
        self._out.styles = []

    def _table(self, table: Token, inside: Sequence[Token]) -> str:
        """In columns of one width each, where that is no longer than the source; else the source."""
        rows: list[list[str]] = []
        for token in inside:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_plain(token))
        widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
        cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows]
        drawn = [" │ ".join(row).rstrip() for row in cells]
        drawn.insert(1, "─┼─".join("─" * width for width in widths))
        first, behind = table.map or (0, 0)
        aligned, source = "\n".join(drawn), "\n".join(self._lines[first:behind])
        return aligned if units(aligned) <= units(source) else source


def _plain(token: Token) -> str:
    """The words of a cell."""
    return "".join(child.content for child in token.children or () if child.content)


def _inline(tokens: Sequence[Token], out: _Written) -> None:
    """Write the words of a paragraph, each in the styles that are open there."""
    outside = list(out.styles)
    opened: list[Style] = []
    for token in tokens:
        out.styles = [*outside, *(each for each in opened if each[0])]
        match token.type:
            case "code_inline":
                out.add(token.content, (Entity.CODE, ""))
            case "softbreak" | "hardbreak":
                out.add("\n")
            case "image":
                out.add(token.content or "…", *_link(str(token.attrGet("src") or "")))
            case "link_open":
                opened.append(next(iter(_link(str(token.attrGet("href") or ""))), ("", "")))
            case "strong_open" | "em_open" | "s_open":
                opened.append((_MARKS[token.type], ""))
            case "link_close" | "strong_close" | "em_close" | "s_close":
                opened.pop()
            case _:
                out.add(token.content)


def _link(address: str) -> tuple[Style, ...]:
    """Only to the web: `tg://user` would name, and so notify, somebody. Telegram's clients show where a link leads."""
    is_web = re.match(r"https?://[^\s/]", address, re.IGNORECASE) and units(address) <= MOST_URL
    return ((Entity.TEXT_LINK, address),) if is_web else ()
