"""The text in a file's bytes, whatever its encoding.

A byte order mark is obeyed; else it is UTF-8, else what the file, or its platform, says of itself, else Windows-1252,
where no NUL is inside. UTF-16 without a mark is taken for it only where every second byte of a character is NUL, as
in no other encoding.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from encodings import normalize_encoding
from encodings.aliases import aliases

MOST_CHAR_BYTES = 4
"""Of one character, in UTF-8, UTF-16 and UTF-32."""
MOST_CONTROLS = 0.02
"""The part of a text that may be signs which no text holds: a file with more is no text."""
MOST_BROKEN = 0.1
"""The part of the characters beyond ASCII that may be broken in a text that is UTF-8 for the rest, as logs are."""
SAMPLE_BYTES = 16_384
FEWEST_PAIRS, NUL_PART = 4, 0.7
"""UTF-16 without a mark: in how many characters at least, and in which part of them, one byte is NUL."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"(?i)\b(?:charset|encoding|coding)\s{0,4}[=:]\s{0,4}[\"']?([a-z][a-z0-9_.:-]{1,30})")
"""XML's first line, the `meta` of a web page, the line that Python and editors read: each near the beginning."""
_KNOWN = re.compile(
    r"latin_1|iso8859_\d{1,2}|cp125\d|cp(?:437|85[0258]|86[06]|874|932|949|950)|koi8_[rtu]|mac_(?:roman|cyrillic|latin2)"
    r"|tis_620|shift_jis\w{0,5}|euc_(?:jp|kr|jis_2004|jisx0213)|iso2022_(?:jp|kr)|gbk|gb2312|gb18030|big5\w{0,6}"
    r"|utf_(?:16|32)(?:_[bl]e)?"
)
"""The encodings that files may name for themselves, as Python calls them: of text, and decoded in linear time."""
_MORE = {
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
"""What is meant by names of smaller encodings: https://encoding.spec.whatwg.org/#names-and-labels."""
_CONTROLS = dict.fromkeys([*range(8), *range(0x0E, 0x1A), *range(0x7F, 0xA0), 0xFFFD])


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, or its beginning."""

    text: str
    is_cut: bool


def decode(data: bytes, most_chars: int, *, charset: str = "", promised: bool = False) -> Decoded | None:
    """Decode no more of a text than `most_chars`; None where it is none.

    `charset` is the platform's word for its encoding. `promised`: its name or its platform calls it a text, so that
    single NULs in it, as broken-off logs have, don't make it another kind.
    """
    beginning = data[: max((most_chars + 1) * MOST_CHAR_BYTES, SAMPLE_BYTES)]
    whole = len(beginning) == len(data)
    text = _marked(beginning)
    if text is None and b"\0" in data:
        text = _wide(beginning) or (_utf8(beginning) if promised else None)
    elif text is None:
        text = _utf8(beginning, whole=whole)
        text = text if text is not None else _declared(beginning, charset)
        text = text if text is not None else _western(beginning)
    if text is None or not _is_text(text):
        return None
    text = text.replace("\0", "").removeprefix("\ufeff")
    return Decoded(text[:most_chars], is_cut=not whole or len(text) > most_chars)


def _marked(data: bytes) -> str | None:
    """What stands behind a byte order mark. One of UTF-32 that is none is UTF-16, with a NUL as its first sign."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            rest = data[len(mark) : len(data) - len(data) % 4 if "32" in encoding else None]
            try:
                return rest.decode(encoding, "strict" if "32" in encoding else "replace").removesuffix(
                    "\ufffd"
                )
            except UnicodeDecodeError:
                continue
    return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark, of text that is mostly Latin: one byte of most pairs is NUL, the other never."""
    sample = data[: min(SAMPLE_BYTES, len(data) - len(data) % 2)]
    pairs = len(sample) // 2
    for nul, sign, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        if (
            pairs >= FEWEST_PAIRS
            and sample[nul::2].count(0) >= pairs * NUL_PART
            and not sample[sign::2].count(0)
        ):
            return data.decode(encoding, "replace").removesuffix("\ufffd")
    return None


def _utf8(data: bytes, *, whole: bool = True) -> str | None:
    """UTF-8, or what is UTF-8 but for single broken characters and those that a cut went through."""
    start = next((at for at, byte in enumerate(data[:MOST_CHAR_BYTES]) if not 0x80 <= byte < 0xC0), 0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data[start:], final=False)
    except UnicodeDecodeError as error:
        near = data[max(start, error.start - SAMPLE_BYTES) :][: SAMPLE_BYTES * 2].decode("utf-8", "replace")
        broken = near.count("\ufffd")
        beyond_ascii = len(near) - len(near.encode("ascii", "ignore"))
        sound = broken <= (beyond_ascii - broken) * MOST_BROKEN
        return data[start:].decode("utf-8", "replace") if sound else None
    is_torn = start > 0 or (whole and decoder.getstate()[0] != b"")
    return (
        None if is_torn and text.isascii() else text
    )  # the last letter of a word in a code page looks torn, too


def _declared(data: bytes, charset: str) -> str | None:
    """In the encoding that the file names for itself, or its platform for it, if it decodes so."""
    found = _DECLARED.search(data[:1024])
    for label in (found[1].decode() if found else "", charset):
        name = normalize_encoding(label).lower().removeprefix("x_")
        name = aliases.get(name, name)
        if _KNOWN.fullmatch(name):
            decoder = codecs.getincrementaldecoder(_MORE.get(name, name))()
            try:
                return decoder.decode(data, final=False)
            except UnicodeDecodeError:
                continue
    return None


def _western(data: bytes) -> str | None:
    """Windows-1252, which has a character for nearly every byte, so that nothing but the signs tells a text."""
    return (
        data.decode("cp1252", "replace")
        if _is_text(data[:SAMPLE_BYTES].decode("cp1252", "replace"))
        else None
    )


def _is_text(text: str) -> bool:
    seen = text[:SAMPLE_BYTES].replace("\0", "")
    controls = len(seen) - len(seen.translate(_CONTROLS))
    return bool(seen) and controls <= len(seen) * MOST_CONTROLS
