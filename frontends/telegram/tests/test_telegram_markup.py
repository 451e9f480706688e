"""The model's Markdown on Telegram: what is shown, what is bold, and that no cut or sign makes Telegram refuse it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import MessageEntity

from aivax_bots_telegram.markup import bare, native, size, units
from telegram_stand_in.text import as_markdown, names_in, taken

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes says how busy the machine is."""


def look(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text, and each entity with what it covers."""
    shown, entities = native(text)
    raw = shown.encode("utf-16-le")
    return shown, [
        (each.type, raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le"))
        for each in entities
    ]


@pytest.mark.parametrize(
    ("markdown", "shown", "entities"),
    [
        ("The **answer** is *here*.", "The answer is here.", [("bold", "answer"), ("italic", "here")]),
        ("# Head\nwords", "Head\nwords", [("bold", "Head")]),
        ("# Head\n\nwords", "Head\n\nwords", [("bold", "Head")]),
        ("~~old~~ `new`", "old new", [("strikethrough", "old"), ("code", "new")]),
        ("**a `b` c**", "a b c", [("bold", "a "), ("code", "b"), ("bold", " c")]),
        ("😀 **😀b** `c`", "😀 😀b c", [("bold", "😀b"), ("code", "c")]),
        ("- one\n- two\n  - three", "• one\n• two\n  • three", []),
        ("3. one\n4. two", "3. one\n4. two", []),
        ("```py\nx = 1\n```\nend", "x = 1\nend", [("pre", "x = 1")]),
        ("> one\n> two\n\nend", "one\ntwo\n\nend", [("blockquote", "one\ntwo")]),
        ("> one\n\n> two", "one\n\ntwo", [("blockquote", "one"), ("blockquote", "two")]),
        ("[here](https://a.b/c)", "here", [("text_link", "here")]),
        ("one\n***\ntwo", "one\n———\ntwo", []),
        ("<b>x</b> 1 < 2 & 3", "<b>x</b> 1 < 2 & 3", []),
        ("2 * 3 * 4, a_b_c", "2 * 3 * 4, a_b_c", []),
        ("**not closed", "**not closed", []),
        ("_a**b**_**c**", "abc", [("italic", "ab"), ("bold", "b"), ("bold", "c")]),
    ],
)
def test_each_mark_has_its_look(markdown: str, shown: str, entities: list[tuple[str, str]]) -> None:
    assert look(markdown) == (shown, entities)


def test_a_table_stands_in_columns_where_that_is_no_longer_and_as_written_where_it_is() -> None:
    narrow, wide = (
        "| a | b |\n|---|---|\n| 1 | 22 |",
        "| a | b |\n|---|---|\n| 1 | " + "w" * 80 + " |\n| x |",
    )

    assert look(narrow)[0] == "a │ b\n──┼───\n1 │ 22"
    assert look(wide)[0] == wide
    assert [kind for kind, _ in look(narrow)[1]] == ["pre"]


@pytest.mark.parametrize("link", ["tg://user?id=1001", "javascript:x", "file:///etc"])
def test_links_lead_to_the_web_alone(link: str) -> None:
    assert [kind for kind, _ in look(f"[Ana](<{link}>)")[1]] == []


def test_names_notify_nobody_and_signs_that_turn_words_around_are_gone() -> None:
    shown, entities = native("@ana_maria, **@everyone** and a\u202eb\x1b[2J; `@inside` of code")

    assert names_in(shown, [each.to_dict() for each in entities]) == []
    assert not {"\u202e", "\x1b"} & set(shown)


@pytest.mark.parametrize(
    "markdown",
    [
        "@**mona**",
        "**@**_mona_",
        "@~~mona~~",
        "[@](https://a.b)mona",
        "@[mona](https://a.b)",
        "`@`mona",
        "@`mona`",
        "> @**mona**",
        "# @*mona*",
        "![@](https://a.b)mona",
        "@<!-- -->**mona**",
    ],
)
def test_a_name_that_marks_cut_in_two_notifies_nobody(markdown: str) -> None:
    shown, entities = native(markdown)

    assert "@mona" not in shown
    assert names_in(shown, [each.to_dict() for each in entities]) == []
    assert units(shown) <= size(markdown)


def test_addresses_stay_what_they_are() -> None:
    shown, entities = native("ana@example.com, https://medium.com/@mona/post and https://x.zz/@mona")

    assert shown == "ana@example.com, https://medium.com/%40mona/post and https://x.zz/%40mona"
    assert names_in(shown, [each.to_dict() for each in entities]) == []


def test_what_shows_nothing_is_shown_as_it_was_written() -> None:
    assert native("[](https://a.b)")[0] == "[](https://a.b)"
    assert native("<!-- x -->")[0] == "<!-- x -->"


SIGNS = [
    *"ab \n\n*_`~>#-|[]()!\\@:1.😀\u202e\x07é&;<",
    "**",
    "```",
    "\n- ",
    "\n> ",
    "\n| a | b |\n|---|---|\n",
]
MARKS = [
    *("**a**", "_b_ ", "`c`", "\n\n", "\n- d\n", "> e\n", "```py\nf\n```\n", "| g | h |\n|-|-|\n| i |\n"),
    *(
        "[j](http://k.l)",
        "@mona ",
        "@",
        "mona",
        "## m\n",
        "1. n\n",
        "  - o\n",
        "~~p~~",
        "😀",
        "\n***\n",
        "![q](http://r.s)",
    ),
]
MARKDOWN = st.lists(st.sampled_from(SIGNS), max_size=60).map("".join) | st.lists(
    st.sampled_from(MARKS), max_size=25
).map("".join)


@CALM
@given(MARKDOWN)
def test_whatever_is_written_telegram_takes_it_and_it_is_never_longer_than_it_was_measured(text: str) -> None:
    shown, entities = native(text)
    taken(shown, [each.to_dict() for each in entities])  # raises what Telegram would refuse

    assert units(shown) <= max(size(text), 1)
    assert names_in(shown, [each.to_dict() for each in entities]) == []
    assert as_markdown(shown, [each.to_dict() for each in entities])
    assert units(bare(text)[0]) <= max(size(text), 1)


@CALM
@given(MARKDOWN, MARKDOWN)
def test_what_grows_never_measures_less(text: str, more: str) -> None:
    assert size(text) <= size(text + more)


def test_entities_beyond_those_that_telegram_keeps_are_left_out() -> None:
    assert len(native("**a** " * 300)[1]) == 100
    assert native("**a**")[1] == [MessageEntity("bold", 0, 1)]
