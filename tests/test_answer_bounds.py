"""What a service that repeats itself, or is hostile, can cost: an answer ends, and the loop goes on for the others."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.request import ChatMessage, CompletionRequest, ImagePart, TextPart, data_url
from core.aivax.stream.bounds import OVERLONG, AnswerBounds, Room
from core.aivax.stream.events import Finished, TimelineEvent, Usage
from core.aivax.stream.parser import TimelineParser
from core.domain import AivaxError, AnswerFailed, RequestRefused, Unavailable
from tests.processor_time import slowness
from tests.scripted_aivax import Scripted, answer_of, client, delta, refusal, reply, said, text_of
from tests.test_aivax_sockets import STREAM, asking, chunk, heard, listening

DEADLINE_S = 20.0


def parsed(parser: TimelineParser, data: bytes) -> list[TimelineEvent]:
    """Feed a stream in pieces of the size in which it is read."""
    events: list[TimelineEvent] = []
    for at in range(0, len(data), 8_192):
        events += parser.feed(data[at : at + 8_192])
    return events


def collect(events: list[TimelineEvent], more: Iterator[TimelineEvent]) -> None:
    """Keep what comes before an error, too."""
    for event in more:
        events.append(event)  # noqa: PERF402  `extend` would keep nothing


@given(st.text(max_size=400), st.integers(1, 300), st.lists(st.integers(0, 400), max_size=8))
def test_an_answer_is_whole_up_to_the_bound_and_a_beginning_of_it_beyond(
    answer: str, chars: int, cuts: list[int]
) -> None:
    room, at, shown = Room(chars), 0, ""
    for cut in [*sorted(cuts), len(answer)]:
        shown += room.take(answer[at : max(cut, at)])
        at = max(cut, at)
    shown += room.close()

    assert room.passed == (len(answer) > chars)
    assert answer.startswith(shown)
    assert len(shown) <= chars
    assert room.passed or shown == answer


@given(st.text("ab. \n", max_size=400), st.integers(1, 300), st.lists(st.integers(0, 400), max_size=8))
def test_where_an_answer_is_cut_does_not_depend_on_its_pieces(
    answer: str, chars: int, cuts: list[int]
) -> None:
    whole, pieces, at, shown = Room(chars), Room(chars), 0, ""

    for cut in [*sorted(cuts), len(answer)]:
        shown += pieces.take(answer[at : max(cut, at)])
        at = max(cut, at)

    assert shown + pieces.close() == whole.take(answer) + whole.close()


def test_an_answer_that_goes_on_and_on_is_cut_between_two_paragraphs() -> None:
    room = Room(2_000)

    shown = "".join(room.take(piece) for piece in ["A sentence of it.\n\n", *["Word after word. " * 50] * 5])

    assert shown.endswith("Word after word.")
    assert room.passed


def test_a_looping_model_ends_the_answer_and_what_it_cost_is_known() -> None:
    parser = TimelineParser(credits_spent=0.5, bounds=AnswerBounds(chars=100))

    events = parsed(parser, b"".join(said(*["again "] * 1_000)))

    assert len(text_of(events)) <= 100
    assert events[-2:] == [Usage(credits=0.5), Finished(OVERLONG)]


def test_an_answer_that_breaks_near_the_bound_keeps_what_was_said() -> None:
    parser = TimelineParser(bounds=AnswerBounds(chars=100))
    events = parsed(parser, delta(content="x" * 99))

    with pytest.raises(AivaxError):
        collect(events, parser.close())

    assert text_of(events) == "x" * 99


FOREVER = {
    "pings": b": ping\n\n",
    "blank lines": b"\n",
    "empty events": b"data:{}\n\n",
    "thinking about nothing": b'data:{"choices":[{"delta":{"reasoning":""}}]}\n\n',
    "one line": b"data: aaaaaaaaaaaaaa",
    "an event without an end": b"data:\n",
    "other fields": b"event: x\n",
}


@pytest.mark.parametrize("what", FOREVER.values(), ids=FOREVER)
def test_bytes_that_say_nothing_come_to_an_end(what: bytes) -> None:
    parser = TimelineParser(bounds=AnswerBounds(event_bytes=100_000, silent_bytes=200_000))

    with pytest.raises(Unavailable):
        parsed(parser, what * (400_000 // len(what)))


def test_the_same_after_some_text_is_a_broken_answer() -> None:
    parser = TimelineParser(bounds=AnswerBounds(silent_bytes=10_000))
    events = parsed(parser, delta(content="hi"))

    with pytest.raises(AnswerFailed):
        parsed(parser, b": ping\n\n" * 10_000)

    assert text_of(events) == "hi"


def test_an_endless_stream_of_thoughts_comes_to_an_end() -> None:
    parser = TimelineParser(bounds=AnswerBounds(body_bytes=1_000_000))

    with pytest.raises(Unavailable) as caught:
        parsed(parser, b'data:{"choices":[{"delta":{"reasoning":"hm"}}]}\n\n' * 30_000)

    assert caught.value.code == "answer_too_large"


LARGE = {
    "many values": b'data:{"x":[' + b"[]," * 2_700_000 + b"0]}\n\n",
    "deep": b'data:{"x":' + b"[" * 4_000_000 + b"]" * 4_000_000 + b"}\n\n",
    "one text": b'data:{"choices":[{"delta":{"content":"' + b"a" * 8_000_000 + b'"}}]}\n\n',
    "an error": b'data:{"error":{"message":"' + b"a\\\\" * 2_600_000 + b'"}}\n\n',
    "not json": b"data:{" + b"a" * 8_000_000 + b"\n\n",
    "broken utf-8": b'data:{"x":"' + b"\xff" * 8_000_000 + b'"}\n\n',
    "half pairs": b'data:{"x":"' + b"\\ud83d" * 1_300_000 + b'"}\n\n',
    "many lines": b"data:\n" * 1_300_000 + b"\n",
    "a tool": b'data:{"servertool":{"id":"a","contents":{"x":"' + b"a" * 8_000_000 + b'"}}}\n\n',
    "a tool's name": b'data:{"servertool":{"id":"a","name":"' + b"a" * 8_000_000 + b'"}}\n\n',
}


@pytest.mark.parametrize("event", LARGE.values(), ids=LARGE)
def test_no_event_holds_up_the_others(event: bytes) -> None:
    longest_s = []
    for _ in range(2):  # the better of two: a collection of garbage may fall into one
        parser, slowest_s = TimelineParser(), 0.0
        for at in range(0, len(event), 8_192):
            began = time.thread_time()
            try:
                for each in parser.feed(event[at : at + 8_192]):
                    assert each
            except AivaxError:
                break
            finally:
                slowest_s = max(slowest_s, time.thread_time() - began)
        longest_s.append(slowest_s)

    assert min(longest_s) < 0.1 * slowness()  # what grows with the event takes far longer


async def test_pings_without_a_pause_end_with_the_time_for_the_answer_and_starve_nobody() -> None:
    async def ping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM + chunk(delta(content="hi")))
        while True:  # no deadline: a server
            writer.write(chunk(b": ping\n\n" * 500))
            await writer.drain()

    async with listening(ping) as server, asyncio.timeout(DEADLINE_S):
        aivax = asking(server.base_url, answer_timeout_s=0.5, answer_bytes=10**12)
        waiting = asyncio.ensure_future(answer_of(aivax))
        others, turns = asyncio.get_running_loop(), 0
        began = others.time()
        while not waiting.done():
            await asyncio.sleep(0.005)
            turns += 1
        took_s = others.time() - began

    assert isinstance(waiting.exception(), AivaxError)
    assert took_s < 10
    assert turns > 5


async def test_an_overlong_answer_closes_the_connection_so_that_no_more_is_paid() -> None:
    hung_up = asyncio.Event()

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM)
        try:
            while True:  # no deadline: a server
                writer.write(chunk(delta(content="again and again. ") * 50))
                await writer.drain()
        except ConnectionError:
            hung_up.set()

    async with listening(repeat) as server, asyncio.timeout(DEADLINE_S):
        events = await answer_of(asking(server.base_url))
        await hung_up.wait()

    assert events[-1] == Finished(OVERLONG)
    assert 58_000 < len(text_of(events)) <= 60_000


async def test_what_was_packed_though_asked_not_to_is_never_unpacked() -> None:
    bomb = gzip.compress(b": ping\n\n" * 10_000_000)
    answers = (reply(bomb, content_encoding="gzip"), reply(bomb, status=400, content_encoding="gzip"))

    for answer, kind in zip(answers, (Unavailable, RequestRefused), strict=True):
        began = time.thread_time()
        with pytest.raises(kind):
            await answer_of(client(Scripted(answer), tries=1))
        took_s = time.thread_time() - began
        assert took_s < 0.5 * slowness()


async def test_endless_headers_are_no_answer() -> None:
    async def head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:  # no deadline: a server
            writer.write(b"X: " + b"a" * 1_000 + b"\r\n")
            await writer.drain()

    async with listening(head) as server, asyncio.timeout(DEADLINE_S):
        with pytest.raises(Unavailable):
            await answer_of(asking(server.base_url, tries=1))


@pytest.mark.parametrize("what", ["models", "balance"])
async def test_an_endless_list_is_read_up_to_a_bound(what: str) -> None:
    async def list_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + chunk(b'{"data":['))
        while True:  # no deadline: a server
            writer.write(chunk(b'{"id":"a"},' * 1_000))
            await writer.drain()

    async with listening(list_on) as server, asyncio.timeout(DEADLINE_S), asking(server.base_url) as aivax:
        with pytest.raises(Unavailable):
            await getattr(aivax.account, what)()


PICTURE = ImagePart(data_url(b"\x89" * 10_000_000, "image/png"))
NOTES = TextPart("word " * 2_000_000)


@pytest.mark.parametrize("part", [PICTURE, NOTES], ids=["picture", "text"])
async def test_a_refused_question_with_a_large_file_holds_up_nobody(part: ImagePart | TextPart) -> None:
    """Ten megabytes and one refusal took 12.6 s of the loop."""
    question = CompletionRequest((ChatMessage("user", (TextPart("look"), part)),))
    echo = refusal(400, message="word " * 20)
    began = time.thread_time()

    with pytest.raises(RequestRefused):
        await answer_of(client(Scripted(echo), tries=1), question)

    took_s = time.thread_time() - began
    assert took_s < slowness()


async def test_a_large_file_is_sent_in_steps() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}")

    question = CompletionRequest((ChatMessage("user", (TextPart("look"), PICTURE)),))
    async with listening(refuse) as server, asyncio.timeout(DEADLINE_S):
        asked = asyncio.ensure_future(answer_of(asking(server.base_url, tries=1), question))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1

    assert isinstance(asked.exception(), RequestRefused)
    assert turns > 50
