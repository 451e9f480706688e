"""Runs the operator's hooks: in child processes, one after the other, each within its limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TypeVar

from bots.hooks.checked import Unfitting, outcome
from bots.hooks.settings import HooksSettings
from bots.hooks.switches import Switches
from bots.tools.catalogue import Catalogue, DeclaredHook
from bots.tools.child_process import Crowded, RunnerError
from core.admission.operator_alerts import OperatorAlerts
from core.domain import SettingRefused
from core.domain.hooks import Answered, Call, Failed, Feedback, HookEvent, Question, Refuse
from core.i18n import Phrase
from core.util.log import log
from core.util.tasks import TaskSet

Value = TypeVar("Value", Question, Call, Answered, Failed, Feedback)
MOST_FEEDBACK = 100
"""So many opinions may wait for their hook; further ones are not told."""
_LOADING = "hooks:files"


class OperatorHooks:
    """`core.domain.hooks.Hooks` over what the files declare."""

    def __init__(self, settings: HooksSettings, catalogue: Catalogue, switches: Switches) -> None:
        self._on_failure = settings.on_failure
        self._catalogue = catalogue
        self._switches = switches
        self.telling = TaskSet()
        """What is being told of feedback."""

    @property
    def changes_answers(self) -> bool:
        return any(each.changes for each in self._catalogue.hooks)

    def has(self, event: HookEvent) -> bool:
        return any(each.event == event for each in self._catalogue.hooks)

    async def before_question(self, question: Question) -> Question | Refuse:
        return await self._through(HookEvent.BEFORE_QUESTION, question)

    async def before_call(self, call: Call) -> Call | Refuse:
        return await self._through(HookEvent.BEFORE_CALL, call)

    async def after_answer(self, answered: Answered) -> Answered | Refuse:
        return await self._through(HookEvent.AFTER_ANSWER, answered)

    async def on_error(self, failed: Failed) -> Failed:
        told = await self._through(HookEvent.ON_ERROR, failed)
        return failed if isinstance(told, Refuse) else told

    def on_feedback(self, feedback: Feedback) -> None:
        if not self.has(HookEvent.ON_FEEDBACK):
            return
        if len(self.telling) >= MOST_FEEDBACK:
            log.warning("hook.feedback_left_out", waiting=len(self.telling))
            return
        self.telling.start(self._through(HookEvent.ON_FEEDBACK, feedback), name="hooks-feedback")

    async def _through(self, event: HookEvent, value: Value) -> Value | Refuse:
        """Hand a value from hook to hook, as each leaves it, until one refuses."""
        for hook in [each for each in self._catalogue.hooks if each.event == event]:
            told = await self._past(hook, event, value)
            if isinstance(told, Refuse):
                return told
            value = told
        return value

    async def _past(self, hook: DeclaredHook, event: HookEvent, value: Value) -> Value | Refuse:
        """What one hook makes of a value. Where it fails, or is switched off, its `on_failure` decides."""
        on_failure = self._policy_of(hook)
        if not self._switches.is_on(hook.name, self._catalogue.edition):
            return Refuse() if on_failure == "refuse" else value
        try:
            told = await self._run(hook, event, value, on_failure)
        except Crowded as error:  # that is others' doing
            log.warning("hook.not_run", hook=hook.name, then=on_failure, problem=str(error))
            return Refuse() if on_failure == "refuse" else value
        if told is None:
            await self._switches.failed(hook.name, on_failure)
            return Refuse() if on_failure == "refuse" else value
        await self._switches.worked(hook.name)
        if isinstance(told, Refuse):
            log.info("hook.refused", hook=hook.name)
        return told

    async def _run(
        self, hook: DeclaredHook, event: HookEvent, value: Value, on_failure: str
    ) -> Value | Refuse | None:
        """What a hook gave back, checked; None where it failed, which the log tells of. Raises `Crowded`."""
        problem = trace = ""
        try:
            reply = await self._catalogue.run({"do": "hook", "name": hook.name, "value": asdict(value)})
            problem, trace = reply.get("failure", ""), reply.get("trace", "")
            if not problem:
                return outcome(event, value, reply, changes_answers=hook.changes)
        except Crowded:
            raise
        except (RunnerError, Unfitting) as error:
            problem = str(error)
        log.error("hook.failed", hook=hook.name, then=on_failure, problem=problem, trace=trace)
        return None

    def _policy_of(self, hook: DeclaredHook) -> str:
        named = self._on_failure.get(hook.name, hook.on_failure)
        return named if _may_refuse(hook) else "skip"

    def check(self) -> None:
        """Refuse `on_failure` for what is no hook, or for one that can refuse nothing."""
        hooks = {each.name: each for each in self._catalogue.hooks}
        for name, policy in self._on_failure.items():
            setting = f"[hooks.on_failure] {name}"
            if name not in hooks:
                raise SettingRefused(
                    setting, value=policy, fix=f"there is no such hook; known: {', '.join(hooks)}"
                )
            if policy == "refuse" and not _may_refuse(hooks[name]):
                fix = "it can refuse nothing: only before_question, before_call and after_answer(changes=True) can"
                raise SettingRefused(setting, value=policy, fix=fix)


def _may_refuse(hook: DeclaredHook) -> bool:
    return hook.changes or hook.event in (HookEvent.BEFORE_QUESTION, HookEvent.BEFORE_CALL)


@asynccontextmanager
async def open_operator_hooks(
    settings: HooksSettings, alerts: OperatorAlerts
) -> AsyncIterator[OperatorHooks]:
    """Load the files; they are loaded again whenever they change, and the children end with the context.

    Files that do not load at the start are refused: what a guard among them would keep back would go through. Later
    what loaded last goes on, and operators are told.

    Raises:
        SettingRefused: a file does not load, or `on_failure` names what is no hook.
    """
    has_loaded = False

    async def loaded(problem: str) -> None:
        if problem and has_loaded:
            await alerts.tell(_LOADING, Phrase.HOOKS_NOT_LOADED)
        elif not problem:
            await alerts.heal(_LOADING, Phrase.HOOKS_LOADED)

    catalogue = Catalogue(settings, "hooks", loaded)
    clock = asyncio.get_running_loop().time
    switches = Switches(alerts, clock, most_failures=settings.failures_until_off, off_s=settings.off_s)
    hooks, watching = OperatorHooks(settings, catalogue, switches), TaskSet()
    try:
        await catalogue.load()
        if catalogue.problem:
            raise SettingRefused("[hooks] files", value=", ".join(settings.files), fix=catalogue.problem)
        hooks.check()
        has_loaded = True
        watching.start(catalogue.watch(), name="hooks-watch")
        yield hooks
    finally:
        await watching.aclose()
        await hooks.telling.aclose()
        await catalogue.aclose()
