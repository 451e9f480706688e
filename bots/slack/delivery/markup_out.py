"""The model's Markdown, made safe for Slack, and such as Slack shows it.

Slack gives `<...>` a meaning in every form of text, Markdown blocks and streams too: `<!channel>`, `<@U1>`,
`<!subteam^S1>`, `<#C1>`, `<url|label>`. It shows the entities `&lt;`, `&gt;`, `&amp;` as their characters and does
not read them again, inside code too (docs.slack.dev, formatting-message-text). So no `<` ever goes out: that alone
leaves no token alive. A `>` needs no escape without its `<`, and stays, because quotes begin with it. An `&`
becomes `&amp;` only where it would be read as an entity; anywhere else it may stand in a link's address, which
`&amp;` would break.

Outside code the text is read as CommonMark reads it: entities become their characters, HTML its look, and each link
leads to its address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bots.slack.delivery import emphasis, links
from bots.slack.delivery.code_marks import NO_CODE, CodeMarks, Step, code_step
from bots.slack.delivery.html_out import FRESH, Line, shown_element, shown_tag
from core.markdown.dialect import Dialect
from core.markdown.html import (
    ELEMENTS,
    ENTITY,
    MAYBE_ENTITY,
    Tag,
    character_of,
    comment_end,
    element_of,
    may_become_element,
    may_become_tag,
    tag_at,
)

DIALECT = Dialect(wide_underscores=True, most_rows=99)
"""A table has 100 rows at most in a message, its head among them (docs.slack.dev, table block)."""

_WORDS = re.compile(r"(?:[^&<`\n\[*_~\\hHwW]|(?<=[A-Za-z0-9])[hHwW]|[hH](?![tT]|\Z)|[wW](?![wW]|\Z))++")
_OURS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: as an entity, a way to hide what is written."""
_DEEPEST = 4
_WAIT: Step = (0, "")


@dataclass(slots=True)
class Sanitizer:
    """Makes one message's Markdown safe piece by piece.

    What `feed` returns, joined, is `safe` of what was fed, joined: however the text was cut. It holds back a tail
    that could still become something else, until more comes or `rest` is called. A copy goes on by itself.
    """

    held: str = ""
    """What can't be told yet: an open `<`, the beginning of an entity, a link or a fence."""
    _code: CodeMarks = NO_CODE
    _line_start: bool = True
    _before: str = ""
    """The character that was shown last."""
    _line: Line = FRESH
    _marks: emphasis.Marks = ()
    """The marks of emphasis that are open."""
    _depth: int = 0
    """How deep inside elements and labels this text stands."""
    _is_label: bool = False
    """Whether it is a link's label, in which nothing else is a link."""

    def feed(self, text: str) -> str:
        return self._take(self.held + text, last=False)

    def rest(self) -> str:
        """Return what was held back; the text is complete."""
        return self._take(self.held, last=True)

    def _take(self, text: str, *, last: bool) -> str:
        return "".join(shown for _, shown in self.steps(text, last=last))

    def steps(self, text: str, *, last: bool = True) -> Iterator[tuple[int, str]]:
        """Read a text step by step: where in it each one ends, and what it becomes."""
        at = 0
        self.held = text
        while at < len(text):
            taken, shown = self._step(text, at, last)
            if not taken:
                break
            at += taken
            if shown:
                self._before, self._line = shown[-1], self._line.after(shown)
            yield at, shown
        self.held = text[at:]

    def _step(self, text: str, at: int, last: bool) -> Step:
        if self._line_start:
            self._code, fence = self._code.after_line_start(text, at, last=last)
            self._line_start = fence == _WAIT
            if fence is not None:
                return fence
        sign = text[at]
        if sign == "\n":
            return self._newline(text, at, last)
        if sign == "`" and not self._code.fence:
            self._code, step = self._code.after_backticks(text, at, last=last)
            return step
        if self._code.open:
            return code_step(text, at, last=last)
        return self._word(text, at, last)

    def _newline(self, text: str, at: int, last: bool) -> Step:
        self._code, step = self._code.after_newline(text, at, last=last)
        if step != _WAIT:
            self._line_start, self._marks = True, ()
        return step

    def _word(self, text: str, at: int, last: bool) -> Step:
        """Read on outside code."""
        match text[at]:
            case "<":
                return self._angle(text, at, last)
            case "&":
                return _ampersand(text, at, last)
            case "[":
                return self._bracket(text, at, last)
            case "*" | "_" | "~":
                return self._emphasis(text, at, last)
            case "\\":
                return _backslash(text, at, last)
            case "h" | "H" | "w" | "W":
                return self._address(text, at, last)
        run = _WORDS.match(text, at)
        length = len(run[0]) if run else 1
        return length, text[at : at + length]

    def _angle(self, text: str, at: int, last: bool) -> Step:
        if not last and (may_become_tag(text, at) or links.may_become_pointed_link(text, at)):
            return _WAIT
        link = None if self._is_label else links.pointed_link(text, at)
        if link is not None:
            return self._link(text, at, link, last)
        if (end := comment_end(text, at)) is not None:
            return end - at, ""
        tag = tag_at(text, at)
        return (1, "&lt;") if tag is None else self._tag(text, at, tag, last)

    def _tag(self, text: str, at: int, tag: Tag, last: bool) -> Step:
        if tag.closes or tag.name not in ELEMENTS:
            if tag.end == len(text) and not last:
                return _WAIT
            return tag.end - at, shown_tag(tag, self._line, ends_line=text[tag.end : tag.end + 1] == "\n")
        element = element_of(text, tag)
        may_come = may_become_element(text, tag) if element is None else element.end == len(text)
        if may_come and not last:
            return _WAIT
        if element is None:  # a tag that is never closed changes nothing
            return tag.end - at, ""
        around, begun = (
            (self._before, text[element.end : element.end + 1]),
            {mark.written for mark in self._marks},
        )
        inside = self._label if tag.name == "a" else self._inside
        return element.end - at, shown_element(tag, element, inside, around, frozenset(begun))

    def _bracket(self, text: str, at: int, last: bool) -> Step:
        if self._is_label:
            return 1, "["
        if (link := links.inline_link(text, at)) is not None:
            return link.end - at, self._written(link)
        return _WAIT if not last and links.may_become_inline_link(text, at) else (1, "[")

    def _address(self, text: str, at: int, last: bool) -> Step:
        if self._is_label or (self._before.isascii() and self._before.isalnum()):
            return 1, text[at]
        if not last and links.may_become_address(text, at):
            return _WAIT
        single = "".join(mark.read for mark in self._marks if len(mark.read) == 1)
        link = links.bare_address(text, at, single)
        return (1, text[at]) if link is None else self._link(text, at, link, last)

    def _link(self, text: str, at: int, link: links.Link, last: bool) -> Step:
        """Write a link that may stay a bare address, where there are blanks around it."""
        if link.end == len(text) and not last:
            return _WAIT
        after = text[link.end : link.end + 1] or ("*" if self._depth else "")
        stays = link.may_be_bare and not self._before.strip() and not after.strip()
        return link.end - at, links.encoded(link.address) if stays else self._written(link)

    def _written(self, link: links.Link) -> str:
        label = self._label(link.label) if link.label.strip() else disarmed(link.shown_address)
        return f"[{label}]({links.encoded(link.address)})"

    def _emphasis(self, text: str, at: int, last: bool) -> Step:
        run = emphasis.run_at(text, at)
        if run.end == len(text) and not last:
            return _WAIT
        before, after = self._before, text[run.end : run.end + 1]
        if links.begins_address(text, run.end):
            after = "["  # which is what the address will begin with
        length = run.end - at
        if emphasis.is_text(run, before, after):
            return length, run.marks
        if (ended := emphasis.closed(run, before, after, self._marks)) is not None:
            shown, self._marks = ended
            return length, shown
        if (begun := emphasis.opened(run, before, after, text, last=last)) is None:
            return _WAIT
        shown, mark = begun
        self._marks += (mark,) if mark else ()
        return length, shown

    def _inside(self, text: str) -> str:
        """Make the text inside an element safe."""
        return self._nested(text, is_label=self._is_label)

    def _label(self, text: str) -> str:
        return self._nested(text, is_label=True)

    def _nested(self, text: str, *, is_label: bool) -> str:
        if self._depth >= _DEEPEST:
            return disarmed(text)
        nested = Sanitizer(
            _line_start=False, _before="*", _marks=self._marks, _depth=self._depth + 1, _is_label=is_label
        )
        return nested.feed(text) + nested.rest()


