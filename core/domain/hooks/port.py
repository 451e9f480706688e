"""The port to whoever runs hooks."""

from __future__ import annotations

from typing import Protocol

from core.domain.hooks.values import Answered, Call, Failed, Feedback, HookEvent, Question, Refuse


class Hooks(Protocol):
    """Who runs hooks. Nothing here raises, and each call has an end: a hook that fails is skipped, or refuses."""

    @property
    def changes_answers(self) -> bool:
        """Whether a hook may change answers, so that they are held back until it saw them whole."""

    def has(self, event: HookEvent) -> bool:
        """Whether there is a hook for it; where there is none, nothing is called."""

    async def before_question(self, question: Question) -> Question | Refuse: ...

    async def before_call(self, call: Call) -> Call | Refuse: ...

    async def after_answer(self, answered: Answered) -> Answered | Refuse: ...

    async def on_error(self, failed: Failed) -> Failed: ...

    def on_feedback(self, feedback: Feedback) -> None:
        """Have it told, soon, and perhaps not at all."""


class NoHooks:
    """Runs none."""

    changes_answers = False

    def has(self, event: HookEvent) -> bool:
        return False

    async def before_question(self, question: Question) -> Question | Refuse:
        return question

    async def before_call(self, call: Call) -> Call | Refuse:
        return call

    async def after_answer(self, answered: Answered) -> Answered | Refuse:
        return answered

    async def on_error(self, failed: Failed) -> Failed:
        return failed

    def on_feedback(self, feedback: Feedback) -> None:
        pass


NO_HOOKS = NoHooks()
