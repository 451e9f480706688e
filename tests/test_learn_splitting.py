"""Splitting keeps every word in order, within what AIVAX indexes, and pages apart."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.knowledge.learning.pages import Page, pages_in, tidied, tidy_pages
from core.knowledge.learning.splitting import ENOUGH_CHARS, FEWEST_WORDS, MOST_CHARS, MOST_WORDS, split

GAPS = (" ", " ", " ", " ", "\n", "\n\n", "  \t", "\n \n\n")
LETTERS = "abcdefgé.!語"


def text_of(seed: int, words: int, longest: int) -> str:
    """So many words: mostly short ones, some up to `longest` characters, with any gap between them."""
    draw = Random(seed)  # noqa: S311  texts for a test
    lengths = (draw.choice((1, 4, 9, 9, draw.randint(1, longest))) for _ in range(words))
    return "".join("".join(draw.choices(LETTERS, k=length)) + draw.choice(GAPS) for length in lengths)


PAGES = st.lists(
    st.builds(
        text_of,
        st.integers(0, 2**32),
        st.sampled_from([0, 1, 12, 40, 300, 700]),
        st.sampled_from([9, 9, 90, 1_500]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_pieces_hold_every_word_once_in_order_within_what_aivax_indexes(texts: list[str]) -> None:
    pieces = split(tidy_pages(Page(number, text) for number, text in enumerate(texts, 1)))

    assert "".join(map(unspaced, (piece.text for piece in pieces))) == "".join(map(unspaced, texts))
    for piece in pieces:
        words = len(piece.text.split())
        assert len(piece.text) <= MOST_CHARS
        assert words <= MOST_WORDS
        assert len(pieces) == 1 or words >= FEWEST_WORDS or len(piece.text) >= ENOUGH_CHARS
        there = "".join(map(unspaced, texts[piece.first_page - 1 : piece.last_page]))
        assert unspaced(piece.text) in there


def unspaced(text: str) -> str:
    return "".join(text.split())


def test_a_page_that_fits_is_one_piece() -> None:
    pages = [Page(number, f"On page {number} " + "words follow. " * 100) for number in (1, 2, 3)]

    pieces = split(tidy_pages(pages))

    assert [(piece.first_page, piece.last_page) for piece in pieces] == [(1, 1), (2, 2), (3, 3)]


def test_a_title_page_goes_along_with_the_next() -> None:
    pieces = split(tidy_pages([Page(1, "Handbook"), Page(2, "Much is told here. " * 30), Page(3, "The end")]))

    assert [(piece.first_page, piece.last_page) for piece in pieces] == [(1, 3)]


def test_a_long_page_ends_between_paragraphs() -> None:
    paragraph = "One sentence of six words stands here. " * 20
    pieces = split(tidy_pages([Page(1, "\n\n".join(paragraph for _ in range(12)))]))

    assert len(pieces) > 1
    assert all(piece.text.count("sentence") % 20 == 0 for piece in pieces)


def test_a_form_feed_ends_a_page() -> None:
    assert pages_in("one\ftwo\f") == (Page(1, "one"), Page(2, "two"))
    assert pages_in("no pages\f") == (Page(0, "no pages"),)


@settings(deadline=None)
@given(st.text("ab \n\r\t\f\u2028\xa0"))
def test_tidying_changes_no_word_and_is_done_once(text: str) -> None:
    tidy = tidied(text)

    assert tidied(tidy) == tidy
    assert "\n\n\n" not in tidy
