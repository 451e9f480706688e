"""What a person sees, as frozen values that a test can compare."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import blocks as kit
from .state import Channel, Message, Person
from .streams import TaskCard
from .text import links, pings, shown
from .world import World


@dataclass(frozen=True)
class Shown:
    """One message on the screen."""

    author: str
    user: str
    is_bot: bool
    text: str
    ts: str
    channel: str
    thread_ts: str | None = None
    footer: str = ""  # the words of the blocks below a stream
    streaming: bool = False  # goes on showing as being written
    stream: str | None = None  # "live", "dead", "done", "stopped_by_user"; None: no stream
    tasks: tuple[TaskCard, ...] = ()
    plan: str = ""
    pings: tuple[str, ...] = ()  # live tokens in it, and so the people it notified
    unfurls: tuple[str, ...] = ()  # links that grow a preview
    actions: tuple[str, ...] = ()  # action_ids that can be pressed
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    edited: bool = False
    only_to: str | None = None
    broadcast: bool = False
    metadata: Mapping[str, Any] | None = None
    blocks: tuple[Mapping[str, Any], ...] = ()


def show(world: World, message: Message, to: Person | None = None) -> Shown:
    """Renders a message for a person, or, without one, for someone who sees everything."""
    base = Shown(
        author=message.author.name,
        user=message.author.id,
        is_bot=message.author.bot_id is not None,
        text="\n".join(shown(wire, world.name_of) for wire in _wires(message, to)),
        ts=message.ts,
        channel=message.channel.id,
        thread_ts=message.thread_ts,
        pings=tuple(_pings(message)),
        unfurls=tuple(_unfurls(message)),
        actions=tuple(element["action_id"] for _, element in kit.pressable(all_blocks(message))),
        reactions={name: tuple(users) for name, users in message.reactions.items()},
        files=tuple(each.get("name", each["id"]) for each in message.files),
        edited=message.edited is not None,
        only_to=message.only_to,
        broadcast=message.subtype == "thread_broadcast",
        metadata=message.metadata,
        blocks=tuple(all_blocks(message)),
    )
    return _with_stream(base, world, message)


def _with_stream(base: Shown, world: World, message: Message) -> Shown:
    stream, state = message.stream, world.stream_state(message)
    if stream is None:
        return base
    footer = "\n".join(shown(wire, world.name_of) for wire in kit.words(stream.footer))
    tasks = tuple(stream.tasks.values())
    return replace(
        base, stream=state, streaming=state == "live", footer=footer, tasks=tasks, plan=stream.plan
    )


def all_blocks(message: Message) -> list[dict[str, Any]]:
    stream = message.stream
    return [*stream.blocks, *stream.footer] if stream else message.blocks


def _wires(message: Message, to: Person | None) -> list[str]:
    """The wire texts that are in view: of blocks if there are any, else of the text itself."""
    stream = message.stream
    if stream is None:
        return kit.words(message.blocks) if _blocks_speak(message) else [message.text]
    onlooker = to is not None and to.id != stream.recipient and message.channel.kind != "im"
    if onlooker and stream.ended is None:
        return [stream.first_shown]
    return [part for part in (stream.text, *kit.words(stream.blocks)) if part]


def _blocks_speak(message: Message) -> bool:
    """A person's own blocks only repeat the text; an app's replace it."""
    return message.author.bot_id is not None and bool(message.blocks)


def _everything(message: Message) -> list[str]:
    stream = message.stream
    cards = [text for t in stream.tasks.values() for text in (t.title, t.details, t.output)] if stream else []
    own = [stream.text, stream.plan, *cards] if stream else [message.text]
    return [*own, *kit.words(all_blocks(message))]


def _pings(message: Message) -> list[str]:
    found: list[str] = []
    for wire in _everything(message):
        found += [each for each in pings(wire, names_live=message.names_live) if each not in found]
    return found


def _unfurls(message: Message) -> list[str]:
    if not message.unfurls:
        return []
    return list(dict.fromkeys(link for wire in _everything(message) for link in links(wire)))


def visible(world: World, channel: Channel, thread_ts: str | None, to: Person | None) -> list[Shown]:
    """Lists what stands in a channel, replies included, or in one thread; ephemeral ones for their reader only."""
    seen = [
        m for m in channel.messages.values() if not m.hidden and (to is None or m.only_to in (None, to.id))
    ]
    if thread_ts is not None:
        seen = [message for message in seen if thread_ts in (message.ts, message.thread_ts)]
    return [show(world, message, to) for message in seen]
