"""What a reader sees of Slack's Markdown: a `markdown` block or a stream, drawn as CommonMark with GitHub's tables.

Bold text and italics stand in double and single guillemets, struck text between tildes, code between backticks; a
link is `words⟨address⟩`. Slack's own auto-linker takes into a bare address all that stands right behind it
(PostHog/posthog#62848): so does this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.shown import Shown

from .text import ENTITIES

_GREEDY = re.compile(r"(?:https?://|www\.)[^\s<>|]+", re.IGNORECASE)
_ENTITY = re.compile("&(?:amp|lt|gt);")
_AROUND = {"strong": "«»", "em": "‹›", "s": "~~"}
_BLOCK_WAYS = {"blockquote": "quote", "heading": "heading", "table": "table"}
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["html_inline", "html_block"])


class _AsWritten(MarkdownIt):
    """Leaves addresses as they are: a bare one and that of a link with words are the same then."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url


_LETTER_BY_LETTER = (
    _AsWritten("commonmark")
    .enable(["table", "strikethrough"])
    .disable(["html_inline", "html_block", "reference", "text_join"])
)


def drawn(markdown: str) -> str:
    """Draw a text as a reader sees it."""
    page = _Page()
    for token in _PARSER.parse(markdown):
        page.draw(token)
    return "\n".join(page.lines).strip("\n")


def shown(markdown: str) -> Iterator[Shown]:
    """Yield each character that a reader sees, and how; blocks end with a line end."""
    around: list[str] = []
    for token in _LETTER_BY_LETTER.parse(markdown):
        way = _BLOCK_WAYS.get(token.type.removesuffix("_open").removesuffix("_close"), "")
        if token.type in ("fence", "code_block"):
            way = f"block {token.info.strip()}" if token.type == "fence" else "indented"
            yield from (Shown(each, frozenset({*around, way})) for each in _decoded(token.content))
        elif token.type == "inline":
            yield from _shown_inline(token.children or (), around)
            yield Shown("\n")
        elif way and token.nesting > 0:
            around.append(f"{way} {token.tag}" if way == "heading" else way)
        elif way:
            around.pop()


def _shown_inline(children: Sequence[Token], around: Sequence[str]) -> Iterator[Shown]:
    ways, address = list(around), ""
    for child in children:
        name = child.type.removesuffix("_open").removesuffix("_close")
        if name == "link":
            address = str(child.attrs["href"]) if child.nesting > 0 else ""
        elif child.nesting > 0:
            ways.append(name)
        elif child.nesting < 0:
            ways.remove(name)
        else:
            words = _decoded(child.content) if child.type == "code_inline" else child.content or "\n"
            own = {"code"} if child.type == "code_inline" else set()
            if child.type == "text_special":  # an escape
                address = address or child.markup
            yield from _shown_words(words, frozenset({*ways, *own}), address, is_code=bool(own))
            if child.type == "text_special" and address == child.markup:
                address = ""


def _shown_words(words: str, ways: frozenset[str], address: str, *, is_code: bool) -> Iterator[Shown]:
    at = 0
    if not (address or is_code):
        for found in _GREEDY.finditer(words):
            yield from (Shown(each, ways) for each in words[at : found.start()])
            yield from (Shown(each, ways, found[0]) for each in found[0])
            at = found.end()
    yield from (Shown(each, ways, address) for each in words[at:])


def addresses(markdown: str) -> list[str]:
    """The addresses that a reader can go to, in order."""
    return list(chain.from_iterable(_addresses(token.children or ()) for token in _PARSER.parse(markdown)))


def lines_of_tables(markdown: str) -> set[int]:
    """The numbers of the lines that make tables."""
    spans = [token.map for token in _PARSER.parse(markdown) if token.type == "table_open" and token.map]
    return {line for first, end in spans for line in range(first, end)}


