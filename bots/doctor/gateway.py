"""The gateway, in the order in which AIVAX itself looks for a fault; it ends with one real answer.

AIVAX documentation, "Troubleshooting": address, key, balance and storage, model, the plan's limits, the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.account.checks import BALANCE, findings_of
from core.aivax import keys
from core.aivax.account import is_listed
from core.aivax.client import AivaxClient
from core.aivax.request import ChatMessage, CompletionRequest
from core.aivax.stream.events import Text, Usage
from core.domain import (
    AddressWrong,
    AivaxError,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    SettingRefused,
    Unavailable,
)
from core.domain.checks import CheckState, Finding, failed, ok, unknown, warning
from core.settings import AivaxSettings, Route

ADDRESS, KEY, MODEL, ANSWER = (f"aivax.{part}" for part in ("address", "key", "model", "answer"))
QUESTION = "Answer with the word: well"
ANSWER_TIMEOUT_S = 15.0
_TOP_UP = "top the account up in the AIVAX console, Billing"
_CONSOLE_KEYS = "make a key in the AIVAX console, API keys, and write it into [aivax] api_key"
_CONSOLE_GATEWAY = "write the gateway's name and its suffix, such as my-gateway:50c3, or its UUID"
CURES: dict[type[AivaxError], tuple[str, str, str]] = {
    AddressWrong: (
        ADDRESS,
        "what answers at [aivax] base_url is no AI service",
        "write the address that the service gives for programs, such as https://inference.aivax.net/v1",
    ),
    Unavailable: (
        ADDRESS,
        "the service does not answer",
        "look at the network, the proxy and [aivax] base_url",
    ),
    KeyRefused: (KEY, "the key is refused", _CONSOLE_KEYS),
    NotAllowed: (KEY, "the key may not do this", f"a private key may: {_CONSOLE_KEYS}"),
    NoBalance: (BALANCE, "the account's credit does not cover an answer", _TOP_UP),
    GatewayUnknown: (MODEL, "there is no such gateway or model", f"[aivax] model: {_CONSOLE_GATEWAY}"),
    RateLimited: (
        "aivax.limits",
        "a limit of the account or the model is reached",
        "wait, or take a larger plan; [limits] requests_per_minute keeps below it",
    ),
}


@dataclass(frozen=True, slots=True)
class GatewayCheck:
    """Asks the service what it thinks of the settings, and whether it answers."""

    settings: AivaxSettings
    routes: Sequence[Route]
    asks: bool = True
    """Whether to end with a real answer, which costs a little."""
    name: str = "aivax"

    async def run(self) -> list[Finding]:
        if not self.settings.model:
            return [failed(MODEL, "[aivax] model is not set", _CONSOLE_GATEWAY)]
        try:
            async with AivaxClient(self.settings.model_copy(update={"tries": 1})) as aivax:
                aivax.account.check_settings(*self._models, routes=self.routes)
                return await self._ask(aivax)
        except SettingRefused as refused:
            return [failed("aivax.settings", f"{refused.setting}: {refused.value or 'not set'}", refused.fix)]

    @property
    def _models(self) -> list[str]:
        sections: list[AivaxSettings | Route] = [self.settings, *self.routes]
        named = (model for each in sections for model in (each.model, each.fallback_model))
        return sorted({*named} - {""})

    async def _ask(self, aivax: AivaxClient) -> list[Finding]:
        try:
            listed, balance = await aivax.account.models(), await aivax.account.balance()
        except AivaxError as error:
            return [*_before(error), finding_of(error)]
        found = [ok(ADDRESS, "the service answers"), *findings_of(balance)]
        found += self._of_models(listed)
        if not self.asks:
            return [*found, ok(KEY, "the key is taken")]
        answer = await self._answer(aivax)
        if answer.check == MODEL and not listed and aivax.speaks_aivax:
            answer = finding_of(
                AddressWrong()
            )  # AIVAX has a list of models: what answers there is something else
        if answer.check == BALANCE and balance is not None and balance.storage_is_full:
            return found  # the same refusal: what is full is told already
        if answer.check != KEY:
            found.insert(1, ok(KEY, f"the key is taken ({keys.kind_of(self.settings.api_key).value})"))
        return [*[each for each in found if each.check != answer.check], answer]

    def _of_models(self, listed: tuple[str, ...]) -> Iterator[Finding]:
        if not listed:
            yield unknown(MODEL, "the list of models can't be read with this key: the answer below tells")
            return
        exact = keys.speaks_aivax(keys.kind_of(self.settings.api_key), self.settings.base_url)
        lost = [
            each
            for each in self._models
            if not keys.is_uuid(each) and not is_listed(each, listed, exact=exact)
        ]
        for each in lost:
            yield failed(MODEL, f"there is no gateway or model {each!r}", _CONSOLE_GATEWAY)
        if not lost:
            yield ok(MODEL, ", ".join(self._models))

    async def _answer(self, aivax: AivaxClient) -> Finding:
        request = CompletionRequest(
            messages=(ChatMessage("user", QUESTION),), model=self.settings.model, user="doctor"
        )
        said, usage = "", Usage()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                async with aclosing(aivax.complete(request)) as events:
                    async for event in events:
                        said += event.delta if isinstance(event, Text) else ""
                        usage = event if isinstance(event, Usage) else usage
        except TimeoutError:
            slow = f"no answer was whole after {ANSWER_TIMEOUT_S:g} s"
            return warning(ANSWER, slow, "try a faster model, or fewer tools, for this gateway")
        except AivaxError as error:
            return finding_of(error)
        if not said.strip():
            return failed(
                ANSWER, "the model answered nothing", "look at the gateway's own settings in the console"
            )
        cost = f", for {usage.credits:.6f} USD" if usage.credits is not None else ""
        tokens = usage.prompt_tokens + usage.completion_tokens
        return ok(
            ANSWER, f"{self.settings.model} answered with {len(said)} characters, {tokens} tokens{cost}"
        )


def finding_of(error: AivaxError) -> Finding:
    """What an error of the service says of the installation."""
    for kind in type(error).__mro__:
        if kind in CURES:
            check, cause, cure = CURES[kind]
            state = CheckState.WARNING if kind is RateLimited else CheckState.FAILED
            return Finding(check, state, f"{cause} ({error})", cure)
    cure = "ask the gateway in the AIVAX console: without tools, collections and workers first"
    return failed(ANSWER, f"the service refused a simple question ({error})", cure)


def _before(error: AivaxError) -> list[Finding]:
    """What the service let pass before it refused."""
    return [] if isinstance(error, Unavailable | AddressWrong) else [ok(ADDRESS, "the service answers")]
