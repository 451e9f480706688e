"""Answers as models write them, and what becomes of them in Slack.

Given: `answer`, in Markdown. Expected: `block`, the text of the `markdown` block or the stream; `text`, what stands
beside it for notifications, screen readers and clients without blocks; where it helps, `reader`, what a reader sees
of the block (tests/platforms/slack/reader.py says how that is written), and `bare`, what is posted where Slack takes
no block.
"""

from __future__ import annotations

from bots.slack.delivery.messages import bare, message_content
from tests.corpus.entries import Entry, Rendered
from tests.platforms.slack.reader import drawn


def render(entry: Entry) -> Rendered:
    """Write the answer as Slack gets it."""
    content = message_content(entry.given["answer"])
    block = content["blocks"][0]["text"]
    came = {
        "block": block,
        "text": content["text"],
        "reader": drawn(block),
        "bare": bare(content)["text"],
    }
    return {name: came[name] for name in entry.expected}
