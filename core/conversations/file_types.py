"""What a file is: by its first bytes, then by its name, then by what its platform says.

Platforms go by the name alone, or say nothing: a photo that was converted keeps its old ending, a log is
`application/octet-stream`, TypeScript is `video/mp2t`, a voice message `video/mp4`. Bytes don't err.
Signatures: https://www.iana.org/assignments/media-types, https://mimesniff.spec.whatwg.org.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.conversations.text_files import Decoded, decode


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of one of the four kinds that models read."""

    media_type: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound: `format` as AIVAX and OpenAI name it."""

    format: str


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF."""


class Unread(StrEnum):
    """Why a file's content can't be shown to the model."""

    KIND = "kind"
    """Of a kind that models don't read."""
    DAMAGED = "damaged"
    """Its bytes are not what its name promises."""
    EMPTY = "empty"


class Outlook(StrEnum):
    """What can be told of a file before it is fetched."""

    LIKELY = "likely"
    """Its bytes decide."""
    DOUBTFUL = "doubtful"
    """It is a film, unless it turns out to be a sound: not worth its room where that is scarce."""
    UNREAD = "unread"


FileType = Picture | Sound | Document | Decoded | Unread

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS = {
    "mp3": "mp3 x-mp3 mpeg x-mpeg mpeg3 x-mpeg3 x-mpeg-3 mpg x-mpg mpga",
    "wav": "wav x-wav wave vnd.wave x-pn-wav",
    "ogg": "ogg x-ogg oga opus x-opus+ogg vorbis x-vorbis+ogg speex spx",
    "m4a": "m4a x-m4a mp4 x-mp4 m4b x-m4b mp4a-latm",
    "webm": "webm x-webm weba",
    "flac": "flac x-flac",
    "aac": "aac x-aac aacp x-aacp x-hx-aac-adts",
}
"""The formats of sound that are read, each with what it is called behind `audio/` or a dot."""
_FORMATS = {alias: format_ for format_, aliases in SOUNDS.items() for alias in aliases.split()}
_FILM_ENDINGS = frozenset({"mp4", "webm", "mpeg", "mpg"})
"""Endings of sounds that are more often those of films."""
_TEXT_ENDINGS = frozenset(
    {"csv", "htm", "html", "json", "log", "md", "text", "tsv", "txt", "xml", "yaml", "yml"}
)
_PICTURE_ENDINGS = frozenset({"gif", "jfif", "jpe", "jpeg", "jpg", "png", "webp"})
_UNREAD_PICTURES = frozenset({"avif", "heic", "heif", "jxl", "svg", "svgz"})
_UNREAD_ENDINGS = re.compile(
    "zip|t?gz|t?bz2|xz|zst|lz4|7z|rar|tar|jar|war|ear|apk|ipa|dmg|iso|img|cab|deb|rpm"
    "|doc[xm]|dotx|xls[xmb]|ppt[xm]?|ppsx|od[tspg]|epub|mobi|azw3|pages|numbers|vsdx"
    "|exe|dll|msi|so|dylib|class|pyc|wasm|bmp|tiff?|ico|psd|xcf|avi|mkv|mov|wmv|flv|m4v|f4v|vob"
    "|ttf|otf|woff2?|eot|sqlite3?|mdb|accdb|parquet|pickle|pkl|npy|npz"
)
_UNREAD_TYPES = re.compile(
    r"font/.*|video/.*|image/(bmp|x-ms-bmp|tiff|x-icon|vnd\..*)|application/(zip|gzip|java-archive|msword|epub\+zip"
    r"|vnd\.(ms-|openxmlformats|oasis|android|rar|sqlite|apple).*|x-(zip|gzip|bzip|xz|7z|rar|tar|ms|exec|sharedlib"
    r"|apple|font|sqlite|debian|rpm|iso).*)"
)

