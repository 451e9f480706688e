"""Single answers in which the fuzzing of marks (tests/soak/test_fuzz_marks.py) found one torn."""

from __future__ import annotations

import re

import pytest

from bots.discord.delivery.markup_out import DIALECT as DISCORD
from bots.discord.delivery.markup_out import native
from bots.slack.delivery.markup_out import DIALECT as SLACK
from bots.slack.delivery.streaming.chunk import Ending
from bots.slack.delivery.streaming.streams import LAST_AGE_S, MOST_AGE_S, MOST_BYTES
from core.markdown.cut_points import inner_seams
from core.markdown.dialect import PLAIN
from core.markdown.splitter import Splitter, split
from core.markdown.unfinished import certain_up_to
from tests.platforms.slack.reader import drawn
from tests.slack_streams import StreamReader
from tests.torn_marks import DISCORD as ON_DISCORD
from tests.torn_marks import SLACK as ON_SLACK
from tests.torn_marks import Whole


def so_far(text: str) -> str:
    splitter = Splitter(2000)
    splitter.feed(text)
    return "\n---\n".join(part.text for part in splitter.parts_so_far)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One\n2", "One"),
        ("Look:\n\n```c++\n", "Look:"),
        ("Look:\n\n```c++\n\n", "Look:"),
        ("- one\n- [two](htt", "- one"),
        ("*It is 2 * ", "*It is 2*"),
    ],
)
def test_a_mark_waits_for_what_it_marks(text: str, shown: str) -> None:
    assert so_far(text) == shown


def test_an_item_s_mark_waits_with_the_marks_that_are_open_behind_it() -> None:
    text = "- one\n  - **two"

    assert text[: certain_up_to(text, PLAIN)] == "- one\n"


def test_no_message_ends_with_the_mark_of_an_item() -> None:
    text = "# Heading\n1. word word"

    assert [text[seam.at :] for seam in inner_seams(text, 0)] == ["Heading\n1. word word", "word"][1:]


def test_no_message_ends_between_two_runs_of_backticks() -> None:
    text = "This is " + "a ``span with ` a tick and " + "many more words " * 10 + "`` of code"

    assert all("```" not in part.text for size in range(64, 120) for part in split(text, size))


def test_underscores_beside_cjk_text_are_closed_and_opened_again_on_slack() -> None:
    text = "これは__" + "very important words " * 8 + "so__です"

    parts = split(text, 100, len, SLACK)

    assert [part.closed for part in parts[:-1]] == ["__"] * (len(parts) - 1)


def test_code_with_a_tick_in_it_is_code_on_discord() -> None:
    assert native("``a ` b &lt;`` &lt;") == "``a ` b &lt;`` \\<"


def streamed(*steps: tuple[str, float], taken: int = 0) -> list[str]:
    """Show an answer piece by piece, each at the age that the stream has by then."""
    reader, answer = StreamReader(taken), ""
    for piece, age_s in steps:
        answer += piece
        reader.age_s = age_s
        reader.take_all(answer)
    reader.take_all(answer, Ending())
    return reader.texts


@pytest.mark.parametrize(
    ("begin", "rest"),
    [
        ("`a code", " span` so"),
        ("**bold", " words** so"),
        ("[words](https://exa", "mple.com) so"),
        ("https://example.com/a?x", "=1&y=2 so"),
        ("| a |\n|---|\n| on", "e |"),
    ],
)
def test_a_stream_that_is_too_old_ends_before_what_is_half_written(begin: str, rest: str) -> None:
    assert streamed(("It is so:", 0.0), ("\n\n" + begin, LAST_AGE_S), (rest, 0.0)) == [
        "It is so:",
        begin + rest,
    ]


def test_a_paragraph_below_a_heading_is_none_in_the_next_stream() -> None:
    assert streamed(("# A heading", 0.0), ("", LAST_AGE_S), ("\n\nWords.", 0.0)) == ["# A heading", "Words."]


def test_a_sign_within_a_line_begins_no_quote_in_the_next_stream() -> None:
    shown = streamed(("It is so: 2", 0.0), ("", LAST_AGE_S), (" > 1 there", 0.0))

    assert [drawn(text) for text in shown] == ["It is so: 2", "\u200b> 1 there"]


