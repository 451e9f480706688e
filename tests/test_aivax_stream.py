"""The stream of an answer, read by `core.aivax.stream.parser`."""

from __future__ import annotations

import collections
import json
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.aivax.stream.bounds import AnswerBounds
from core.aivax.stream.events import Finished, Text, Thinking, TimelineEvent, ToolCalled, Usage
from core.aivax.stream.parser import TimelineParser
from core.domain import (
    AivaxError,
    AnswerCut,
    AnswerFailed,
    BotError,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    ToolActivity,
    ToolState,
    Unavailable,
)
from tests.scripted_aivax import delta, event, joined, said, text_of, tool

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}

RECORDED = {
    "everything": b": ping\n\n"
    + event(id="c1", model="m", choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
    + delta(reasoning="hm … ")
    + tool(
        id="t1", name="WebSearch", contents='{"q":"é"}', state="Created", explanation={"reason": "to know"}
    )
    + b"data:\n\n: ping\n\n"
    + tool(id="t1", state="Finished")
    + delta(content="Grüße 👋🏽")
    + delta(content=" und mehr")
    + delta("stop")
    + event(choices=[], usage=USAGE)
    + DONE,
    "crlf": b"\xef\xbb\xbf" + (delta(content="one") + delta("STOP") + DONE).replace(b"\n", b"\r\n"),
    "cr": (delta(content="one") + delta("stop") + DONE).replace(b"\n", b"\r"),
    "split surrogates": delta(content="\ud83d") + delta(content="\ude00 ok") + delta(content="\ud83d") + DONE,
    "several lines": b'event: x\nid: 1\ndata:{"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n' + DONE,
    "calls": delta(tool_calls=[{"index": 0, "id": "k", "function": {"name": "look", "arguments": '{"a"'}}])
    + delta(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}])
    + delta("tool_calls")
    + DONE,
    "broken off": delta(content="half of the an") + b'data: {"choices":[{"del',
    "failed": delta(content="so") + event(choices=[{"finish_reason": "error"}], error={"code": 500}) + DONE,
    "refused": event(error={"code": 429, "message": "slow down"}),
    "garbage": delta(content="so") + b"data: {]\n\n" + delta(content="never"),
    "too large": delta(content="so") + b"data: " + b"x" * 3000 + b"\n\n" + DONE,
    "beyond the end": delta(content="so") + DONE + b"data: {]\n\n" + b"x" * 3000,
    "document": b'\n{"choices": [\n{"message": {"content": "whole\\n"}, "finish_reason": "stop"}]}\n',
    "broken document": b'{"choices": [',
    "page": b"<html><title>Bad</title></html>",
    "nothing": b"",
}


def read(*pieces: bytes, max_event_bytes: int = 2000) -> tuple[list[TimelineEvent], AivaxError | None]:
    """Read an answer to its end: the events, and the error that ended it."""
    parser = TimelineParser(bounds=AnswerBounds(event_bytes=max_event_bytes))
    events: list[TimelineEvent] = []
    try:
        for piece in pieces:
            _extend(events, parser.feed(piece))
        _extend(events, parser.close())
    except AivaxError as error:
        return events, error
    return events, None


def _extend(events: list[TimelineEvent], more: Iterable[TimelineEvent]) -> None:
    for each in more:  # one by one, because what came before an error counts
        events.append(each)  # noqa: PERF402


def whole(*pieces: bytes) -> list[TimelineEvent]:
    events, error = read(*pieces)
    assert error is None
    return events


def broken(*pieces: bytes) -> AivaxError:
    _, error = read(*pieces)
    assert error is not None
    return error


def outcome(*pieces: bytes) -> tuple[object, ...]:
    events, error = read(*pieces)
    return (joined(events), type(error), str(error))


def test_everything_comes_in_its_order() -> None:
    events = whole(RECORDED["everything"])

    search = ToolActivity("t1", "WebSearch", ToolState.CREATED, '{"q":"é"}', "to know")
    assert events == [
        Thinking("hm … "),
        search,
        ToolActivity("t1", "WebSearch", ToolState.COMPLETED, '{"q":"é"}', "to know"),
        Text("Grüße 👋🏽"),
        Text(" und mehr"),
        Usage(7, 3, 2, model="m"),
        Finished("stop"),
    ]


