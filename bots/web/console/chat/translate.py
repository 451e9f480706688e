"""What somebody said or pressed in the chat, as an event of the core. Pure: no call, no state."""

from __future__ import annotations

from bots.web.console.chat import PLATFORM
from core.domain import Action, Attachment, Author, Commanded, Identity, Place, Pressed, Said
from core.domain.console import ConsoleUser
from core.i18n import spoken_command
from core.storage.console_chat.entries import EntryKind, Untaken


def event_of(untaken: Untaken) -> Said | Commanded | Pressed | None:
    """The event; None for a press of a button that this version does not know."""
    author = Author(
        Identity(PLATFORM, "", user_of(untaken.user)),
        untaken.user.name,
        untaken.locale,
        roles=(untaken.user.role.value,),
    )
    place = place_of(untaken.user.id)
    keys, address = (f"{PLATFORM}:{untaken.key}",), str(untaken.user.id)
    if untaken.kind is EntryKind.PRESS:
        action = next((each for each in Action if each.value == untaken.press.get("action")), None)
        turn, value = untaken.press.get("turn", ""), untaken.press.get("value", "")
        if action is None:
            return None
        text, asks = untaken.press.get("comment") or value, bool(untaken.press.get("more"))
        return Pressed(keys, author, place, action, turn, address, text, asked_for_more=asks)
    command = spoken_command(untaken.text) if not untaken.files else None
    if command is not None:
        return Commanded(keys, author, place, command, address, awaited=True)
    files = tuple(
        Attachment(f"{address}/{each.id}", each.name, each.media_type, each.size_bytes)
        for each in untaken.files
    )
    return Said(keys, author, place, untaken.text, address, str(untaken.id), files, awaited=True)


def place_of(user_id: int) -> Place:
    """The one place that an account has: its chat."""
    return Place(PLATFORM, "", str(user_id), private=True)


def user_of(user: ConsoleUser) -> str:
    """What the core knows an account by. Ids of accounts that were removed may be given again: this never is."""
    return f"{user.id}.{user.created_at.timestamp():.0f}"
