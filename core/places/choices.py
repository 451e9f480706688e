"""What holds in a place by its own admins' choice: kept in memory, so that no turn asks the database for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.domain import PLACE_LIMITS, Place, PlaceSetting, Scope, StorageError, scopes_of
from core.domain.audit import Actor
from core.places.settings import PlaceAdminsSettings
from core.settings import LimitsSettings
from core.storage.operations.place_settings import PlaceSettingStore, StoredSetting
from core.util.log import log

ON, OFF = "on", "off"
AGAIN_S = 5.0
"""How soon the rows are read again that could not be read."""
Values = Mapping[str, StoredSetting]


@dataclass(frozen=True, slots=True)
class PlaceLimit:
    """A limit on questions that admins set."""

    scope: Scope
    """What is counted: a channel, or a whole server."""
    setting: PlaceSetting
    most: int


class PlaceChoices:
    """The settings of all places: read at the start, and when another process has changed one.

    What operators allow no more does not hold any more, and a limit is never above theirs: both are judged when a value
    is used. A channel's value stands before its server's; of limits both hold.
    """

    def __init__(
        self, settings: PlaceAdminsSettings, limits: LimitsSettings, store: PlaceSettingStore
    ) -> None:
        self.settings = settings
        self.store = store
        self._limits = limits
        self._known: Mapping[Scope, Values] = {}
        self._reading = asyncio.Lock()
        self._changed = asyncio.Event()
        self._told_gone: set[tuple[Scope, str]] = set()

    @property
    def enabled(self) -> bool:
        """Whether admins may set anything."""
        return bool(self.settings.may_set)

    async def read(self) -> None:
        """Read what is set, where anything may be. Raises StorageError."""
        if self.enabled:
            async with self._reading:
                await self._read()

    async def run(self) -> None:
        """Keep up with what other processes change, until cancelled."""
        if not self.enabled:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self.store.hear(self._changed.set))
            group.create_task(self._keep_up())

    async def change(
        self, scope: Scope, values: Mapping[PlaceSetting, str | None], by: Actor
    ) -> Mapping[PlaceSetting, str | None]:
        """Set values, or with None take them away; what they were before. In force here when this returns."""
        async with self._reading:
            before = await self.store.change(scope, values, by)
            await self._read()
        return before

    async def clear(self, scope: Scope, by: Actor, name: str = "") -> Sequence[StoredSetting]:
        """As `PlaceSettingStore.clear`; in force here when this returns."""
        async with self._reading:
            gone = await self.store.clear(scope, by, name)
            await self._read()
        return gone

    def set_in(self, scope: Scope, setting: PlaceSetting) -> str | None:
        """What is set for a channel or server itself; None: nothing, or operators don't allow it any more."""
        found = self._known.get(scope, {}).get(setting.value)
        return found.value if found is not None and self.settings.allows(setting) else None

    def found(self, place: Place, setting: PlaceSetting) -> tuple[Scope, str] | None:
        """What holds in a place, and where it is set; None: as operators have it."""
        for scope in scopes_of(place):
            if (value := self.set_in(scope, setting)) is not None:
                return scope, value
        return None

    def channels_of(self, server: Scope) -> Sequence[str]:
        """The channels of a server that have values of their own."""
        return sorted(
            scope.channel
            for scope in self._known
            if scope.channel and (scope.platform, scope.workspace) == (server.platform, server.workspace)
        )

    def language(self, place: Place) -> str:
        """The language of the bot's own sentences; `""`: none was chosen."""
        found = self.found(place, PlaceSetting.LANGUAGE)
        return found[1] if found else ""

    def answers(self, place: Place) -> bool:
        """Whether admins let the bot answer there; in direct messages it always does."""
        found = None if place.private else self.found(place, PlaceSetting.ANSWERS)
        return found is None or found[1] != OFF

    def gateway(self, place: Place) -> str:
        """The gateway that was chosen, as `[aivax] model` names it; `""`: none, or one that is offered no more."""
        found = self.found(place, PlaceSetting.GATEWAY)
        return self.settings.gateways.get(found[1], "") if found else ""

    def limits(self, place: Place) -> Sequence[PlaceLimit]:
        """All limits that hold in a place, those of the channel first."""
        return list(self._limits_of(place)) if self._known else ()

    def most(self, setting: PlaceSetting) -> int:
        """The highest value that a limit may have."""
        return self.settings.most(setting, self._limits)

    def operators_limit(self, setting: PlaceSetting) -> int:
        """The operators' own limit of that kind; 0: none."""
        return self.settings.operators_limit(setting, self._limits)

    async def newly_gone(self, place: Place) -> str:
        """The name of a gateway that was chosen for a place and is not offered any more, once; `""` else."""
        found = self.found(place, PlaceSetting.GATEWAY)
        if found is None or found[1] in self.settings.gateways or found in self._told_gone:
            return ""
        self._told_gone.add(found)
        scope, name = found
        if not await self.store.first_to_tell(scope, PlaceSetting.GATEWAY, name):
            return ""
        log.warning("place_settings.gateway_gone", place=str(scope), gateway=name)
        return name

    def _limits_of(self, place: Place) -> Iterator[PlaceLimit]:
        for scope in scopes_of(place):
            for setting in PLACE_LIMITS:
                if (value := self.set_in(scope, setting)) is not None:
                    yield PlaceLimit(scope, setting, min(int(value), self.most(setting)))

    async def _keep_up(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.read()
            except StorageError as error:
                log.warning("place_settings.unread", cause=type(error).__name__)
                await asyncio.sleep(AGAIN_S)
                self._changed.set()

    async def _read(self) -> None:
        known: dict[Scope, dict[str, StoredSetting]] = {}
        for each in await self.store.all():
            known.setdefault(each.scope, {})[each.name] = each
        self._told_gone = {
            (each.scope, each.value)
            for values in known.values()
            for each in values.values()
            if each.gone_told
        }
        self._known = known