@pytest.mark.parametrize("name", ["crlf", "cr"])
def test_any_line_end_will_do(name: str) -> None:
    assert whole(RECORDED[name]) == [Text("one"), Finished("stop")]


def test_data_may_span_lines_and_need_no_blank() -> None:
    assert whole(RECORDED["several lines"]) == [Text("a"), Finished("stop")]


def test_a_call_for_the_client_comes_whole() -> None:
    assert whole(RECORDED["calls"]) == [ToolCalled("k", "look", '{"a":1}'), Finished("tool_calls")]


def test_calls_without_an_index_or_a_reason_are_calls_too() -> None:
    call = {"id": 5, "function": {"name": "look", "arguments": {"a": 1}}}

    assert whole(delta(tool_calls=[call]), DONE) == [
        ToolCalled("5", "look", '{"a": 1}'),
        Finished("tool_calls"),
    ]


@pytest.mark.parametrize("ending", [b"", b"\n", b": bye\n\n"])
def test_a_finish_reason_without_done_makes_the_answer_whole(ending: bytes) -> None:
    assert whole(delta(content="a"), delta("length"), ending) == [Text("a"), Finished("length")]


def test_done_without_a_finish_reason_makes_the_answer_whole() -> None:
    assert whole(delta(content="a"), DONE) == [Text("a"), Finished("stop")]


def test_done_counts_without_its_line_end() -> None:
    assert whole(delta(content="a"), b"data: [DONE]") == [Text("a"), Finished("stop")]


def test_an_answer_that_ends_with_neither_was_cut() -> None:
    events, error = read(RECORDED["broken off"])

    assert events == [Text("half of the an")]
    assert isinstance(error, AnswerCut)


def test_an_answer_cut_before_its_first_text_is_an_unavailable_service() -> None:
    assert isinstance(broken(delta(reasoning="hm")), Unavailable)


def test_upper_case_reasons_are_read() -> None:
    assert whole(delta("CONTENT_FILTER"), DONE) == [Finished("content_filter")]


def test_older_answers_call_the_text_completion_text() -> None:
    assert whole(event(choices=[{"message": {"completion_text": "old"}}]), DONE) == [
        Text("old"),
        Finished("stop"),
    ]


def test_content_may_be_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, "b", None, 3]

    assert whole(delta(content=parts), DONE) == [Text("ab"), Finished("stop")]


def test_a_json_only_answer_is_one_event() -> None:
    body = json.dumps({"name": "x", "n": 1})

    assert whole(delta("stop", content=body), DONE) == [Text(body), Finished("stop")]
    assert whole(delta("stop", content={"name": "x", "n": 1}), DONE) == [Text(body), Finished("stop")]


def test_an_answer_that_was_not_streamed_is_read_as_well() -> None:
    document = {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"message": {"content": "hi"}, "finish_reason": "STOP"}],
        "usage": USAGE,
    }

    events = whole(json.dumps(document, indent=1).encode())

    assert events == [Text("hi"), Usage(7, 3, 2, model="m"), Finished("stop")]


def test_a_document_without_a_reason_is_whole() -> None:
    assert whole(b'{"choices":[{"message":{"content":"hi"}}]}') == [Text("hi"), Finished("stop")]


def test_half_a_document_says_nothing() -> None:
    assert isinstance(broken(RECORDED["broken document"]), Unavailable)


def test_characters_split_between_deltas_come_together() -> None:
    assert text_of(whole(RECORDED["split surrogates"])) == "😀 ok\ufffd"


def test_text_holds_no_nul() -> None:
    assert whole(delta(content="a\x00b"), DONE)[0] == Text("ab")


@pytest.mark.parametrize(
    ("state", "read_as"),
    [
        ("Created", ToolState.CREATED),
        ("Running", ToolState.RUNNING),
        ("COMPLETED", ToolState.COMPLETED),
        ("finished", ToolState.COMPLETED),
        ("Failed", ToolState.FAILED),
        ("Error", ToolState.FAILED),
        ("Pondering", ToolState.RUNNING),
        (None, ToolState.RUNNING),
        (3, ToolState.RUNNING),
    ],
)
def test_tool_states_are_read_in_any_case(state: object, read_as: ToolState) -> None:
    first = whole(tool(id=1, name="Code", state=state), DONE)[0]

    assert first == ToolActivity("1", "Code", read_as)


