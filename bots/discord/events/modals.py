"""Modals: how they are drawn, and what was written into them.

As with buttons nothing is kept: the custom id says what a modal is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bots.discord.events.buttons import action_in, custom_id_of
from core.delivery.buttons import FEEDBACK, QUESTION, Modal
from core.domain import Action, Translator

TITLE_CHARS, LABEL_CHARS = 45, 45
LONGEST = 4000
"""Discord's limits."""
WORDS = "words"
"""The custom id of the one field that our modals have."""

_ABOUT = re.compile(r"aivax-about:(\d{1,20}):(\d{1,20})")


def feedback_modal(turn: str, translator: Translator) -> discord.ui.Modal:
    """Ask what was wrong with an answer; nothing has to be written."""
    return _draw(FEEDBACK, custom_id_of(Action.BAD, turn), translator, required=False)


def ask_about_modal(channel: int, message: int, translator: Translator) -> discord.ui.Modal:
    """Ask what somebody wants to know of a message."""
    return _draw(QUESTION, f"aivax-about:{channel}:{message}", translator)


def feedback_in(data: Mapping[str, Any]) -> tuple[Action, str, str] | None:
    """Read which answer a feedback modal was about; None of any other."""
    meant = action_in(data.get("custom_id"))
    return meant if meant is not None and meant[0] is Action.BAD else None


def about_in(data: Mapping[str, Any]) -> tuple[int, int] | None:
    """Read which channel and message a modal asks about; None of any other."""
    custom_id = data.get("custom_id")
    found = _ABOUT.fullmatch(custom_id) if isinstance(custom_id, str) else None
    return (int(found[1]), int(found[2])) if found else None


def text_in(data: Mapping[str, Any]) -> str:
    """Read what was written into our modal's field, in whichever nesting Discord sends it."""
    fields = (part for part in _parts(data.get("components")) if part.get("custom_id") == WORDS)
    return str(next(fields, {}).get("value") or "").strip()


def _draw(
    wording: Modal, custom_id: str, translator: Translator, *, required: bool = True
) -> discord.ui.Modal:
    title, label = translator.say(wording.title), translator.say(wording.label)
    modal = discord.ui.Modal(title=title[:TITLE_CHARS], custom_id=custom_id, timeout=None)
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=WORDS,
        default=translator.say(wording.initial)[:LONGEST] if wording.initial else None,
        required=required,
        max_length=LONGEST,
    )
    modal.add_item(discord.ui.Label(text=label[:LABEL_CHARS], component=field))
    modal.stop()  # as with buttons: else discord.py would keep it
    return modal


def _parts(components: object) -> Iterator[Mapping[str, Any]]:
    for part in components if isinstance(components, list) else ():
        if isinstance(part, Mapping):
            yield part
            yield from _parts(part.get("components"))
            yield from _parts([part.get("component")])
