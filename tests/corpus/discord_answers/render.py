"""Answers as models write them, and the messages that Discord gets of them.

Given: `answer`, in Markdown; or `so far`, what is there of one that is still being written. `limit`: how many
characters a message holds, 2000 where nothing is said. Expected: `message 1` and so on, each as Discord gets it.
"""

from __future__ import annotations

from bots.discord.delivery.markup_out import DIALECT, MAX_SIZE, native, size
from core.markdown.splitter import Splitter
from tests.corpus.entries import Entry, Rendered


def render(entry: Entry) -> Rendered:
    """Write each message."""
    splitter = Splitter(int(entry.given.get("limit", MAX_SIZE)), size, DIALECT)
    so_far = entry.given.get("so far")
    splitter.feed(entry.given["answer"] if so_far is None else so_far)
    parts = splitter.parts if so_far is None else splitter.parts_so_far
    return {f"message {number}": native(part.text) for number, part in enumerate(parts, 1)}
