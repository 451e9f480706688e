"""Buttons on Discord: how they are drawn, and what a press of one tells.

Nothing of them is kept in memory: all that a press needs stands in its custom id, so that buttons work after a
restart and in every process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import discord

from bots.discord.events.interactions import Source
from bots.discord.events.payloads import parts_of
from core.domain import Action, Button, Delivery, Pressed

LABEL_CHARS, MOST_BUTTONS = 80, 25
"""Discord's limits: the text of one, and five rows of five below a message."""
STYLES = {
    Action.KEEP: discord.ButtonStyle.primary,
    Action.AGREE: discord.ButtonStyle.primary,
    Action.FORGET: discord.ButtonStyle.danger,
    Action.CANCEL_BATCH: discord.ButtonStyle.danger,
}
EMOJIS = {Action.GOOD: "👍", Action.BAD: "👎"}

_OURS = re.compile(r"aivax:([a-z]{1,16}):([a-z0-9]{1,32})(?::([A-Za-z0-9_-]{1,16}))?")


def view_of(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Draw buttons; None where there are none, which takes earlier ones away."""
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons[:MOST_BUTTONS]:
        item: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=button.label[:LABEL_CHARS],
            custom_id=custom_id_of(button.action, button.turn, button.value),
            style=STYLES.get(button.action, discord.ButtonStyle.secondary),
            emoji=EMOJIS.get(button.action),
        )
        view.add_item(item)
    view.stop()  # else discord.py would keep it for ever, to dispatch presses that never reach this client
    return view


def components_of(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Draw buttons for a request that we write ourselves; an empty list takes earlier ones away."""
    view = view_of(buttons)
    return view.to_components() if view is not None else []


def custom_id_of(action: Action, turn: str, value: str = "") -> str:
    """Write down all that a press must bring back, in at most 100 characters."""
    return f"aivax:{action}:{turn}:{value}" if value else f"aivax:{action}:{turn}"


def action_in(custom_id: object) -> tuple[Action, str, str] | None:
    """Read what `custom_id_of` wrote: what to do, to which answer, with which value. None of anything else."""
    found = _OURS.fullmatch(custom_id) if isinstance(custom_id, str) else None
    if found is None or found[1] not in set(Action):
        return None
    return Action(found[1]), found[2], found[3] or ""


def custom_ids_in(raw: object) -> list[object]:
    """List what stands behind the buttons of a message, which are in rows."""
    rows = parts_of(raw, "components")
    return [button.get("custom_id") for row in rows for button in parts_of(row, "components")]


def are_of_turn(custom_ids: Iterable[object], delivery: Delivery) -> bool:
    """Tell whether among buttons is one on the turn that a delivery belongs to."""
    key = delivery.nonce.partition("-")[0]
    shown = map(action_in, custom_ids)
    return bool(key) and any(meant is not None and meant[1].startswith(key) for meant in shown)


def press_of(source: Source, meant: tuple[Action, str, str] | None, text: str = "") -> Pressed | None:
    """Make an event of a press, or of the modal that followed it, with the comment that was written into it."""
    if meant is None:
        return None
    action, turn, value = meant
    return Pressed(
        keys=(source.key,),
        author=source.author,
        place=source.place,
        action=action,
        turn=turn,
        address=str(source.address),
        text=text or value,
        within=source.within,
        administers=source.administers,
    )
