"""An answer ends when its stream does: not with a finish reason that more follows, and not in silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager

import pytest

from core.aivax.deadlines import TAIL_S
from core.aivax.stream import finish_reasons
from core.aivax.stream.events import Finished, TimelineEvent
from core.domain import AivaxError, AnswerCut, Unavailable
from core.i18n import Phrase
from tests.samples import DIRECT, said
from tests.scripted_aivax import (
    HANG,
    QUESTION,
    Pause,
    Scripted,
    answer_of,
    client,
    delta,
    event,
    reply,
    text_of,
)
from tests.skipping_time import skipping
from tests.stage import staged
from tests.test_sentences import SaysNothing

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"


def spread(pieces: Iterable[object], seconds: float) -> list[object]:
    """Let so much time pass before each piece."""
    return [each for piece in pieces for each in (Pause(seconds), piece)]


def heard(*pieces: object, tries: int = 1, **settings: object) -> tuple[list[TimelineEvent], float]:
    """Ask a server that sends these pieces; what came, and after how many seconds."""
    answers = (reply(*pieces), reply(delta(content="again"), DONE))
    return skipping(answer_of(client(Scripted(*answers), tries=tries, **settings)))


# When it ends


def test_a_delta_is_a_chunk_whatever_stands_beside_it() -> None:
    beside = {"message": {"role": "assistant", "content": "v w "}, "finish_reason": None}
    chunks = [event(choices=[{"delta": {"content": "w "}, **beside}])] * 40

    events, took_s = heard(*spread(chunks, 0.3), DONE)

    assert text_of(events) == "w " * 40
    assert took_s == pytest.approx(12)


def test_thinking_with_a_finish_reason_is_not_the_end() -> None:
    thoughts = [delta("stop", reasoning_content="w")] * 25

    events, _ = heard(*spread(thoughts, 0.3), delta(content="It is 436."), DONE)

    assert text_of(events) == "It is 436."


@pytest.mark.parametrize("pause_s", [0.3, 2.0, TAIL_S - 0.1])
def test_words_with_a_finish_reason_each_are_all_read(pause_s: float) -> None:
    words = [delta("stop", content=f"{number} ") for number in range(12)]

    events, _ = heard(*spread(words, pause_s), HANG)

    assert text_of(events) == "".join(f"{number} " for number in range(12))
    assert events[-1] == Finished("stop")


def test_a_tool_shows_that_the_answer_goes_on() -> None:
    tools = [event(choices=[], servertool={"id": "t", "name": "Code", "contents": str(n)}) for n in range(6)]

    events, _ = heard(delta("stop", content="So "), *spread(tools, 3.0), delta(content="it is."), DONE)

    assert text_of(events) == "So it is."


def test_while_only_thinking_came_a_reason_is_not_relied_on() -> None:
    events, _ = heard(delta("stop", reasoning="hm"), Pause(30.0), delta("stop", content="Yes."), HANG)

    assert text_of(events) == "Yes."


def test_silence_behind_the_finish_reason_ends_the_answer_pings_or_not() -> None:
    events, took_s = heard(delta(content="Hi"), delta("stop"), *spread([PING] * 30, 1.0))

    assert events[-1] == Finished("stop")
    assert took_s == pytest.approx(TAIL_S)


def test_the_whole_answer_has_its_time_by_the_clock_all_the_same() -> None:
    words = [delta("stop", content="w ")] * 100

    with pytest.raises(AnswerCut) as raised:
        heard(*spread(words, 3.0), answer_timeout_s=60.0)

    assert raised.value.code == "answer_timeout"


def test_a_connection_that_breaks_is_a_cut_where_a_reason_was_no_end_before() -> None:
    lost = OSError("reset by peer")

    with pytest.raises(AnswerCut):
        heard(delta("stop", content="One "), delta("stop", content="two"), lost)

    assert text_of(heard(delta(content="One "), delta("stop", content="two."), lost)[0]) == "One two."


def test_a_connection_that_breaks_while_it_thinks_is_asked_again_in_spite_of_a_reason() -> None:
    lost = OSError("reset by peer")

    events, _ = heard(delta("stop", reasoning="hm"), lost, tries=2)

    assert text_of(events) == "again"


# Why it ends

MEANINGS = {
    finish_reasons.LENGTH: (
        *(
            "length",
            "max_tokens",
            "MAX_TOKENS",
            "model_length",
            "max_output_tokens",
            "FINISH_REASON_MAX_TOKENS",
        ),
        *(
            "max_length",
            "model_context_window_exceeded",
            "token_limit",
            "ERROR_LIMIT",
            "max-tokens",
            "LENGTH",
        ),
    ),
    finish_reasons.FILTERED: (
        *(
            "content_filter",
            "content-filter",
            "SAFETY",
            "content_filtered",
            "sensitive",
            "refusal",
            "RECITATION",
        ),
        *("guardrail_intervened", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY", "ERROR_TOXIC"),
    ),
    finish_reasons.BROKEN_OFF: (
        *(
            "insufficient_system_resource",
            "abort",
            "aborted",
            "network_error",
            "cancelled",
            "timeout",
            "TIMED_OUT",
        ),
        *("MALFORMED_FUNCTION_CALL", "pause_turn", "server_error", "interrupted", "engine_overloaded"),
    ),
    finish_reasons.TOOL_CALLS: ("tool_calls", "tool_use", "TOOL_CALL", "function_call", "tool-calls"),
    finish_reasons.FAILED: ("error", "ERROR", "failed"),
    "": (None, "", "null", "None", "FINISH_REASON_UNSPECIFIED"),
}
WORDS = [(word, meaning) for meaning, words in MEANINGS.items() for word in words]


@pytest.mark.parametrize(("word", "meaning"), WORDS)
def test_words_of_all_servers_have_one_meaning_each(word: object, meaning: str) -> None:
    assert finish_reasons.meaning(finish_reasons.named(word)) == meaning


@pytest.mark.parametrize(
    "word",
    ["stop", "STOP", "end_turn", "eos", "eos_token", "stop_sequence", "COMPLETE", "other", "unknown", "new"],
)
def test_a_word_that_is_whole_or_not_known_is_a_whole_answer(word: str) -> None:
    events, _ = heard(delta(content="Yes."), delta(word), DONE)

    assert events[-1] == Finished(word.lower())


@pytest.mark.parametrize("word", MEANINGS[finish_reasons.BROKEN_OFF])
def test_an_answer_that_the_service_breaks_off_is_cut_or_asked_for_again(word: str) -> None:
    with pytest.raises(AnswerCut):
        heard(delta(content="Half"), delta(word), DONE)
    with pytest.raises(Unavailable):
        heard(delta(reasoning="hm"), delta(word), DONE)

    assert text_of(heard(delta(word), DONE, tries=2)[0]) == "again"


def test_a_failure_without_an_error_object_is_an_outage_before_any_text() -> None:
    with pytest.raises(AivaxError) as raised:
        heard(delta("error"), DONE)

    assert type(raised.value) is Unavailable


# What people read


class Says(SaysNothing):
    """A gateway that gives one answer, in pieces of the stream."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.end = b"".join(pieces)


