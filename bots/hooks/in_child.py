"""Runs a hook in the child process: what crosses the line becomes the typed value that it takes, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from core.domain.hooks import Answered, Call, Failed, Feedback, HookEvent, Question, Refuse

Json: TypeAlias = dict[str, Any]
VALUES: Mapping[HookEvent, type[Any]] = {
    HookEvent.BEFORE_QUESTION: Question,
    HookEvent.BEFORE_CALL: Call,
    HookEvent.AFTER_ANSWER: Answered,
    HookEvent.ON_ERROR: Failed,
    HookEvent.ON_FEEDBACK: Feedback,
}
CHANGEABLE: Mapping[HookEvent, tuple[str, ...]] = {
    HookEvent.BEFORE_QUESTION: ("text", "context", "model"),
    HookEvent.BEFORE_CALL: ("messages",),
    HookEvent.AFTER_ANSWER: ("text", "note"),
    HookEvent.ON_ERROR: ("sentence",),
    HookEvent.ON_FEEDBACK: (),
}
"""What a hook may change of the value that it is given; what else differs is not looked at."""


def run_hook(event: str, value: Json, call: Callable[[Any], Any]) -> Json:
    """Call a hook with the value of its event; `{"refuse": ...}`, `{"changed": {...}}`, or neither.

    Raises:
        TypeError: it returned what this event has no use for; whatever it raises itself.
    """
    kind, which = VALUES[HookEvent(event)], CHANGEABLE[HookEvent(event)]
    given: Any = TypeAdapter(kind).validate_python(value)
    told = call(given)
    if told is None or not which:
        return {}
    if isinstance(told, Refuse) and event not in (HookEvent.ON_ERROR, HookEvent.ON_FEEDBACK):
        return {"refuse": told.sentence}
    if not isinstance(told, kind):
        raise TypeError(
            f"a hook of {event} returns None, a {kind.__name__} or a Refuse, not {type(told).__name__}"
        )
    before, after = asdict(given), asdict(told)
    changed = {name: after[name] for name in which if after[name] != before[name]}
    return {"changed": changed} if changed else {}
