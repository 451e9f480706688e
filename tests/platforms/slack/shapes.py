"""The JSON in which Slack speaks of what it holds."""

from typing import Any

from .state import Channel, Message, Person, Workspace

REPLY_USERS_AT_MOST = 5


def message_json(message: Message, *, metadata: bool = False) -> dict[str, Any]:
    """A message as events and reads carry it. A stream has no metadata before it is stopped."""
    optional = {
        "subtype": message.subtype,
        "client_msg_id": message.client_msg_id,
        "thread_ts": message.thread_ts,
        "blocks": _blocks_of(message),
        "files": message.files,
        "attachments": message.attachments,
        "edited": message.edited,
        "reactions": [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()],
        "metadata": message.metadata if metadata else None,
    }
    return {
        "type": "message",
        "user": message.author.id,
        "ts": message.ts,
        "text": text_of(message),
        **({} if message.subtype == "me_message" else {"team": message.author.team_id}),
        **{name: value for name, value in optional.items() if value},
        **_bot_fields(message),
        **_thread_fields(message),
        **_guest_fields(message),
    }


def text_of(message: Message) -> str:
    """Slack reads no words out of blocks for a message that was posted without a text."""
    return message.text if message.stream is None else message.stream.text


def _blocks_of(message: Message) -> list[dict[str, Any]]:
    if message.stream is None:
        return message.blocks
    return [{"type": "markdown", "text": message.stream.text}, *message.stream.blocks, *message.stream.footer]


def _bot_fields(message: Message) -> dict[str, Any]:
    author = message.author
    if author.bot_id is None:
        return {}
    profile = {"id": author.bot_id, "app_id": author.app_id, "name": author.name, "team_id": author.team_id}
    return {"bot_id": author.bot_id, "app_id": author.app_id, "bot_profile": profile}


def _thread_fields(message: Message) -> dict[str, Any]:
    if message.thread_ts:
        root = message.channel.messages.get(message.thread_ts)
        return {"parent_user_id": root.author.id} if root else {}
    replies = message.replies()
    if not replies:
        return {}
    users = list(dict.fromkeys(each.author.id for each in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts,
        "reply_users": users[:REPLY_USERS_AT_MOST],
        "reply_users_count": len(users),
    }


def _guest_fields(message: Message) -> dict[str, Any]:
    author = message.author
    if author.workspace is message.channel.workspace:
        return {}
    return {"user_team": author.team_id, "source_team": author.team_id}


def channel_json(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_member": channel.bot_in,
        "is_archived": channel.archived,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        **({"creator": channel.creator} if channel.creator else {}),
    }


def person_json(person: Person, *, locale: bool, seen_from: Workspace) -> dict[str, Any]:
    return {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "real_name": person.name.title(),
        "tz": person.tz,
        "is_bot": person.bot_id is not None,
        "is_restricted": person.restricted,
        "is_admin": person.admin,
        "is_owner": person.owner,
        "is_primary_owner": False,
        "is_stranger": person.stranger or not _is_of_one_organisation(person.workspace, seen_from),
        "profile": {"display_name": _escaped(person.name), "real_name": _escaped(person.name.title())},
        **({"locale": person.locale} if locale else {}),
        **_grid_fields(person),
    }


def _escaped(name: str) -> str:
    """Names come escaped, as texts do."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _grid_fields(person: Person) -> dict[str, Any]:
    """What Slack adds for people of an Enterprise Grid organisation."""
    home = person.workspace
    if not home.enterprise_id:
        return {}
    told = {"id": person.id, "enterprise_id": home.enterprise_id, "enterprise_name": "org"}
    return {"enterprise_user": {**told, "is_admin": False, "is_owner": False, "teams": [home.id]}}


def _is_of_one_organisation(one: Workspace, other: Workspace) -> bool:
    return one is other or (one.enterprise_id is not None and one.enterprise_id == other.enterprise_id)
