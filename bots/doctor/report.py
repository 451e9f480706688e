"""What doctor shows: a line for each finding with what to do, or the same as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.domain.checks import CheckState, Finding

SIGNS = {
    CheckState.OK: "ok     ",
    CheckState.WARNING: "warning",
    CheckState.FAILED: "FAILED ",
    CheckState.UNKNOWN: "unknown",
}


def as_text(findings: Sequence[Finding]) -> str:
    """One line each, and below it the one thing to do; at the end what it comes to."""
    wide = max((len(each.check) for each in findings), default=0)
    lines = []
    for each in findings:
        lines.append(f"{SIGNS[each.state]}  {each.check:<{wide}}  {_plain(each.cause)}")
        if each.cure:
            lines.append(f"{'':9}{'':{wide}}  -> {_plain(each.cure)}")
    return "\n".join([*lines, "", _summary(findings)])


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
