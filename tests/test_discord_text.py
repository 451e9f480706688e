"""The model's Markdown as Discord can show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.text import MAX_SIZE, native, size
from core.reply.split import split


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("#### Details", "### Details"),
        ("###### Deep", "### Deep"),
        ("### Kept", "### Kept"),
        ("####no heading", "####no heading"),
        ("![a cat](https://x.test/c.png)", "[a cat](https://x.test/c.png)"),
        ('see ![a](https://x.test/c.png "title") now', "see [a](https://x.test/c.png) now"),
        ("![](https://x.test/c.png)", "<https://x.test/c.png>"),
        ("`![a](https://x.test/c.png)`", "`![a](https://x.test/c.png)`"),
        ("a [link](https://x.test) and <b>html</b>", "a [link](https://x.test) and <b>html</b>"),
        ("@everyone <@1>", "@everyone <@1>"),
        ("above\n\n---\n\nbelow", "above\n\n───\n\nbelow"),
        ("* * *", "───"),
        ("Title\n---", "Title\n---"),
    ],
)
def test_what_discord_does_not_render_becomes_what_it_does(written: str, shown: str) -> None:
    assert native(written) == shown


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
