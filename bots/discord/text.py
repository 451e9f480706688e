"""The model's Markdown, made native for Discord.

Pings are off by `allowed_mentions` and link previews by the message's flags: neither is a matter of text.
Nothing here ever makes a text longer, which is what lets `size` be simple.
"""

from __future__ import annotations

import re

MAX_SIZE = 2000
"""Code points in one message (Discord's limit, counted as `len` counts)."""

_FENCE = re.compile(r"\s*(`{3,})")
_CODE = re.compile(r"(`+[^`]*`+)")
_DEEP_HEADING = re.compile(r"^(\s{0,3})#{4,6}(?=\s)")
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(\s*<?(https?://[^\s<>)]+)>?[^)\n]*\)")


def size(text: str) -> int:
    """Measure a text as Discord will count it, at most: making it native never adds to it."""
    return len(text)


def native(text: str) -> str:
    """Rewrite what Discord does not render: headings below the third level, and images, become what it does."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if _closes(line, fence) else fence
            lines.append(line)
        elif mark:
            fence = "" if "`" in line[mark.end() :] else mark[1]
            lines.append(line)
        else:
            lines.append(_native_line(line))
    return "\n".join(lines)


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip("`")


def _native_line(line: str) -> str:
    line = _DEEP_HEADING.sub(r"\1###", line)
    if "![" not in line:
        return line
    pieces = _CODE.split(line)
    pieces[::2] = (_IMAGE.sub(_as_link, piece) for piece in pieces[::2])
    return "".join(pieces)


def _as_link(image: re.Match[str]) -> str:
    words, url = image[1].strip(), image[2]
    return f"[{words}]({url})" if words else f"<{url}>"
