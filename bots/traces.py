"""How an error looks in the log: short, without the values of variables, and cheap enough for the event loop.

Python's own way reads source files and parses them to mark what failed: up to a third of a second for a deep chain,
in which nobody is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, TracebackType

from structlog.typing import ExcInfo

TITLE = "Traceback (in short):"
"""What whoever searches a log for faults looks for."""
MOST_ERRORS = 8
"""Of a chain or a group; those closest to what was caught are told."""
MOST_FRAMES = 12
"""Of one error: the innermost, where it was raised, and the outermost, where it was caught."""
CAUSED = "which was caused by:"
MEANWHILE = "which happened while this was handled:"


def short_trace(exc_info: ExcInfo) -> str:
    """The error that was caught, then what caused it, each with where it was raised."""
    lines = [TITLE]
    seen: set[int] = set()
    waiting: list[tuple[BaseException, str]] = [(exc_info[1], "")]
    while waiting and len(seen) < MOST_ERRORS:
        error, relation = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        lines += [relation] if relation else []
        lines += _words(error)
        lines += _frames(error.__traceback__)
        waiting += _behind(error)
    if waiting:
        lines.append(f"... and {len(waiting)} more")
    return "\n".join(lines)


def _words(error: BaseException) -> list[str]:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  an error of any library, which can't even tell what it is
        said = "(it has no text)"
    notes = getattr(error, "__notes__", None)
    return [f"{name}: {said}" if said else name, *(str(note) for note in notes or ())]


def _behind(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    if isinstance(error, BaseExceptionGroup):
        for at, each in enumerate(error.exceptions, 1):
            yield each, f"of which {at}:"
    if error.__cause__ is not None:
        yield error.__cause__, CAUSED
    elif error.__context__ is not None and not error.__suppress_context__:
        yield error.__context__, MEANWHILE


def _frames(trace: TracebackType | None) -> list[str]:
    """Where an error passed, outermost first; the middle of a long way is left out."""
    places = []
    while trace is not None:
        places.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    told = [f"  {code.co_filename}:{line} in {code.co_qualname}" for code, line in _ends(places)]
    if left := len(places) - len(told):
        told.insert(MOST_FRAMES // 2, f"  ... {left} more ...")
    return told


def _ends(places: list[tuple[CodeType, int]]) -> list[tuple[CodeType, int]]:
    half = MOST_FRAMES // 2
    return places if len(places) <= MOST_FRAMES else [*places[:half], *places[-half:]]
