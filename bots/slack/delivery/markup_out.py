"""The model's Markdown, made safe for Slack.

Slack gives `<...>` a meaning in every form of text, Markdown blocks and streams too: `<!channel>`, `<@U1>`,
`<!subteam^S1>`, `<#C1>`, `<url|label>`. It shows the entities `&lt;`, `&gt;`, `&amp;` as their characters and does
not read them again, inside code too (docs.slack.dev, formatting-message-text). So no `<` ever goes out: that alone
leaves no token alive. A `>` needs no escape without its `<`, and stays, because quotes begin with it. An `&`
becomes `&amp;` only where it would be read as an entity; anywhere else it may stand in a link's address, which
`&amp;` would break.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});")
_MAYBE_ENTITY = re.compile(r"&(?:#\d{0,7}|#[xX][0-9a-fA-F]{0,6}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")
_AUTOLINK = re.compile(r"<(https?://[^\s<>|]{1,2000}|mailto:[^\s<>|]{1,500})>")
_MAYBE_AUTOLINK = re.compile(
    r"<(?:h|ht|htt|https?|https?:|https?:/|https?://[^\s<>|]{0,2000}"
    r"|m|ma|mai|mail|mailt|mailto|mailto:[^\s<>|]{0,500})?\Z"
)
_LONGEST_RUN = 100
_BACKTICKS = re.compile(rf"`{{1,{_LONGEST_RUN}}}+")
_INFO_AT_MOST = 200
_PREFIX = r"[ \t>]{0,100}+"
"""What may stand before a fence. A longer run begins none: so text is held back for a bounded length only."""
_MARKS = rf"`{{3,{_LONGEST_RUN}}}+|~{{3,{_LONGEST_RUN}}}+"
_FENCE = re.compile(rf"{_PREFIX}(`{{3,{_LONGEST_RUN}}}+(?!`)|~{{3,{_LONGEST_RUN}}}+(?!~))")
_MAYBE_FENCE = re.compile(rf"{_PREFIX}(?:`{{0,2}}|~{{0,2}}|(?:{_MARKS})[^\n]{{0,{_INFO_AT_MOST}}})\Z")
_EMPTY_LINE, _MAYBE_EMPTY_LINE = re.compile(r"\n *+\n"), re.compile(r"\n *+\Z")
_STEP = re.compile(r"[^&<`\n]++")


@dataclass(slots=True)
class Sanitizer:
    """Makes one message's Markdown safe piece by piece.

    What `feed` returns, joined, is `safe` of what was fed, joined: however the text was cut. It holds back a tail
    that could still become something else, until more comes or `rest` is called.
    """

    held: str = ""
    """What can't be told yet: an open `<`, the beginning of an entity or of a fence."""
    _fence: str = ""
    """The marks that opened the fence we are in."""
    _span: int = 0
    """How many backticks opened the code span we are in."""
    _line_start: bool = True

    def feed(self, text: str) -> str:
        return self._take(self.held + text, last=False)

    def rest(self) -> str:
        """Return what was held back; the text is complete."""
        return self._take(self.held, last=True)

    def _take(self, text: str, *, last: bool) -> str:
        out: list[str] = []
        at = 0
        while at < len(text):
            taken, shown = self._step(text, at, last)
            if not taken:
                break
            out.append(shown)
            at += taken
        self.held = text[at:]
        return "".join(out)

    def _step(self, text: str, at: int, last: bool) -> tuple[int, str]:
        """Return how many characters were read, and what they become; 0: what stands there is not certain yet."""
        if self._line_start and (step := self._line(text, at, last)) is not None:
            return step
        match text[at]:
            case "<":
                return self._angle(text, at, last)
            case "&":
                return self._ampersand(text, at, last)
            case "`" if not self._fence:
                return self._backticks(text, at, last)
            case "\n":
                return self._newline(text, at, last)
        run = _STEP.match(text, at)
        length = len(run.group()) if run else 1
        return length, text[at : at + length]

    def _line(self, text: str, at: int, last: bool) -> tuple[int, str] | None:
        """Read a fence at the start of a line; None when there is none."""
        if not last and _MAYBE_FENCE.match(text, at):
            return 0, ""
        self._line_start = False
        found = _FENCE.match(text, at)
        if found is None:
            return None
        marks = found.group(1)
        after = text[found.end() : found.end() + _INFO_AT_MOST].partition("\n")[0]
        if not self._fence and not (marks[0] == "`" and "`" in after):
            self._fence, self._span = marks, 0
        elif self._fence and marks.startswith(self._fence) and not after.strip():
            self._fence = ""
        else:
            return None
        return len(found.group()), found.group()

    def _newline(self, text: str, at: int, last: bool) -> tuple[int, str]:
        """An empty line ends a paragraph, and with it a code span that was never closed."""
        if self._span and not last and _MAYBE_EMPTY_LINE.match(text, at):
            return 0, ""
        if _EMPTY_LINE.match(text, at):
            self._span = 0
        self._line_start = True
        return 1, "\n"

    def _backticks(self, text: str, at: int, last: bool) -> tuple[int, str]:
        run = _BACKTICKS.match(text, at)
        length = len(run.group()) if run else 1
        if at + length == len(text) and length < _LONGEST_RUN and not last:
            return 0, ""
        if not self._span:
            self._span = length
        elif self._span == length:
            self._span = 0
        return length, "`" * length

    def _angle(self, text: str, at: int, last: bool) -> tuple[int, str]:
        if self._fence or self._span:
            return 1, "&lt;"
        if not last and _MAYBE_AUTOLINK.match(text, at):
            return 0, ""
        link = _AUTOLINK.match(text, at)
        if link is None:
            return 1, "&lt;"
        return len(link.group()), _ENTITY.sub(_defused, link.group(1).removeprefix("mailto:"))

    def _ampersand(self, text: str, at: int, last: bool) -> tuple[int, str]:
        if not last and _MAYBE_ENTITY.match(text, at):
            return 0, ""
        return 1, "&amp;" if _ENTITY.match(text, at) else "&"


def _defused(entity: re.Match[str]) -> str:
    return "&amp;" + entity.group()[1:]


def safe(markdown: str) -> str:
    """Make Markdown harmless for Slack and leave its look as it is."""
    piece = Sanitizer()
    return piece.feed(markdown) + piece.rest()


def escaped(text: str) -> str:
    """Escape plain text: Slack shows each of its characters as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(markdown: str) -> int:
    """Measure what `safe` makes of a text, in UTF-16 units, from above; never shrinks as the text grows."""
    astral = sum(char > "\uffff" for char in markdown)
    return len(markdown) + astral + 3 * markdown.count("<") + 4 * markdown.count("&")
