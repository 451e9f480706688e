"""Tables, which Discord does not render, as people can read them there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.delivery.markup_out import native, size
from bots.discord.delivery.tables import width_of
from core.markdown.splitter import Splitter, split

PEOPLE = """Some people:

| Name | Age | City |
|:-----|----:|------|
| Ana | 7 | São Paulo |
| **Bartholomew** | 104 | [Rome](https://rome.test) |

That is all."""


def test_a_table_is_aligned_in_a_code_block() -> None:
    assert (
        native(PEOPLE)
        == """Some people:

```
Name        | Age | City
----------- | --- | ------------------------
Ana         |   7 | São Paulo
Bartholomew | 104 | Rome (https://rome.test)
```

That is all."""
    )


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("*late* summer", "late summer"),
        ("_late_ summer", "late summer"),
        ("***very*** **late**", "very late"),
        ("__under__ ~~gone~~ \\|\\|hidden\\|\\|", "under gone hidden"),
        ("**bold *and* more**", "bold and more"),
        ("`code_with_marks*` and `a`", "code_with_marks* and a"),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"),
        ("\\*not late\\*", "*not late*"),
        ("[Rome](https://rome.test/a_b_c)", "Rome (https://rome.test/a_b_c)"),
        ("![pic](https://x.test/p.png 'title')", "pic (https://x.test/p.png)"),
        ("[**bold**](https://x.test)", "bold (https://x.test)"),
        ("<https://x.test/a_b_>", "https://x.test/a_b_"),
        ("[https://x.test](https://x.test)", "https://x.test"),
        ("**open", "**open"),
    ],
)
def test_a_cell_in_a_code_block_shows_plain_text(cell: str, shown: str) -> None:
    rows = native(f"| a | b |\n|---|---|\n| {cell} | x |").split("\n")

    assert rows[3].partition(" | x")[0].rstrip() == shown


MARKS = st.sampled_from(["", "*", "**", "***", "_", "__", "~~", "`"])
WORDS = st.lists(
    st.sampled_from(["late", "summer", "日本", "e\u0301t", "🙂", "👍\U0001f3fd", "❤\ufe0f", "👩\u200d👧"]),
    min_size=1,
    max_size=4,
)


@given(st.lists(st.lists(st.tuples(MARKS, WORDS), min_size=2, max_size=3), min_size=1, max_size=4))
def test_marked_cells_show_their_words_and_stand_in_columns(rows: list[list[tuple[str, list[str]]]]) -> None:
    count = max(map(len, rows))
    head = "| " + " | ".join("h" * count) + " |\n|" + "---|" * count
    body = ["| " + " | ".join(f"{mark}{' '.join(words)}{mark}" for mark, words in row) + " |" for row in rows]
    shown = native("\n".join((head, *body))).split("\n")[3:-1]

    words = [[" ".join(words) for _, words in row] for row in rows]
    assert [[cell.strip() for cell in line.split("|")] for line in shown] == words
    columns = {width_of(line.partition(" | ")[0]) for line in shown}
    assert len(columns) == 1


@pytest.mark.parametrize(
    ("text", "columns"),
    [("👍\U0001f3fd", 2), ("❤\ufe0f", 2), ("👩\u200d👩\u200d👧", 2), ("日", 2), ("e\u0301", 1), ("🇪🇸", 2)],
)
def test_an_emoji_takes_two_columns_whatever_it_is_made_of(text: str, columns: int) -> None:
    assert width_of(text) == columns


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    shown = native("| a | b |\n|---|---|\n| 日本 | x |\n| e\u0301t | y |\n| 🙂 | z |")

    assert shown.split("\n")[3:6] == ["日本 | x", "e\u0301t   | y", "🙂   | z"]
    assert len({width_of(line.partition("|")[0]) for line in shown.split("\n")[1:6]}) == 1


def test_a_table_too_wide_for_a_screen_is_told_row_by_row() -> None:
    text = "| Tool | What it is for |\n|---|---|\n" + f"| `rg` | {'searching ' * 9}|\n| | nothing |"

    assert (
        native(text)
        == f"- **`rg`** · What it is for: {('searching ' * 9).strip()}\n- What it is for: nothing"
    )


def test_escaped_bars_and_line_breaks_stay_in_their_cell() -> None:
    shown = native("| a | b |\n|---|---|\n| x \\| y | one<br>two |")

    assert "x | y | one; two" in shown


def test_a_row_may_lack_cells_or_have_more_than_the_head() -> None:
    shown = native("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |").split("\n")

    assert shown[1:5] == ["a | b", "- | - | -", "1", "1 | 2 | 3"]


@pytest.mark.parametrize(
    "text",
    [
        "a | b is no table",
        "|spoiler| and ||more||",
        "```\n| a | b |\n|---|---|\n| 1 | 2 |\n```",
        "so:\n| a | b |\n|---|",
        "|x| + |y|\n= 3",
    ],
)
def test_what_is_no_table_stays(text: str) -> None:
    assert native(text) == text


def test_a_table_in_a_quote_is_drawn_there() -> None:
    quoted = "> See:\n> | a | b |\n> |---|---|\n> | 1 | 2 |\n> So."

    assert native(quoted) == "> See:\n> ```\n> a | b\n> - | -\n> 1 | 2\n> ```\n> So."
    assert size(quoted) >= len(native(quoted))


def test_backticks_in_a_cell_do_not_end_the_block() -> None:
    shown = native("| a | b |\n|---|---|\n| ``` | x |")

    assert shown.count("```") == 2


def test_a_table_under_way_is_a_table_from_its_first_row_on() -> None:
    begun = PEOPLE[: PEOPLE.index("| **Bart")]

    assert (
        native(f"{begun}| **Ba")
        == """Some people:

```
Name | Age | City
---- | --- | ---------
Ana  |   7 | São Paulo
**Ba
```"""
    )


def test_a_long_table_goes_on_as_one_in_the_next_message() -> None:
    rows = [f"| {number} | the square of it | {number * number} |" for number in range(200)]
    text = "\n".join(("| n | what | n² |", "|--:|---|--:|", *rows))
    shown = [native(part.text) for part in split(text, 2000, size)]

    assert len(shown) > 1
    assert all(part.startswith("```\n") and part.endswith("\n```") and len(part) <= 2000 for part in shown)
    for part in shown:
        assert part.split("\n")[1].split() == ["n", "|", "what", "|", "n²"]
        assert set(part.split("\n")[2]) == set("-| ")
    said = [line.split("|")[0].strip() for part in shown for line in part.split("\n")[3:-1]]
    assert said == [str(number) for number in range(200)]


def test_hostile_widths_neither_overflow_a_message_nor_take_long() -> None:
    wide = "W" * 1500
    text = f"| a | b |\n|---|---|\n| {wide} | x |\n" + "| y | z |\n" * 300 + "|" * 3000
    splitter = Splitter(2000, size)
    for begin in range(0, len(text), 100):
        splitter.feed(text[begin : begin + 100])
        assert all(len(native(part.text)) <= 2000 for part in splitter.parts)
