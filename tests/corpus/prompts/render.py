"""The messages that a question becomes, as they are sent.

`given said` is a list of what is shown, oldest first: each with `by` (a name, or `bot` for its own answers), `text`,
and `files`, of which those in `given sent` go along, as pictures. `around` marks what stands around the question on
its platform, with `replied_to` for the message that it replies to; `now` the question. `given settings` may hold
`scope` and `instructions`.
"""

from __future__ import annotations

import json
from typing import Any

from core.aivax.request import ImagePart, Part, TextPart
from core.conversations.prompt import Context, messages_of
from core.conversations.request_files import Earlier, EarlierPart, Fetched
from core.domain import Attachment, Quote, Remembered
from tests.corpus.entries import Entry


def render(entry: Entry) -> dict[str, str]:
    """Put the context into messages, each under its role."""
    said = [(str(number), each) for number, each in enumerate(entry.json("said"))]
    settings = json.loads(entry.given.get("settings", "{}"))
    sent = set(json.loads(entry.given.get("sent", "[]")))
    context = Context(
        instructions=settings.get("instructions", ""),
        window=tuple(_remembered(at, each) for at, each in said if not each.keys() & {"around", "now"}),
        quotes=tuple(_quote(at, each) for at, each in said if "around" in each),
        question=tuple(_remembered(at, each) for at, each in said if "now" in each),
        names_authors=settings.get("scope") == "thread",
    )
    own = [name for _, each in said if "now" in each for name in each.get("files", ()) if name in sent]
    before = [
        EarlierPart(Earlier(_file(name), at, in_history="around" not in each), ImagePart(name))
        for at, each in said
        if "now" not in each
        for name in each.get("files", ())
        if name in sent
    ]
    files = Fetched(tuple(map(ImagePart, own)), media=tuple(own), earlier=tuple(before))
    shown = [f"[{message.role}]\n{_content(message.content)}" for message in messages_of(context, files)]
    return {"messages": "\n".join(shown)}


def _file(name: str) -> Attachment:
    return Attachment(name, name, "image/png")


def _remembered(at: str, each: dict[str, Any]) -> Remembered:
    files = tuple(map(_file, each.get("files", ())))
    own = each["by"] == "bot"
    return Remembered(
        int(at), "assistant" if own else "user", each["text"], each["by"], files, at, each["by"]
    )


def _quote(at: str, each: dict[str, Any]) -> Quote:
    return Quote(
        origin=at,
        author_name=each["by"],
        text=each["text"],
        attachments=tuple(map(_file, each.get("files", ()))),
        replied_to=each.get("replied_to", False),
        author=each.get("id", each["by"]),
        own=each["by"] == "bot",
    )


def _content(content: str | tuple[Part, ...]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(
        part.text if isinstance(part, TextPart) else f"(picture: {_url(part)})" for part in content
    )


def _url(part: Part) -> str:
    assert isinstance(part, ImagePart)
    return str(part.url)