_SIGNATURES: tuple[tuple[bytes, FileType], ...] = (
    (b"\x89PNG", Picture("image/png")),
    (b"\xff\xd8\xff", Picture("image/jpeg")),
    (b"GIF87a", Picture("image/gif")),
    (b"GIF89a", Picture("image/gif")),
    (b"fLaC", Sound("flac")),
    *((b"ID3" + version, Sound("mp3")) for version in (b"\x02", b"\x03", b"\x04")),
    *(
        (beginning, Unread.KIND)
        for beginning in (
            *(b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xfd7zXZ\0", b"7z\xbc\xaf'\x1c", b"Rar!\x1a\x07"),
            *(b"BZh91AY&SY", b"(\xb5/\xfd", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"II*\0", b"MM\0*"),
        )
    ),
)
"""Archives and office documents are named, so that no picture's name hides them; all else that is read by no model
is told by its NULs."""
_IN_RIFF: dict[bytes, FileType] = {b"WEBP": Picture("image/webp"), b"WAVE": Sound("wav")}
_FILM_IN_OGG = (b"\x80theora", b"\x01video")
_MOST_TRACKS = 32
_KIND_BEHIND = 8
"""Bytes between the name of MP4's box `hdlr` and the kind of its track (ISO/IEC 14496-12)."""
_TRACKS_WITHIN = 1_000_000
"""Bytes of a WebM file within which its tracks are told."""
_PDF_WITHIN = 1_024
"""Bytes within which `%PDF-` may stand (ISO 32000-1, annex H)."""


def outlook(name: str, told: str) -> Outlook:
    """Judge a file by name and told type alone: where both speak for a kind that is never read, it stays unfetched."""
    type_, ending = media_type(told), _ending(name)
    says_nothing = type_ in ("", "application/octet-stream", "binary/octet-stream")
    unread = _UNREAD_TYPES.fullmatch(type_) is not None
    if _UNREAD_ENDINGS.fullmatch(ending) and (unread or says_nothing):
        return Outlook.UNREAD
    is_film = type_.startswith("video/") or (says_nothing and ending in ("mp4", "webm", "ogv", "3gp"))
    return Outlook.DOUBTFUL if is_film else Outlook.LIKELY


def file_type(data: bytes, name: str, told: str, *, most_chars: int) -> FileType:
    """Tell what a file is, and decode it where it is a text, up to `most_chars`."""
    found = _by_bytes(data, media_type(told)) if data else Unread.EMPTY
    found = found or _by_name(data, _ending(name), media_type(told))
    return found if found is not None else _as_text(data, name, told, most_chars)


def media_type(told: str) -> str:
    """The type without its parameters."""
    return told.partition(";")[0].strip().lower()


def _by_bytes(data: bytes, told: str) -> FileType | None:
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data.startswith((b"RIFF", b"RF64")) and data[8:12] in _IN_RIFF:
        return _IN_RIFF[data[8:12]]
    if data.startswith(b"OggS"):
        return Unread.KIND if any(film in data[:4096] for film in _FILM_IN_OGG) else Sound("ogg")
    if data[4:8] == b"ftyp":
        return _in_mp4(data, told)
    if data.startswith(b"\x1aE\xdf\xa3"):
        return _in_webm(data[:_TRACKS_WITHIN], told)
    return Document() if data.lstrip().startswith(b"%PDF-") else _in_frames(data)


def _in_frames(data: bytes) -> Sound | None:
    """MP3 and AAC begin with eleven, or twelve, set bits; the two behind the version tell which of them."""
    if len(data) < 4 or data[0] != 0xFF or data[1] < 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return Sound("aac")
    is_layer_three = data[1] & 0x06 == 0x02 and data[1] & 0x18 != 0x08
    return Sound("mp3") if is_layer_three and data[2] >> 4 not in (0, 15) else None


def _in_mp4(data: bytes, told: str) -> FileType:
    """MP4 holds films, sounds and pictures: its brand tells pictures, and the kinds of its tracks the rest."""
    brand = data[8:12]
    if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"):
        return Unread.KIND
    if brand in (b"M4A ", b"M4B "):
        return Sound("m4a")
    tracks = _handlers(data)
    is_sound = b"vide" not in tracks and (b"soun" in tracks or told.startswith("audio/"))
    return Sound("m4a") if is_sound else Unread.KIND


def _handlers(data: bytes) -> set[bytes]:
    kinds: set[bytes] = set()
    begin = 0
    for _ in range(_MOST_TRACKS):
        if (at := data.find(b"hdlr", begin)) < 0:
            break
        begin = at + 4 + _KIND_BEHIND
        kinds.add(data[begin : begin + 4])
    return kinds


def _in_webm(beginning: bytes, told: str) -> FileType:
    has_film, has_sound = (re.search(codec, beginning, re.DOTALL) for codec in (rb"\x86.V_", rb"\x86.A_"))
    is_sound = not has_film and (has_sound or told.startswith("audio/"))
    return Sound("webm") if is_sound else Unread.KIND


def _by_name(data: bytes, ending: str, told: str) -> FileType | None:
    """What a file without a signature must be by its name, or, where that says nothing, by what its platform says."""
    if ending in _UNREAD_PICTURES:
        return Unread.KIND
    if ending == "pdf" or (told == "application/pdf" and ending not in _TEXT_ENDINGS):
        return Document() if b"%PDF-" in data[:_PDF_WITHIN] else Unread.DAMAGED
    if ending in _PICTURE_ENDINGS:
        return Unread.DAMAGED
    if ending in _FORMATS and ending not in _FILM_ENDINGS:
        return Sound(_FORMATS[ending])
    if ending in _TEXT_ENDINGS:
        return None
    family, _, kind = told.partition("/")
    if family == "image":
        return Unread.DAMAGED if told in PICTURES else Unread.KIND
    known = _FORMATS.get(kind) if family == "audio" else None
    return Sound(known) if known else None


def _as_text(data: bytes, name: str, told: str, most_chars: int) -> FileType:
    charset = re.search(r"charset=[\"']?([\w.:-]{1,40})", told)
    kind = media_type(told)
    promised = (
        kind.startswith("text/") or kind.endswith(("json", "xml", "yaml")) or _ending(name) in _TEXT_ENDINGS
    )
    found = decode(data, most_chars, charset=charset[1] if charset else "", promised=promised)
    if found is None:
        return Unread.DAMAGED if promised else Unread.KIND
    return found if found.text.strip() or found.is_cut else Unread.EMPTY


def _ending(name: str) -> str:
    """What stands behind the last dot; `""` where nothing does."""
    return name.rpartition(".")[2].strip().lower() if "." in name else ""
