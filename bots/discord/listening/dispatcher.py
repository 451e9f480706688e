"""Interactions: Discord is answered at once, and then the core is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import discord
from cachetools import LRUCache

from bots.discord.delivery.channel import NO_MENTIONS
from bots.discord.delivery.markup_out import MAX_SIZE
from bots.discord.events.address import PLATFORM
from bots.discord.events.buttons import action_in, press_of
from bots.discord.events.interactions import (
    Source,
    asks_about,
    choices_for,
    chosen_on_message,
    data_of,
    is_hidden,
    may_read,
    question,
    source_of,
    translate,
    typed_in,
    wants_gone,
)
from bots.discord.events.message_reader import plain_words, quoted
from bots.discord.events.modals import about_in, ask_about_modal, feedback_in, feedback_modal, text_in
from bots.discord.events.names import Names, names_as_told
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me
from bots.discord.features.suggestions import SuggestedQuestions, said_by_press, suggested_in
from bots.discord.transport.api import Session
from bots.discord.transport.error_mapping import FAILURES
from bots.discord.transport.names import NameLookup
from core.domain import Action, BotError, Intake, PassedOver, PlatformError, Pressed, Said, StorageError
from core.util.log import log

REMEMBERED = 500
TOO_LATE, ANSWERED_ALREADY = 10062, 40060

Kind = discord.InteractionType


class Dispatcher:
    """Answers each interaction within Discord's 3 s, before anything is stored, and brings it to the core."""

    def __init__(self, session: Session, names: NameLookup) -> None:
        self._session = session
        self._names = names
        self._suggested = SuggestedQuestions()
        self._shown: LRUCache[tuple[int, int, int], WholeMessage] = LRUCache(REMEMBERED)
        """Messages by who was shown them: Discord itself gave them to that person."""

    async def dispatch(self, interaction: discord.Interaction, me: Me, intake: Intake) -> None:
        """Handle one interaction. May be called again for it when the core could not store it."""
        handlers = {
            Kind.application_command: self._command,
            Kind.component: self._press,
            Kind.modal_submit: self._modal,
            Kind.autocomplete: self._autocomplete,
        }
        handle, source = handlers.get(interaction.type), source_of(interaction)
        own = Names(names_as_told([(me.id, me.name)]))
        if handle is None or source is None or not await handle(interaction, source, own, intake):
            log.info("discord.interaction_unknown", kind=interaction.type.value)
            intake.passed_over(PLATFORM, PassedOver.UNKNOWN_KIND)

    async def _command(
        self, interaction: discord.Interaction, source: Source, own: Names, intake: Intake
    ) -> bool:
        if (message := asks_about(interaction)) is not None:
            await self._ask_about(interaction, source, message, intake)
            return True
        capabilities = intake.capabilities()
        event = (
            wants_gone(interaction, source)
            or chosen_on_message(interaction, source, capabilities)
            or translate(interaction, source, capabilities)
        )
        if event is None:
            return False  # of an older list of commands that a client still shows
        refused = isinstance(event, Said) and await self._refused(interaction, event, intake)
        if not refused and await _defer(interaction):
            if isinstance(event, Said):
                event = replace(event, text=await self._read(event.text, source, own))
            await intake.receive(event)
        return True

    async def _read(self, text: str, source: Source, own: Names) -> str:
        """Read words as a person does, when Discord has its answer: names may have to be asked for."""
        return plain_words(text, await self._names.of_words(text, source.address.guild, own))

    async def _ask_about(
        self, interaction: discord.Interaction, source: Source, message: WholeMessage, intake: Intake
    ) -> None:
        channel = source.address.channel
        if await self._refused(
            interaction, question(interaction, source, quoted(message, channel).text), intake
        ):
            return
        self._shown[interaction.user.id, channel, message.id] = message
        modal = ask_about_modal(channel, message.id, intake.translator(source.author.locale, source.place))
        await _respond(interaction, lambda: interaction.response.send_modal(modal))

    async def _press(
        self, interaction: discord.Interaction, source: Source, _own: Names, intake: Intake
    ) -> bool:
        if (suggested := suggested_in(interaction)) is not None:
            await self._ask_suggested(interaction, source, suggested, intake)
            return True
        pressed = press_of(source, action_in(data_of(interaction).get("custom_id")))
        asked = False
        if pressed is not None and pressed.action is Action.BAD:
            modal = feedback_modal(pressed.turn, intake.translator(source.author.locale, source.place))
            asked = await _respond(interaction, lambda: interaction.response.send_modal(modal))
        else:
            await _respond(interaction, interaction.response.defer)
        return await _received(pressed and replace(pressed, asked_for_more=asked), intake)

    async def _ask_suggested(
        self, interaction: discord.Interaction, source: Source, asked: str, intake: Intake
    ) -> None:
        if await self._refused(interaction, said_by_press(source, asked), intake):
            return
        if (said := await self._suggested.show(interaction, source, asked)) is not None:
            await intake.receive(said)

    async def _modal(
        self, interaction: discord.Interaction, source: Source, own: Names, intake: Intake
    ) -> bool:
        data = data_of(interaction)
        words = text_in(data)
        if (about := about_in(data)) is not None:
            asked = question(interaction, source, words)
            return await self._about(interaction, asked, about, own, intake)
        await _respond(interaction, interaction.response.defer)
        # an empty modal says no more than the press that opened it, but is thanked for
        return await _received(press_of(source, feedback_in(data), words), intake)

    async def _about(
        self,
        interaction: discord.Interaction,
        asked: Said,
        about: tuple[int, int],
        own: Names,
        intake: Intake,
    ) -> bool:
        if about[0] != interaction.channel_id:
            # somebody changed the modal to name a channel that is hidden from them
            log.warning("discord.modal_wrong_channel", channel=interaction.channel_id)
            return False
        if await self._refused(interaction, asked, intake) or not await _defer(interaction):
            return True
        message, guild = self._shown.get((interaction.user.id, *about)), interaction.guild_id or 0
        if message is None and may_read(interaction):
            message = await self._fetch(*about)
        names = await self._names.of_words(asked.text, guild, own)
        words = plain_words(asked.text, names)
        if message is not None:
            is_own = message.author.id in own.people
            quote = quoted(message, about[0], await self._names.of([message], guild, names), own=is_own)
            words, asked = f"{quote.text}\n\n{words}".strip(), replace(asked, attachments=quote.files)
        await intake.receive(replace(asked, text=words))
        return True

    async def _autocomplete(
        self, interaction: discord.Interaction, source: Source, _own: Names, intake: Intake
    ) -> bool:
        """Offer the gateways that fit what was typed; nothing where they can't be told in time."""
        choices: list[discord.app_commands.Choice[str]] = []
        if (typed := typed_in(interaction)) is not None:
            try:
                async with asyncio.timeout(self._session.timing.offer_within_s):
                    choices = choices_for(typed, await intake.models(source.author, source.place))
            except (BotError, TimeoutError) as error:
                log.info("discord.choices_unavailable", error=type(error).__name__)
        await _respond(interaction, lambda: interaction.response.autocomplete(choices))
        return True

    async def _refused(self, interaction: discord.Interaction, said: Said, intake: Intake) -> bool:
        """Tell only the author why it is not taken; false where it is, or that can't be told in time."""
        if interaction.response.is_done():
            return False
        try:
            async with asyncio.timeout(self._session.timing.offer_within_s):
                sentence = await intake.refusal(said)
        except (StorageError, TimeoutError):
            return False  # the intake looks at the same lists and limits later
        if sentence is None:
            return False
        text = sentence[:MAX_SIZE]
        await _respond(
            interaction,
            lambda: interaction.response.send_message(
                text, ephemeral=True, suppress_embeds=True, allowed_mentions=NO_MENTIONS
            ),
        )
        return True

    async def _fetch(self, channel: int, message: int) -> WholeMessage | None:
        """Ask for a message that another process was shown: it may be hidden from us, or gone."""
        try:
            return await self._session.fetch_message(channel, message)
        except PlatformError as error:
            log.warning("discord.quoted_message_unread", code=error.code, detail=error.detail)
            return None


async def _received(pressed: Pressed | None, intake: Intake) -> bool:
    if pressed is not None:
        await intake.receive(pressed)
    return pressed is not None


async def _defer(interaction: discord.Interaction) -> bool:
    """Have Discord show that the bot thinks; false where Discord has told the person already that it failed."""
    hidden = is_hidden(interaction)
    return await _respond(interaction, lambda: interaction.response.defer(ephemeral=hidden, thinking=True))


async def _respond(interaction: discord.Interaction, answer: Callable[[], Awaitable[object]]) -> bool:
    """Give Discord its first answer; false where it has told the person by then that we did not respond."""
    if interaction.response.is_done():
        return True
    try:
        await answer()
    except FAILURES as exc:
        code = getattr(exc, "code", 0)
        if code != ANSWERED_ALREADY:  # by another process of this bot: the event is the same there
            log.warning("discord.interaction_not_answered", error=type(exc).__name__, code=code)
        return code != TOO_LATE
    return True
