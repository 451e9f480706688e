"""chat.startStream, chat.appendStream, chat.stopStream."""

from typing import Any

from .. import blocks as kit
from ..refused import RefusedError, invalid
from ..shapes import message_json
from ..state import Channel, Message, Session
from ..streams import Payload, Stream, payload_of
from .agents import SESSION_STATUSES, clear_status
from .chat import metadata_of, thread_root, writable
from .registry import Asked, method


@method("chat.startStream", scope="chat:write", tier=2)
def start(asked: Asked) -> dict[str, Any]:
    _require_feature(asked)
    channel = writable(asked)
    asked.args.text("thread_ts")
    _check_place(asked, channel)
    recipient = _recipient(asked, channel)
    if asked.args.maybe_text("task_display_mode") not in (None, "timeline", "plan"):
        raise invalid("task_display_mode")
    payload = _payload(asked)
    if payload is None:
        raise RefusedError("no_text")
    root = thread_root(asked, channel, "invalid_thread_ts")
    stream = Stream(recipient, payload.kind, asked.world.clock.now())
    _feed(asked, stream, payload)
    stream.first_shown = stream.text
    ts = asked.world.new_ts(channel)
    message = asked.world.put(
        Message(channel, ts, asked.workspace.bot, thread_ts=root, unfurls=False, stream=stream)
    )
    clear_status(asked.world, channel.id, root)
    _set_session(asked, channel.id, str(root), "processing")
    asked.events.posted(message)
    return {"channel": channel.id, "ts": ts}


@method("chat.appendStream", scope="chat:write", tier=4)
def append(asked: Asked) -> dict[str, Any]:
    _require_feature(asked)
    message, stream = _live(asked)
    payload = _payload(asked)
    if payload is None:
        raise RefusedError("no_text")
    previous = message_json(message)
    _feed(asked, stream, payload)
    asked.world.changed()
    asked.events.changed(message, previous)
    return {"channel": message.channel.id, "ts": message.ts}


@method("chat.stopStream", scope="chat:write", tier=2)
def stop(asked: Asked) -> dict[str, Any]:
    _require_feature(asked)
    message, stream = _live(asked)
    footer = kit.check(asked.args.given["blocks"]) if asked.args.has("blocks") else []
    metadata = metadata_of(asked)
    status = asked.args.maybe_text("session_status") or "active"
    if status not in SESSION_STATUSES:
        raise RefusedError("invalid_status")
    previous = message_json(message)
    if (payload := _payload(asked)) is not None:
        _feed(asked, stream, payload)
    stream.footer, stream.ended, message.metadata = footer, "done", metadata
    _set_session(asked, message.channel.id, str(message.thread_ts), status)
    asked.world.changed()
    asked.events.changed(message, previous)
    answer = message_json(message, metadata=True)
    return {"channel": message.channel.id, "ts": message.ts, "message": answer}


def _require_feature(asked: Asked) -> None:
    if asked.world.rules.streams != "ok":
        raise RefusedError(asked.world.rules.streams)


def _check_place(asked: Asked, channel: Channel) -> None:
    odd = channel.kind == "mpim" or channel.shared
    if odd and not asked.world.rules.streams_in_odd_places:
        raise RefusedError("channel_type_not_supported")


def _recipient(asked: Asked, channel: Channel) -> str:
    """Reads whose answer it is; a DM has one other member."""
    if channel.kind == "im":
        return next(iter(channel.members - {asked.workspace.bot.id}))
    user, team = asked.args.maybe_text("recipient_user_id"), asked.args.maybe_text("recipient_team_id")
    if not user:
        raise RefusedError("missing_recipient_user_id")
    if not team:
        raise RefusedError("missing_recipient_team_id")
    person = asked.world.people.get(user)
    if person is None or person.team_id != team:
        raise invalid("recipient_team_id is not the team of recipient_user_id")
    return user


def _payload(asked: Asked) -> Payload | None:
    return payload_of(asked.args.maybe_text("markdown_text"), asked.args.structure("chunks", None))


def _feed(asked: Asked, stream: Stream, payload: Payload) -> None:
    rules = asked.world.rules
    stream.feed(payload, rules.stream_limit_bytes, rules.stream_limit_cards)


def _live(asked: Asked) -> tuple[Message, Stream]:
    """Finds a stream of the app's own that still takes text."""
    channel = asked.world.place(asked.workspace, asked.args.text("channel"))
    message = channel.messages.get(asked.args.text("ts"))
    if message is None or message.hidden:
        raise RefusedError("message_not_found")
    if message.author is not asked.workspace.bot:
        raise RefusedError("message_not_owned_by_app")
    state = asked.world.stream_state(message)
    if state == "stopped_by_user":
        raise RefusedError("stopped_by_user")
    if message.stream is None or state != "live":
        raise RefusedError("message_not_in_streaming_state")
    return message, message.stream


def _set_session(asked: Asked, channel_id: str, thread_ts: str, status: str) -> None:
    session = asked.world.sessions.setdefault((channel_id, thread_ts), Session())
    session.status, session.since = status, asked.world.clock.now()
