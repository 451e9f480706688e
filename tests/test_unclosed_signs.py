"""Signs that open a link, an address or a tag, of which nothing closes the last: marks behind them are marks."""

from __future__ import annotations

import pytest

from bots.discord.delivery.markup_out import DIALECT as DISCORD
from bots.slack.delivery.markup_out import DIALECT as SLACK
from bots.slack.delivery.markup_out import Sanitizer, safe
from core.markdown.dialect import Dialect
from core.markdown.splitter import Splitter, split
from tests.test_torn_marks import so_far

NEVER_CLOSED = (
    '[titled](<https://example.com/t "its title")',
    "[titled](<https://example.com/t 'its title')",
    "[titled](<https://example.com/t)",
    '[titled](<https://example.com/t "its title"',
    "[titled](<https://example.com/t",
    '[titled](https://example.com/t> "its title")',
    "[a note](see there",
    "[a note](<",
    "[a note",
    "<b and",
    "<https://example.com/t and",
)


@pytest.mark.parametrize("dialect", [DISCORD, SLACK])
@pytest.mark.parametrize("begun", NEVER_CLOSED)
def test_bold_that_ended_behind_a_sign_that_nothing_closes_is_not_opened_again(
    begun: str, dialect: Dialect
) -> None:
    text = f"**{begun} and " + "some words " * 8 + "here** so " + "it goes on " * 20
    over = text.index("here**") + len("here**")

    parts = [part for size in range(120, 240) for part in split(text, size, len, dialect)]

    assert all(part.opened == ("**" if 0 < part.start < over else "") for part in parts)
    assert all(part.closed == ("**" if part.end < over else "") for part in parts)


@pytest.mark.parametrize("begun", NEVER_CLOSED)
def test_bold_is_closed_while_a_sign_before_it_stays_open_for_long(begun: str) -> None:
    text = f"so {begun} **and " + "some words " * 60

    assert so_far(text) == text.rstrip() + "**"
    assert so_far(text + "here** so") == text + "here** so"


@pytest.mark.parametrize("begun", NEVER_CLOSED)
def test_an_answer_cut_short_closes_what_is_open_behind_such_a_sign(begun: str) -> None:
    splitter = Splitter(2000)
    splitter.feed(f"so {begun} **and words")

    assert [part.closed for part in splitter.parts_cut_short] == ["**"]


def test_an_underscore_that_closes_nothing_begins_italics_on_discord() -> None:
    text = "_so_ (it is)_ " + "many words " * 20 + "(so)_"

    assert [part.opened for part in split(text, 160, len, DISCORD)] == ["", "_"]
    assert [part.opened for part in split(text, 160, len, SLACK)] == ["", ""]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('[a](<https://example.com/t "its title") b', "[a](https://example.com/t) b"),
        ("[a](<https://example.com/t) b", "[a](https://example.com/t) b"),
        ("[a](https://example.com/t> 'its title') b", "[a](https://example.com/t) b"),
        ("[a](https://example.com/<t>u 'its title') b", "[a](https://example.com/%3Ct%3Eu) b"),
        ("[a](<https://example.com/t b>) c", "[a](https://example.com/t%20b) c"),
        (
            "[a](<https://example.com/t and [b](<https://example.com/u>)",
            "[a](&lt;[https://example.com/t](https://example.com/t) and [b](https://example.com/u)",
        ),
    ],
)
def test_a_sign_around_an_address_needs_no_partner_on_slack(written: str, shown: str) -> None:
    piecemeal = Sanitizer()

    assert safe(written) == shown
    assert "".join([*map(piecemeal.feed, written), piecemeal.rest()]) == shown
