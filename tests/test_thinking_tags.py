"""Thinking in tags at the beginning of an answer is told apart from its words, however it is named and cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.aivax.stream.thinking_tags import Opening, split
from tests.processor_time import cost_s

TAGS = (
    *(
        ("<think>", "</think>"),
        ("<Thinking>", "</THINKING>"),
        ("<thought>", "</thought >"),
        ("<reason>", "</reason>"),
    ),
    *(
        ("<reasoning effort='low'>", "</reasoning>"),
        ("<seed:think>", "</seed:think>"),
        ("[THINK]", "[/THINK]"),
    ),
    *(
        ("<antThinking>", "</antThinking>"),
        ("◁think▷", "◁/think▷"),
        ("<inner_monologue>", "</inner_monologue>"),
    ),
    ('<details type="reasoning" done="true">', "</details>"),
    *(("<|begin_of_thought|>", "<|end_of_thought|>"), ("<|START_THINKING|>", "<|END_THINKING|>")),
    *(("<|channel|>analysis<|message|>", "<|end|>"), ("<|channel>thought", "<channel|>")),
    (
        "<think_never_used_51bce0c785ca2f68081bfa7d91973934>",
        "</think_never_used_51bce0c785ca2f68081bfa7d91973934>",
    ),
)
PIECES = (
    *(tag for pair in TAGS for tag in pair),
    *(
        "<",
        ">",
        "</",
        "think",
        "<b>",
        "[",
        "[1]",
        "<|",
        "\n",
        "  ",
        "`",
        "a",
        "Hello.",
        "<think",
        "\t- x",
        "é😀",
    ),
)


def read(*pieces: str) -> tuple[str, str]:
    opening = Opening()
    taken = [*map(opening.take, pieces), opening.close()]
    return "".join(thought for thought, _ in taken), "".join(said for _, said in taken)


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_every_name_of_thinking_is_known(opening: str, closing: str) -> None:
    text = f"\n{opening}\nsecret\n{closing}\n\nHello."

    assert read(text) == ("\nsecret\n", "Hello.")
    assert read(*text) == ("\nsecret\n", "Hello.")
    assert split(text) == ("\nsecret\n", "Hello.")


@pytest.mark.parametrize(
    "answer",
    [
        *(
            "Hello.",
            "<b>bold</b>",
            "<thinner>",
            "<3",
            "< think>",
            "[1] a note",
            "[link](https://example.com)",
            "<",
        ),
        *(
            "`<think>` opens it",
            "```\n<think>\n```",
            "First <think>a</think>",
            "<thinkpad> x",
            "    <think>"[:4] + "x",
        ),
        *("<details><summary>x</summary></details>", "<details type='x'>"),
        *("<thing>" + "x" * 500, "</thanks>", "<a href='x'>y</a>", "[think about it]", "[thinking] not"[:9]),
    ],
)
def test_what_begins_otherwise_is_the_answer(answer: str) -> None:
    assert read(answer) == ("", answer)
    assert read(*answer) == ("", answer)
    assert split(answer) == ("", answer)


def test_several_blocks_may_stand_one_after_the_other() -> None:
    assert read("<think>a</think>\n<think></think> <thought>b</thought>c <think>d</think>") == (
        "ab",
        "c <think>d</think>",
    )


def test_thinking_that_is_never_closed_is_all_thinking() -> None:
    assert read("<think>", "so it goes", " </thin") == ("so it goes </thin", "")


def test_a_closing_tag_that_is_left_over_at_the_beginning_says_nothing() -> None:
    assert read("</think>", "\n\nHello.") == ("", "Hello.")


def test_an_indented_first_line_keeps_its_indent() -> None:
    assert read("<think>a</think>\n\n    code")[1] == "    code"
    assert read("  x")[1] == "  x"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("I should be kind.\n</think>\n\nHello!", "Hello!"),
        ("Briefly.</think>391", "391"),
        ("Use </think> to close it.", "Use </think> to close it."),
        ("The tag `</think>` closes it.", "The tag `</think>` closes it."),
        ("```\na</think>\n```", "```\na</think>\n```"),
        ("Write <think>a</think> first.", "Write <think>a</think> first."),
    ],
)
def test_a_whole_answer_may_lack_the_opening_tag(answer: str, words: str) -> None:
    assert split(answer)[1] == words


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.lists(st.integers(0, 200), max_size=9))
@example("<think>a</think>b", [8])
@example("<" * 300, [1])
def test_any_way_of_cutting_gives_the_same_and_nothing_is_made_up(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]

    thought, said = read(*(text[start:end] for start, end in pairwise(places)))

    assert (thought, said) == read(text)
    assert text.endswith(said) or not said.strip()
    assert thought in text or len(thought) < len(text)


LONG = {
    "blanks": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "blocks": "<think></think>" * 60_000,
    "closing tags": "</think>" * 120_000,
    "brackets": "<" * 1_000_000,
    "an endless tag": "<think " + "a" * 1_000_000,
    "thinking": "<think>" + "</thin" * 160_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_nothing_takes_longer_than_in_proportion(text: str) -> None:
    def read() -> None:
        opening = Opening()
        opening.take(text)
        split(text)
        for sign in text[:20_000]:
            opening.take(sign)

    assert cost_s(read, enough_s=2.0) < 2.0
