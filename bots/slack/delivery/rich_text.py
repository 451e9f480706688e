"""People's words under the bot's name, letter by letter: nothing in them is a link, a mention or a form of text.

Slack shows the text elements of a rich text block as they are (docs.slack.dev, "Rich text block"); what names people
and channels in one are elements of their own, which only the bot makes.
"""

from __future__ import annotations

import re
from typing import Any

from bots.slack.delivery.markup_out import escaped

_CHANNEL = re.compile(r"C[A-Z0-9]{2,32}")
HERE = "{here}"

Element = dict[str, Any]


def attributed_message(user: str, words: str) -> dict[str, Any]:
    """A message that shows whose words these are."""
    blocks = _rich(_section({"type": "user", "user_id": user}, _text(f": {words}")))
    return {"text": f"<@{user}>: {escaped(words)}", "blocks": blocks}


def quoted_message(channel: str, why: str, *quotes: str) -> dict[str, Any]:
    """A message that quotes words which were said elsewhere.

    `why` has the place `{here}` for the channel. Only channels have a name that can be shown: who asks in another's
    direct message knows where that was.
    """
    texts = [escaped(quote) for quote in quotes if quote]
    rows = [{"type": "rich_text_quote", "elements": [_text(quote)]} for quote in quotes if quote]
    if _CHANNEL.fullmatch(channel):
        before, _, after = why.partition(HERE)
        named = [_text(before), {"type": "channel", "channel_id": channel}, _text(after)]
        texts.insert(0, f"{escaped(before)}<#{channel}>{escaped(after)}")
        rows.insert(0, _section(*(each for each in named if each.get("text") != "")))
    return {"text": "\n\n".join(texts), "blocks": _rich(*rows)}


def _rich(*elements: Element) -> list[Element]:
    return [{"type": "rich_text", "elements": list(elements)}]


def _section(*elements: Element) -> Element:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(words: str) -> Element:
    return {"type": "text", "text": words}
