"""assistant.threads.* and agents.sessions.*: what the thread says about who is at work."""

from typing import Any

from ..refused import RefusedError, invalid
from ..state import Session
from ..world import World
from .registry import Asked, method

STATUS_LIFE_S = 120.0
PROCESSING_LIFE_S = 3_600.0
SESSION_STATUSES = ("active", "processing", "suspended", "closed")


@method("assistant.threads.setStatus", scope="chat:write assistant:write")
def set_status(asked: Asked) -> dict[str, Any]:
    key = _thread(asked)
    status = asked.args.maybe_text("status")
    if status is None:
        raise invalid("missing required field: status")
    loading = asked.args.structure("loading_messages", [])
    if not isinstance(loading, list) or len(loading) > 10:
        raise invalid("no more than 10 loading_messages")
    if not all(isinstance(each, str) and len(each) <= 50 for each in loading):
        raise invalid("a loading message has at most 50 characters")
    session = asked.world.sessions.setdefault(key, Session())
    session.text, session.loading, session.since = status, loading, asked.world.clock.now()
    session.status = "processing" if status else "active"
    asked.world.changed()
    return {}


@method("assistant.threads.setTitle", scope="assistant:write", tier=4)
def set_title(asked: Asked) -> dict[str, Any]:
    asked.world.sessions.setdefault(_thread(asked), Session()).title = asked.args.text("title")
    asked.world.changed()
    return {}


@method("assistant.threads.setSuggestedPrompts", scope="assistant:write", tier=4)
def set_suggested_prompts(asked: Asked) -> dict[str, Any]:
    channel = asked.world.place(asked.workspace, asked.args.text("channel_id"))
    prompts = asked.args.structure("prompts")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= 4:
        raise invalid("between 1 and 4 prompts")
    if not all(isinstance(p, dict) and p.get("title") and p.get("message") for p in prompts):
        raise invalid("a prompt has a title and a message")
    thread_ts = asked.args.maybe_text("thread_ts")
    if thread_ts is None and not asked.world.rules.agent_view:
        raise RefusedError("not_agent_app")
    asked.world.prompts[channel.id, thread_ts] = {"prompts": prompts, "title": asked.args.maybe_text("title")}
    asked.world.changed()
    return {}


@method("agents.sessions.setStatus", scope="chat:write", tier=3)
def set_session_status(asked: Asked) -> dict[str, Any]:
    _require_sessions(asked)
    status = asked.args.text("status")
    if status not in SESSION_STATUSES:
        raise RefusedError("invalid_status")
    if not asked.args.has("thread_ts"):
        raise RefusedError("thread_ts_required")
    session = asked.world.sessions.setdefault(_thread(asked), Session())
    session.status, session.text, session.since = status, "", asked.world.clock.now()
    session.title = asked.args.maybe_text("title") or session.title
    asked.world.changed()
    return {}


@method("agents.sessions.rename", scope="chat:write", tier=3)
def rename_session(asked: Asked) -> dict[str, Any]:
    _require_sessions(asked)
    title = asked.args.text("title")
    if len(title) > 200:
        raise invalid("title has at most 200 characters")
    session = asked.world.sessions.get(_thread(asked))
    if session is None:
        raise RefusedError("session_not_found")
    session.title = title
    asked.world.changed()
    return {}


def _require_sessions(asked: Asked) -> None:
    if asked.world.rules.sessions != "ok":
        raise RefusedError(asked.world.rules.sessions)


def _thread(asked: Asked) -> tuple[str, str]:
    channel = asked.world.place_with_bot(asked.workspace, asked.args.text("channel_id"))
    thread_ts = asked.args.text("thread_ts")
    if thread_ts not in channel.messages:
        raise RefusedError("invalid_thread_ts")
    return channel.id, thread_ts


def clear_status(world: World, channel_id: str, thread_ts: str | None) -> None:
    """Takes the free-text status away, as the app's own post does; a session's status stays."""
    session = world.sessions.get((channel_id, str(thread_ts)))
    if session is not None and session.text:
        session.text, session.status = "", "active"


def status_now(world: World, channel_id: str, thread_ts: str) -> tuple[str, str]:
    """Returns the free text and the session status that the thread shows now."""
    session = world.sessions.get((channel_id, thread_ts))
    if session is None:
        return "", ""
    age_s = world.clock.now() - session.since
    if session.text:
        return (session.text, session.status) if age_s < STATUS_LIFE_S else ("", "active")
    gone = session.status == "processing" and age_s >= PROCESSING_LIFE_S
    return "", "active" if gone else session.status