def test_a_stream_ends_before_the_table_whose_first_row_is_to_come() -> None:
    shown = streamed(("Prices:", 0.0), ("\n\n| a |\n|---|\n", MOST_AGE_S), ("| 1 |", 0.0))

    assert shown == ["Prices:", "| a |\n|---|\n| 1 |"]


def test_a_nearly_full_stream_takes_no_line_in_which_a_mark_opens() -> None:
    reader = StreamReader(MOST_BYTES - 600)
    reader.take_all("Some words\n")
    reader.take_all("Some words\nand **bold\nwords** here")

    assert reader.texts == ["Some words\nand "]


def test_what_stands_behind_a_link_comes_as_it_is_written() -> None:
    reader = StreamReader()
    reader.take_all("see [words](https://example.com) and more")

    assert reader.texts == ["see [words](https://example.com) and more"]


def test_marks_closed_at_a_stream_s_end_count_beside_cjk_text() -> None:
    shown = streamed(("これは「**「" + "重要 " * 200, 0.0), ("な」**です", 0.0), taken=MOST_BYTES - 700)

    assert len(shown) > 1
    assert all(text.count("**") % 2 == 0 for text in shown)


def test_no_stream_begins_for_tags_alone() -> None:
    assert streamed(("Words.", 0.0), ("", LAST_AGE_S), ("</p></ul>", 0.0)) == ["Words."]


@pytest.mark.parametrize("prefix", ["> 10. ", ">> - - ", "10. > ", "> - > 10. "])
def test_an_item_in_a_quote_goes_on_as_words(prefix: str) -> None:
    parts = split(prefix + "some words " * 20, 100, len, SLACK)

    assert len(parts) > 1
    assert all("    some" not in drawn(part.text) and "│ " in drawn(part.text) for part in parts)


@pytest.mark.parametrize("prefix", ["> 10. ", ">> - - "])
def test_code_in_an_item_in_a_quote_is_opened_again_as_code(prefix: str) -> None:
    deeper = re.sub(r"[^\s>]", " ", prefix)
    text = f"{prefix}```py\n" + f"{deeper}some = code\n" * 20

    assert all("```" not in drawn(part.text) for part in split(text, 100, len, SLACK))


@pytest.mark.parametrize("text", ["**bold \\\n", "**bold \\ \n", "**bold \\\\\n", "**bold `code \\\n"])
def test_a_backslash_before_blanks_escapes_no_mark_that_is_closed(text: str) -> None:
    assert drawn(so_far(text)).startswith("«bold")


def test_a_message_that_ends_with_a_backslash_has_room_for_what_closes_it() -> None:
    for letters in range(15, 60):
        splitter = Splitter(64)
        splitter.feed("**a " * 6 + "w" * letters + " \\\n")

        assert all(len(part.text) <= 64 for part in splitter.parts_so_far)


@pytest.mark.parametrize("end", [" ", "\n", " \\\n"])
def test_marks_that_are_open_for_long_are_closed_where_a_stream_ends_with_blanks(end: str) -> None:
    shown = streamed(("**bold" + " words" * 100 + end, 0.0), ("", LAST_AGE_S), ("more** so", 0.0))

    assert [drawn(text)[0] for text in shown] == ["«", "«"]


@pytest.mark.parametrize(
    "rest", [("_name and (_it_)",), ("_", "name and (_it_)"), ("_name" + " x" * 300, " y_ ")]
)
def test_a_stream_that_begins_inside_a_name_is_not_in_italics(rest: tuple[str, ...]) -> None:
    shown = streamed(("the snake", 0.0), ("", LAST_AGE_S), *((piece, 0.0) for piece in rest))

    assert drawn(shown[1]).startswith("_name")


def test_italics_that_go_on_in_a_name_open_again_before_it() -> None:
    shown = streamed(("_so" + " words" * 200 + " snake", 0.0), ("", LAST_AGE_S), ("_name so_", 0.0))

    assert [drawn(text)[:5] for text in shown] == ["‹so w", "‹_nam"]


@pytest.mark.parametrize("code", ["~~~\nsnake", "`snake" + " words" * 200])
def test_code_that_goes_on_in_a_name_has_no_escape(code: str) -> None:
    shown = streamed((code, 0.0), ("", LAST_AGE_S), ("_name", 0.0))

    assert all("\\" not in text for text in shown)