def test_a_tool_s_contents_may_be_an_object() -> None:
    first = whole(tool(id="t", name="Code", contents={"a": [1]}, explanation="why"), DONE)[0]

    assert first == ToolActivity("t", "Code", ToolState.RUNNING, '{"a": [1]}', "why")


def test_no_file_s_bytes_are_kept_of_what_a_tool_was_called_with() -> None:
    first = whole(tool(id="t", name="Code", contents={"u": f"data:image/png;base64,{'iVBO' * 100}"}), DONE)[0]

    assert first == ToolActivity("t", "Code", ToolState.RUNNING, '{"u": "data:image/png;base64,..."}')


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": "x"},
        {"choices": [None]},
        {"choices": [{"delta": None, "finish_reason": None}]},
        {"choices": [{"delta": [1], "finish_reason": {}}]},
        {"choices": [{"delta": {"content": None, "reasoning": 3, "tool_calls": [None, {"function": 1}]}}]},
        {"choices": {}, "servertool": None, "usage": None, "error": None, "new": {"field": 1}},
        {"servertool": "x", "usage": [1], "model": {}},
        {"servertool": {"state": "Running"}},
    ],
)
def test_what_is_null_missing_or_unknown_is_passed_over(odd: dict[str, object]) -> None:
    assert whole(delta(content="a"), event(**odd), delta("stop"), DONE) == [Text("a"), Finished("stop")]


@pytest.mark.parametrize("payload", [b"null", b"3", b"[]", b'"x"', b" ", b""])
def test_events_that_are_no_objects_are_passed_over(payload: bytes) -> None:
    assert whole(b"data: " + payload + b"\n\n", delta("stop"), DONE) == [Finished("stop")]


def test_odd_token_counts_count_as_none() -> None:
    counts = {
        "prompt_tokens": -1,
        "completion_tokens": "7",
        "prompt_tokens_details": {"cached_tokens": 1e300},
    }

    assert whole(event(usage=counts), DONE)[0] == Usage()


def test_the_credits_of_the_header_stand_in_the_usage() -> None:
    parser = TimelineParser(credits_spent=0.25)

    assert list(parser.feed(delta("stop") + DONE)) == [Usage(credits=0.25), Finished("stop")]


def test_usage_in_every_chunk_is_told_once() -> None:
    events = whole(event(usage={"prompt_tokens": 1}), event(usage={"prompt_tokens": 9}), DONE)

    assert events == [Usage(9), Finished("stop")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, KeyRefused),
        (402, NoBalance),
        (403, NotAllowed),
        (404, GatewayUnknown),
        ("429", RateLimited),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_an_error_before_any_text_is_that_of_its_status(status: object, kind: type[AivaxError]) -> None:
    error = broken(delta(reasoning="hm"), event(error={"code": status, "message": "no"}))

    assert type(error) is kind
    assert (error.status, error.detail) == (int(str(status)), "no")


def test_an_error_after_text_is_a_failed_answer_that_keeps_its_code() -> None:
    events, error = read(RECORDED["failed"])

    assert events == [Text("so")]
    assert isinstance(error, AnswerFailed)
    assert (error.status, error.code) == (500, "500")


def test_what_a_failed_answer_cost_is_told() -> None:
    events, error = read(event(choices=[{"delta": {"content": "so"}}], usage=USAGE), event(error="boom"))

    assert events == [Text("so"), Usage(7, 3, 2)]
    assert isinstance(error, AnswerFailed)
    assert error.detail == "boom"


def test_an_error_before_any_text_is_told_by_its_word() -> None:
    error = broken(event(error={"code": "upstream_error", "message": "no"}))

    assert isinstance(error, Unavailable)
    assert error.code == "upstream_error"
    assert isinstance(broken(event(error={"code": "insufficient_quota"})), NoBalance)


def test_an_error_after_some_text_is_a_failed_answer_whatever_its_word() -> None:
    assert isinstance(
        broken(delta(content="Hello "), event(error={"code": "insufficient_quota"})), AnswerFailed
    )


def test_the_reason_error_alone_is_an_outage() -> None:
    assert isinstance(broken(delta("ERROR"), DONE), Unavailable)


def test_too_long_a_context_is_told_apart_inside_the_stream() -> None:
    assert isinstance(broken(event(error={"code": "context_length_exceeded"})), ContextTooLong)