def unread_marks(markdown: str) -> list[str]:
    """The marks of emphasis that a reader sees instead of what they mean."""
    words = (
        _GREEDY.sub("", child.content)
        for token in _PARSER.parse(markdown)
        for child in _outside_links(token.children or ())
    )
    return [mark for text in words for mark in re.findall(r"\*\*|~~|__", text)]


def _outside_links(children: Sequence[Token]) -> Iterator[Token]:
    inside = 0
    for child in children:
        inside += (child.type == "link_open") - (child.type == "link_close")
        if child.type == "text" and not inside:
            yield child


def _addresses(children: Sequence[Token]) -> Iterator[str]:
    inside = 0
    for child in children:
        inside += (child.type == "link_open") - (child.type == "link_close")
        if child.type in ("link_open", "image"):
            yield str(child.attrs.get("href") or child.attrs.get("src"))
        elif child.type == "text" and not inside:
            yield from _GREEDY.findall(child.content)


class _Page:
    """Draws one block after the other."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._quote = self._item = ""
        self._markers: list[str] = []
        self._row: list[str] = []
        self._in_cell = False

    def draw(self, token: Token) -> None:
        step = getattr(self, f"_{token.type}", None)
        if step is not None:
            step(token)
        elif token.type in ("paragraph_close", "heading_close", "table_close") and not self._markers:
            self._say("")

    def _say(self, line: str) -> None:
        self.lines.append(self._quote + line if line else self._quote.rstrip())

    def _heading_open(self, token: Token) -> None:
        self._item = f"{token.markup} "

    def _bullet_list_open(self, token: Token) -> None:
        self._markers.append("• ")

    def _ordered_list_open(self, token: Token) -> None:
        self._markers.append("1. ")

    def _bullet_list_close(self, token: Token) -> None:
        self._markers.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        marker = f"{token.info}. " if token.info else self._markers[-1]
        self._item = "  " * (len(self._markers) - 1) + marker

    def _blockquote_open(self, token: Token) -> None:
        self._quote += "│ "

    def _blockquote_close(self, token: Token) -> None:
        self._quote = self._quote[:-2]

    def _td_open(self, token: Token) -> None:
        self._in_cell = True

    def _td_close(self, token: Token) -> None:
        self._in_cell = False

    _th_open, _th_close = _td_open, _td_close

    def _tr_close(self, token: Token) -> None:
        self._say(" | ".join(self._row))
        self._row = []

    def _fence(self, token: Token) -> None:
        for line in _decoded(token.content).rstrip("\n").split("\n"):
            self._say(f"    {line}")

    _code_block = _fence

    def _hr(self, token: Token) -> None:
        self._say("────")

    def _inline(self, token: Token) -> None:
        words = _inline(token.children or ())
        if self._in_cell:
            self._row.append(words)
        else:
            self._say(self._item + words)
            self._item = ""


def _inline(children: Sequence[Token]) -> str:
    out: list[str] = []
    starts: list[int] = []
    for child in children:
        name = child.type.rpartition("_")[0]
        if child.type == "link_open":
            starts.append(len(out))
            out.append(str(child.attrs["href"]))
        elif child.type == "link_close":
            begun = starts.pop()
            address, words = out[begun], "".join(out[begun + 1 :])
            out[begun:] = [f"⟨{address}⟩" if words == address else f"{words}⟨{address}⟩"]
        elif name in _AROUND:
            out.append(_AROUND[name][child.type.endswith("_close")])
        elif child.type == "code_inline":
            out.append(f"`{_decoded(child.content)}`")
        elif child.type == "image":
            out.append(f"{child.content}⟨{child.attrs['src']}⟩")
        elif child.type in ("softbreak", "hardbreak"):
            out.append("\n")
        else:
            text = child.content if starts else _GREEDY.sub(lambda found: f"⟨{found[0]}⟩", child.content)
            out.append(text)
    return "".join(out)


def _decoded(code: str) -> str:
    """Slack reads its three entities in code too."""
    return _ENTITY.sub(lambda entity: ENTITIES[entity[0]], code)