@asynccontextmanager
async def saying(*pieces: bytes) -> AsyncIterator[str]:
    server = await asyncio.start_server(Says(*pieces).answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


CALL = {"index": 0, "id": "c1", "function": {"name": "look_up", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("pieces", "read"),
    [
        ((delta(content="One"), delta("max_tokens")), f"One\n{Phrase.LENGTH_REACHED}"),
        ((delta("length"),), Phrase.EMPTY_BY_LENGTH),
        ((delta(content="<think>so"), delta("length")), Phrase.EMPTY_BY_LENGTH),
        ((delta(content="One"), delta("SAFETY")), f"One\n{Phrase.CONTENT_FILTERED}"),
        ((delta("refusal"),), Phrase.EMPTY_BY_FILTER),
        ((delta(refusal="I can't help with that."), delta("refusal")), "I can't help with that."),
        ((delta(tool_calls=[CALL]), delta("tool_calls")), Phrase.EMPTY_BY_TOOL),
        ((delta(content="Wait."), delta("tool_calls", tool_calls=[CALL])), f"Wait.\n{Phrase.TOOL_NOT_HERE}"),
        ((delta(content="<think>so</think>"), delta("stop")), Phrase.ANSWER_EMPTY),
    ],
)
async def test_people_read_one_sentence_that_fits(
    migrated_url: str, pieces: tuple[bytes, ...], read: str
) -> None:
    async with saying(*pieces, DONE) as address, staged(migrated_url, aivax={"base_url": address}) as stage:
        await stage.hear(said("question"))

        shown = "\n".join(stage.platform.visible(DIRECT.channel))
    assert [line.strip("_") for line in shown.splitlines() if line] == read.split("\n")


async def test_an_empty_account_told_inside_a_stream_keeps_the_question(migrated_url: str) -> None:
    quota = event(error={"message": "You exceeded your current quota.", "code": "insufficient_quota"})
    async with saying(quota) as address, staged(migrated_url, aivax={"base_url": address}) as stage:
        await stage.hear(said("question"))

        assert stage.platform.visible(DIRECT.channel) == [Phrase.KEPT_BALANCE]
        assert await stage.rows("SELECT name FROM breakers") == ["balance"]


async def test_thinking_in_tags_is_neither_shown_nor_kept(migrated_url: str) -> None:
    pieces = (delta(content="<think>\nsec"), delta(content="ret</think>\n\nHello."), delta("stop"), DONE)
    async with saying(*pieces) as address, staged(migrated_url, aivax={"base_url": address}) as stage:
        await stage.hear(said("question"))

        assert stage.platform.visible(DIRECT.channel) == ["Hello."]
        assert await stage.rows("SELECT answer FROM turns") == ["Hello."]


# Thinking that no tag opens


async def answers_in_turn(*bodies: list[bytes]) -> list[str]:
    """What one client shows of answers that come one after the other."""
    server = Scripted(*(reply(*pieces) for pieces in bodies))
    shown = []
    async with client(server) as aivax:
        for _ in bodies:
            async with aclosing(aivax.complete(QUESTION)) as events:
                shown.append(text_of([each async for each in events]))
    return shown


async def test_a_model_that_only_closes_its_thinking_is_known_from_its_second_answer_on() -> None:
    unopened = [delta(content="Let me "), delta(content="see.\n</thi"), delta(content="nk>\n\nYes."), DONE]
    opened = [delta(content="<think>Hm.</think>"), delta(content="No."), DONE]
    plain = [delta(content="May"), delta(content="be."), DONE]

    shown = await answers_in_turn(plain, unopened, unopened, opened, plain, unopened)

    assert shown[0] == "Maybe."
    assert shown[2:] == ["Yes.", "No.", "Maybe.", "Yes."]


async def test_an_answer_that_breaks_before_its_thinking_is_closed_shows_what_there_was() -> None:
    unopened = [delta(content="Hm.</think>Yes."), DONE]
    broken = [delta(content="It may be"), delta("abort"), DONE]

    with pytest.raises(AnswerCut):
        await answers_in_turn(unopened, broken)