def _ampersand(text: str, at: int, last: bool) -> Step:
    if not last and MAYBE_ENTITY.match(text, at):
        return _WAIT
    found = ENTITY.match(text, at)
    if found is None:
        return 1, "&"
    character, after = character_of(found[0]), text[found.end() : found.end() + 1]
    if character == "&":
        if not (after or last):
            return _WAIT
        return len(found[0]), "&amp;" if after.isalnum() or after in ("#", "&") else "&"
    return (1, "&amp;") if character is None else (len(found[0]), _shown_character(character))


def _shown_character(character: str) -> str:
    """What an entity's character becomes: it is never a mark of Markdown's, and never half a token."""
    if character in _OURS:
        return _OURS[character]
    if character in _TURNS:
        return ""
    if character.isascii() and not character.isalnum():
        return "\\" + character if character.strip() else " "
    return character


def _backslash(text: str, at: int, last: bool) -> Step:
    sign = text[at + 1 : at + 2]
    if not sign and not last:
        return _WAIT
    if sign in ("<", "&"):
        return 2, _OURS[sign]
    is_escape = sign.isascii() and bool(sign.strip()) and not sign.isalnum()
    return (2, "\\" + sign) if is_escape else (1, "\\")


def safe(markdown: str) -> str:
    """Make Markdown harmless for Slack; outside code it comes to look as it was meant."""
    piece = Sanitizer()
    return piece.feed(markdown) + piece.rest()


def disarmed(text: str) -> str:
    """Make harmless what is no Markdown, and leave its look as it is."""
    return ENTITY.sub(lambda entity: "&amp;" + entity[0][1:], text).replace("<", "&lt;")


def escaped(text: str) -> str:
    """Escape plain text: Slack shows each of its characters as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(markdown: str) -> int:
    """Measure what `safe` makes of a text, in UTF-16 units, from above; never shrinks as the text grows."""
    units = len(markdown) if markdown.isascii() else len(markdown.encode("utf-16-le", "surrogatepass")) // 2
    return units + _growth(markdown, 1) + links.growth(markdown, lambda run: len(run) * 2)


def wire_bytes(markdown: str) -> int:
    """Measure the same in bytes of UTF-8, from above; never shrinks as the text grows."""
    taken = len(markdown.encode("utf-8", "surrogatepass"))
    return (
        taken
        + _growth(markdown, 3)
        + links.growth(markdown, lambda run: 2 * len(run.encode("utf-8", "replace")))
    )


def _growth(markdown: str, joint: int) -> int:
    """How much longer signs and marks become: an escape for each sign, a joint for each mark."""
    marks = sum(map(markdown.count, "*_~\\"))
    return 3 * markdown.count("<") + 4 * markdown.count("&") + joint * marks
