"""Asks a server that answers with the given bytes, twice if it must be, and shows what a person reads.

Given: `response`, the bytes of the body, events parted by blank lines as written, one more at the end; `head`, header
fields, and what an editor would not keep: `begins-with`, `line-ends`, `ends-with`. The status is 200.
Expected: `reader`, the answer, below a line of `---` what the bot adds in its own voice; `outcome`, the reason and the
cost, or the error with what the log has of it, and whether the server was asked again.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime

from core.admission.admission import breaker_for
from core.admission.circuit_breaker import cause_of, retry_at
from core.aivax.stream.events import Finished, Text, TimelineEvent, Usage
from core.delivery.error_messages import SPREAD_S, apologise, apologise_for_waiting
from core.domain import AivaxError, Tripped
from core.i18n.translators import LocaleTranslator
from core.turns.finish_sentences import BELOW, instead_of_words
from tests.corpus.entries import Entry
from tests.scripted_aivax import QUESTION, Scripted, client, reply

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ENGLISH = LocaleTranslator("en")
HEADS = {"blank lines": b"\n\n\n", "byte order mark": b"\xef\xbb\xbf"}
PIECES = (10**9, 1)
"""How many bytes come at once; the outcome is the same."""


def body_of(entry: Entry, head: dict[str, str]) -> bytes:
    body = entry.given["response"].encode() + b"\n\n"
    if head.pop("ends-with", "") == "nothing":
        body = body.rstrip(b"\n")
    if head.pop("line-ends", "") == "crlf":
        body = body.replace(b"\n", b"\r\n")
    return HEADS.get(head.pop("begins-with", ""), b"") + body


def head_of(entry: Entry) -> dict[str, str]:
    lines = entry.given.get("head", "").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def render(entry: Entry) -> dict[str, str]:
    ways = [await asked(entry, size) for size in PIECES]
    assert all(way == ways[0] for way in ways), "it matters how the bytes are cut"
    return ways[0]


async def asked(entry: Entry, size: int) -> dict[str, str]:
    head = head_of(entry)
    body = body_of(entry, head)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    head.setdefault("content-type", "text/event-stream")
    answers = [reply(*pieces, **head) for _ in range(2)]
    server = Scripted(*answers)
    events: list[TimelineEvent] = []
    aivax = client(server, tries=2)
    try:
        async with aivax, aclosing(aivax.complete(QUESTION)) as timeline:
            async for event in timeline:
                events.append(event)  # noqa: PERF401  what came before an error counts
    except AivaxError as error:
        return failed(events, error, len(server.asked))
    return answered(events)


def said_in(events: list[TimelineEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text)).rstrip()


def answered(events: list[TimelineEvent]) -> dict[str, str]:
    reason = next(event.reason for event in events if isinstance(event, Finished))
    words, note = said_in(events), BELOW.get(reason)
    below = f"\n---\n{ENGLISH.say(note)}" if words and note else ""
    reader = words + below if words else ENGLISH.say(instead_of_words(reason))
    usage = next((event for event in events if isinstance(event, Usage)), None)
    return {"reader": reader, "outcome": reason if usage is None else f"{reason}; {told(usage)}"}


def told(usage: Usage) -> str:
    price = "" if usage.credits is None else f" for ${usage.credits:g}"
    return f"{usage.prompt_tokens} and {usage.completion_tokens} tokens of {usage.model}{price}"


def failed(events: list[TimelineEvent], error: AivaxError, asked: int) -> dict[str, str]:
    words = said_in(events)
    reader = f"{words}\n---\n{sentence(error, begun=True)}" if words else sentence(error)
    times = "asked once" if asked == 1 else f"asked {asked} times"
    return {"reader": reader, "outcome": f"{type(error).__name__}: {error}; {times}"}


def sentence(error: AivaxError, *, begun: bool = False) -> str:
    cause = cause_of(error, has_media=False, balance_usd=None, storage_full=False)
    if begun or cause is None:
        return apologise(error, ENGLISH, "REFERENCE").text
    when = retry_at(cause, error.retry_after_s, lambda: NOW, 0, jitter=lambda: SPREAD_S)
    return apologise_for_waiting(Tripped(breaker_for(cause, "m"), NOW, when, 0), ENGLISH, NOW, "turn").text
