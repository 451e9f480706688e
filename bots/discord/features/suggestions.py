"""What could be asked next: buttons below an answer, and the question that a press asks for everyone to see.

The question stands on the button itself, and Discord sends the message of a pressed button along: nothing is kept, so
that old ones work after a restart and in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord
from cachetools import LRUCache

from bots.discord.delivery.channel import NO_MENTIONS
from bots.discord.delivery.markup_out import MAX_SIZE
from bots.discord.events.address import Address
from bots.discord.events.buttons import LABEL_CHARS
from bots.discord.events.interactions import Source, data_of
from bots.discord.events.payloads import LABEL, text_of
from bots.discord.transport.api import Session
from bots.discord.transport.error_mapping import FAILURES
from bots.discord.transport.pacing import unguarded
from core.domain import Said
from core.i18n import Phrase, Translators
from core.util.log import log

MOST = 5
"""One row."""
_BEGINS = "aivax-next:"
_REMEMBERED = 500


def suggestions_view(questions: Sequence[str]) -> discord.ui.View | None:
    """Draw a button for each question that fits on one; None where none does: a part of one would ask another thing."""
    fitting = [each for each in map(str.strip, questions) if 0 < len(each) <= LABEL_CHARS][:MOST]
    if not fitting:
        return None
    view = discord.ui.View(timeout=None)
    for number, question in enumerate(fitting):
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=question, custom_id=f"{_BEGINS}{number}", style=discord.ButtonStyle.secondary
        )
        view.add_item(button)
    view.stop()  # else discord.py would keep it for ever, to dispatch presses that never reach this client
    return view


def suggested_in(interaction: discord.Interaction) -> str | None:
    """Read the question on the button that was pressed; None of any other button."""
    data = data_of(interaction)
    return text_of(data, LABEL).strip() or None if text_of(data, "custom_id").startswith(_BEGINS) else None


async def suggest(
    session: Session, there: Address, questions: Sequence[str], translators: Translators
) -> None:
    """Post them where an answer stands that all there read, and where the bot may write. Raises PlatformError."""
    view = suggestions_view(questions)
    is_open = not there.hidden and (not there.token or there.may_send)
    if view is None or not is_open:
        return
    text = translators.of(there.locale).say(Phrase.SUGGESTIONS)
    pace = session.pace(there.channel)

    async def post(client: discord.Client) -> None:
        here = client.get_partial_messageable(there.channel, guild_id=there.guild or None)
        await here.send(text, view=view, allowed_mentions=NO_MENTIONS, silent=True)

    await session.write(pace, post, unguarded, creates=True)  # it belongs to an answer that has ended


class SuggestedQuestions:
    """Shows what somebody asks by a press, before it is asked: nobody else would know what is answered."""

    def __init__(self) -> None:
        self._shown: LRUCache[int, int] = LRUCache(_REMEMBERED)
        """Under which id the question of an interaction stands: it may be told to the core once more."""

    async def show(self, interaction: discord.Interaction, source: Source, asked: str) -> Said | None:
        """Post the question as the press' answer, and return it as what its author said; None where that failed."""
        said = said_by_press(source, asked)
        message = self._shown.get(interaction.id)
        if message is None:
            words = f"{interaction.user.mention}: {discord.utils.escape_markdown(asked)}"[:MAX_SIZE]
            try:
                told = await interaction.response.send_message(
                    words, allowed_mentions=NO_MENTIONS, suppress_embeds=True
                )
            except FAILURES as exc:
                log.warning("discord.interaction_not_answered", error=type(exc).__name__)
                return None
            message = told.message_id
        if message is None:
            return None
        self._shown[interaction.id] = message
        here = source.address
        there = Address(
            channel=here.channel,
            message=message,
            guild=here.guild,
            parent=here.parent,
            private=here.private,
            user=interaction.user.id,
        )
        return replace(said, address=str(there), origin=str(message))


def said_by_press(source: Source, asked: str) -> Said:
    """The question of who pressed, as it is before anything of it shows."""
    return Said(
        keys=(source.key,),
        author=source.author,
        place=source.place,
        text=asked,
        address=str(source.address),
        origin="",
        within=source.within,
        administers=source.administers,
        awaited=True,
    )
