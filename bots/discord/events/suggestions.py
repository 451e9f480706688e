"""What could be asked next, as buttons: how they are drawn, and which question a press asks.

The question stands on the button itself, and Discord sends the message of a pressed button along: nothing is kept, so
that old ones work after a restart and in every process.
"""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bots.discord.events.buttons import LABEL_CHARS
from bots.discord.events.interactions import data_of
from bots.discord.events.payloads import LABEL, text_of

MOST = 5
"""One row."""
_BEGINS = "aivax-next:"


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
