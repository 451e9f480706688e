"""What a file is, by its bytes; and the text in it, whatever its encoding. The loop is never held up."""

from __future__ import annotations

import codecs
import random
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.conversations.file_types import Outlook, Picture, Sound, Unread, file_type, outlook
from core.conversations.gif import first_frame
from core.conversations.text_files import Decoded, decode
from tests.processor_time import cost_s
from tests.samples import PNG

MARKED = [
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
]
TEXT = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=200)
NAMES = st.sampled_from(["a", "a.txt", "a.rs", "a.csv", "Makefile", "a.log", "a.ts", ".env", "a.unheard-of"])
TOLD = st.sampled_from(
    ["", "text/plain", "application/octet-stream", "video/mp2t", "application/x-unheard-of"]
)
MOST_S = 0.05


@given(TEXT, NAMES, TOLD, st.sampled_from(MARKED))
@example("\ufeff", "a", "", MARKED[1])
def test_a_text_behind_its_mark_is_read_whatever_its_name(
    text: str, name: str, told: str, encoding: tuple[str, bytes]
) -> None:
    found = file_type(encoding[1] + text.encode(encoding[0]), name, told, most_chars=1_000)

    shown = text.removeprefix("\ufeff")
    assert found == (Decoded(shown, is_cut=False) if shown.strip() else Unread.EMPTY)


@given(
    st.text(st.characters(exclude_categories=["C"], exclude_characters="%PGBRI(7"), min_size=1), NAMES, TOLD
)
def test_utf_8_is_read_whatever_its_name(text: str, name: str, told: str) -> None:
    found = file_type(text.encode(), name, told, most_chars=1_000)

    assert found == (Decoded(text, is_cut=False) if text.strip() else Unread.EMPTY)


@given(
    st.lists(
        st.sampled_from(["Müller", "Köln", "5 €", "É", "naïve", "“ok”", "\r\n", "\t", "plain"]), min_size=1
    )
)
def test_windows_1252_is_read_where_it_is_no_utf_8(words: list[str]) -> None:
    text = " ".join(["ß", *words, "x"])

    assert decode(text.encode("cp1252"), 10_000) == Decoded(text, is_cut=False)


@given(st.binary(max_size=300), st.text(max_size=8), st.text(max_size=8), st.integers(0, 50))
def test_any_bytes_are_something_and_no_text_holds_a_nul(
    data: bytes, name: str, told: str, most: int
) -> None:
    found = file_type(data, name, told, most_chars=most)

    if isinstance(found, Decoded):
        assert "\0" not in found.text
        assert len(found.text) <= most


@given(TEXT, st.integers(0, 250))
def test_a_text_that_is_cut_is_its_beginning(text: str, most: int) -> None:
    for data in (text.encode(), codecs.BOM_UTF16_LE + text.encode("utf-16-le")):
        found = decode(data, most)

        assert found == Decoded(
            text.removeprefix("\ufeff")[:most], is_cut=len(text.removeprefix("\ufeff")) > most
        )


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        ("a.zip", "application/zip", Outlook.UNREAD),
        ("a.exe", "", Outlook.UNREAD),
        ("a.mov", "video/quicktime", Outlook.UNREAD),
        ("a.zip", "text/plain", Outlook.LIKELY),
        ("a.docx", "image/png", Outlook.LIKELY),
        ("a.ts", "video/mp2t", Outlook.DOUBTFUL),
        ("audio_message.mp4", "video/mp4", Outlook.DOUBTFUL),
        ("audio_message.mp4", "audio/mp4", Outlook.LIKELY),
        ("clip.webm", "", Outlook.DOUBTFUL),
        ("IMG.heic", "image/heic", Outlook.LIKELY),
    ],
)
def test_what_is_surely_not_read_is_not_fetched(name: str, told: str, expected: Outlook) -> None:
    assert outlook(name, told) is expected


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("ISO-8859-15", "iso8859-15", "5 € naïve"),
        ("windows-1251", "cp1251", "Привет"),
        ("KOI8-U", "koi8-u", "Привіт"),
        ("Shift_JIS", "cp932", "①東京"),
        ("x-sjis", "cp932", "東京"),
        ("EUC-JP", "euc-jp", "東京"),
        ("GB2312", "gb18030", "北京€"),
        ("Big5", "big5", "台北"),
        ("ks_c_5601-1987", "cp949", "서울"),
        ("macintosh", "mac-roman", "naïve"),
        ("ibm866", "cp866", "Привет"),
        ("windows-1253", "cp1253", "Αθήνα"),
    ],
)
def test_the_usual_names_of_encodings_are_known(label: str, encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), 100, charset=label) == Decoded(text, is_cut=False)
    page = f'<meta charset="{label}">'.encode() + text.encode(encoding)
    assert decode(page, 100) == Decoded(f'<meta charset="{label}">{text}', is_cut=False)


