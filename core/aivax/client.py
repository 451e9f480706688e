"""The client of AIVAX, and of other OpenAI-compatible servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from core.aivax import keys
from core.aivax.account import AccountClient
from core.aivax.addresses import BaseAddress, mended
from core.aivax.admin import AdminRoutes
from core.aivax.knowledge.client import KnowledgeClient
from core.aivax.media.client import MediaClient
from core.aivax.media.linked_files import LinkedFiles
from core.aivax.services.batch import BatchClient
from core.aivax.stream.bounds import DEFAULT_BOUNDS, AnswerBounds
from core.aivax.transport import Transport, Wire
from core.domain.metrics import NO_METER, Meter
from core.settings import AivaxSettings

if TYPE_CHECKING:
    from core.aivax.completions.calls import Completions, Permit
    from core.aivax.request import CompletionRequest
    from core.aivax.stream.events import TimelineEvent


def _with_addresses(settings: AivaxSettings, base_url: str) -> AivaxSettings:
    """The settings with their addresses as they are used."""
    return settings.model_copy(update={"base_url": base_url, "direct_url": mended(settings.direct_url)})


async def _always() -> None:
    pass


class AivaxClient:
    """Asks one AIVAX account, or another OpenAI-compatible server: `async with AivaxClient(settings) as aivax`."""

    def __init__(
        self,
        settings: AivaxSettings,
        *,
        transport: Transport | None = None,
        bounds: AnswerBounds = DEFAULT_BOUNDS,
        meter: Meter = NO_METER,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`now` gives epoch seconds, `jitter` something from 0 to 1. `bounds`: of an answer's text and of one file.

        Raises:
            SettingRefused: a URL or a key that can't be sent.
        """
        keys.check_sendable(settings.api_key)
        self._base = BaseAddress(settings.base_url)
        self._settings = settings = _with_addresses(settings, self._base.current)
        self._wire = Wire(settings, transport=transport, now=now, meter=meter)
        self.account = AccountClient(settings, self._wire, self._base)
        self.admin = AdminRoutes(settings, self._wire, self._base, sleep=sleep, jitter=jitter)
        self.knowledge = KnowledgeClient(self.admin)
        self.media = MediaClient(self.admin)
        self.batch = BatchClient(self.admin)
        self.links = LinkedFiles(settings, transport=transport, own_address=lambda: self._base.current)
        self._sleep = sleep
        self._jitter = jitter
        self._bounds = replace(bounds, body_bytes=settings.answer_bytes)
        self._kind = keys.kind_of(settings.api_key)

    @property
    def speaks_aivax(self) -> bool:
        """Whether it is AIVAX, with a key that may have all of it."""
        return self._completions.speaks_aivax

    def __repr__(self) -> str:
        return f"AivaxClient(base_url={self._settings.base_url!r}, key={self._kind.value!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.links.aclose()
        await self._wire.aclose()

    def complete(
        self, request: CompletionRequest, *, before_try: Permit = _always
    ) -> AsyncGenerator[TimelineEvent]:
        """Ask, and yield the answer as it comes; the last event is `Finished`. Use under `contextlib.aclosing`.

        A passing failure is retried until the first visible text, so thinking and tools of a failed try may have
        been yielded; tools that it left open are yielded once more, as failed. `before_try` is awaited before
        each try and raises `RateLimited` when none may be made: a short wait is waited out, for a longer one the
        last try's error stands, or, where there was none yet, its own.

        Raises:
            AivaxError: `AnswerBroken` once text was said; before it the error of the status, with
                `retry_after_s` where the wait is longer than the budget for retries.
        """
        return self._completions.complete(request, before_try)

    @cached_property
    def _completions(self) -> Completions:
        from core.aivax.completions.calls import Completions  # a bot that nobody asks does without

        return Completions(
            self._settings, self._wire, self._base, self._bounds, sleep=self._sleep, jitter=self._jitter
        )
