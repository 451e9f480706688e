"""Messages that Discord itself writes in somebody's name: its clients show a sentence that is not in the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.discord.events.payloads import id_of, line_of, number_of, parts_of

NOTICES: Mapping[int, str] = {
    1: "added {them}",
    2: "removed {them}",
    3: "started a call",
    4: "changed the name of this channel: {content}",
    5: "changed the picture of this channel",
    6: "pinned a message",
    7: "joined the server",
    8: "boosted the server",
    9: "boosted the server, which reached level 1",
    10: "boosted the server, which reached level 2",
    11: "boosted the server, which reached level 3",
    12: "added the posts of {content} to this channel",
    18: "started a thread: {content}",
    25: "subscribed to a role of the server",
    27: "started the stage: {content}",
    28: "ended the stage: {content}",
    29: "speaks on the stage now",
    30: "asked to speak on the stage",
    31: "changed the topic of the stage: {content}",
    44: "bought something",
}
"""What who is named as the author did, by the type of the message (discord-api-docs, `resources/message`)."""


def notice_of(raw: Any) -> str:
    """Say what Discord tells of somebody; `""` for what somebody wrote, and for kinds that are not known."""
    sentence = NOTICES.get(number_of(raw, "type", -1))
    if sentence is None:
        return ""
    them = " ".join(f"<@{id_}>" for each in parts_of(raw, "mentions") if (id_ := id_of(each, "id")))
    return f"[notice: {sentence.format(content=line_of(raw, 'content'), them=them)}]"
