"""What a reader sees of an answer in several messages is what one message would have shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.markdown.dialect import Dialect
from core.markdown.splitter import Splitter, split
from tests.discord_reader import letters

DISCORD = Dialect(spoilers=True, long_quotes=True, subtext=True)
unhurried = settings(deadline=None)

counter = st.integers(0, 10**6)
word = st.sampled_from(["a", "word", "longer", "wörter", "don't", "日本語です。", "x" * 30])
token = st.sampled_from(
    [
        "<@123456789012345678>",
        "<:partyparrot:123456789012345678>",
        "<t:1700000000:R>",
        "[a link of words](https://example.com/p?x=1&y=2)",
        "https://example.com/a?x=1&y=2",
        "<https://example.com/b>",
        "`a code span`",
        "\\*",
        "👩‍👩‍👧‍👦",
    ]
)
words = st.lists(word | word | word | token, min_size=1, max_size=25).map(" ".join)
marks = st.sampled_from(["**", "*", "_", "~~", "||", "__"])


def marked(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda mark, text: f"{mark}{text}{mark}", marks, inner)


sentence = st.recursive(
    words, lambda inner: marked(words) | st.lists(inner, min_size=1, max_size=3).map(" ".join), max_leaves=6
)
item = st.builds("{}- {}".format, st.sampled_from(["", "  "]), sentence)
block = st.one_of(
    sentence,
    sentence,
    st.lists(item, min_size=1, max_size=4).map("\n".join),
    st.builds("{} {}".format, st.sampled_from(["#", "##", "-#", ">"]), sentence),
    st.builds("```py\n{}\n```".format, st.lists(words, min_size=1, max_size=12).map("\n".join)),
)
documents = st.lists(block, min_size=1, max_size=8).map("\n\n".join)
limits = st.sampled_from([80, 120, 200, 400])


@settings(max_examples=120, deadline=None)
@given(documents, limits)
def test_each_letter_looks_as_it_did_in_one_message(text: str, max_size: int) -> None:
    parts = split(text, max_size, len, DISCORD)

    seen = [shown for part in parts for shown in letters(part.text)]

    assert [each.character for each in seen] == [each.character for each in letters(text)]
    assert [each.ways for each in seen] == [each.ways for each in letters(text)]
    assert all(len(part.text) <= max_size for part in parts)


rows = st.lists(st.just("| one | two three |"), min_size=1, max_size=15).map("\n".join)
tables = rows.map(lambda body: "| a | b |\n|---|---|\n" + body)
half_written = st.sampled_from(
    ["**bo", "`co", "[a li", "[a](htt", "<@12", "&am", "||sec", "| a |", "```p", "~~x", "# ", "- "]
)
rubble = st.text(alphabet="ab `~\n-#|>.1*_\t[]()<&;:@\\\u200d👩\u0915\u094d", max_size=300)
texts = st.lists(block | tables | half_written, max_size=8).map("\n\n".join) | documents | rubble
pieces = st.lists(st.integers(0, 3000), max_size=12)


def only_letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@unhurried
@given(texts, limits, pieces)
def test_what_is_shown_meanwhile_is_a_beginning_of_the_answer_and_nothing_in_it_is_half_written(
    text: str, max_size: int, cuts: list[int]
) -> None:
    splitter, at = Splitter(max_size, len, DISCORD), 0
    for cut in sorted({min(cut, len(text)) for cut in cuts} | {len(text)}):
        splitter.feed(text[at:cut])
        at = cut
        whole, so_far = splitter.parts, splitter.parts_so_far

        assert list(so_far[:-1]) == list(whole[: max(0, len(so_far) - 1)])
        assert len(whole) - 1 <= len(so_far) <= len(whole)
        if so_far:
            last = so_far[-1]
            assert len(last.text) <= max_size or len(last.text.strip()) < 6
            shown = last.text[len(last.opened) : len(last.text) - len(last.closed)]
            assert shown.strip()
            assert "".join(text[last.start : last.end].split()).endswith(shown.split()[-1])
