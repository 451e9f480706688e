"""Slack, as the core's `Frontend`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from bots.slack.delivery.choose_surface import SurfaceChooser
from bots.slack.delivery.messages import direct_channel
from bots.slack.delivery.removal import remove
from bots.slack.delivery.uploads import upload
from bots.slack.events.address import PLATFORM, Address, FileRef
from bots.slack.features import files
from bots.slack.features.surroundings import channel_quotes, permalink, quotes, said_between
from bots.slack.features.workspaces import OneWorkspace, Workspaces
from bots.slack.listening.listen import EventSource, listen
from bots.slack.listening.socket_mode import listen_on_socket
from bots.slack.settings import SlackSettings
from bots.slack.transport.app_api import AppApi, open_api
from bots.slack.transport.preflight import require_way_in
from core.delivery.pacing import FIRST_WORDS_AFTER_S
from core.domain import (
    Administers,
    Blob,
    ChannelMessage,
    Counting,
    Delivery,
    FrontendRefused,
    FrontendUnreachable,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    OutcomeUnknown,
    Place,
    PlaceClosed,
    PlatformBusy,
    Quote,
    ReplySurface,
    SettingRefused,
    Sign,
    Watch,
)
from core.domain.metrics import NO_METER, Meter
from core.i18n import Translators
from core.util.clock import Now, Sleep

if TYPE_CHECKING:
    from core.operations.cluster import Cluster


class SlackFrontend:
    """One Slack app. Made by `open_slack`, or by `bots.slack.open`."""

    def __init__(
        self,
        api: AppApi,
        workspaces: Workspaces,
        source: EventSource,
        translators: Translators,
        first_words_after_s: float = FIRST_WORDS_AFTER_S,
        cluster: Cluster | None = None,
    ) -> None:
        """With a `cluster` it listens only while it holds one of the connections that all processes share."""
        self._api = api
        self._cluster = cluster
        self._workspaces = workspaces
        self._source = source
        self._surfaces = SurfaceChooser(translators, api.now, first_words_after_s)

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Check what can be checked, and bring events in, until cancelled or until the connection stays lost.

        Raises:
            FrontendRefused: a token or a setting is missing or wrong; `setting` names it.
            FrontendUnreachable: Slack can't be reached, or the socket does not stay open.
        """
        try:
            require_way_in(self._api.settings)
            await self._workspaces.check()
            if self._cluster is None:
                await self._listen(intake, watch)
                return
            most = self._api.settings.connections
            share = await self._cluster.share(PLATFORM, most, most=1)
            await share.run(lambda _, of_part: self._listen(intake, of_part), watch)
        except (FrontendRefused, FrontendUnreachable) as exc:
            watch.down(exc)
            raise
        except (PlatformBusy, OutcomeUnknown) as exc:
            cause = FrontendUnreachable(PLATFORM, setting="[slack] api_url", detail=exc.detail)
            watch.down(cause)
            raise cause from exc

    async def _listen(self, intake: Intake, watch: Watch) -> None:
        await listen(self._api, self._workspaces, self._source, intake, watch)

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        """Answer by a native stream in direct messages, by post-and-edit elsewhere.

        Raises:
            PlaceClosed: the address is none of ours.
        """
        place = Address.parse(address)
        return self._surfaces.surface(place, self._workspaces.of(place.team), ledger)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        place = Address.parse(address)
        signs = self._workspaces.of(place.team).work_signs
        return await (signs.mark(place) if sign is Sign.WAITS else signs.decline(place))

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        place = Address.parse(address)
        there = self._workspaces.of(place.team)
        return await quotes(there.api, there.names, place, most)

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        place = Address.parse(address)
        there = self._workspaces.of(place.team)
        return await channel_quotes(there.api, there.names, place, most, told)

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        place = Address.parse(address)
        there = self._workspaces.of(place.team)
        return await said_between(there.api, there.names, place, (since, until), most)

    async def link(self, address: str, origin: str = "") -> str:
        place = Address.parse(address)
        return await permalink(self._workspaces.of(place.team).api, place, origin)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        return await files.fetch(self._workspaces.of(FileRef.parse(ref).team).api, ref, most_bytes)

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        place = Address.parse(address)
        return await upload(self._workspaces.of(place.team).api, place, files, delivery, ledger)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        place = Address.parse(address)
        await remove(self._workspaces.of(place.team).api, place, message_ids)

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """Only the direct messages of an assistant have titles and prompts."""
        place = Address.parse(address)
        if place.direct:
            await self._workspaces.of(place.team).assistant_threads.adorn(place, title, prompts)

    @property
    def ids_are_global(self) -> bool:
        """Slack promises a user's id to be theirs in one workspace alone."""
        return False

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """Their direct messages: what is ephemeral takes no files."""
        place = Address.parse(address)
        if not (place.direct or place.channel.startswith("D")) or place.home or place.ephemeral:
            channel = await direct_channel(self._workspaces.of(place.team).api, identity.user)
            if not channel:
                raise PlaceClosed(PLATFORM, code="no_direct_channel")
            place = Address(channel, place.team, user=identity.user, user_team=place.user_team)
        return Place(PLATFORM, place.team, place.channel, place.thread, private=True), str(place)

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """A `response_url` lasts half an hour, and an ephemeral message is for their eyes alone."""
        there = Address.parse(address)
        if there.home or there.ephemeral or there.reply:
            return await self.aside(address, who)
        is_direct = there.direct or there.channel.startswith("D")
        return place, address if is_direct else str(structs.replace(there, calls=who.user))

    async def administers(self, who: Identity, place: Place) -> Administers:
        """The workspace is its admins' and owners'; a channel also who made it."""
        channel = "" if place.private else place.channel
        admins = self._workspaces.of(place.workspace).admins
        return await admins.of(who.user, place.workspace, channel)

    def address_of(self, channel: str) -> str:
        """A channel's id (`C...`), or a person's or direct message's (`U...`, `D...`); `T.../C...` with a workspace.

        Raises:
            SettingRefused: with `client_id` there are many workspaces, and none is named.
        """
        team, _, name = channel.strip().rpartition("/")
        if self._api.settings.installable and not team:
            fix = "name the workspace too: slack:T0123456/C0123456"
            raise SettingRefused("[operators] channel", value=f"slack:{channel}", fix=fix)
        return str(Address(channel=name, team=team))


@asynccontextmanager
async def open_slack(
    settings: SlackSettings,
    translators: Translators | None = None,
    *,
    first_words_after_s: float = FIRST_WORDS_AFTER_S,
    now: Now = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    meter: Meter = NO_METER,
    cluster: Cluster | None = None,
) -> AsyncIterator[SlackFrontend]:
    """Open Slack's frontend for one workspace over Socket Mode; with a `cluster`, sharing its sockets.

    It owns one HTTP session, and reaches out only when it is used.
    """
    async with (
        open_api(settings, now=now, sleep=sleep, meter=meter) as api,
        aclosing(OneWorkspace(api, cluster.budget(PLATFORM) if cluster else None)) as workspaces,
    ):
        source = partial(listen_on_socket, api)
        words = translators or Translators()
        yield SlackFrontend(api, workspaces, source, words, first_words_after_s, cluster)
