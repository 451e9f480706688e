"""Writes docs/other-servers.md anew from the corpus: `python -m tests.corpus.other_servers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpus.entries import FOLDER, Entry

PAGE = FOLDER.parent.parent / "docs" / "other-servers.md"
ANSWERS = """# Other servers

What a person reads of an answer, and of a refusal, for every form in which servers send one: AIVAX, OpenAI, and what
calls itself compatible with it. Each row is an entry of `tests/corpus/servers_streams` or `servers_errors`, where the
bytes stand; `make golden` compares them, and `tests/test_other_servers.py` has `aivax-bots chat` read each of them from
a server. This page is written from there: `python -m tests.corpus.other_servers`.

## Answers

What stands in *italics* is the bot's own voice: below the model's words, or in their place. The outcome is the reason
for which the answer ended with its cost, or the error as the log has it, and how often the server was asked.

An outage is told when two people meet it within a minute; a question that fails alone is tried again in silence first
([when-aivax-says-no.md](when-aivax-says-no.md)).

| Server, and what is special | What a person reads | Outcome |
| --- | --- | --- |
"""
REFUSALS = """
## The base address

`[aivax] base_url` is used as it was meant: without a scheme or `/v1`, with a route or a query behind it, in quotes, of
a service's console or documentation, with `http` where the service speaks `https`. Where that can't be seen, it is
tried when the first answer is a web page, an unknown route, a redirect or another protocol: `/v1`, `/api/v1` and `/api`
below it, without its `/v1`, with the other scheme. What works is used from then on, and the log names it
(`aivax.base_url_mended`). A key never goes to another host, nor in clear to one outside the own network. Where nothing
works, operators are told that `[aivax] base_url` is wrong, and whether a web page answered. A web page after answers
came from there is an outage: a proxy stands between.

## Refusals

The cause is looked for in the words as in the status: in all codes and types, in the message, and in what a server
wraps. What people wrote, and a server repeats, decides nothing. Operators are told of what lasts; a wait is the one
that the server asks for, in whichever way. Where the base address may be meant otherwise, the server is asked again at
what it may mean.

| Server, and what is special | What a person reads | What operators are told | Outcome |
| --- | --- | --- | --- |
"""


def entries(family: str) -> Iterator[Entry]:
    """The entries of a family, in the order of their names."""
    return map(Entry, sorted((FOLDER / family).glob("*.txt")))


def answers() -> Iterator[str]:
    for entry in entries("servers_streams"):
        yield row(entry.says, reader(entry), code(entry.expected["outcome"]))


def refusals() -> Iterator[str]:
    for entry in entries("servers_errors"):
        operators = entry.expected["operators"].removeprefix("(nothing)")
        yield row(entry.says, f"*{entry.expected['person']}*", operators, code(entry.expected["outcome"]))


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


def code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def row(*cells: str) -> str:
    return f"| {' | '.join(map(cell, cells))} |"


def cell(text: str) -> str:
    return (
        text.replace("|", "\\|")
        .replace("\n", "<br>")
        .replace("<think>", "&lt;think>")
        .replace("</think>", "&lt;/think>")
    )


def page() -> str:
    """The page as it has to be."""
    return "\n".join((ANSWERS + "\n".join(answers()), REFUSALS + "\n".join(refusals()), ""))


if __name__ == "__main__":
    Path(PAGE).write_text(page(), encoding="utf-8")
