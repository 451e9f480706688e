"""The promises of the splitter, on texts that models write and on texts that nobody would."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.markdown.splitter import Part, Splitter, split
from tests.processor_time import cost_s


def utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def escaped(text: str) -> int:
    return len(html.escape(text))


SIZES = (len, utf8, escaped)

words = st.sampled_from(
    [
        "a",
        "word",
        "Ünïcödé",
        "x" * 90,
        "end.",
        "end!)",
        "1.",
        "-",
        "#",
        "<&>",
        "👩‍👩‍👧‍👦",
        "🇧🇷",
        "e\u0301",
        "好。",
        "a`b`c",
        "\t",
    ]
)
prose = st.lists(words, min_size=1, max_size=40).map(" ".join)
items = st.builds(
    lambda depth, marker, text: " " * depth + marker + " " + text,
    st.sampled_from([0, 2, 4, 8]),
    st.sampled_from(["-", "*", "1.", "23)"]),
    prose,
)
lists = st.lists(items, min_size=1, max_size=8).map("\n".join)
rows = st.lists(st.just("| one | two three |"), min_size=1, max_size=15).map("\n".join)
tables = rows.map(lambda body: "| a | b |\n|---|---|\n" + body)
fences = st.builds(
    lambda indent, marker, info, lines: "\n".join(
        [f"{indent}{marker}{info}", *(indent + line for line in lines), f"{indent}{marker}"]
    ),
    st.sampled_from(["", "  ", "    "]),
    st.sampled_from(["```", "~~~", "`````", "~~~~"]),
    st.sampled_from(["", "py", "python title=x", "i" * 300]),
    st.lists(prose | st.just("") | st.just("    return x"), max_size=30),
)
headings = prose.map(lambda text: "## " + text)
blocks = st.one_of(prose, lists, tables, fences, headings)
documents = st.lists(blocks, max_size=12).map("\n\n".join)
rubble = st.text(alphabet="ab `~\n-#|>.1*\t\r\\\u0301\u200d👩🇧", max_size=600)
texts = documents | rubble | st.text(max_size=300)
unhurried = settings(deadline=None)  # machines that run tests are busy


@pytest.mark.parametrize("repeated", ["1. ", "- ", "> ", "a ", "1) - ", "**", "`", "| a ", " ", "a"])
def test_no_line_however_long_is_read_again_for_each_of_its_words(repeated: str) -> None:
    line = (repeated * 40_000)[:12_500]

    assert cost_s(lambda: split(line, 12_000), enough_s=0.05) < 0.05


limits = st.sampled_from([64, 80, 120, 300, 2000])


def fences_left_open(text: str) -> int:
    """Count what a simple-minded reader of fences finds open at the end."""
    marker = ""
    for line in text.split("\n"):
        found = re.match(r"(?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}|~{3,})(.*)", line)
        if not found:
            continue
        run, rest = found.groups()
        if not marker and len(run) <= 16 and not (run[0] == "`" and "`" in rest):
            marker = run
        elif marker and re.fullmatch(rf"[ \t]*{re.escape(run)}\s*", line) and run.startswith(marker):
            marker = ""
    return int(bool(marker))


def shown_slice(part: Part) -> str:
    return part.text[len(part.opened) : len(part.text) - len(part.closed)]


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def in_pieces(
    text: str, cuts: Sequence[int], max_size: int, size: Callable[[str], int]
) -> list[Sequence[Part]]:
    splitter, seen = Splitter(max_size, size), []
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for begin, end in itertools.pairwise(places):
        splitter.feed(text[begin:end])
        seen.append(splitter.parts)
    return seen


@unhurried
@given(texts, limits, st.sampled_from(SIZES))
@example("\n" * 500 + "a", 64, len)
@example(" " * 500 + "a" + " " * 500 + "b", 64, len)
@example("```\n" + " " * 500 + "a\n```", 64, len)
@example("`" * 500, 64, len)
@example("```" + "i" * 500 + "\ncode\n```", 64, len)
def test_joined_back_the_parts_are_the_same_text(
    text: str, max_size: int, size: Callable[[str], int]
) -> None:
    parts = split(text, max_size, size)

    assert "".join(text[part.start : part.end] for part in parts) == (text if text.strip() else "")
    for part in parts:
        assert lines_of(shown_slice(part)) == lines_of(text[part.start : part.end])


@unhurried
@given(st.lists(st.one_of(prose, tables, headings, fences), max_size=12).map("\n\n".join), limits)
def test_without_deep_lists_a_part_shows_its_slice_to_the_letter(text: str, max_size: int) -> None:
    for part in split(text, max_size):
        raw = re.sub(r"\A(?:[^\S\n]*\n)+", "", text[part.start : part.end])
        if not re.match(r"\t| {4}", raw):
            assert shown_slice(part) == raw.rstrip()


@unhurried
@given(texts, limits, st.sampled_from(SIZES))
def test_every_part_has_room(text: str, max_size: int, size: Callable[[str], int]) -> None:
    for part in split(text, max_size, size):
        one_character = len(shown_slice(part).strip()) == 1
        assert size(part.text) <= max_size or one_character


@unhurried
@given(texts, limits)
def test_every_fence_is_balanced_in_its_part(text: str, max_size: int) -> None:
    for part in split(text.replace(">", ""), max_size):
        assert not fences_left_open(part.text), part.text


@unhurried
@given(texts, limits)
def test_no_part_is_blank(text: str, max_size: int) -> None:
    for part in split(text, max_size):
        assert shown_slice(part).strip()


@unhurried
@given(texts, limits, st.lists(st.integers(0, 4000), max_size=30), st.sampled_from(SIZES))
def test_full_parts_stay_as_they_are_while_the_text_grows(
    text: str, max_size: int, cuts: list[int], size: Callable[[str], int]
) -> None:
    whole = split(text, max_size, size)

    for parts in in_pieces(text, cuts, max_size, size):
        full = parts[:-1]
        assert list(full) == list(whole[: len(full)])


@unhurried
@given(texts, limits, st.lists(st.integers(0, 4000), max_size=30))
def test_the_pieces_in_which_a_text_comes_make_no_difference(
    text: str, max_size: int, cuts: list[int]
) -> None:
    seen = in_pieces(text, cuts, max_size, len)

    assert not seen or list(seen[-1]) == list(split(text, max_size))


@unhurried
@given(texts, limits, st.lists(st.integers(0, 4000), max_size=30))
def test_every_part_has_room_and_balanced_fences_at_every_moment(
    text: str, max_size: int, cuts: list[int]
) -> None:
    for parts in in_pieces(text.replace(">", ""), cuts, max_size, len):
        for part in parts:
            assert len(part.text) <= max_size or len(shown_slice(part).strip()) == 1
            assert not fences_left_open(part.text)


def long_answer() -> str:
    """30,000 characters: nested lists, tables and five fences, one of them inside a list."""
    sentence = "The quick brown fox jumps over the lazy dog, and then rests for a while. "
    nested = "\n".join(
        f"- Point {n}: {sentence}\n  - Because {sentence}\n    1. First, {sentence}\n    2. Second."
        for n in range(12)
    )
    table = "| n | square | cube |\n|---|---|---|\n" + "\n".join(
        f"| {n} | {n**2} | {n**3} |" for n in range(120)
    )
    code = "\n".join(f"def f{n}(x):\n    return x * {n}\n" for n in range(90))
    in_list = (
        "1. Run this:\n\n   ```sh\n" + "\n".join(f"   echo {n}" for n in range(200)) + "\n   ```\n\n2. Done."
    )
    sections = [
        *(
            f"## Chapter {n}\n\n{sentence * 20}\n\n{nested}\n\n{table}\n\n```python\n{code}\n```"
            for n in range(2)
        ),
        in_list,
        f"~~~text\n{sentence}\n~~~",
        f"````md\n```\ninner\n```\n{sentence}\n````",
    ]
    return ("# Title\n\n" + "\n\n".join(sections) + "\n\n" + sentence * 200)[:30_000].rstrip()


def test_a_long_answer_with_lists_tables_and_five_fences_arrives_whole() -> None:
    text = long_answer()

    parts = split(text, 2000)

    assert len(text) > 29_000
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(len(part.text) <= 2000 for part in parts)
    assert len(parts) < 30
    for part in parts:
        code = [token for token in MarkdownIt("commonmark").parse(part.text) if token.type == "fence"]
        for token in code:
            assert token.map is not None
            assert part.text.split("\n")[token.map[1] - 1].strip() == token.markup, (
                "a fence that nobody closed"
            )


def test_code_is_the_same_code_after_it_was_split() -> None:
    code = "\n".join(f"line {n} of the code" for n in range(500))

    parts = split(f"Look:\n\n```python\n{code}\n```\n\nThat was it.", 2000)

    tokens = [token for part in parts for token in MarkdownIt("commonmark").parse(part.text)]
    assert "".join(token.content for token in tokens if token.type == "fence") == code + "\n"
    assert {token.info for token in tokens if token.type == "fence"} == {"python"}


def test_a_fence_inside_a_list_is_closed_at_its_own_depth() -> None:
    lines = [f"     echo {n}" for n in range(30)]
    text = "\n".join(["1. a", "   - b:", "", "     ```sh", *lines, "     ```", "2. c"])

    first, second, *_ = split(text, 200)

    assert first.text.endswith("\n     ```")
    assert second.text.startswith("   ```sh\n")  # deeper it would be code, where no list is open


def test_code_that_is_still_being_written_leaves_room_for_its_fence() -> None:
    text = "```py\n" + "abcdefg = 1\n" * 40
    splitter = Splitter(100)

    for character in text:
        splitter.feed(character)
        for part in splitter.parts:
            assert len(part.text) <= 100
            assert not fences_left_open(part.text)


def test_no_part_begins_with_the_end_of_code_or_ends_with_its_beginning() -> None:
    for length in range(20, 50):
        parts = split(f"{'x' * 30}\n```py\n{'a' * length}\n{'b' * 20}\n```\n{'z' * 30}", 64)

        assert not any(shown_slice(part).startswith("```\n") for part in parts)
        assert not any(shown_slice(part).endswith("```py") for part in parts)


def test_backticks_in_a_long_word_do_not_begin_a_message() -> None:
    for before in range(55, 66):
        parts = split("a" * before + "```" + "b" * 100, 64)

        assert not any(part.text.startswith("`") for part in parts)


def test_an_info_longer_than_a_message_is_dropped_where_the_fence_opens_again() -> None:
    parts = split("```" + "i" * 300 + "\ncode\n```", 100)

    assert all(len(part.text) <= 100 for part in parts)
    assert parts[-1].text.startswith("```\n")


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("a" * 60 + "\n\n" + "b" * 20 + "\nc" * 30, "b"),
        ("- " + "a" * 60 + "\n- " + "b" * 20 + "\n  c d e f g h i j k l m n o p", "- b"),
        ("| a |\n|---|\n" + "| row |\n" * 10 + "| x |\n" * 10, "| "),
        ("a" * 60 + "\n" + "b c " * 30, "b"),
        ("A first sentence of some length, which is here to take up the room. And " + "so on " * 20, "And"),
        ("word " * 50, "word"),
        ("Intro " * 10 + "\n\n## Heading\n\n" + "text " * 30, "## Heading"),
    ],
    ids=["block", "item", "row", "line", "sentence", "word", "heading"],
)
def test_a_part_begins_where_a_reader_would_begin(text: str, second: str) -> None:
    parts = split(text, 100)

    assert parts[1].text.startswith(second)
    assert parts[0].text == parts[0].text.strip()


def test_the_head_of_a_table_is_not_cut_off_from_its_first_row() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"

    parts = split("x" * 70 + "\n" + table + "\n| 3 | 4 |" * 5, 100)

    assert parts[1].text.startswith(table)


@pytest.mark.parametrize("whole", ["👩‍👩‍👧‍👦", "🇧🇷", "e\u0301\u0323", "👍🏽", "한"])
def test_a_visible_character_is_not_cut(whole: str) -> None:
    for before in range(70):
        for part in split("x" * before + whole * 60, 64):
            assert shown_slice(part).lstrip("x").replace(whole, "") == ""


def test_a_list_that_goes_on_in_the_next_part_is_not_mistaken_for_code() -> None:
    text = "- top\n" + "\n".join(f"    - nested point number {n}" for n in range(20))

    for part in split(text, 120)[1:]:
        kinds = {token.type for token in MarkdownIt("commonmark").parse(part.text)}
        assert "code_block" not in kinds
        assert "bullet_list_open" in kinds


def test_a_limit_without_room_for_a_fence_is_refused() -> None:
    with pytest.raises(ValueError, match="less than 64"):
        Splitter(10)


def test_a_growing_text_is_not_measured_again_from_its_beginning() -> None:
    text = (long_answer() + "\n\n") * 4
    measured = 0

    def size(part: str) -> int:
        nonlocal measured
        measured += len(part)
        return len(part)

    splitter = Splitter(2000, size)
    for begin in range(0, 100_000, 100):
        splitter.feed(text[begin : begin + 100])
        assert splitter.parts

    assert measured < 1000 * 2000 * 3  # at each of 1,000 looks little more than one part
