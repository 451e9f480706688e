"""Runs an evaluation: each question at each gateway, then each answer beside that of the base."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.aivax.request import ChatMessage
from core.evaluation.calls import Called, Calls, MoneySpent, Results, Stopped, key_of
from core.evaluation.cases import Case
from core.evaluation.judging import Preferred, judging_messages, preferred, verdict_of
from core.evaluation.rules import faults_in

T = TypeVar("T")
Asked = tuple[int, str]
"""The number of a question, and the gateway."""
Mask = Callable[[Sequence[ChatMessage]], Awaitable[Sequence[ChatMessage]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked."""

    cases: Sequence[Case]
    gateways: Sequence[str]
    """The first one is the base that others are compared with."""
    judge: str = ""
    """The model that compares; `""`: none does."""
    instructions: str = ""

    @property
    def pairs(self) -> Iterator[tuple[Case, str]]:
        """What the judge compares: each other gateway with the base; a single one with the answer of before."""
        if self.judge:
            others = self.gateways[1:] or self.gateways
            for case in self.cases:
                for gateway in others:
                    if len(self.gateways) > 1 or case.answer:
                        yield case, gateway

    def messages(self, case: Case) -> tuple[ChatMessage, ...]:
        """A question as the bot would ask it, without any history."""
        told = (ChatMessage("system", self.instructions),) if self.instructions.strip() else ()
        return (*told, ChatMessage("user", case.question))

    def key(self, case: Case, gateway: str) -> str:
        return key_of("answer", gateway, self.instructions, case.question)


@dataclass(frozen=True, slots=True)
class Row:
    """One answer, and what is thought of it."""

    case: Case
    gateway: str
    called: Called | None
    """None: not asked, for lack of money."""
    faults: Sequence[str] = ()
    preferred: Preferred | None = None
    judge_error: str = ""

    @property
    def error(self) -> str:
        if self.called is None:
            return "not asked: the money of --most-usd is spent"
        return self.called.error or self.judge_error

    @property
    def has_passed(self) -> bool:
        """It came, breaks no rule, and is not found worse than that of the base."""
        return not self.error and not self.faults and self.preferred is not Preferred.BASE


@dataclass(frozen=True, slots=True)
class Count:
    """What a run would make."""

    answers: int
    answers_known: int
    judgements: int


def count(plan: Plan, results: Results) -> Count:
    """How many calls there are; `answers_known` of them were made in a run of before."""
    keys = [plan.key(case, gateway) for case in plan.cases for gateway in plan.gateways]
    known = [each for each in map(results.find, keys) if each is not None and not each.error]
    return Count(len(keys), len(known), 2 * sum(1 for _ in plan.pairs))


class Evaluation:
    """One run over a plan. Calls that were made before are not made again."""

    def __init__(
        self, plan: Plan, calls: Calls, mask: Mask, told: Callable[[], object] = lambda: None
    ) -> None:
        """`mask` takes from messages what is kept from gateways; `told` is called whenever a call has ended."""
        self._plan = plan
        self._calls = calls
        self._mask = mask
        self._told = told

    async def run(self) -> list[Row]:
        """Ask, compare, and return all rows in the order of the file.

        Raises:
            Stopped: the key or the balance is refused.
        """
        asked = [(case, gateway) for case in self._plan.cases for gateway in self._plan.gateways]
        called = await _all([self._answer(*each) for each in asked])
        answers = {(case.number, gateway): each for (case, gateway), each in zip(asked, called, strict=True)}
        compared = list(self._plan.pairs)
        verdicts = await _all([self._compare(case, gateway, answers) for case, gateway in compared])
        judged = {
            (case.number, gateway): each for (case, gateway), each in zip(compared, verdicts, strict=True)
        }
        return [self._row(case, gateway, answers, judged) for case, gateway in asked]

    def _row(
        self,
        case: Case,
        gateway: str,
        answers: Mapping[Asked, Called | None],
        judged: Mapping[Asked, tuple[Preferred | None, str]],
    ) -> Row:
        called = answers[case.number, gateway]
        faults = faults_in(called.text, case) if called is not None and not called.error else ()
        verdict, error = judged.get((case.number, gateway), (None, ""))
        return Row(case, gateway, called, faults, verdict, error)

    async def _answer(self, case: Case, gateway: str) -> Called | None:
        try:
            messages = await self._mask(self._plan.messages(case))
            return await self._calls.ask(self._plan.key(case, gateway), gateway, messages)
        except MoneySpent:
            return None
        finally:
            self._told()

    async def _compare(
        self, case: Case, gateway: str, answers: Mapping[Asked, Called | None]
    ) -> tuple[Preferred | None, str]:
        """What the judge prefers, and why there is no verdict."""
        base = (
            answers[case.number, self._plan.gateways[0]]
            if len(self._plan.gateways) > 1
            else Called("", case.answer)
        )
        other = answers[case.number, gateway]
        if base is None or other is None or base.error or other.error:
            self._told()
            return None, ""
        first, error = await self._verdict(case, base.text, other.text)
        second, error_2 = await self._verdict(case, other.text, base.text)
        if error or error_2:
            return None, error or error_2
        found = preferred(first, second)
        return found, "" if found is not None else "the judge gave no verdict"

    async def _verdict(self, case: Case, first: str, second: str) -> tuple[str, str]:
        key = key_of("judge", self._plan.judge, case.question, first, second)
        messages = await self._mask(judging_messages(case.question, first, second))
        try:
            called = await self._calls.ask(key, self._plan.judge, messages)
        except MoneySpent:
            return "", "not judged: the money of --most-usd is spent"
        finally:
            self._told()
        return verdict_of(called.text), called.error and f"the judge failed: {called.error}"


async def _all(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all; the first error ends the others, and is raised alone."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in works]
    except ExceptionGroup as failed:
        stopped, others = failed.split(Stopped)
        if stopped is None or others is not None:
            raise
        raise Stopped(str(stopped.exceptions[0])) from failed
    return [each.result() for each in tasks]
