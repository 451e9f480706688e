"""conversations.* and users.info."""

from decimal import Decimal
from typing import Any

from ..refused import RefusedError, invalid
from ..shapes import channel_json, message_json, person_json
from ..state import Message
from .registry import Asked, method

PAGE_AT_MOST = 1_000
LIMITED_PAGE = 15
HISTORY = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
HISTORY_SCOPES = "channels:history groups:history im:history mpim:history"
KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
READ_SCOPES = "channels:read groups:read im:read mpim:read"


@method("conversations.replies", scope=HISTORY_SCOPES, tier=3)
def replies(asked: Asked) -> dict[str, Any]:
    channel = _readable(asked)
    asked_for = channel.messages.get(asked.args.text("ts"))
    root = asked_for.thread_ts or asked_for.ts if asked_for else ""
    thread = channel.thread(root)
    if not thread:
        raise RefusedError("thread_not_found")
    return _page(asked, thread, root if asked.world.rules.root_before_replies else "")


@method("conversations.history", scope=HISTORY_SCOPES, tier=3)
def history(asked: Asked) -> dict[str, Any]:
    top = [m for m in _readable(asked).standing() if not m.thread_ts or m.subtype == "thread_broadcast"]
    if asked.world.rules.history_lags:
        asked.world.rules.history_lags -= 1
        del top[-1:]
    return _page(asked, list(reversed(top)))


def _readable(asked: Asked) -> Any:
    channel = asked.world.place_with_bot(asked.workspace, asked.args.text("channel"))
    _require_scope(asked, f"{HISTORY[channel.kind]}:history")
    return channel


def _require_scope(asked: Asked, scope: str) -> None:
    granted = asked.workspace.scopes
    if scope not in granted:
        raise RefusedError("missing_scope", needed=scope, provided=",".join(sorted(granted)))


def _page(asked: Asked, messages: list[Message], root: str = "") -> dict[str, Any]:
    """Cuts out one page; the cursor is opaque to the caller."""
    limit = asked.args.number("limit", 100)
    if not 0 < limit <= PAGE_AT_MOST:
        raise RefusedError("invalid_limit")
    if asked.world.rules.history_limited:
        limit = min(limit, LIMITED_PAGE)
    within = [message for message in messages if message.ts == root or _in_range(asked, message)]
    first = _position(asked.args.maybe_text("cursor"))
    page, more = within[first : first + limit], len(within) > first + limit
    metadata = asked.args.flag("include_all_metadata")
    return {
        "messages": [message_json(message, metadata=metadata) for message in page],
        "has_more": more,
        "response_metadata": {"next_cursor": f"bmV4dA{first + limit}" if more else ""},
    }


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not cursor.startswith("bmV4dA"):
        raise RefusedError("invalid_cursor")
    return int(cursor.removeprefix("bmV4dA"))


def _in_range(asked: Asked, message: Message) -> bool:
    oldest, latest = _moment(asked, "oldest", "0"), _moment(asked, "latest", "Infinity")
    ts = Decimal(message.ts)
    if asked.args.flag("inclusive"):
        return oldest <= ts <= latest
    return oldest < ts < latest


def _moment(asked: Asked, name: str, default: str) -> Decimal:
    try:
        return Decimal(asked.args.maybe_text(name) or default)
    except ArithmeticError:
        raise RefusedError(f"invalid_ts_{name}") from None


@method("users.conversations", scope=READ_SCOPES, tier=3)
def of_the_bot(asked: Asked) -> dict[str, Any]:
    """Lists the channels that the app is in; each kind wants a scope of its own."""
    kinds = [KINDS[each] for each in (asked.args.maybe_text("types") or "public_channel").split(",")]
    for kind in kinds:
        _require_scope(asked, f"{HISTORY[kind]}:read")
    mine = [
        each
        for each in asked.world.channels.values()
        if each.workspace is asked.workspace and each.bot_in and each.kind in kinds
    ]
    limit, first = asked.args.number("limit", 100), _position(asked.args.maybe_text("cursor"))
    more = len(mine) > first + limit
    return {
        "channels": [channel_json(each) for each in mine[first : first + limit]],
        "response_metadata": {"next_cursor": f"bmV4dA{first + limit}" if more else ""},
    }


@method("conversations.info", scope=READ_SCOPES, tier=3)
def info(asked: Asked) -> dict[str, Any]:
    channel = asked.world.place(asked.workspace, asked.args.text("channel"))
    _require_scope(asked, f"{HISTORY[channel.kind]}:read")
    return {"channel": channel_json(channel)}


@method("conversations.open", scope="im:write mpim:write", tier=3)
def open_dm(asked: Asked) -> dict[str, Any]:
    if asked.args.has("channel"):
        return {"channel": {"id": asked.world.place(asked.workspace, asked.args.text("channel")).id}}
    people = [asked.world.people.get(each) for each in asked.args.text("users").split(",")]
    if any(person is None or person.bot_id for person in people):
        raise RefusedError("user_not_found")
    if len(people) != 1 or people[0] is None:
        raise invalid("only one user: group DMs are not opened here")
    return {"channel": {"id": asked.world.dm_of(people[0], asked.workspace).id}}


@method("users.info", scope="users:read", tier=4)
def user_info(asked: Asked) -> dict[str, Any]:
    person = asked.world.people.get(asked.args.text("user"))
    if person is None:
        raise RefusedError("user_not_found")
    locale = asked.args.flag("include_locale")
    return {"user": person_json(person, locale=locale, seen_from=asked.workspace)}


@method("usergroups.list", scope="usergroups:read", tier=2)
def groups(asked: Asked) -> dict[str, Any]:
    told = asked.world.groups
    return {
        "usergroups": [{"id": id_, "handle": handle, "name": handle.title()} for id_, handle in told.items()]
    }
