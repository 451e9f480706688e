"""How the model's Markdown stands in an event."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aivax_bots_matrix.markup import MOST_BYTES, bytes_of, content_of, fitting, replacement, safe, size

MOST_OF_A_MESSAGE = 16_000
"""The largest that the settings allow."""


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
        ("one\ntwo", "<p>one<br />\ntwo</p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("<b>not ours</b>", "<p>&lt;b&gt;not ours&lt;/b&gt;</p>"),
        ("*[x](javascript:alert)*", "<p><em>[x](javascript:alert)</em></p>"),
        ("![a cat](https://example.org/c.png)", '<p><a href="https://example.org/c.png">a cat</a></p>'),
        ("```py\nx = 1\n```", '<pre><code class="language-py">x = 1\n</code></pre>'),
    ],
)
def test_markdown_is_html_of_our_own_making(markdown: str, html: str) -> None:
    assert content_of(markdown, "m.text")["formatted_body"] == html


def test_plain_words_are_no_html() -> None:
    assert content_of("plain words", "m.text") == {
        "msgtype": "m.text",
        "body": "plain words",
        "m.mentions": {},
    }


def test_nobody_is_called_and_nothing_is_obeyed() -> None:
    words = safe("hey @room, @ROOM and me@room.org \x1b[2J\u202eback\u0000")

    assert "@room," not in words
    assert "@ROOM " not in words
    assert "me@room.org" in words
    assert not set("\x1b\u202e\x00") & set(words)
    assert replacement("$1", content_of("@room", "m.text"))["m.mentions"] == {}


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.text(alphabet='ab @room\n"\\<&>|*`\u00e9\U0001f600\x07'), st.text(alphabet='ab @room\n"\\<&>|*`\u00e9')
)
def test_a_text_that_grows_takes_no_fewer_bytes(text: str, more: str) -> None:
    assert size(text) <= size(text + more)


@pytest.mark.parametrize(
    "unit", ["<", '"', "&", "a|", "*a* ", "> " * 20 + "a\n\n", "- a\n", "\u00e9", "\U0001f600"]
)
def test_every_message_fits_into_an_event_new_or_changed(unit: str) -> None:
    head = "|a|b|\n|-|-|\n" if unit == "a|" else ""
    text = head + unit * ((MOST_OF_A_MESSAGE - size(head)) // size(unit))
    assert size(text) <= MOST_OF_A_MESSAGE

    content = content_of(text, "m.text")

    assert bytes_of(fitting(content)) <= MOST_BYTES
    assert bytes_of(replacement("$" + "x" * 43, content)) <= MOST_BYTES
