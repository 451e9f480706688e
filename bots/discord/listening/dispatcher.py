"""Taking interactions in: Discord is answered at once, and then the core is told."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
import structlog

from bots.discord.delivery.channel import QUIET
from bots.discord.delivery.markup_out import MAX_SIZE
from bots.discord.events.address import PLATFORM
from bots.discord.events.buttons import action_in, press_of, pressed_in
from bots.discord.events.interaction_source import author_of, locale_of, place_of
from bots.discord.events.interactions import asks_about, is_hidden, may_read, said, translate, typed_in
from bots.discord.events.modals import about_form, about_in, feedback_form, feedback_in, words_in
from bots.discord.events.quoted_message import Picked, picked_from_json, picked_from_message
from bots.discord.features.autocomplete import choices_for
from bots.discord.transport.api import Session
from bots.discord.transport.error_mapping import FAILURES
from core.domain.errors import BotError, PlatformError, StorageError
from core.domain.messages import Action, PassedOver, Said
from core.domain.ports import Intake
from core.i18n.translator import Voice

log = structlog.get_logger(__name__)

REMEMBERED = 500
TOO_LATE, ANSWERED_ALREADY = 10062, 40060

Kind = discord.InteractionType


class Desk:
    """Answers each interaction within Discord's 3 s, before anything is stored, and brings it to the core."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._picked: OrderedDict[tuple[int, int, int], Picked] = OrderedDict()
        """Messages by who was shown them: Discord itself gave them to that person."""

    async def take(self, interaction: discord.Interaction, intake: Intake) -> None:
        """Handle one interaction. May be called again for it when the core could not store it."""
        match interaction.type:
            case Kind.application_command:
                await self._command(interaction, intake)
            case Kind.component:
                await self._press(interaction, intake)
            case Kind.modal_submit:
                await self._form(interaction, intake)
            case Kind.autocomplete:
                await self._offer(interaction, intake)
            case _:
                log.debug("discord.interaction_ignored", kind=interaction.type.value)

    async def _command(self, interaction: discord.Interaction, intake: Intake) -> None:
        if (message := asks_about(interaction)) is not None:
            await self._ask_about(interaction, message, intake)
            return
        event = translate(interaction)
        if event is None:
            log.info(
                "discord.command_unknown", detail="it is none of ours, or an older list of them is shown"
            )
            intake.passed_over(PLATFORM, PassedOver.UNKNOWN_KIND)
            return
        if isinstance(event, Said) and await self._refused(interaction, event, intake):
            return
        if await _think(interaction):
            await intake.receive(event)

    async def _refused(self, interaction: discord.Interaction, said: Said, intake: Intake) -> bool:
        """Tell who asks, and nobody else, why it is not taken; false where it is, or that can't be told in time."""
        if interaction.response.is_done():
            return False
        try:
            async with asyncio.timeout(self._session.timing.offer_within_s):
                sentence = await intake.refusal(said)
        except (StorageError, TimeoutError):
            return False  # whoever takes it in later looks at the same lists and limits
        if sentence is None:
            return False
        text = sentence[:MAX_SIZE]
        await _answer(
            interaction,
            lambda: interaction.response.send_message(
                text, ephemeral=True, suppress_embeds=True, allowed_mentions=QUIET
            ),
        )
        return True

    async def _offer(self, interaction: discord.Interaction, intake: Intake) -> None:
        typed = typed_in(interaction)
        choices = choices_for(typed, await self._models(interaction, intake)) if typed is not None else []
        await _answer(interaction, lambda: interaction.response.autocomplete(choices))

    async def _models(self, interaction: discord.Interaction, intake: Intake) -> Sequence[str]:
        """Ask what may be chosen; nothing where that can't be told in time."""
        author, place = author_of(interaction), place_of(interaction)
        if author is None or place is None:
            return ()
        try:
            async with asyncio.timeout(self._session.timing.offer_within_s):
                return await intake.models(author, place)
        except (BotError, TimeoutError) as error:
            log.info("discord.nothing_to_offer", error=type(error).__name__)
            return ()

    async def _ask_about(
        self, interaction: discord.Interaction, message: Mapping[str, Any], intake: Intake
    ) -> None:
        picked = picked_from_json(message, interaction.channel_id or 0)
        asked = said(interaction, picked.quote)
        if asked is not None and await self._refused(interaction, asked, intake):
            return
        self._picked[interaction.user.id, picked.channel, picked.message] = picked
        if len(self._picked) > REMEMBERED:
            self._picked.popitem(last=False)
        form = about_form(picked.channel, picked.message, _voice(interaction, intake))
        await _answer(interaction, lambda: interaction.response.send_modal(form))

    async def _press(self, interaction: discord.Interaction, intake: Intake) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        meant = action_in(data.get("custom_id"))
        if meant is not None and meant[0] is Action.BAD:
            form = feedback_form(meant[1], _voice(interaction, intake))
            asked = await _answer(interaction, lambda: interaction.response.send_modal(form))
        else:
            await _answer(interaction, interaction.response.defer)
            asked = False
        if (pressed := pressed_in(interaction)) is not None:
            await intake.receive(replace(pressed, asked_for_more=asked))
        else:
            intake.passed_over(PLATFORM, PassedOver.UNKNOWN_KIND)

    async def _form(self, interaction: discord.Interaction, intake: Intake) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        if (about := about_in(data)) is not None:
            if about[0] == interaction.channel_id:
                await self._about(interaction, about, words_in(data), intake)
            else:  # somebody changed the form to name a channel that they may not see
                log.warning("discord.form_elsewhere", channel=interaction.channel_id)
                intake.passed_over(PLATFORM, PassedOver.UNKNOWN_KIND)
            return
        await _answer(interaction, interaction.response.defer)
        # an empty form says no more than the press that opened it, but is thanked for
        pressed = press_of(interaction, feedback_in(data), words_in(data))
        if pressed is not None:
            await intake.receive(pressed)
        else:
            intake.passed_over(PLATFORM, PassedOver.UNKNOWN_KIND)

    async def _about(
        self, interaction: discord.Interaction, about: tuple[int, int], words: str, intake: Intake
    ) -> None:
        asked = said(interaction, words)
        if asked is None or await self._refused(interaction, asked, intake) or not await _think(interaction):
            return
        picked = self._picked.get((interaction.user.id, *about))
        if picked is None and may_read(interaction):
            picked = await self._fetch(*about)
        if picked is not None:
            asked = replace(asked, text=f"{picked.quote}\n\n{words}".strip(), attachments=picked.files)
        await intake.receive(asked)

    async def _fetch(self, channel: int, message: int) -> Picked | None:
        """Ask for a message that another process was shown: it may be hidden from us, or gone."""

        async def fetch(client: discord.Client) -> discord.Message:
            return await client.get_partial_messageable(channel).fetch_message(message)

        try:
            return picked_from_message(await self._session.call(fetch))
        except PlatformError as error:
            log.warning("discord.picked_message_unread", code=error.code, detail=error.detail)
            return None


async def _think(interaction: discord.Interaction) -> bool:
    """Have Discord show that the bot thinks; whether the person was not told that it failed."""
    hidden = is_hidden(interaction)
    return await _answer(interaction, lambda: interaction.response.defer(ephemeral=hidden, thinking=True))


async def _answer(interaction: discord.Interaction, answer: Callable[[], Awaitable[object]]) -> bool:
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


def _voice(interaction: discord.Interaction, intake: Intake) -> Voice:
    author, place = author_of(interaction), place_of(interaction)
    if author is None or place is None:
        raise LookupError("Discord names no person, or no channel")
    return intake.voice(locale_of(interaction), place)
