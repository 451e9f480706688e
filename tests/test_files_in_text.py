"""Files inside a text are found however it is cut, and nothing else of it changes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.aivax.stream.events import Picture
from core.aivax.stream.files.in_text import EXAMPLE_CHARS, InlineFiles
from tests.processor_time import cost_s

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
ADDRESS = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
BIG = base64.b64encode(PNG + bytes(range(256)) * 8).decode()
MOST_BYTES = 10_000

Found = tuple[str, list[Picture]]


def read(pieces: Sequence[str], most_bytes: int = MOST_BYTES) -> Found:
    files = InlineFiles(most_bytes)
    found = [*(each for piece in pieces for each in files.feed(piece)), *files.close()]
    text = "".join(each for each in found if isinstance(each, str))
    return text, [each for each in found if isinstance(each, Picture)]


def cut(text: str, at: Sequence[int]) -> list[str]:
    marks = sorted({0, len(text), *(each % (len(text) + 1) for each in at)})
    return [text[start:end] for start, end in pairwise(marks)]


PARTS = st.sampled_from(
    [
        *(
            "![a cat](",
            "[it](",
            "](",
            "![",
            "[",
            "]",
            "(",
            ")",
            '<img src="',
            '" alt="x">',
            "<img ",
            "<",
            ">",
            "!",
        ),
        *(
            "data:",
            "image/png",
            ";base64",
            ",",
            ADDRESS,
            f"![cat]({ADDRESS})",
            f"data:image/png;base64,{BIG}",
            BIG,
        ),
        *(
            "`",
            "```",
            "\n",
            "\n\n",
            "```\n",
            " ",
            "a",
            "data",
            "d",
            "Hello!",
            "é",
            "iVBOR",
            '"',
            "'",
            "%3C",
            "%",
            "==",
        ),
    ]
)
TEXTS = st.lists(PARTS, max_size=12).map("".join)


@settings(deadline=None)
@given(TEXTS, st.lists(st.integers(0, 2_000), max_size=12))
def test_it_is_the_same_however_the_text_was_cut(text: str, at: list[int]) -> None:
    assert read(cut(text, at)) == read([text]) == read(list(text))


@given(st.text(alphabet="abd:,;/[]()!<>`\n '\"", max_size=200))
def test_a_text_without_a_file_stays_as_it_is(text: str) -> None:
    assert read(list(text)) == (text, [])


@settings(deadline=None)
@given(TEXTS, TEXTS, st.sampled_from([BIG, f"data:image/png;base64,{BIG}", f"![x](data:;base64,{BIG})"]))
def test_no_long_base64_is_left_of_a_text(before: str, after: str, file: str) -> None:
    shown, _ = read([f"{before} {file} {after}"])

    assert len(BIG) > EXAMPLE_CHARS
    assert f" {BIG} " not in shown


@pytest.mark.parametrize(
    ("text", "shown", "alts"),
    [
        (f"a ![cat]({ADDRESS}) b", "a  b", ["cat"]),
        (f"a ![cat](<{ADDRESS}> 'title') b", "a  b", ["cat"]),
        (f"![c [d]]({ADDRESS})", "", ["c (d)"]),
        (f"<img alt='dog' src='{ADDRESS}'/>", "", ["dog"]),
        (f'<IMG SRC={ADDRESS} ALT="cow">', "", ["cow"]),
        (f"see {ADDRESS} there", "see  there", [""]),
        (f"`{ADDRESS}`", f"`{ADDRESS}`", []),
        (f"```\n{ADDRESS}\n```\n{ADDRESS}", f"```\n{ADDRESS}\n```\n", [""]),
        ("data:image/png;base64,... and more", "data:image/png;base64,... and more", []),
        ("metadata:image/png;base64,AAAA", "metadata:image/png;base64,AAAA", []),
        ("data: 3, 4, 5", "data: 3, 4, 5", []),
        ("![x](https://example.com/data:image.png)", "![x](https://example.com/data:image.png)", []),
        (f"![x]({ADDRESS} and so on", " and so on", ["x"]),
    ],
)
def test_what_stands_around_a_file_goes_with_it(text: str, shown: str, alts: list[str]) -> None:
    found, pictures = read([text])

    assert found == shown
    assert [each.alt for each in pictures] == alts


def test_a_long_address_is_taken_out_of_code_too() -> None:
    shown, pictures = read([f'```html\n<img src="data:image/png;base64,{BIG}">\n```\nthat was it'])

    assert shown == "```html\n\n```\nthat was it"
    assert pictures[0].data.startswith(PNG)


def test_what_is_larger_than_wanted_is_a_picture_without_data() -> None:
    shown, pictures = read([f"![map](data:image/png;base64,{BIG}) end"], most_bytes=1_000)

    assert shown == " end"
    assert pictures == [Picture(b"", "image/png", "map")]


def test_a_file_whose_end_never_comes_is_none() -> None:
    assert read([f"![map](data:image/png;base64,{BIG}"]) == ("", [Picture(b"", "image/png", "map")])


@pytest.mark.parametrize(
    "text",
    [
        "![" * 100_000,
        "[a](d" * 50_000,
        "data:" * 50_000,
        "data:a/b;" * 50_000,
        "<img " * 50_000,
        "![x](data:image/png;base64," * 10_000,
        "`" * 200_000,
        "data:image/png;base64," + "A" * 2_000_000,
        "![x](data:image/svg+xml," + "%" * 500_000,
        "iVBORw0KGg" * 20_000,
        "data:image/png;base64,AAAA\n" * 20_000,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize("size", [37, 8_192, 10_000_000])
def test_a_hostile_text_costs_what_it_is_long(text: str, size: int) -> None:
    def in_pieces() -> object:
        return read([text[at : at + size] for at in range(0, len(text), size)])

    assert cost_s(in_pieces, enough_s=5.0) < 5.0
