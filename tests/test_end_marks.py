"""Marks with which models end their answers are no words of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.stream.fragments import Ending

PIECES = (
    "<|im_end|>",
    "<|",
    "<",
    "<|endoftext|>",
    "Hello. ",
    "\n",
    "<eos>",
    "<|im_",
    "end|>",
    "a",
    "</s>",
    "<|end|",
)


def read(*pieces: str) -> str:
    ending = Ending()
    return "".join([*map(ending.take, pieces), ending.close()])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Hello.<|im_end|>", "Hello."),
        ("Hello.<|eot_id|>\n<|end_of_text|>\n", "Hello."),
        ("<end_of_turn>", ""),
        ("Use <|im_end|> here.", "Use <|im_end|> here."),
        ("It ends with `<|im_end|>`", "It ends with `<|im_end|>`"),
        ("a <", "a <"),
        ("a <|im_end", "a <|im_end"),
        ("2 < 3", "2 < 3"),
    ],
)
def test_only_what_stands_at_the_very_end_is_a_mark(answer: str, words: str) -> None:
    assert read(answer) == words
    assert read(*answer) == words


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.lists(st.integers(0, 99), max_size=9))
def test_any_way_of_cutting_gives_the_same_beginning_of_the_answer(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]

    words = read(*(text[start:end] for start, end in pairwise(places)))

    assert words == read(text)
    assert text.startswith(words)
