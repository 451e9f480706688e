"""Declaring hooks. A file that declares some is an ordinary module: its functions stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from bots.tools.declare import Hook, OnHookFailure, declare_hook
from bots.tools.schema import Unusable
from core.domain.hooks import Answered, Call, Failed, Feedback, HookEvent, Question

QuestionHook = TypeVar("QuestionHook", bound=Callable[[Question], Any])
CallHook = TypeVar("CallHook", bound=Callable[[Call], Any])
AnswerHook = TypeVar("AnswerHook", bound=Callable[[Answered], Any])
ErrorHook = TypeVar("ErrorHook", bound=Callable[[Failed], Any])
FeedbackHook = TypeVar("FeedbackHook", bound=Callable[[Feedback], Any])


@overload
def before_question(function: QuestionHook) -> QuestionHook: ...
@overload
def before_question(*, on_failure: OnHookFailure = "skip") -> Callable[[QuestionHook], QuestionHook]: ...
def before_question(function: Any = None, *, on_failure: OnHookFailure = "skip") -> Any:
    """Have a function look at each question before anything is gathered for it.

    It returns None, a `Question` with another `text`, `context` or `model` (`dataclasses.replace`), or a `Refuse`. The
    history keeps what the person wrote. It may be async. `on_failure`: what becomes of the question where the function
    fails; `"refuse"` is for guards.

    Raises:
        Unusable: it is declared in a way that can't work.
    """
    return _declaring(HookEvent.BEFORE_QUESTION, function, on_failure)


@overload
def before_call(function: CallHook) -> CallHook: ...
@overload
def before_call(*, on_failure: OnHookFailure = "skip") -> Callable[[CallHook], CallHook]: ...
def before_call(function: Any = None, *, on_failure: OnHookFailure = "skip") -> Any:
    """Have a function look at all words of each call: instructions, history, texts of files, the question.

    It returns None, a `Call` with other `messages` (as many, each with as many texts), or a `Refuse`. What is to be
    kept from the gateway is taken out here: later calls bring the same history again. `on_failure` as in
    `before_question`.
    """
    return _declaring(HookEvent.BEFORE_CALL, function, on_failure)


@overload
def after_answer(function: AnswerHook) -> AnswerHook: ...
@overload
def after_answer(
    *, changes: bool = False, on_failure: OnHookFailure = "skip"
) -> Callable[[AnswerHook], AnswerHook]: ...
def after_answer(function: Any = None, *, changes: bool = False, on_failure: OnHookFailure = "skip") -> Any:
    """Have a function look at each whole answer, once it ended.

    It returns None or an `Answered` with a `note`. With `changes` every answer is held back until the function saw it,
    and it may return another `text`, or a `Refuse`; only then may `on_failure` be `"refuse"`.
    """
    if on_failure == "refuse" and not changes:
        raise Unusable(
            "an answer that is shown can't be refused: write changes=True, which holds answers back"
        )
    return _declaring(HookEvent.AFTER_ANSWER, function, on_failure, changes=changes)


def on_error(function: ErrorHook) -> ErrorHook:
    """Have a function told of each turn that fails; it returns None or a `Failed` with another `sentence`."""
    declared: ErrorHook = _declaring(HookEvent.ON_ERROR, function, "skip")
    return declared


def on_feedback(function: FeedbackHook) -> FeedbackHook:
    """Have a function told what people think of answers; what it returns is not looked at."""
    declared: FeedbackHook = _declaring(HookEvent.ON_FEEDBACK, function, "skip")
    return declared


def _declaring(event: HookEvent, function: Any, on_failure: OnHookFailure, *, changes: bool = False) -> Any:
    if on_failure not in ("skip", "refuse"):
        raise Unusable(f'on_failure is "skip" or "refuse", not {on_failure!r}')

    def declare(function: Any) -> Any:
        declare_hook(Hook(function.__name__, event.value, function, on_failure, changes))
        return function

    return declare if function is None else declare(function)