def test_no_message_begins_with_the_underscore_of_a_name() -> None:
    text = "x" * 20 + "snake_name" * 30

    assert all(text[part.end : part.end + 1] != "_" for size in range(64, 80) for part in split(text, size))


@pytest.mark.parametrize("begin", ["- > ", "> 1. > "])
def test_a_sign_behind_an_item_s_mark_is_no_quote_on_discord(begin: str) -> None:
    parts = split(begin + "many words " * 30, 100, len, DISCORD)

    assert all(part.text.count(">") == begin.startswith(">") for part in parts[1:])


def test_a_quote_in_an_item_goes_on_on_slack() -> None:
    parts = split("- > " + "many words " * 30, 100, len, SLACK)

    assert all(part.text.count(">") == 1 for part in parts)


@pytest.mark.parametrize(
    ("before", "sign"), [("It is", " 3. so"), ("> It is", " 3. so"), ("> It is", " - so")]
)
def test_a_sign_within_a_line_begins_no_item_in_the_next_stream(before: str, sign: str) -> None:
    shown = streamed((before, 0.0), ("", LAST_AGE_S), (sign, 0.0))

    assert f"\u200b{sign.strip()}" in drawn(shown[1])


def test_a_figure_alone_is_no_item_in_the_next_stream_before_its_dot_is_there() -> None:
    shown = streamed(("It is", 0.0), ("", LAST_AGE_S), (" 3", 0.0), (". so", 0.0))

    assert drawn(shown[1]) == "\u200b3. so"


def test_bold_words_begin_a_stream_without_a_sign_of_which_only_the_first_was_there() -> None:
    shown = streamed(("It is", 0.0), ("", LAST_AGE_S), (" *", 0.0), ("*_“so” it_ is**", 0.0))

    assert drawn(shown[1]) == "«‹\u200b“so” it› is»"


def test_a_figure_behind_an_item_s_mark_waits_for_what_it_is() -> None:
    assert so_far("- one\n- 3.") == "- one"


def test_no_message_begins_with_a_figure_that_would_be_an_item_s() -> None:
    text = "so it is 3) then " * 20

    assert all(not part.text.startswith("3)") for size in range(64, 100) for part in split(text, size))


@pytest.mark.parametrize("mark", ["**", "||"])
def test_no_message_begins_with_what_closes_a_mark(mark: str) -> None:
    text = f"so {mark}" + "日本語です。" * 30 + f"{mark}です"

    parts = [part for size in range(80, 200) for part in split(text, size, len, DISCORD)]

    assert all(not part.text.startswith(mark * 2) for part in parts)


def test_a_message_ends_before_a_link_that_fills_more_than_half_of_it() -> None:
    link = "[two words](https://example.com/" + "x" * 60 + ")"

    assert [part.text for part in split(f"some words {link} so", 100)] == ["some words", f"{link} so"]


def test_an_item_s_mark_within_a_mark_is_text_on_discord() -> None:
    assert [each.character for each in ON_DISCORD.letters("**1. It**")] == ["1", "I", "t"]


def test_an_address_is_the_same_with_words_and_without() -> None:
    assert ON_SLACK.letters("[a](https://は)")[0].token == ON_SLACK.letters("https://は")[0].token


def test_bold_that_ended_behind_an_address_that_opens_a_sign_is_not_opened_again() -> None:
    text = '**bold [titled](<https://example.com/t "its title")' + " some words" * 6 + "** so" + " it is" * 20

    assert [part.opened for part in split(text, 160, len, DISCORD)] == ["", ""]


@pytest.mark.parametrize(
    "text",
    [
        "_so [two_ words](https://example.com) it is",
        "so [two *words](https://example.com) it* is",
        "*so `**no**` **it's* it's so**",
        "*** it is** so",
        "it`s so`",
        "_it\n- is so_",
        "| a |\n|---|\n| b |\nc |\n",
    ],
)
def test_what_readers_differ_in_is_not_judged_by_its_letters(text: str) -> None:
    assert not any(Whole(platform, text).is_plain for platform in (ON_DISCORD, ON_SLACK))
