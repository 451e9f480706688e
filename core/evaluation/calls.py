"""Calls of an evaluation: so many at once, for so much money, each kept so that a run can go on after its end."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from core.aivax.client import AivaxClient
from core.aivax.request import ChatMessage, CompletionRequest
from core.aivax.stream.events import Text, Usage
from core.domain import AivaxError, AnswerBroken, KeyRefused, NoBalance, NotAllowed, RateLimited

LONGEST_WAIT_S = 60.0
WAITS = 5
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Called:
    """What came of one call."""

    key: str
    text: str = ""
    error: str = ""
    """Why there is no whole answer; `""`: there is one."""
    usd: float = 0.0
    is_known_usd: bool = True
    """Whether AIVAX told what it cost; else it is taken for `[limits] question_usd`."""


class Results(Protocol):
    """What was kept of earlier calls, by key."""

    def find(self, key: str) -> Called | None: ...

    def keep(self, called: Called) -> None: ...


class MoneySpent(Exception):
    """No further call may be begun for the money that is left."""


class Stopped(Exception):
    """Every further call would fail as this one did. Says why."""


class Budget:
    """Money for calls: one is begun only if it fits beside those under way, each taken for the dearest so far."""

    def __init__(self, most_usd: float | None, guess_usd: float) -> None:
        self._most_usd = most_usd
        self._guess_usd = guess_usd
        self._under_way = 0
        self.spent_usd = 0.0

    def begin(self) -> None:
        """Reserve money for a call.

        Raises:
            MoneySpent: there is none left for it.
        """
        if self._most_usd is not None:
            needed = self.spent_usd + (self._under_way + 1) * self._guess_usd
            if needed > self._most_usd + 1e-9:
                raise MoneySpent
        self._under_way += 1

    def end(self, usd: float) -> None:
        """It cost so much."""
        self._under_way -= 1
        self.spent_usd += usd
        self._guess_usd = max(self._guess_usd, usd)


class Calls:
    """Makes calls, unless they were made before."""

    def __init__(
        self,
        aivax: AivaxClient,
        results: Results,
        budget: Budget,
        *,
        at_once: int,
        question_usd: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._aivax = aivax
        self._results = results
        self._budget = budget
        self._places = asyncio.Semaphore(at_once)
        self._question_usd = question_usd
        self._sleep = sleep

    async def ask(self, key: str, model: str, messages: Sequence[ChatMessage]) -> Called:
        """Ask a model, or find what it answered to the same; an answer that failed is asked for once more.

        Raises:
            MoneySpent: the money does not suffice.
            Stopped: the key or the balance is refused.
        """
        found = self._results.find(key)
        if found is not None and not found.error:
            return found
        async with self._places:
            self._budget.begin()
            usd = 0.0
            try:
                called = await self._call(key, model, messages)
                usd = called.usd
            finally:
                self._budget.end(usd)
            self._results.keep(called)
            return called

    async def _call(self, key: str, model: str, messages: Sequence[ChatMessage]) -> Called:
        request = CompletionRequest(tuple(messages), model, idempotency_key=key)
        for left in range(WAITS, -1, -1):
            pieces: list[str] = []
            usage: Usage | None = None
            try:
                async with aclosing(self._aivax.complete(request)) as timeline:
                    async for event in timeline:
                        if isinstance(event, Text):
                            pieces.append(event.delta)
                        elif isinstance(event, Usage):
                            usage = event if usage is None else usage.plus(event)
            except RateLimited as error:
                if left and error.retry_after_s is not None and error.retry_after_s <= LONGEST_WAIT_S:
                    await self._sleep(error.retry_after_s)
                    continue
                return self._failed(key, error, usage)
            except (KeyRefused, NoBalance, NotAllowed) as error:
                raise Stopped(str(error)) from error
            except AivaxError as error:
                return self._failed(key, error, usage)
            return self._ended(key, "".join(pieces), "" if pieces else "it is empty", usage)
        raise AssertionError("the last try returns")

    def _failed(self, key: str, error: AivaxError, usage: Usage | None) -> Called:
        if usage is None and not isinstance(error, AnswerBroken):  # nothing came that could be charged
            return Called(key, error=str(error))
        return self._ended(key, "", str(error), usage)

    def _ended(self, key: str, text: str, error: str, usage: Usage | None) -> Called:
        told = [each for each in (usage.credits, usage.other_usd) if each is not None] if usage else []
        return Called(key, text, error, sum(told) if told else self._question_usd, bool(told))


def key_of(*parts: str) -> str:
    """What makes a call the same as one of before: the model, and all words of it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
