"""Discord as the core sees it: what it hears goes in, answers and files come out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import discord
import structlog

from bots.discord import base
from bots.discord.buttons import acknowledge, pressed_in
from bots.discord.catchup import Catchup
from bots.discord.changes import deleted, edited, left
from bots.discord.channel import DiscordChannel
from bots.discord.client import Changed, Heard
from bots.discord.files import Files
from bots.discord.gaps import Gaps
from bots.discord.inbox import Inbox
from bots.discord.listener import Listener
from bots.discord.places import PLATFORM, Address, address_of
from bots.discord.session import Session
from bots.discord.settings import DiscordSettings
from bots.discord.surroundings import Surroundings
from bots.discord.timing import Timing
from bots.discord.translate import Me, concerns, parent_of, translate
from bots.discord.whisper import Whisper
from core.errors import PlaceClosed, PlatformError
from core.messages import Blob, Quote
from core.ports import Intake, Ledger, ReplySurface, Watch
from core.reply.editing import EditingSurface

log = structlog.get_logger(__name__)

REMEMBERED_PARENTS = 2000
REMEMBERED_QUESTIONS = 2000


class DiscordFrontend:
    """Implements `core.ports.Frontend`. Make it with `open_discord`."""

    def __init__(self, settings: DiscordSettings, timing: Timing) -> None:
        self._settings = settings
        self._timing = timing
        self._gaps = Gaps()
        self._session = Session(settings, timing)
        self._files = Files(self._session, settings.cdn_hosts)
        self._listener = Listener(settings, timing)
        self._parents: OrderedDict[int, int] = OrderedDict()
        self._questions: OrderedDict[int, None] = OrderedDict()

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        catchup = Catchup(self._settings, self._timing, self._gaps, intake)
        async with Inbox(self._timing) as inbox, catchup:

            def hear(heard: Heard, me: Me) -> None:
                if isinstance(heard, discord.Interaction):
                    # in a lane of its own: whatever waits to be stored, Discord wants an answer within 3 s
                    inbox.put(heard.id, heard.id, lambda: self._press(heard, intake))
                elif isinstance(heard, discord.Message):
                    self._hear(heard, me, intake, inbox)
                else:
                    self._notice(heard, me, intake, inbox)

            try:
                await self._listener.run(hear, watch, catchup)
            except PlatformError as error:
                watch.down(error)
                raise

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        where = Address.parse(address)
        channel = Whisper(self._session, where) if where.token else self._channel(where, ledger)
        return EditingSurface(channel, ledger, now=self._timing.now, sleep=self._timing.sleep)

    def _channel(self, where: Address, ledger: Ledger) -> DiscordChannel:
        return DiscordChannel(self._session, where, ledger.check)

    async def sign(self, address: str) -> bool:
        return await DiscordChannel(self._session, Address.parse(address)).react()

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return await Surroundings(self._session, Address.parse(address)).read(most)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        return await self._files.fetch(ref, most_bytes)

    def address_of(self, channel: str) -> str:
        return str(address_of(channel))

    async def close(self) -> None:
        await self._files.close()
        await self._session.close()

    def _hear(self, message: discord.Message, me: Me, intake: Intake, inbox: Inbox) -> None:
        if message.nonce and getattr(message, "author", None) and message.author.id == me.id:
            self._session.remember(str(message.nonce), message.id)
        if concerns(message, me):
            self._questions[message.id] = None
            if len(self._questions) > REMEMBERED_QUESTIONS:
                self._questions.popitem(last=False)
            inbox.put(message.channel.id, message.id, lambda: self._bring(message, me, intake))

    def _notice(self, change: Changed | discord.Guild, me: Me, intake: Intake, inbox: Inbox) -> None:
        """Bring on what became of a message or a server: behind what was said there before."""
        if isinstance(change, discord.Guild):
            gone = left(change, me)
            inbox.put(change.id, change.id, lambda: intake.receive(gone))
        elif isinstance(change, discord.RawMessageUpdateEvent):
            message = change.message
            if message.id in self._questions or concerns(message, me):
                inbox.put(message.channel.id, message.id, lambda: self._bring_edit(change, me, intake))
        else:
            removed = deleted(change)
            inbox.put(change.channel_id, int(removed.origins[0]), lambda: intake.receive(removed))

    async def _bring_edit(self, change: discord.RawMessageUpdateEvent, me: Me, intake: Intake) -> None:
        event = edited(change, me, await self._parent_or_none(change.message))
        if event is not None:
            await intake.receive(event)

    async def _bring(self, message: discord.Message, me: Me, intake: Intake) -> None:
        event = translate(message, me, await self._parent_or_none(message))
        if event is not None:
            await intake.receive(event)

    async def _press(self, interaction: discord.Interaction, intake: Intake) -> None:
        """Answer Discord first; the answer to the person is a turn. Presses of what is not ours are only answered."""
        await acknowledge(interaction)
        pressed = pressed_in(interaction)
        if pressed is not None:
            await intake.receive(pressed)

    async def _parent_or_none(self, message: discord.Message) -> int:
        try:
            return await self._parent(message)
        except PlatformError as error:
            # better a question in a place of its own than none
            log.warning("discord.thread_unknown", channel=message.channel.id, detail=error.detail)
            return 0

    async def _parent(self, message: discord.Message) -> int:
        """Tell which channel a message's thread belongs to: 0 where it stands in none, or can't be looked up."""
        known = parent_of(message.channel)
        if known is not None:
            return known
        here = message.channel.id
        if here not in self._parents:
            self._parents[here] = await self._ask_parent(here)
            if len(self._parents) > REMEMBERED_PARENTS:
                self._parents.popitem(last=False)
        return self._parents[here]

    async def _ask_parent(self, here: int) -> int:
        async def fetch(client: discord.Client) -> int:
            return parent_of(await client.fetch_channel(here)) or 0

        try:
            return await self._session.call(fetch)
        except PlaceClosed as error:
            log.warning("discord.channel_unknown", channel=here, code=error.code)
            return 0


@asynccontextmanager
async def open_discord(
    settings: DiscordSettings, timing: Timing | None = None
) -> AsyncIterator[DiscordFrontend]:
    """Open the frontend. Talks to nobody yet: whatever is wrong shows in `listen`, or in the first answer.

    Sets where discord.py sends its traffic, for the whole process.
    """
    base.move_rest(settings.api_url)
    base.quiet()
    frontend = DiscordFrontend(settings, timing or Timing())
    try:
        yield frontend
    finally:
        await frontend.close()
