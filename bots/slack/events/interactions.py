"""What people do by commands, the app's Home tab and Slack's own stop button, as events of the core. Pure.

Shapes: docs.slack.dev, "Implementing slash commands", `app_home_opened`, `agent_session_stopped`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.slack import shortcuts
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.form_modals import commanded_form
from bots.slack.events.message_reader import files_of
from bots.slack.events.mrkdwn import from_mrkdwn
from bots.slack.events.payloads import Bot, part_of, parts_of, text_of
from core.domain import Action, Author, Capability, Command, Commanded, Identity, Place, Pressed, Said
from core.i18n import spoken_capability, spoken_command

COMMAND_IDS = ("team_id", "channel_id", "user_id", "trigger_id")
"""What tells a command from all others: where it was given, by whom, and Slack's id of that."""


def question(form: Mapping[str, Any], capabilities: Sequence[Capability] = ()) -> str:
    """What is asked by a slash command for everyone to see; `""` where it asks nothing."""
    words = from_mrkdwn(text_of(form, "text")).strip()
    if not text_of(form, "command"):
        return ""
    if (wanted := spoken_capability(capabilities, words)) is not None:
        return "" if wanted.private or commanded_form(form, capabilities) else words
    word, _, rest = words.partition(" ")
    return rest.strip() if word.lower() == "ask" else ""


def commanded(form: Mapping[str, Any], capabilities: Sequence[Capability] = ()) -> Commanded | Said | None:
    """Read a slash command; any word that is none of ours is a call for help.

    A command can't be given in a thread, so it is meant for all that its author has in the channel. Its answer is for
    them alone, and reaches them where the bot is no member too.
    """
    team, channel, user, trigger = (text_of(form, name) for name in COMMAND_IDS)
    if not (team and channel and user and trigger):
        return None
    words = from_mrkdwn(text_of(form, "text")).strip() or text_of(form, "command")
    here = Address(
        channel, team, user=user, user_team=team, ephemeral=True, reply=text_of(form, "response_url")
    )
    key, author = f"slack:{team}:command:{trigger}", Author(Identity(PLATFORM, team, user))
    place = Place(PLATFORM, team, channel, private=channel.startswith("D"))
    if commanded_form(form, capabilities) is not None:
        return None  # its modal opens
    if spoken_capability(capabilities, words) is not None:
        return Said((key,), author, _aside(place, user), words, str(here), trigger, awaited=True)
    command, argument = _understood(words)
    return Commanded(
        keys=(key,),
        author=author,
        place=place,
        command=command,
        argument=argument,
        address=str(here),
        whole_channel=True,
        awaited=True,
    )


def _aside(place: Place, user: str) -> Place:
    """Give what only its author reads a place of its own, so that it never becomes context of what all read.

    It stands where a thread's id stands elsewhere. It counts as shared, so that the lists of channels hold for it.
    """
    return place if place.private else replace(place, thread=f"@{user}")


def _understood(words: str) -> tuple[Command, str]:
    """The sub-word, and what follows it where it takes something."""
    word, _, argument = words.partition(" ")
    gateway = word.lower() == Command.MODEL
    return (Command.MODEL, argument.strip()) if gateway else (spoken_command(words) or Command.HELP, "")


def wants_gone(payload: Mapping[str, Any]) -> Commanded | None:
    """Read the message shortcut that takes an answer away; whose the message is, the core knows.

    A message with files is known by their ids. Only who asks for it is told what came of it.
    """
    message, channel = part_of(payload, "message"), text_of(payload.get("channel"), "id")
    team, user = (text_of(payload.get(part), "id") for part in ("team", "user"))
    ts, trigger = text_of(payload, "message_ts") or text_of(message, "ts"), text_of(payload, "trigger_id")
    is_ours = (
        text_of(payload, "type") == "message_action"
        and text_of(payload, "callback_id") == shortcuts.TAKE_AWAY
    )
    if not (is_ours and team and user and channel and ts and trigger):
        return None
    files = ",".join(filter(None, (text_of(each, "id") for each in parts_of(message, "files"))))
    thread, reply = text_of(message, "thread_ts"), text_of(payload, "response_url")
    here = Address(channel, team, thread, ts, user=user, user_team=team, ephemeral=True, reply=reply)
    return Commanded(
        keys=(f"slack:{team}:away:{trigger}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel, thread, private=channel.startswith("D")),
        command=Command.DELETE,
        address=str(here),
        awaited=True,
        about=(ts, *([files] if files else [])),
    )


def chosen_on_message(
    payload: Mapping[str, Any], bot: Bot, capabilities: Sequence[Capability]
) -> Said | Commanded | None:
    """Read the message shortcut of a capability, which is done with the message's files, else with its thread.

    Told in that thread, since what only one person sees can't show how far it is; help where it is not switched on.
    """
    name = text_of(payload, "callback_id") if text_of(payload, "type") == "message_action" else ""
    if name not in shortcuts.MENUS:
        return None
    message, channel = part_of(payload, "message"), text_of(payload.get("channel"), "id")
    team, user = (text_of(payload.get(part), "id") for part in ("team", "user"))
    ts, trigger = text_of(payload, "message_ts") or text_of(message, "ts"), text_of(payload, "trigger_id")
    if not (team and user and channel and ts and trigger):
        return None
    thread, reply = text_of(message, "thread_ts") or ts, text_of(payload, "response_url")
    direct = channel.startswith("D")
    keys, author = (f"slack:{team}:menu:{trigger}",), Author(Identity(PLATFORM, team, user))
    place = Place(PLATFORM, team, channel, thread, private=direct)
    if not any(each.name == name and each.menu for each in capabilities):
        aside = Address(channel, team, thread, user=user, user_team=team, ephemeral=True, reply=reply)
        return Commanded(keys, author, place, Command.HELP, str(aside), awaited=True)
    # without a question all of the thread stands around it
    here = Address(channel, team, thread, user=user, user_team=team, direct=direct)
    files = files_of(message, team, bot)
    return Said(keys, author, place, name, str(here), ts, files, awaited=True)


def home_opened(wrapper: Mapping[str, Any], event: Mapping[str, Any]) -> Commanded | None:
    """Read that somebody opened the app's Home tab; nothing of its other tabs."""
    team, user, channel = text_of(wrapper, "team_id"), text_of(event, "user"), text_of(event, "channel")
    moment = text_of(wrapper, "event_id")
    if not (team and user and moment) or text_of(event, "tab") != "home":
        return None
    return Commanded(
        keys=(f"slack:{team}:home:{moment}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel or user, private=True),
        command=Command.HOME,
        address=str(Address(channel or user, team, user=user, user_team=team, home=True)),
    )


def stopped(wrapper: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Pressed, ...]:
    """Read an `agent_session_stopped`, Slack's own stop button.

    In a direct message the thread that it names is a place of its own, or stands below a message that began none:
    which one is answered there is not told, so both are stopped.
    """
    team, user, channel = text_of(wrapper, "team_id"), text_of(event, "user"), text_of(event, "channel")
    thread, moment = text_of(event, "thread_ts"), text_of(wrapper, "event_id")
    if not (team and user and channel and thread and moment):
        return ()
    direct = channel.startswith("D")
    here = Address(channel, team, thread, thread, user, team, direct=direct, ephemeral=not direct)
    return tuple(
        Pressed(
            keys=(f"slack:{team}:stopped:{moment}:{place}",),
            author=Author(Identity(PLATFORM, team, user)),
            place=Place(PLATFORM, team, channel, place, private=direct),
            action=Action.STOP,
            turn="",
            address=str(here),
        )
        for place in ((thread, "") if direct else (thread,))
    )
