"""Embeds as a person reads them: the cards of apps, the previews of links, the results of polls.

https://discord.com/developers/docs/resources/message, "Embed Object".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bots.discord.events.payloads import line_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import Json

MOST_EMBEDS, MOST_FIELDS = 10, 25
"""Discord's limits."""
PREVIEWS = frozenset({"link", "article", "video", "image", "gifv"})
"""What Discord makes of links; all other kinds an app can have written itself."""
POLL_RESULT = "poll_result"
"""What Discord itself writes when a poll ends, in a message of who began it."""
_EMPTY = "\u200b\u200c\u200d\u2060\ufeff\u00ad \t\n"
"""What apps write where Discord wants something and they have nothing to say."""


def cards_in(raw: Any, *, by_app: bool, own: bool = False, said: str = "") -> Iterator[str]:
    """Read a message's embeds, each as one text; what `said` tells already is not said again.

    People can't write embeds: theirs are previews. To the bot's `own` messages previews came as well.
    """
    previewed: set[str] = set()
    for embed in parts_of(raw, "embeds")[:MOST_EMBEDS]:
        kind, url = text_of(embed, "type"), line_of(embed, "url")
        if kind == POLL_RESULT:
            yield _poll_result(embed)
        elif by_app and kind not in PREVIEWS:
            yield "\n".join(_card(embed, said, page=url))
        elif not own and not (url and url in previewed):
            previewed.add(url)
            yield _preview(url, "\n".join(_card(embed, url)))


def quoted_lines(text: str) -> str:
    """Write a text as Discord quotes it."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


def linked(url: str, label: str) -> str:
    """Write what a link says, and where it leads."""
    return f"{label} ({url})" if url and label and label != url else label


def _preview(url: str, text: str) -> str:
    if not text:
        return ""
    return "\n".join([f"[preview of {url}]" if url else "[preview]", quoted_lines(text)])


def _card(embed: Json, said: str, *, page: str = "") -> list[str]:
    """Read author, title, description, fields and footer; a part that repeats an earlier one says nothing.

    `page`: where the title leads, unless that was said.
    """
    known = {said, *said.split("\n")}
    lines: list[str] = []
    title = text_of(embed, "title").strip(_EMPTY)
    for text in (
        line_of(part_of(embed, "author"), "name"),
        title if title in known or page in said else linked(page, title),
        text_of(embed, "description"),
        *map(_field, parts_of(embed, "fields")[:MOST_FIELDS]),
        *(_alt(part_of(embed, name)) for name in ("image", "thumbnail", "video")),
        text_of(part_of(embed, "footer"), "text"),
    ):
        part = text.strip(_EMPTY)
        if part and part not in known:
            lines.append(part)
            known |= {part, *part.split("\n")}
    return lines


def _field(field: Json) -> str:
    name, value = text_of(field, "name").strip(_EMPTY), text_of(field, "value").strip(_EMPTY)
    return f"{name}: {value}" if name and value else name or value


def _alt(media: Json) -> str:
    """What a picture shows, where who posted it said so."""
    return f"[image: {told}]" if (told := line_of(media, "description")) else ""


def _poll_result(embed: Json) -> str:
    told = {text_of(field, "name"): line_of(field, "value") for field in parts_of(embed, "fields")}
    if not (question := told.get("poll_question_text")):
        return ""
    winner, votes = told.get("victor_answer_text"), told.get("victor_answer_votes", "0")
    result = f": {winner} ({votes} of {told.get('total_votes', '0')})" if winner else ""
    return f"[poll result: {question}{result}]"
