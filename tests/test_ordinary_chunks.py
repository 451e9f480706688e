"""The quick reading of ordinary chunks gives what the liberal one does, whatever comes and however it is cut."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.aivax.stream.ordinary import OrdinaryChunks, Run
from core.aivax.stream.parser import TimelineParser
from tests.fuzzed_streams import BOUNDS, Outcome, cut_at_random, fuzzed, made_up, outcome, samples
from tests.scripted_aivax import delta, event

FUZZED = 1_500
HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 1796000000, "model": "m"}
"""Of every chunk."""
ORDINARY = {
    "AIVAX": {
        **HEAD,
        "provider": "openai",
        "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}],
    },
    "OpenAI": {
        **HEAD,
        "service_tier": "default",
        "system_fingerprint": "fp",
        "choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": None, "finish_reason": None}],
        "usage": None,
        "obfuscation": "x7",
    },
    "OpenRouter": {
        **HEAD,
        "provider": "X",
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": "a", "reasoning": None, "reasoning_details": []},
                "finish_reason": None,
                "native_finish_reason": None,
                "logprobs": None,
            }
        ],
    },
    "DeepSeek": {**HEAD, "choices": [{"index": 0, "delta": {"content": None, "reasoning_content": "a"}}]},
    "vLLM": {**HEAD, "choices": [{"index": 0, "delta": {"content": "a"}, "token_ids": None}]},
    "Azure": {
        **HEAD,
        "choices": [{"delta": {"content": "a"}, "content_filter_results": {"hate": {"filtered": False}}}],
    },
    "usage in each": {**HEAD, "choices": [{"delta": {"content": "a"}}], "usage": {"completion_tokens": 3}},
}


class Liberal:
    """Finds nothing ordinary."""

    def read(self, events: bytes) -> None:
        """Leave everything to the liberal reading."""


def liberally(*pieces: bytes) -> tuple[Outcome, object]:
    parser = TimelineParser(bounds=BOUNDS)
    parser._ordinary = Liberal()  # type: ignore[assignment]
    return outcome(*pieces, parser=parser), state_of(parser)


def quickly(*pieces: bytes) -> tuple[Outcome, object]:
    parser = TimelineParser(bounds=BOUNDS)
    return outcome(*pieces, parser=parser), state_of(parser)


def state_of(parser: TimelineParser) -> object:
    """What else is asked of a parser."""
    return (
        parser.ended,
        parser.said,
        parser.whole,
        parser.overlong,
        parser.is_disproved,
        parser.lacked_opening,
    )


def is_ordinary(*events: bytes) -> bool:
    return OrdinaryChunks().read(b"".join(events)) is not None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    return [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)])]


@pytest.mark.parametrize("chunk", ORDINARY.values(), ids=ORDINARY)
@pytest.mark.parametrize("beginning", ["data: ", "data:"])
def test_what_servers_send_again_and_again_is_ordinary(chunk: object, beginning: str) -> None:
    assert is_ordinary(f"{beginning}{json.dumps(chunk)}\n\n".encode() * 3)


@pytest.mark.parametrize(
    "odd",
    [
        delta("stop"),
        delta(content=["a"]),
        delta(role="tool", content="a"),
        delta(content="a", images=[{"url": "x"}]),
        delta(content="a", tool_calls=[{"index": 0}]),
        delta(content="\ud83d"),
        event(choices=[]),
        event(choices=[{"delta": {"content": "a"}}], error="x"),
        event(choices=[{"delta": {"content": "a"}}], servertool={"id": 1}),
        event(choices=[{"delta": {"content": "a"}, "message": {"content": "ab"}}]),
        event(choices=[{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]),
        event(choices=[{"delta": {"content": "a"}}], new_field=1),
        b"data: [DONE]\n\n",
        b": ping\n\n",
        b"event: x\n" + delta(content="a"),
        b'data: {"choices":\ndata: [{"delta": {"content": "a"}}]}\n\n',
        delta(content="a")[:-2] * 2 + b"\n\n",
        delta(content="a").strip() + delta(content="b")[6:],
        delta(content="a").strip()
        + delta(content="b")[6:]
        + b'data: {"id": "x",\n\ndata: "choices": [{"delta": {"content": "b"}}]}\n\n',
    ],
)
def test_what_has_a_meaning_beside_words_is_not(odd: bytes) -> None:
    assert not is_ordinary(odd)
    assert not is_ordinary(delta(content="a"), odd, delta(content="b"))


@pytest.mark.parametrize("texts", [["\\", ',"q'], ['x","y'], ['x"'], ["\\u12", "34"], ["\\"], ["\n"]])
def test_no_text_makes_up_for_what_is_wrong_with_another(texts: list[str]) -> None:
    chunks = OrdinaryChunks()
    good = delta(content="MARK").decode()
    assert chunks.read(good.encode()) is not None

    odd = good + "".join(good.replace("MARK", each) for each in texts) + good

    assert chunks.read(odd.encode()) is None


def test_words_and_thinking_stay_in_their_order() -> None:
    thought, both = delta(reasoning="t"), delta(reasoning="t", content="w")

    said = OrdinaryChunks().read(thought + delta(content="w") + delta(content="w") + both + thought + thought)

    assert said is not None
    assert said.runs == [Run("t", "ww", 3, 2), Run("t", "w", 1, 1), Run("tt", "", 2, 0)]


def test_the_corpus_reads_the_same() -> None:
    for number, sample in enumerate(samples()):
        for pieces in (
            [sample],
            cut_at_random(sample, number),
            [sample[at : at + 64] for at in range(0, len(sample), 64)],
        ):
            assert quickly(*pieces) == liberally(*pieces), sample


@pytest.mark.long
def test_mutants_read_the_same() -> None:
    for number in range(FUZZED):
        data = fuzzed(number) if number % 2 else made_up(random.Random(number))[0]  # noqa: S311
        pieces = cut_at_random(data, number)
        assert quickly(*pieces) == liberally(*pieces), number


words = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "",
        '"',
        "\\",
        '\\"',
        '","',
        "<think>",
        "</think>",
        "![a](data:image/png;base64,iVBO",
        "\n\n",
        "\x00",
        "data: {",
        "}\n{",
    ]
)
deltas = st.one_of(
    words.map(lambda each: {"content": each}),
    words.map(lambda each: {"content": each}),
    words.map(lambda each: {"reasoning": each}),
    st.fixed_dictionaries({"content": words, "reasoning_content": words}),
    st.sampled_from(
        [{}, {"content": None}, {"role": "assistant", "content": ""}, {"content": 3}, {"refusal": "no"}]
    ),
)
besides = st.sampled_from(
    [
        {},
        {},
        {},
        {"usage": {"prompt_tokens": 1}},
        {"model": "n"},
        {"model": "\x00"},
        {"servertool": {"id": "t"}},
        {"new": 1},
    ]
)
streams = st.lists(
    st.tuples(
        deltas,
        besides,
        st.sampled_from(["", "", "", "stop"]),
        st.sampled_from(["\n\n", "\n\n", "\r\n\r\n", "\n"]),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(
    stream=streams,
    ends=st.sampled_from([b"", b"data: [DONE]\n\n", b'data: {"error":"x"}\n\n']),
    cuts=st.lists(st.integers(0, 2_000), max_size=12),
    as_ascii=st.booleans(),
)
@example(stream=[({"content": "\\"}, {}, "", "\n\n")] * 3, ends=b"", cuts=[], as_ascii=True)
def test_chunks_of_any_kind_read_the_same(
    stream: list[tuple[dict[str, Any], dict[str, Any], str, str]],
    ends: bytes,
    cuts: list[int],
    as_ascii: bool,
) -> None:
    data = b""
    for fields, beside, reason, end in stream:
        chunk = {
            **HEAD,
            "choices": [{"index": 0, "delta": fields, "finish_reason": reason or None}],
            **beside,
        }
        data += f"data: {json.dumps(chunk, ensure_ascii=as_ascii)}{end}".encode("utf-8", "surrogatepass")

    pieces = cut(data + ends, cuts)

    assert quickly(*pieces) == liberally(*pieces)


@given(
    raw=st.lists(st.text(st.sampled_from('ab"\\,u0{}: '), max_size=6), min_size=2, max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=4),
)
def test_chunks_that_are_no_json_read_the_same(raw: list[str], cuts: list[int]) -> None:
    good = delta(content="MARK").decode()

    data = good * 2 + "".join(good.replace("MARK", each) for each in raw) + good
    pieces = [good.encode(), *cut(data.encode(), cuts)]

    assert quickly(*pieces) == liberally(*pieces)
