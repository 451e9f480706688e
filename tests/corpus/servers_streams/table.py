"""Writes docs/other-servers.md anew from the corpus: `python -m tests.corpus.servers_streams.table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpus.entries import FOLDER, Entry

PAGE = FOLDER.parent.parent / "docs" / "other-servers.md"
HEAD = """# Other servers

What a person reads of an answer, for every form in which servers send one: AIVAX, OpenAI, and what calls itself
compatible with it. Each row is an entry of `tests/corpus/servers_streams`, where the bytes stand; `make golden`
compares them. This page is written from there: `python -m tests.corpus.servers_streams.table`.

An outage is told when two people meet it within a minute; a question that fails alone is tried again in silence first
([when-aivax-says-no.md](when-aivax-says-no.md)).

What stands in *italics* is the bot's own voice: below the model's words, or in their place. The outcome is the reason
for which the answer ended with its cost, or the error as the log has it, and how often the server was asked.

| Server, and what is special | What a person reads | Outcome |
| --- | --- | --- |
"""


def rows() -> Iterator[str]:
    for path in sorted((FOLDER / "servers_streams").glob("*.txt")):
        entry = Entry(path)
        cells = (entry.says, reader(entry), f"`{entry.expected['outcome']}`")
        yield f"| {' | '.join(map(cell, cells))} |"


def reader(entry: Entry) -> str:
    words, line, note = entry.expected["reader"].partition("\n---\n")
    if line:
        return f"{words}<br>*{note}*"
    return words if not is_ours(entry) else f"*{words}*"


def is_ours(entry: Entry) -> bool:
    """Whether no word of a model stands there: it failed, or ended without one."""
    outcome = entry.expected["outcome"]
    return ": " in outcome or entry.expected["reader"].startswith(
        ("I couldn't", "I reached", "The AI service's", "To answer that")
    )


def cell(text: str) -> str:
    return (
        text.replace("|", "\\|")
        .replace("\n", "<br>")
        .replace("<think>", "&lt;think>")
        .replace("</think>", "&lt;/think>")
    )


def page() -> str:
    return HEAD + "\n".join(rows()) + "\n"


if __name__ == "__main__":
    Path(PAGE).write_text(page(), encoding="utf-8")
