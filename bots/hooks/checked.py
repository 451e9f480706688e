"""What a hook gave back, checked: it is hostile until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from core.domain.hooks import Call, CallMessage, HookEvent, Refuse
from core.util.text import sound

TEXT_CHARS = 1_000_000
CONTEXT_CHARS = 20_000
SENTENCE_CHARS = 1_000
MODEL_CHARS = 200
Value = TypeVar("Value")
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS), AfterValidator(sound)]
Context = Annotated[str, StringConstraints(max_length=CONTEXT_CHARS), AfterValidator(sound)]
ShortText = Annotated[str, StringConstraints(max_length=SENTENCE_CHARS), AfterValidator(sound)]
Model = Annotated[str, StringConstraints(max_length=MODEL_CHARS), AfterValidator(sound)]


class Unfitting(Exception):
    """It is nothing that the event takes; `str(...)` tells the operator why, without what was said."""


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _QuestionChange(_Change):
    text: Text | None = None
    context: Context | None = None
    model: Model | None = None


class _Message(_Change):
    role: Literal["system", "user", "assistant"]
    texts: list[Text]


class _CallChange(_Change):
    messages: list[_Message]


class _AnswerChange(_Change):
    text: Text | None = None
    note: ShortText | None = None


class _ErrorChange(_Change):
    sentence: ShortText


class _Refusal(_Change):
    refuse: ShortText


_CHANGES: dict[HookEvent, type[_Change]] = {
    HookEvent.BEFORE_QUESTION: _QuestionChange,
    HookEvent.BEFORE_CALL: _CallChange,
    HookEvent.AFTER_ANSWER: _AnswerChange,
    HookEvent.ON_ERROR: _ErrorChange,
}


def outcome(
    event: HookEvent, value: Value, reply: Mapping[str, Any], *, changes_answers: bool
) -> Value | Refuse:
    """The value as the hook changed it, or its refusal.

    Raises:
        Unfitting: it is too long, of another shape, or more than this hook may change.
    """
    is_shown = event is HookEvent.AFTER_ANSWER and not changes_answers
    try:
        if "refuse" in reply:
            change: _Change = _Refusal(refuse=reply["refuse"])
        elif reply.get("changed"):
            change = _CHANGES[event].model_validate(reply["changed"])
        else:
            return value
    except (ValidationError, KeyError) as error:
        raise Unfitting(_told(error)) from None
    if is_shown and (isinstance(change, _Refusal) or getattr(change, "text", None) is not None):
        raise Unfitting("it refused or changed an answer that is shown; it must declare changes=True")
    if isinstance(change, _Refusal):
        return Refuse(change.refuse)
    changed: Any = value
    return cast(
        "Value",
        _call(changed, change)
        if isinstance(change, _CallChange)
        else replace(changed, **change.model_dump(exclude_none=True)),
    )


def _call(value: Call, change: _CallChange) -> Call:
    shape = [(each.role, len(each.texts)) for each in value.messages]
    if [(each.role, len(each.texts)) for each in change.messages] != shape:
        raise Unfitting("it changed the number, the roles or the parts of messages")
    for before, after in zip(value.messages, change.messages, strict=True):
        if any(was.strip() and not now.strip() for was, now in zip(before.texts, after.texts, strict=True)):
            raise Unfitting("it emptied a message, which some servers refuse: put a word there")
    return replace(
        value, messages=tuple(CallMessage(each.role, tuple(each.texts)) for each in change.messages)
    )


def _told(error: Exception) -> str:
    """What is wrong, without the input: it is what people wrote."""
    if not isinstance(error, ValidationError):
        return "this event takes no change"
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found[:3])
