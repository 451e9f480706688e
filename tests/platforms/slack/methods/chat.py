"""chat.postMessage, chat.update, chat.delete, chat.postEphemeral."""

import json
from typing import Any

from .. import blocks as kit
from ..refused import RefusedError, invalid
from ..shapes import message_json
from ..state import Channel, Message
from ..text import posted_to_wire
from .agents import clear_status
from .registry import Asked, method

TEXT_AT_MOST = 40_000
UPDATED_TEXT_AT_MOST = 4_000
MARKDOWN_AT_MOST = 12_000
METADATA_AT_MOST = 8_000


@method("chat.postMessage", scope="chat:write")
def post_message(asked: Asked) -> dict[str, Any]:
    channel = writable(asked)
    if (again := _posted_before(asked, channel)) is not None:
        return _posted(again)
    content = content_of(asked)
    message = Message(
        channel,
        asked.world.new_ts(channel),
        asked.workspace.bot,
        thread_ts=thread_root(asked, channel),
        metadata=metadata_of(asked),
        client_msg_id=asked.args.maybe_text("client_msg_id"),
        unfurls=asked.args.flag("unfurl_links", True) or asked.args.flag("unfurl_media", True),
        names_live=_names_live(asked),
        **content,
    )
    if message.thread_ts and asked.args.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    return _cut(asked.world.put(message), asked)


@method("chat.getPermalink")
def get_permalink(asked: Asked) -> dict[str, Any]:
    channel = asked.world.place_with_bot(asked.workspace, asked.args.text("channel"))
    ts = asked.args.text("message_ts")
    if ts not in channel.messages:
        raise RefusedError("message_not_found")
    address = f"https://{asked.workspace.name}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": address}


def _cut(message: Message, asked: Asked) -> dict[str, Any]:
    """Cuts a text that is too long, says so, and announces the message."""
    warnings = ["message_truncated"] if len(message.text) > TEXT_AT_MOST else []
    message.text = message.text[:TEXT_AT_MOST]
    clear_status(asked.world, message.channel.id, message.thread_ts)
    asked.events.posted(message)
    return {**_posted(message), **({"response_metadata": {"warnings": warnings}} if warnings else {})}


def _posted(message: Message) -> dict[str, Any]:
    return {"channel": message.channel.id, "ts": message.ts, "message": message_json(message, metadata=True)}


def _posted_before(asked: Asked, channel: Channel) -> Message | None:
    wanted = asked.args.maybe_text("client_msg_id")
    if not wanted or not asked.world.rules.dedupe_posts:
        return None
    mine = (each for each in channel.messages.values() if each.author is asked.workspace.bot)
    return next((each for each in mine if each.client_msg_id == wanted), None)


@method("chat.update", scope="chat:write", tier=3)
def update(asked: Asked) -> dict[str, Any]:
    channel = asked.world.place(asked.workspace, asked.args.text("channel"))
    message = own(asked, channel, asked.args.text("ts"), "cant_update_message")
    _check_updatable(asked, message)
    content = content_of(asked, text_at_most=UPDATED_TEXT_AT_MOST)
    previous = message_json(message)
    message.stream = None
    for name, value in content.items():
        setattr(message, name, value)
    if (metadata := metadata_of(asked)) is not None:
        message.metadata = metadata
    message.names_live = _names_live(asked)
    message.edited = {"user": message.author.id, "ts": f"{asked.world.clock.now():.6f}"}
    asked.world.changed()
    asked.events.changed(message, previous)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message_json(message)}


def _check_updatable(asked: Asked, message: Message) -> None:
    state = asked.world.stream_state(message)
    if state == "live":
        raise RefusedError("streaming_state_conflict")
    if state == "dead" and asked.world.rules.dead_stream_update != "ok":
        raise RefusedError(asked.world.rules.dead_stream_update)


@method("chat.delete", scope="chat:write", tier=3)
def delete(asked: Asked) -> dict[str, Any]:
    channel = asked.world.place(asked.workspace, asked.args.text("channel"))
    message = own(asked, channel, asked.args.text("ts"), "cant_delete_message")
    message.deleted = True
    asked.world.changed()
    asked.events.deleted(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", scope="chat:write", tier=4)
def post_ephemeral(asked: Asked) -> dict[str, Any]:
    channel = writable(asked)
    reader = asked.args.text("user")
    if reader not in channel.members:
        raise RefusedError("user_not_in_channel")
    ts = asked.world.new_ts(channel)
    thread_ts = thread_root(asked, channel)
    asked.world.put(
        Message(channel, ts, asked.workspace.bot, thread_ts=thread_ts, only_to=reader, **content_of(asked))
    )
    return {"message_ts": ts}


def writable(asked: Asked, name: str = "channel") -> Channel:
    """Finds the channel to write in."""
    channel = asked.world.place_with_bot(asked.workspace, asked.args.text(name))
    if channel.archived:
        raise RefusedError("is_archived")
    if channel.kind == "im" and not asked.world.rules.messages_tab:
        raise RefusedError("messages_tab_disabled")
    return channel


def thread_root(asked: Asked, channel: Channel, error: str = "cannot_reply_to_message") -> str | None:
    """Reads `thread_ts`: the ts of a message that stands in the channel and is no reply itself."""
    thread_ts = asked.args.maybe_text("thread_ts")
    if thread_ts is None:
        return None
    root = channel.messages.get(thread_ts)
    if root is None or root.deleted or root.only_to or root.thread_ts not in (None, root.ts):
        raise RefusedError(error)
    return thread_ts


def own(asked: Asked, channel: Channel, ts: str, error: str) -> Message:
    """Finds a message of the app's own."""
    message = channel.messages.get(ts)
    if message is None or message.hidden or message.only_to is not None:
        raise RefusedError("message_not_found")
    if message.author is not asked.workspace.bot:
        raise RefusedError(error)
    return message


def content_of(asked: Asked, text_at_most: int | None = None) -> dict[str, Any]:
    """Reads what is to be shown: text with or without blocks, or markdown_text alone."""
    args = asked.args
    text, markdown = args.maybe_text("text"), args.maybe_text("markdown_text")
    if markdown is not None and (text is not None or args.has("blocks")):
        raise RefusedError("markdown_text_conflict")
    if markdown is not None and len(markdown) > MARKDOWN_AT_MOST:
        raise RefusedError("msg_too_long")
    if text is not None and text_at_most is not None and len(text) > text_at_most:
        raise RefusedError("msg_too_long")
    blocks = kit.check(args.given["blocks"]) if args.has("blocks") else []
    attachments = args.structure("attachments", [])
    words = markdown if markdown is not None else text or ""
    if not words.strip() and not blocks and not attachments:
        raise RefusedError("no_text")
    wire = words if markdown is not None else posted_to_wire(words)
    return {"text": wire, "markdown": markdown is not None, "blocks": blocks, "attachments": attachments}


def metadata_of(asked: Asked) -> dict[str, Any] | None:
    metadata = asked.args.structure("metadata", None)
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise RefusedError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise RefusedError("invalid_metadata_format")
    if len(json.dumps(metadata)) > METADATA_AT_MOST:
        raise RefusedError("metadata_too_large")
    return metadata


def _names_live(asked: Asked) -> bool:
    parse = asked.args.maybe_text("parse")
    if parse not in (None, "none", "full", "mrkdwn", "false"):
        raise invalid("parse")
    return asked.args.flag("link_names") or parse == "full"
