"""Gateways in the console: which there are, which places ask which, and an operator's choice for a channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.aivax.account_routes.model_list import ListedModel
from core.conversations.routes import Routes
from core.domain import AivaxError, Place, SettingRefused
from core.domain.audit import Actor
from core.settings import AivaxSettings, Route
from core.storage.channel_models import ChannelModels
from core.util.log import log

KNOWN_FOR_S = 600.0
WITHIN_S = 1.0
"""For which a page waits for the list; then it tells what was read last."""
MOST_CHOSEN = 200
MODEL_CHARS, CHANNEL_CHARS = 256, 128


@dataclass(frozen=True, slots=True)
class Asked:
    """Which gateway is asked in some places."""

    platform: str
    """`""`: everywhere that nothing else is said of."""
    workspace: str
    channel: str
    model: str
    fallback: str
    """What answers where it can't; `""`: nothing."""
    by_operator: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What AIVAX tells of models and gateways."""

    models: Sequence[ListedModel]
    is_told: bool
    """Whether the last try told it."""


class GatewayDesk:
    """Reads them, and chooses."""

    def __init__(
        self,
        aivax: AivaxSettings,
        routes: Sequence[Route],
        list_all: Callable[[], Awaitable[Sequence[ListedModel]]],
        choices: ChannelModels,
        check: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`list_all` asks AIVAX; `check` raises `SettingRefused` for what the key can't ask."""
        self._aivax = aivax
        self._routes = routes
        self._list_all = list_all
        self._choices = choices
        self._check = check
        self._now = now
        self._known: tuple[float, Listed] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def asked(self) -> Sequence[Asked]:
        """Which gateway is asked where: what operators chose, then what is configured, the usual one last."""
        chosen = await self._choices.newest(MOST_CHOSEN)
        routes = Routes(self._routes, self._aivax, instructions="")
        own = []
        for each in chosen:
            fallback = routes.of(Place(each.platform, each.workspace, each.channel)).fallback_model
            own.append(Asked(each.platform, each.workspace, each.channel, each.model, fallback, True))
        return [*own, *self._configured()]

    def _configured(self) -> Iterator[Asked]:
        usual = self._aivax
        for route in self._routes:
            if route.model or route.fallback_model:
                model, fallback = route.model or usual.model, route.fallback_model or usual.fallback_model
                yield Asked(route.platform, route.workspace, route.channel, model, fallback, False)
        yield Asked("", "", "", usual.model, usual.fallback_model, False)

    async def listed(self) -> Listed:
        """What there is, read anew every ten minutes; a page waits for it no longer than a moment."""
        if self._known is None or self._now() - self._known[0] > KNOWN_FOR_S:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask(), name="console gateways")
            with suppress(TimeoutError):
                async with asyncio.timeout(WITHIN_S):
                    await asyncio.shield(self._asking)
        return self._known[1] if self._known is not None else Listed((), is_told=False)

    async def _ask(self) -> None:
        try:
            found = Listed(await self._list_all(), is_told=True)
        except AivaxError as error:
            log.info("models.unlisted", cause=str(error))
            found = Listed(self._known[1].models if self._known else (), is_told=False)
        self._known = (self._now(), found)

    async def choose(self, place: Place, model: str, by: Actor) -> bool:
        """Have a channel's questions answered by a gateway, `""`: by the configured one; whether that can be."""
        names = {each.model for each in await self.asked()} | {
            each.name for each in (await self.listed()).models
        }
        is_named = 0 < len(place.channel) <= CHANNEL_CHARS and len(place.workspace) <= CHANNEL_CHARS
        if not is_named or (model and model not in names):
            return False
        try:
            self._check(model or self._aivax.model)
        except SettingRefused:
            return False
        await self._choices.choose(place, model, by)
        log.info("model.chosen", platform=place.platform, channel=place.channel, model=model, by=str(by))
        return True
