"""What a file is by its first bytes, and what it is called then: nobody's word for it is taken."""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
SVG = "image/svg+xml"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,100}(?:<\?xml[^>]{0,200}>\s{0,100})?(?:<!--[^>]{0,300}>\s{0,100})?<svg[\s>]"
)
_MPEG_AUDIO_SYNC, _MPEG_AUDIO_LAYERS = 0xE0, 0x06
_HEAD_BYTES = 1_024

ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/webm": "webm",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/json": "json",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/plain": "txt",
    SVG: "svg.txt",
}
"""An SVG can hold scripts, and browsers open it when it is clicked on: it is handed out as a text."""


def sniffed(data: bytes) -> str:
    """Tell the media type of some bytes by how they begin; `""` where that tells nothing."""
    head = data[:_HEAD_BYTES]
    if found := next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), ""):
        return found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if len(head) > 1 and head[0] == 0xFF and head[1] & _MPEG_AUDIO_SYNC == _MPEG_AUDIO_SYNC:
        return "audio/mpeg" if head[1] & _MPEG_AUDIO_LAYERS else "audio/aac"
    return SVG if _SVG.match(head) else ""


def media_type_of(data: bytes, told: str) -> str:
    """Tell a file's media type: by its first bytes, else as told where it is one of text and is text."""
    if found := sniffed(data):
        return found
    kind = told.partition(";")[0].strip().lower()
    is_text = (
        kind in ENDINGS
        and kind.startswith(("text/", "application/json"))
        and b"\x00" not in data[:_HEAD_BYTES]
    )
    return kind if is_text else UNKNOWN
