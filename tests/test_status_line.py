"""The line that tells what a tool does: a name and a reason that the model wrote, made harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.status_line import NAME_CHARS, REASON_CHARS, tool_status
from core.domain import Status, ToolActivity, ToolState
from core.i18n import LocaleTranslator

HOSTILE = "\n\r\t\x00\x1b\x07\u200b\u202e\u2028\ud800*_`~|<>[]#\\@:/! aA1é"


def status(name: str, reason: str = "", state: ToolState = ToolState.RUNNING) -> Status:
    return tool_status(LocaleTranslator(), ToolActivity("t1", name, state, explanation=reason))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("web_search", "Using web search …"),
        ("WebSearch", "Using web search …"),
        ("mcp__files--read.file", "Using mcp files read file …"),
        ("Página2Go", "Using página2 go …"),
        ("", "Using a tool …"),
        ("___", "Using a tool …"),
        ("\x1b[31mred\x07", "Using 31mred …"),
        ("\u202e\u200b\ud800", "Using a tool …"),
        ("<!channel>", "Using channel …"),
        ("@everyone", "Using everyone …"),
        ("[x](https://evil.example)", "Using x https evil example …"),
        ("**bold**\n# head", "Using bold head …"),
    ],
)
def test_a_tools_name_is_told_in_plain_words(name: str, told: str) -> None:
    assert status(name).text == told


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("to find the weather", "to find the weather …"),
        ("To find it...", "To find it …"),
        ("one\ntwo\u2028three", "one two three …"),
        ("**now** `rm -rf` ~~x~~", "now rm -rf x …"),
        ("<@U123> <https://evil.example|click>", "@U123 https://evil.exampleclick …"),
        ("[click](https://evil.example)", "click(https://evil.example) …"),
        ("\x1b[31mred\x07", "31mred …"),
        ("\u202egnp.exe", "gnp.exe …"),
        ("{tool} {0}", "{tool} {0} …"),
    ],
)
def test_a_reason_is_told_as_plain_text_on_one_line(reason: str, told: str) -> None:
    assert status("search", reason).text == f"Using search: {told}"


@pytest.mark.parametrize("reason", ["", "  ", "***", "\n", "…", "\u200b"])
def test_a_reason_that_says_nothing_is_left_out(reason: str) -> None:
    assert status("search", reason).text == "Using search …"


def test_a_long_name_and_a_long_reason_are_cut() -> None:
    text = status("n" * 500, "r" * 500).text

    assert text == f"Using {'n' * NAME_CHARS}: {'r' * (REASON_CHARS - 1)}… …"


def test_a_name_that_is_cut_at_a_blank_keeps_no_blank() -> None:
    assert status("n" * (NAME_CHARS - 1) + "_more").text == f"Using {'n' * (NAME_CHARS - 1)} …"


@pytest.mark.parametrize("state", [ToolState.COMPLETED, ToolState.FAILED])
def test_a_tool_that_ended_clears_the_line(state: ToolState) -> None:
    cleared = status("search", "why", state)

    assert cleared.text == ""
    assert cleared.activity is not None


@given(
    st.text(st.sampled_from(HOSTILE) | st.characters()), st.text(st.sampled_from(HOSTILE) | st.characters())
)
def test_whatever_the_model_wrote_the_status_is_one_short_line_of_visible_text(
    name: str, reason: str
) -> None:
    text = status(name, reason).text

    assert text.startswith("Using ")
    assert len(text) <= NAME_CHARS + REASON_CHARS + len("Using : …")
    assert len(text.splitlines()) == 1
    assert not any(unicodedata.category(char)[0] == "C" for char in text)
    assert not set("*_`~|<>[]#\\") & set(text)
