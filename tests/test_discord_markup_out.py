"""The model's Markdown as Discord can show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.delivery.markup_out import MAX_SIZE, native, size
from core.markdown.splitter import split
from tests.processor_time import cost_s


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("#### Details", "### Details"),
        ("###### Deep", "### Deep"),
        ("### Kept", "### Kept"),
        ("####no heading", "####no heading"),
        ("![a cat](https://x.test/c.png)", "a cat (<https://x.test/c.png>)"),
        ('see ![a](https://x.test/c.png "title") now', "see a (<https://x.test/c.png>) now"),
        ("![](https://x.test/c.png)", "<https://x.test/c.png>"),
        ("`![a](https://x.test/c.png)`", "`![a](https://x.test/c.png)`"),
        ("a [link](https://x.test) and <b>html</b>", "a link (<https://x.test>) and **html**"),
        ("@everyone <@1>", "@everyone <@1>"),
        ("above\n\n---\n\nbelow", "above\n\n───\n\nbelow"),
        ("* * *", "───"),
        ("Title\n---", "Title\n---"),
    ],
)
def test_what_discord_does_not_render_becomes_what_it_does(written: str, shown: str) -> None:
    assert native(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[https://bank.test](https://evil.test)", "https://bank.test (<https://evil.test>)"),
        ("[https://bank.test](https://bank.test/)", "<https://bank.test/>"),
        ("[bank.test](https://bank.test)", "<https://bank.test>"),
        ("[a](<https://x.test/y>) [b](HTTPS://z.test)", "a (<https://x.test/y>) b (<HTTPS://z.test>)"),
        ("[w](https://x.test/a_(b))", "w (<https://x.test/a_(b)>)"),
        ("[a](https://x.test 'title')", "a (<https://x.test>)"),
        ("[a [b] c](https://x.test)", "[a [b] c] (https://x.test)"),
        ("[a\\]b](https://x.test)", "[a\\]b] (https://x.test)"),
        ("[good\nname](https://x.test)", "[good\nname] (https://x.test)"),
        ("[a](\nhttps://x.test)", "[a] (\nhttps://x.test)"),
        ("[![i](https://a.test)](https://x.test)", "[i (<https://a.test>)] (https://x.test)"),
        ("`[a](https://x.test)`", "`[a](https://x.test)`"),
        ("`` [a](https://x.test) `", "`` a (<https://x.test>) `"),
        ("one ` tick\n`[a](https://x.test)`", "one ` tick\n`a (<https://x.test>)`"),
        ("\\`[a](https://x.test)`", "\\`a (<https://x.test>)`"),
        ("> [a](https://x.test)", "> a (<https://x.test>)"),
        ("<https://x.test>", "<https://x.test>"),
        ("![#### ](https://x.test)", "<https://x.test>"),
        (
            "![# big](https://x.test)\n- [> a](https://x.test)",
            "big (<https://x.test>)\n- a (<https://x.test>)",
        ),
        ("next [> a](https://x.test)", "next > a (<https://x.test>)"),
    ],
)
def test_a_link_shows_where_it_leads(written: str, shown: str) -> None:
    assert native(written) == shown


def test_a_link_in_a_wide_table_shows_where_it_leads() -> None:
    text = f"| a | b |\n|---|---|\n| {'wide ' * 20} | [bank.test](https://evil.test) |"

    assert "bank.test (<https://evil.test>)" in native(text)


def test_code_stays_as_it_is() -> None:
    code = "```md\n#### Details\n![a](https://x.test/c.png)\n```"

    assert native(code) == code
    assert native(f"{code}\n#### After") == f"{code}\n### After"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("~~~py\nx = 1\n~~~", "```py\nx = 1\n```"),
        (
            "````md\n```\n#### code\n```\n````\n#### After",
            "```md\n\u02cb\u02cb\u02cb\n#### code\n\u02cb\u02cb\u02cb\n```\n### After",
        ),
        ("````md\n#### still code", "```md\n#### still code"),
        ("```python title=x\n1\n```", "```python\n1\n```"),
        ("- ```sh\n  ls\n  ```\n#### After", "- ```sh\n  ls\n  ```\n### After"),
        ("> ```\n> x\n#### After", "> ```\n> x\n### After"),
        ("```one``` line\n#### After", "```one``` line\n### After"),
    ],
)
def test_every_fence_becomes_one_that_discord_knows(written: str, shown: str) -> None:
    assert native(written) == shown


def test_a_message_holds_two_thousand_code_points() -> None:
    assert MAX_SIZE == 2000
    assert size("🙂" * 2000) == 2000


PIECES = (
    *("#### ", "![", "](", "https://x.test/a", ")", "```", "\n", "`", " ", "<", ">", "x", '"t"', "<br>"),
    *(
        "---",
        "***",
        "| ",
        " |",
        "|",
        "~~~",
        "````",
        "> ",
        "\\|",
        "|---|---|\n",
        "| a | b |\n",
        "- ",
        "**b**",
        "[l](https://x.test)",
        "[",
        "](https://y.test)",
        "表",
        "e\u0301",
    ),
    *("a cell that takes much room ", "\n\n"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES) | st.text(max_size=5)).map("".join)


@given(MARKDOWN)
def test_a_text_never_grows_beyond_its_size_by_being_made_native(text: str) -> None:
    assert len(native(text)) <= size(text)


@given(MARKDOWN, MARKDOWN)
def test_the_size_never_shrinks_as_the_text_grows(text: str, more: str) -> None:
    assert size(text + more) >= size(text)


@given(MARKDOWN)
def test_a_native_text_is_left_as_it_is(text: str) -> None:
    once = native(text)

    assert native(once) == once


@given(MARKDOWN, st.integers(64, 300))
def test_every_message_of_an_answer_has_room_once_it_is_native(text: str, room: int) -> None:
    assert all(len(native(part.text)) <= room for part in split(text, room, size))


@given(MARKDOWN)
def test_no_text_poses_as_another_address(text: str) -> None:
    holds_code = "`" in text or "~~~" in text  # code shows its marks

    assert holds_code or "](" not in native(text)


def test_what_stands_where_a_blocks_language_stands_poses_as_no_address() -> None:
    assert native("~~~[l](https://x.test)\nx\n~~~") == "```\nx\n```"
    assert native("~~~ c++ title\nx\n~~~") == "```c++\nx\n```"


LONG = 40_000
HOSTILE = {
    "brackets": "[" * LONG,
    "links": "[a](https://x" * (LONG // 13),
    "pictures": "![a](https://x" * (LONG // 14),
    "titles": "[a](https://x '" * (LONG // 15),
    "parentheses": "[a](https://x" + "(" * LONG,
    "joints": "](" * (LONG // 2),
    "spaces in a link": "[a](" + " " * LONG,
    "ticks": "` `` " * (LONG // 5),
    "stars": "**a " * (LONG // 4),
    "all marks": "*_~~||" * (LONG // 6),
    "a rule": "- " * (LONG // 2) + "x",
    "a delimiter": "| a |\n|-" + " " * LONG + "x",
    "delimiters": "| a |\n|" + "-|" * (LONG // 2) + "x",
    "a row": "|" + " |" * (LONG // 2),
    "escaped bars": "| a | b |\n|---|---|\n| " + "\\|" * (LONG // 2),
    "a cell of marks": "| a | b |\n|---|---|\n| " + "**a " * (LONG // 4) + "| x |",
    "a cell of spaces": "| a | b |\n|---|---|\n| x" + " " * LONG + "y | <br" + " " * LONG,
    "a cell of links": "| a | b |\n|---|---|\n| " + "[a](https://x" * (LONG // 13) + "| x |",
    "headings": "#" * LONG,
    "escapes": "\\" * LONG,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_text_is_it_takes_no_long_time(text: str) -> None:
    assert cost_s(lambda: (native(text), size(text)), enough_s=1.0) < 1.0
