"""Every sentence has a way to the screen, and none of the bot's own comes back as the model's words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.delivery.error_messages import A_WHILE_S, KEPT, SENTENCES, apologise
from core.domain import AivaxError, BotError
from core.i18n import (
    PHRASES,
    RETIRED,
    LocaleTranslator,
    Phrase,
    above,
    below,
    figures,
    overridden,
    problems_of,
)
from tests.samples import CHANNEL, DIRECT, said
from tests.stage import staged

ROOT = Path(__file__).parents[1]
DEFINING = {
    "core/i18n/catalog.py",
    "core/i18n/rights.py",
    "core/i18n/preview.py",
    "core/delivery/error_messages.py",
}
"""Where a sentence is named without being said."""


# From each cause to the sentence


def kinds(root: type[BotError] = BotError) -> Iterator[type[BotError]]:
    yield root
    for child in root.__subclasses__():
        yield from kinds(child)


def apologies() -> set[str]:
    """The sentences that some error ends a turn with: where a breaker keeps a question from it, a capability's."""
    shown = set()
    for kind in kinds():
        if issubclass(kind, AivaxError):
            shown.add(apologise(kind(status=418), LocaleTranslator(), "").text)
        elif kind in SENTENCES:
            shown.add(LocaleTranslator().say(SENTENCES[kind], reference="", reset="reset"))
    return shown


def named() -> str:
    """All of the program's own source in which a sentence may be chosen."""
    files = (path for folder in ("core", "bots") for path in (ROOT / folder).rglob("*.py"))
    return "\n".join(path.read_text() for path in files if str(path.relative_to(ROOT)) not in DEFINING)


def test_every_sentence_has_a_way_to_the_screen() -> None:
    source, shown = named(), apologies()
    chosen = set(re.findall(r"\b\w*Phrase\.([A-Z_]+)\b", source)) | {each.name for each in KEPT.values()}
    unseen = [
        phrase.name
        for phrase in PHRASES
        if phrase.name not in chosen
        and LocaleTranslator().say(phrase, reset="reset", **_values(phrase)) not in shown
    ]

    assert unseen == []


def _values(phrase: Phrase) -> dict[str, str]:
    return {name: "" for name in phrase.placeholders if name != "reset"} | {
        "wait": LocaleTranslator().duration(A_WHILE_S)
    }


@pytest.mark.parametrize("name", list(RETIRED))
def test_an_operators_wording_of_a_sentence_that_is_said_no_more_does_not_keep_the_bot_from_starting(
    name: str,
) -> None:
    given = {name: "Come back later.", "es": {name: "Vuelve."}}

    assert list(problems_of(given)) == []
    assert overridden(given, "es") == {}
    assert RETIRED[name] in {"", *(phrase.key for phrase in PHRASES)}


async def test_the_log_names_what_is_said_in_place_of_a_retired_sentence(sqlite_url: str) -> None:
    replies = {"sentences": {"no_balance": "Come back later."}}
    with capture_logs() as lines:
        async with staged(sqlite_url, replies=replies):
            pass

    (line,) = [each for each in lines if each["event"] == "sentence.retired"]
    assert line["setting"] == "[replies.sentences] no_balance"
    assert "kept_balance" in line["fix"]


# Figures that stand beside each other


@settings(deadline=None)  # the first call reads a locale
@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_no_sentence_about_the_balance_contradicts_itself(threshold: float, balance: float) -> None:
    translator = LocaleTranslator()
    shown = _usd(figures(balance, None, translator))

    if balance < threshold:
        assert shown < _usd(below(threshold, translator))
    if balance >= threshold * 1.1:
        assert shown > _usd(above(threshold, translator))


def _usd(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text).rstrip("."))


def test_a_balance_just_below_a_threshold_is_told_as_below_it() -> None:
    assert figures(4.996, None, LocaleTranslator()) == "Balance: $4.99."
    assert below(5.0, LocaleTranslator()) == "$5.00"


# What the model is told


async def test_the_greeting_is_not_told_to_the_model_as_its_words(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("", at=CHANNEL))
        await stage.hear(said("what is a monad?", at=CHANNEL))

        messages = [(each["role"], each["content"]) for each in stage.asked[-1]["messages"]]
        assert len(stage.platform.visible(CHANNEL.channel)) == 2
    assert [role for role, _ in messages if role == "assistant"] == []
    assert messages[-1] == ("user", "what is a monad?")


class SaysNothing:
    """A gateway whose answers are all alike, and end before they say anything; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.end = (
            b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
        )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)content-length: (\d+)", head):
            self.asked.append(json.loads(await reader.readexactly(int(length[1]))))
        fields = f"content-type: text/event-stream\r\ncontent-length: {len(self.end)}\r\nconnection: close"
        writer.write(b"HTTP/1.1 200 OK\r\n" + fields.encode() + b"\r\n\r\n" + self.end)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def saying_nothing() -> AsyncIterator[tuple[SaysNothing, str]]:
    gateway = SaysNothing()
    server = await asyncio.start_server(gateway.answer, "127.0.0.1", 0)
    async with server:
        yield gateway, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_that_an_answer_was_empty_is_no_word_of_the_models(migrated_url: str) -> None:
    async with (
        saying_nothing() as (gateway, address),
        staged(migrated_url, aivax={"base_url": address}) as stage,
    ):
        await stage.hear(said("first"))
        await stage.hear(said("second"))

        assert stage.platform.visible(DIRECT.channel) == [Phrase.ANSWER_EMPTY] * 2
        assert stage.platform.place(DIRECT.channel).buttons == []
    assert [each["role"] for each in gateway.asked[-1]["messages"] if each["role"] == "assistant"] == []


async def test_the_bots_own_sentence_has_nothing_to_press_when_it_is_shown_after_a_crash(
    migrated_url: str,
) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("", at=CHANNEL))
        await stage.change("UPDATE turns SET state = 'running', owner = NULL")

        await stage.core.pool.sweep()
        await stage.rest()

        assert stage.platform.place(CHANNEL.channel).buttons == []