def test_bytes_that_are_no_events_break_the_answer() -> None:
    assert isinstance(broken(RECORDED["garbage"]), AnswerFailed)
    assert isinstance(broken(b"data: {]\n\n"), Unavailable)


@pytest.mark.parametrize("line", [b"data: " + b"x" * 3000, b"y" * 3000, (b"data: " + b"z" * 900 + b"\n") * 3])
def test_a_line_or_event_without_end_is_refused(line: bytes) -> None:
    assert broken(delta(content="a"), line).code == "event_too_large"


def test_tool_calls_without_end_are_refused() -> None:
    fragment = delta(tool_calls=[{"index": 0, "function": {"arguments": "x" * 900}}])

    assert broken(fragment, fragment, fragment).code == "event_too_large"


def test_nesting_without_bottom_is_no_event() -> None:
    nested = b"data: " + b'{"choices":' * 40_000 + b"\n\n"

    _, error = read(nested, max_event_bytes=10**6)

    assert isinstance(error, Unavailable)


def test_what_comes_after_the_end_means_nothing() -> None:
    assert whole(RECORDED["beyond the end"]) == [Text("so"), Finished("stop")]


@pytest.mark.parametrize("name", RECORDED)
def test_reading_byte_by_byte_gives_the_same(name: str) -> None:
    recorded = RECORDED[name]

    assert outcome(*(recorded[at : at + 1] for at in range(len(recorded)))) == outcome(recorded)


@given(name=st.sampled_from(sorted(RECORDED)), cuts=st.lists(st.integers(0, 4000), max_size=20))
def test_any_way_of_cutting_gives_the_same(name: str, cuts: list[int]) -> None:
    recorded = RECORDED[name]
    places = [0, *sorted(cuts), len(recorded)]

    pieces = [recorded[start:end] for start, end in pairwise(places)]

    assert outcome(*pieces) == outcome(recorded)


FIELDS = (
    *("choices", "delta", "message", "content", "reasoning", "tool_calls", "function", "name", "arguments"),
    *("index", "id", "servertool", "contents", "state", "explanation", "reason", "finish_reason", "usage"),
    *("prompt_tokens", "prompt_tokens_details", "error", "code", "model"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(st.lists(json_values, max_size=5), st.booleans())
def test_no_json_raises_anything_but_a_typed_error(values: list[object], done: bool) -> None:
    stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)

    _only_typed_errors(stream + (DONE if done else b""))


@given(
    st.binary()
    | st.lists(
        st.sampled_from([b"data:", b"{", b"}", b'"', b"\n", b"\r", b"[DONE]", b"\xff", b"1e999", b"9" * 5000])
    ).map(b"".join)
)
@example(b'"\x80"')
@example(b"data: " + b"[" * 100_000 + b"\n\n")
@example(b'data: {"servertool": {"id": ' + b"9" * 5000 + b"}}\n\n")
@example(b'data: {"servertool": {"id": 1, "contents": ' + b"[" * 900 + b"]" * 900 + b"}}\n\n")
@example(b'data: {"usage": {"prompt_tokens": 1e400}}\n\n')
def test_no_bytes_raise_anything_but_a_typed_error(data: bytes) -> None:
    _only_typed_errors(data)
    _only_typed_errors(b"data: " + data + b"\n\n")


def _only_typed_errors(data: bytes) -> None:
    parser = TimelineParser()
    try:
        for each in (*parser.feed(data), *parser.close()):
            if isinstance(each, Text | Thinking):
                each.delta.encode()
    except BotError:
        pass


def test_a_whole_answer_says_all_of_it() -> None:
    assert text_of(whole(*said("a", "b"))) == "ab"


def test_a_part_whose_type_is_no_word_is_read_all_the_same() -> None:
    part = {"type": {"type": "news"}, "text": "The pier is closed"}

    assert text_of(whole(delta(content=[part]), delta("stop"), DONE)) == "The pier is closed"


def test_an_answer_keeps_little_beside_its_words() -> None:
    tracemalloc.start()
    try:
        parser = TimelineParser()
        for number in range(4_000):
            collections.deque(parser.feed(delta(content=f"word {number} ")), maxlen=0)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 4_000 * 10 * 2 + 40_000  # as it came, and as it is shown
