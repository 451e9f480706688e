"""The client of AIVAX, and of other OpenAI-compatible servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from types import TracebackType
from typing import Self

import httpx
import structlog

from core.aivax import error_mapping, keys
from core.aivax.account import Balance, Model, balance_url, is_listed, read_balance, read_models
from core.aivax.completion import Turn
from core.aivax.error_text import scrub
from core.aivax.keys import KeyKind
from core.aivax.payload import CompletionRequest, Dialect, dialect_of
from core.aivax.stream.bounds import ANSWER_CHARS, AnswerBounds
from core.aivax.stream.events import TimelineEvent
from core.aivax.transport import LIMITS, Reply, Wire
from core.domain.errors import AivaxError, GatewayUnknown, NoBalance, RateLimited, Unavailable
from core.settings import AivaxSettings

_log = structlog.get_logger(__name__)

_NO_SUCH_ROUTE = frozenset({403, 404, 405, 501})

_SHORT_WAIT_S = 5.0
_SIGN_TIMEOUT_S = 5.0
_MOST_WAITS = 3
_PIECE_BYTES = 8 * 1024

Permit = Callable[[], Awaitable[None]]
"""Asked before a try; raises `RateLimited`, with `retry_after_s`, when it may not be made now."""


async def _always() -> None:
    pass


class AivaxClient:
    """Asks one AIVAX account, or another OpenAI-compatible server: `async with AivaxClient(settings) as aivax`."""

    def __init__(
        self,
        settings: AivaxSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: httpx.Limits = LIMITS,
        answer_chars: int = ANSWER_CHARS,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`now` gives epoch seconds, `jitter` something from 0 to 1.

        Raises:
            SettingRefused: a URL or a key that can't be sent.
        """
        keys.check_sendable(settings.api_key)
        self._settings = settings
        self._wire = Wire(settings, transport=transport, limits=limits, now=now)
        self._sleep = sleep
        self._jitter = jitter
        self._bounds = AnswerBounds(chars=answer_chars, body_bytes=settings.answer_bytes)
        self._kind = keys.kind_of(settings.api_key)
        self._dialect = dialect_of(self._kind, settings.base_url)
        self._off: set[str] = set()
        self._clean = partial(scrub, keys=(settings.api_key.get_secret_value(),))

    def __repr__(self) -> str:
        return f"AivaxClient(base_url={self._settings.base_url!r}, key={self._kind.value!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.aclose()

    async def complete(
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
        turn = Turn(request, self._settings, self._dialect, self._jitter, self._bounds)
        failure: AivaxError | None = None
        while True:
            await self._be_permitted(turn, before_try, failure)
            try:
                async with aclosing(self._try(turn)) as events:
                    async for event in events:
                        yield event
            except AivaxError as error:
                await self._recover(turn, error)
                failure = error
            else:
                return
            for activity in turn.dropped_tools():
                yield activity

    async def _be_permitted(self, turn: Turn, before_try: Permit, failure: AivaxError | None) -> None:
        for _ in range(_MOST_WAITS):
            try:
                await before_try()
            except RateLimited as refusal:
                delay_s = refusal.retry_after_s or 0.0
                if delay_s > _SHORT_WAIT_S:
                    raise failure or refusal from None
                failure = failure or refusal
                await self._sleep(delay_s)
                turn.patience.slept(delay_s)
            else:
                return
        if failure is not None:
            raise failure

    async def _try(self, turn: Turn) -> AsyncGenerator[TimelineEvent]:
        turn.begin_try()
        async with self._wire.post(turn.url, turn.body(), turn.patience, turn.clean) as reply:
            self._learn(turn)
            turn.parser.credits_spent = reply.credits_spent
            async with aclosing(self._pieces(turn, reply)) as pieces:
                async for piece in pieces:
                    for event in turn.parser.feed(piece) if piece else turn.parser.rest():
                        yield event
                    if turn.parser.ended:
                        if not turn.parser.overlong:
                            await reply.drain()
                        return
            for event in turn.parser.close():
                yield event

    async def _pieces(self, turn: Turn, reply: Reply) -> AsyncGenerator[bytes]:
        """What comes, in small pieces with others' turn between them: a fast server must not hold up the loop.

        An empty piece comes before an error: what is still held back of the answer is to be said.
        """
        try:
            while data := await self._read(turn, reply):
                for at in range(0, len(data), _PIECE_BYTES):
                    yield data[at : at + _PIECE_BYTES]
                    await asyncio.sleep(0)
        except AivaxError:
            yield b""
            raise

    async def _read(self, turn: Turn, reply: Reply) -> bytes:
        """Read on; a connection that breaks or falls silent after the finish reason has simply ended."""
        if turn.parser.whole:
            turn.patience.answer_whole()
        try:
            return await reply.read()
        except Unavailable as error:
            if turn.parser.whole:
                return b""
            raise error_mapping.cut(error) if turn.parser.said else error from None

    async def _recover(self, turn: Turn, error: AivaxError) -> None:
        """Prepare the next try, or raise the error."""
        if turn.parser.said or turn.patience.exhausted:
            raise error
        if turn.go_direct(error):
            _log.info("aivax.direct_host", turn=turn.key, status=error.status)
            return
        if turn.go_bare(error):
            return
        delay_s = turn.retries.delay_s(error, turn.patience.waited_s)
        if delay_s is None:
            raise error
        _log.info(
            "aivax.retry",
            turn=turn.key,
            error=type(error).__name__,
            status=error.status,
            code=error.code,
            delay_s=round(delay_s, 3),
            next_try=turn.retries.tries,
        )
        await self._sleep(delay_s)
        turn.patience.slept(delay_s)

    def _learn(self, turn: Turn) -> None:
        if turn.dialect is not self._dialect:
            self._dialect = turn.dialect
            _log.info("aivax.switched_off", what="optional parameters", why="the server refuses them")

    async def models(self) -> tuple[Model, ...]:
        """List what can be asked; empty where the key may not or the server has no such list.

        Raises:
            AivaxError: the list could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("model list", "a public key may not read it")
        url = f"{self._settings.base_url.rstrip('/')}/models"
        answer = await self._get("model list", url)
        return read_models(answer) if answer is not None else ()

    async def answers(self) -> bool:
        """Whether the service answers anything at all, seen from its list of models; costs nothing, raises nothing."""
        url = f"{self._settings.base_url.rstrip('/')}/models"
        try:
            async with asyncio.timeout(_SIGN_TIMEOUT_S):
                await self._wire.get(url, self._clean)
        except (Unavailable, TimeoutError):
            return False
        except AivaxError:
            return True
        return True

    async def balance(self) -> Balance | None:
        """Read the account's balance; None where the key may not or the server has none.

        Raises:
            AivaxError: it could not be read this time.
        """
        if self._dialect is Dialect.PUBLIC:
            self._switch_off("balance", "a public key may not read it")
        elif self._dialect is not Dialect.AIVAX:
            self._switch_off("balance", "the server is not AIVAX")
        answer = await self._get("balance", balance_url(self._settings.base_url))
        return read_balance(answer) if answer is not None else None

    async def _get(self, what: str, url: str) -> object | None:
        if what in self._off:
            return None
        try:
            return await self._wire.get(url, self._clean)
        except AivaxError as error:
            if error.status not in _NO_SUCH_ROUTE:
                raise
            self._switch_off(what, f"the server answers {error.status}")
            return None

    def _switch_off(self, what: str, why: str) -> None:
        if what not in self._off:
            self._off.add(what)
            _log.info("aivax.switched_off", what=what, why=why)

    def check_settings(self, *models: str) -> None:
        """Judge what can be judged without asking. `models` are those of routes, beside the one of the settings.

        Raises:
            SettingRefused: a setting with which no call can succeed.
        """
        keys.check_settings(self._settings)
        for model in models:
            keys.check_model(self._kind, model, "[[routes]] model")
        if self._kind is KeyKind.LEGACY:
            _log.warning("aivax.legacy_key", fix="make a new key (sk-aiv-acc...): this one has an older form")

    async def preflight(self, *models: str) -> tuple[AivaxError, ...]:
        """Ask whether the service takes the key and knows the models; what it says against them.

        An unreachable service is a finding too. Raises like `check_settings`, which it begins with.
        """
        self.check_settings(*models)
        try:
            findings = await self._unlisted({self._settings.model, *models} - {""})
            balance = await self.balance()
        except AivaxError as error:
            return (error,)
        if balance is not None and balance.empty:
            findings += (NoBalance(code="balance_empty", detail=f"{balance.balance_usd} USD"),)
        return findings

    async def _unlisted(self, wanted: set[str]) -> tuple[AivaxError, ...]:
        listed = await self.models()
        loose = self._dialect is not Dialect.AIVAX
        return tuple(
            GatewayUnknown(code="not_listed", detail=model)
            for model in sorted(wanted)
            if listed and not keys.is_uuid(model) and not is_listed(model, listed, tags_optional=loose)
        )
