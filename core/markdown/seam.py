"""What is written where a text is cut: the end of what is open there, and its beginning again in the next message."""

from __future__ import annotations

import re

from core.markdown.blocks import State
from core.markdown.containers import CONTAINER
from core.markdown.fences import looks_like_fence
from core.markdown.marks import lasting
from core.markdown.table_parser import is_head

ESCAPE = "\\"
_LONG_QUOTE = ">>> "
_MARKS_OF_A_LINE = re.compile(rf"{CONTAINER.pattern}(?:(?:\#{{1,6}}|-\#)[ \t]++)?")


def opening(state: State, body: str) -> tuple[str, str]:
    """Write what opens again before a message's text, and what of the text stands behind it.

    Marks stand behind what makes a line an item or a heading.
    """
    before = _LONG_QUOTE if state.long_quote else ""
    marks = "".join(mark.text for mark in state.marks)
    if state.fence is not None or (state.head is not None and not state.inside):
        hidden = "".join(mark.text for mark in lasting(state.marks))
        before += f"{hidden}\n" if hidden else ""
    if state.fence is not None:
        inside = state.prefix if state.inside else ""
        return f"{before}{state.fence.opening_line}\n{inside}", body
    if state.head is not None and not state.inside:
        return before + str(state.head), body
    if state.inside or not marks:
        return before + state.prefix + marks, body
    if _begins_block(body):
        return f"{before}{marks}\n", body
    found = _MARKS_OF_A_LINE.match(body)
    own = found[0] if found else ""
    return before + own + marks, body[len(own) :]


def _begins_block(body: str) -> bool:
    """Whether a text begins with a fence or a table, whose first line takes no mark."""
    first, _, rest = body.partition("\n")
    return looks_like_fence(first) or ("|" in first and is_head(first, rest.partition("\n")[0]))


def closing(state: State, shown: str) -> str:
    """Write what closes all that is open at the end of what is shown.

    A backslash that stood before blanks there would escape the first mark: it is escaped itself.
    """
    if state.fence is None and state.head is None:
        marks = "".join(mark.text for mark in reversed(state.marks))
        return ESCAPE + marks if marks and marks[0] != "`" and _ends_with_escape(shown) else marks
    hidden = "".join(mark.text for mark in reversed(lasting(state.marks)))
    fence = f"\n{state.fence.closing_line}" if state.fence else ""
    return fence + (f"\n{hidden}" if hidden else "")


def _ends_with_escape(text: str) -> bool:
    return (len(text) - len(text.rstrip(ESCAPE))) % 2 == 1
