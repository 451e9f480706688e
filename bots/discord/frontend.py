"""Discord as the core sees it: events go in, answers and files come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import discord
from cachetools import LRUCache
from msgspec import structs

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.delivery.choose_surface import SurfaceChooser
from bots.discord.delivery.removal import remove
from bots.discord.delivery.webhook import follow_up_key
from bots.discord.events.address import PLATFORM, Address, address_of, snowflake
from bots.discord.events.names import Names
from bots.discord.events.payloads import id_of, part_of
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import (
    Me,
    answers_all,
    deleted,
    edit_key,
    edited,
    is_addressed,
    left,
    may_open_thread,
    names_of_bot,
    not_from_person,
    rewritten,
    translate,
    was_edited,
)
from bots.discord.features.backfill import KNOWN_FOR, Backfill
from bots.discord.features.channel_lookup import ChannelLookup
from bots.discord.features.command_sync import CommandSync
from bots.discord.features.files import Files
from bots.discord.features.suggestions import suggest
from bots.discord.features.surroundings import Surroundings, link_of
from bots.discord.listening.dispatcher import Dispatcher
from bots.discord.listening.gateway import Change, GatewayEvent
from bots.discord.listening.listen import Listener
from bots.discord.listening.parsers import Unread
from bots.discord.listening.receive import Inbox
from bots.discord.settings import DiscordSettings
from bots.discord.transport import sdk_addresses
from bots.discord.transport.api import Session
from bots.discord.transport.names import NameLookup
from bots.discord.transport.timing import Timing
from core.domain import (
    Administers,
    Blob,
    ChannelMessage,
    Counting,
    Delivery,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    PassedOver,
    Place,
    PlatformError,
    Quote,
    Receipt,
    ReplySurface,
    Said,
    Sign,
    Watch,
)
from core.domain.metrics import NO_METER, Meter
from core.i18n import Translators
from core.util.recently import Recently

if TYPE_CHECKING:
    from bots.discord.listening.shards import SharedShards
    from core.operations.cluster import Cluster

MOST_QUESTIONS = 2000
MENTION_ADDED_WITHIN = timedelta(days=1)
"""For how long after it was written an edit can make a message a question."""
TELL_AGAIN_S = 3600.0
"""How long somebody whose questions are refused is not told so again."""


class DiscordFrontend:
    """Implements `core.domain.ports.Frontend`. Make it with `open_discord`."""

    def __init__(
        self,
        settings: DiscordSettings,
        timing: Timing,
        translators: Translators,
        meter: Meter = NO_METER,
        cluster: Cluster | None = None,
    ) -> None:
        self._settings = settings
        self._timing = timing
        self._translators = translators
        budget = cluster.budget(PLATFORM) if cluster is not None else None
        self._backfill = Backfill(settings, timing, budget)
        self._session = Session(settings, timing, meter, budget)
        self._files = Files(self._session, settings.cdn_hosts)
        self._listener = Listener(settings, timing)
        self._shards = self._shared(cluster) if cluster and not settings.shard_ids else None
        self._lookup = ChannelLookup(self._session)
        self._names = NameLookup(self._session)
        self._dispatcher = Dispatcher(self._session, self._names)
        self._surfaces = SurfaceChooser(self._session, translators, settings.code_as_file_chars)
        self._command_sync = CommandSync(
            self._session, [int(id_) for id_ in settings.command_servers], timing
        )
        self._questions: LRUCache[int, int] = LRUCache(MOST_QUESTIONS)
        """What was said to the bot lately, by the hash of its words: an edit may leave them as they are."""
        self._refused = Recently(TELL_AGAIN_S, timing.now)

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        if self._settings.thread_per_question:
            since = datetime.fromtimestamp(self._timing.wall(), UTC) - KNOWN_FOR
            self._lookup.add_threads(await intake.places(PLATFORM, since))
        async with Inbox(self._timing, intake) as inbox, self._backfill.running(intake):

            def receive(event: GatewayEvent, me: Me) -> asyncio.Future[object] | None:
                try:
                    return self._receive(event, me, intake, inbox)
                except Exception as error:  # noqa: BLE001  a bug that one event meets ends with it
                    inbox.lost(getattr(event, "id", 0), error)
                    return None

            try:
                async with self._command_sync.beside(watch, intake) as seen:
                    if self._shards is not None:
                        await self._shards.run(receive, seen, self._backfill, intake)
                    else:
                        await self._listener.run(receive, seen, self._backfill)
            except PlatformError as error:
                watch.down(error)
                raise

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return self._surfaces.surface(Address.parse(address), ledger)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        question = Address.parse(address).question
        return bool(question.message) and await DiscordChannel(self._session, question).react(sign)

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return await Surroundings(self._session, self._names, Address.parse(address)).read(most)

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        around = Surroundings(self._session, self._names, Address.parse(address))
        return await around.channel(most, told)

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        around = Surroundings(self._session, self._names, Address.parse(address))
        return await around.between(since, until, most)

    async def link(self, address: str, origin: str = "") -> str:
        return link_of(Address.parse(address).question, origin)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        return await self._files.fetch(ref, most_bytes)

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        where = Address.parse(address)
        if where.token and not where.interaction:
            return ""
        return await self._surfaces.channel(where, ledger).post_files(files, delivery, again=again)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        await remove(self._surfaces.channel(Address.parse(address)), message_ids, self._timing)

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """Name a thread that was opened for a question; prompts are buttons of a message below the answer."""
        there = Address.parse(address)
        if title and there.opens:
            await self._session.call(lambda client: client.http.edit_channel(there.channel, name=title))
        if prompts:
            await suggest(self._session, there, prompts, self._translators)

    @property
    def ids_are_global(self) -> bool:
        return True

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """The answer to a hidden command as it is; else their direct messages, which they may have closed."""
        there = Address.parse(address)
        if there.hidden and there.interaction:
            thread = f"@{identity.user}"
            return Place(
                PLATFORM, str(there.guild or ""), str(there.parent or there.channel), thread
            ), address
        if not there.private or (there.token and not there.interaction):
            channel = await self._session.open_direct(snowflake(identity.user))
            there = Address(channel=channel, private=True, user=snowflake(identity.user))
        return Place(PLATFORM, "", str(there.channel), private=True), str(there)

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """A command's token lasts 15 minutes: later the bot writes by itself, where it may."""
        there, user = Address.parse(address), snowflake(who.user)
        if there.private:
            return place, str(Address(channel=there.channel, message=there.message, private=True, user=user))
        if there.hidden or (there.token and not there.may_send):
            direct = await self._session.open_direct(user)
            place = Place(PLATFORM, "", str(direct), private=True)
            return place, str(Address(channel=direct, private=True, user=user))
        lasting = {"token": "", "app": 0, "interaction": 0, "calls": user, "user": user}
        return place, str(structs.replace(there, **lasting))

    async def administers(self, who: Identity, place: Place) -> Administers:
        """Told with each event."""
        return Administers.NOTHING

    def address_of(self, channel: str) -> str:
        return str(address_of(channel))

    async def close(self) -> None:
        await self._files.close()
        await self._session.close()

    def _shared(self, cluster: Cluster) -> SharedShards:
        from bots.discord.listening.shards import SharedShards  # only who shares shards pays

        return SharedShards(self._settings, self._listener, cluster)

    def _receive(
        self, event: GatewayEvent, me: Me, intake: Intake, inbox: Inbox
    ) -> asyncio.Future[object] | None:
        if isinstance(event, Unread):
            intake.passed_over(PLATFORM, PassedOver.UNREADABLE if event.known else PassedOver.UNKNOWN_KIND)
            return None
        if isinstance(event, discord.Interaction):
            # in a lane of its own: whatever waits to be stored, Discord wants an answer within 3 s
            return inbox.put(event.id, event.id, lambda: self._dispatcher.dispatch(event, me, intake))
        if isinstance(event, WholeMessage):
            return self._on_message(event, me, intake, inbox)
        return self._on_change(event, me, intake, inbox)

    def _on_message(
        self, message: WholeMessage, me: Me, intake: Intake, inbox: Inbox
    ) -> asyncio.Future[object] | None:
        if getattr(message, "author", None) and message.author.id == me.id:
            self._remember(message)
        here = message.channel
        # then only asking Discord tells
        may_be_open = answers_all(here, me) is None or self._lookup.may_be_question_thread(here.id)
        if not is_addressed(message, me, open_here=may_be_open):
            intake.passed_over(PLATFORM, not_from_person(message, me) or PassedOver.NOT_ADDRESSED)
            return None
        self._questions[message.id] = hash(message.content)
        self._names.learn(message)
        return inbox.put(message.channel.id, message.id, lambda: self._store(message, me, intake))

    def _remember(self, message: WholeMessage) -> None:
        """Keep the id of a message of ours, so that it is not posted again when the answer to its create got lost."""
        if message.nonce:
            self._session.posted[str(message.nonce)] = message.id
        elif interaction := id_of(part_of(message.raw, "interaction_metadata"), "id"):
            self._session.posted[follow_up_key(interaction, message.content)] = message.id

    def _on_change(
        self, change: Change | discord.Guild, me: Me, intake: Intake, inbox: Inbox
    ) -> asyncio.Future[object] | None:
        """Queue an edit, a deletion or a removal behind what came from the same channel before."""
        if isinstance(change, discord.Guild):
            gone = left(change, me)
            return inbox.put(change.id, change.id, lambda: intake.receive(gone))
        if isinstance(change, discord.RawMessageUpdateEvent):
            message = change.message
            if not isinstance(message, WholeMessage):
                return None
            if message.id not in self._questions and not is_addressed(message, me):
                return self._on_rewritten(message, me, intake, inbox)
            return inbox.put(message.channel.id, message.id, lambda: self._store_edit(message, me, intake))
        removed = deleted(change)
        if not removed.origins:
            intake.passed_over(PLATFORM, PassedOver.UNREADABLE)
            return None
        return inbox.put(change.channel_id, int(removed.origins[0]), lambda: intake.receive(removed))

    def _on_rewritten(
        self, message: WholeMessage, me: Me, intake: Intake, inbox: Inbox
    ) -> asyncio.Future[object] | None:
        """Queue a change of what was not said to the bot, where it may have been learnt."""
        changed = rewritten(message, me) if any(each.menu for each in intake.capabilities()) else None
        if changed is None:
            return None
        return inbox.put(message.channel.id, message.id, lambda: intake.receive(changed))

    async def _store_edit(self, message: WholeMessage, me: Me, intake: Intake) -> None:
        """Store an edit; one that makes a message the bot's, by a mention that it adds, makes it a question."""
        words = hash(message.content)
        if not was_edited(message) or self._questions.get(message.id) == words:
            return  # a preview came, or a file was taken off
        if message.id not in self._questions and self._is_young(message):
            receipt = await self._store(message, me, intake, by_edit=True)
            if receipt is Receipt.ACCEPTED:  # else it was a question before, as another process heard
                self._questions[message.id] = words
                return
        info = await self._lookup.info(message.channel, message.channel.id, me)
        if (event := edited(message, me, info.parent, await self._named(message, me))) is not None:
            await intake.receive(event)
            self._questions[message.id] = words

    def _is_young(self, message: WholeMessage) -> bool:
        return message.created_at >= datetime.fromtimestamp(self._timing.wall(), UTC) - MENTION_ADDED_WITHIN

    async def _named(self, message: WholeMessage, me: Me) -> Names:
        guild = message.guild.id if message.guild is not None else 0
        return await self._names.of([message], guild, names_of_bot(message, me))

    async def _store(
        self, message: WholeMessage, me: Me, intake: Intake, *, by_edit: bool = False
    ) -> Receipt | None:
        info = await self._lookup.info(message.channel, message.channel.id, me)
        names = await self._named(message, me)
        event = translate(message, me, info.parent, open_here=info.open, names=names)
        if me.opens_threads and isinstance(event, Said) and may_open_thread(message):
            self._lookup.add_question(message.id)
        if event is None or (by_edit and not isinstance(event, Said)):
            intake.passed_over(PLATFORM, not_from_person(message, me) or PassedOver.NOT_ADDRESSED)
            return None
        if by_edit:
            event = replace(event, keys=(*event.keys, edit_key(message)))
        if isinstance(event, Said) and event.place.thread == event.origin and await intake.refusal(event):
            # a refusal is told in the channel: no thread is opened for it
            unopened = translate(message, replace(me, opens_threads=False), info.parent, names=names)
            event = unopened if isinstance(unopened, Said) else event
            event = replace(event, awaited=not self._refused.seen(event.author.identity))
        return await intake.receive(event)


@asynccontextmanager
async def open_discord(
    settings: DiscordSettings,
    timing: Timing | None = None,
    translators: Translators | None = None,
    meter: Meter = NO_METER,
    cluster: Cluster | None = None,
) -> AsyncIterator[DiscordFrontend]:
    """Open the frontend. Talks to nobody yet: whatever is wrong shows in `listen`, or in the first answer.

    With a `cluster` it listens to its share of the shards, unless the settings name those of this process.

    Sets where discord.py sends its traffic, for the whole process.
    """
    sdk_addresses.move_rest(settings.api_url)
    sdk_addresses.quiet()
    frontend = DiscordFrontend(settings, timing or Timing(), translators or Translators(), meter, cluster)
    try:
        yield frontend
    finally:
        await frontend.close()
