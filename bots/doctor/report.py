"""What doctor shows: a line for each finding with what to do, or the same as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import wrap

from core.domain.checks import CheckState, Finding

SIGNS = {
    CheckState.OK: "ok     ",
    CheckState.WARNING: "warning",
    CheckState.FAILED: "FAILED ",
    CheckState.UNKNOWN: "unknown",
}

LEAST_COLUMNS = 30
"""Of a terminal in which less is left for the words, the lines are left to the terminal."""


def as_text(findings: Sequence[Finding], columns: int | None = None) -> str:
    """One line each, and below it the one thing to do; at the end what it comes to.

    `columns`: how wide the terminal is; lines end there between two words. None: they end nowhere.
    """
    wide = max((len(each.check) for each in findings), default=0)
    margin = " " * (wide + 11)
    lines: list[str] = []
    for each in findings:
        lines += _wrapped(f"{SIGNS[each.state]}  {each.check:<{wide}}  ", _plain(each.cause), margin, columns)
        if each.cure:
            lines += _wrapped(f"{margin}-> ", _plain(each.cure), f"{margin}   ", columns)
    return "\n".join([*lines, "", _summary(findings)])


def _wrapped(head: str, text: str, margin: str, columns: int | None) -> list[str]:
    """`head` and the text behind it, whose further lines stand below its first one."""
    if columns is None or columns < len(margin) + LEAST_COLUMNS or not text:
        return [f"{head}{text}"]
    pieces = wrap(text, columns - len(margin), break_long_words=False, break_on_hyphens=False)
    return [f"{head}{pieces[0]}", *(f"{margin}{piece}" for piece in pieces[1:])]


def as_json(findings: Sequence[Finding]) -> str:
    """`{"checks": [{"check", "state", "cause", "cure", "seconds"}]}`."""
    checks = [
        {
            "check": each.check,
            "state": each.state.value,
            "cause": _plain(each.cause),
            "cure": _plain(each.cure),
            "seconds": round(each.took_s, 3),
        }
        for each in findings
    ]
    return json.dumps({"checks": checks}, indent=2, ensure_ascii=False)


def _summary(findings: Sequence[Finding]) -> str:
    counts = {state: sum(each.state is state for each in findings) for state in CheckState}
    if counts[CheckState.FAILED]:
        return f"Not well: {counts[CheckState.FAILED]} of {len(findings)} checks failed."
    if counts[CheckState.WARNING]:
        return f"It works, with {counts[CheckState.WARNING]} of {len(findings)} things to look at."
    if counts[CheckState.UNKNOWN]:
        return f"Well, as far as could be checked: {counts[CheckState.UNKNOWN]} of {len(findings)} could not."
    return f"All {len(findings)} checks are well."


def _plain(text: str) -> str:
    """One line without signs that steer a terminal: causes quote what servers said."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