@given(st.text(max_size=30))
@example("punycode")
@example("unicode_escape")
@example("rot13")
@example("undefined")
def test_no_other_name_is_looked_up(label: str) -> None:
    assert decode("Müller".encode("cp1252"), 100, charset=label) is not None


@pytest.mark.parametrize("name", ["photo.JPG", "photo", "notes.txt", "film.mp4"])
def test_a_picture_is_one_under_any_name(name: str) -> None:
    assert file_type(PNG, name, "application/octet-stream", most_chars=9) == Picture("image/png")


@pytest.mark.parametrize(
    "subtype", ["mpeg", "x-wav", "vnd.wave", "ogg", "opus", "mp4", "x-m4a", "webm", "x-flac", "aac"]
)
def test_a_sound_without_a_signature_is_what_its_platform_says(subtype: str) -> None:
    assert isinstance(file_type(b"\0" * 9, "voice", f"audio/{subtype}", most_chars=9), Sound)


FRAME = bytes.fromhex("21f90400000000002c00000000010001000002024401 00")
STILL = bytes.fromhex("47494638396101000100800000ffffff000000") + FRAME + b";"


def test_of_an_animation_the_first_frame_is_shown() -> None:
    loop = bytes.fromhex("21ff0b4e45545343415045322e300301000000")
    moving = STILL[:19] + loop + FRAME * 3 + b";"

    assert first_frame(moving) == STILL[:19] + loop + FRAME + b";"
    assert first_frame(STILL) == STILL


@given(st.binary(max_size=40), st.integers(0, 60))
def test_what_is_no_whole_gif_stays_as_it_is(tail: bytes, cut: int) -> None:
    broken = STILL[: min(cut, len(STILL) - 2)]

    assert first_frame(broken) == broken
    assert first_frame(b"GIF89a" + tail).startswith(b"GIF89a")


def hostile() -> dict[str, bytes]:
    """Files of 10 MB, each to keep another step busy."""
    noise = random.Random(1).randbytes(10_000_000)  # noqa: S311  no secret
    without_nul = bytes(byte or 1 for byte in noise[:1_000_000]) * 10
    return {
        "noise": noise,
        "no NUL": without_nul,
        "text": b"a b\n" * 2_500_000,
        "umlauts": "äö\n".encode() * 2_000_000,
        "Windows-1252": b"\xe4b\n" * 3_333_333,
        "broken UTF-8": (("ä" * 30).encode() + b"\xff") * 160_000,
        "UTF-16": codecs.BOM_UTF16_LE + "aä\n".encode("utf-16-le") * 1_600_000,
        "no mark": "ab\n".encode("utf-16-le") * 1_600_000,
        "Shift-JIS": b"encoding=shift_jis " + "日本\n".encode("shift_jis") * 2_000_000,
        "film": b"\0\0\0\x1cftypisom" + noise,
        "tracks": b"\0\0\0\x1cftypisom" + b"hdlr" * 2_500_000,
        "WebM": b"\x1aE\xdf\xa3" + b"\x86" * 10_000_000,
        "blanks": b" \n" * 5_000_000,
        "marks": b"\xef\xbb\xbf" * 3_333_333,
        "GIF": STILL[:-2] + b"\x01x" * 5_000_000,
        "charset": b"charset " * 1_250_000,
    }


def test_no_file_of_10_mb_holds_up_the_loop() -> None:
    slow: dict[str, float] = {}
    for name, data in hostile().items():
        spent = cost_s(partial(_read, data), enough_s=MOST_S)
        if spent > MOST_S:
            slow[name] = spent

    assert slow == {}


def _read(data: bytes) -> None:
    file_type(data, "file", "", most_chars=100_000)
    first_frame(data)
