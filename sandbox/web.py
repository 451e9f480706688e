"""Plays `POST /api/v1/web/fetch` for files: reads `data:` URIs, always in the same way; fetches nothing."""

import re
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from html import unescape
from io import BytesIO
from math import ceil
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.keys import identify
from sandbox.refusals import Refusal, refuse
from sandbox.state import State
from sandbox.wire import json_bytes, read_json

MOST_BYTES: Final = 10_000_000
MOST_ITEMS: Final = 20
UNIT_CHARS: Final = 1_000
UNIT_USD: Final = 0.15 / 1_000
_UNPACKED_BYTES: Final = 20_000_000
_KEYS: Final = frozenset({"contents", "returnErrors", "responseSchema"})
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64,", re.ASCII)


class _Unreadable(Exception):
    """An item whose text can't be extracted; says why."""


def web_routes(state: State) -> list[Route]:
    """Builds the routes."""

    async def fetch(request: Request) -> Response:
        fault = state.faults.take("web")
        if fault is not None:
            told = f"The sandbox was told to answer {fault.status}."
            refusal = Refusal(fault.status, fault.message or told, retry_after=fault.retry_after)
            return refuse(request.url.path, refusal, state.shapes.refusal)
        address = request.client.host if request.client else ""
        if identify(request.headers, request.query_params, address).public:
            raise Refusal(403, "A public key cannot be used on this route.", code="forbidden")
        state.account.check_funds(())
        results = [_result(state, *each) for each in enumerate(_contents(await request.body()))]
        units = sum(each["processingUnits"] for each in results)
        state.account.spend(units * UNIT_USD)
        answer = {"results": results}
        told_answer = {"message": "OK", "data": answer} if state.shapes.web_fetch == "data" else answer
        headers = {"consumed-credits": f"{units * UNIT_USD:.9f}"}
        return Response(json_bytes(told_answer), media_type="application/json", headers=headers)

    return [Route("/api/v1/web/fetch", fetch, methods=["POST"])]


def _contents(raw: bytes) -> list[str]:
    try:
        body = read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.", code="invalid_json") from exc
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    if unknown := sorted(body.keys() - _KEYS):
        raise Refusal(400, f"'{unknown[0]}' is not known here.", param=unknown[0])
    contents = body.get("contents")
    if not isinstance(contents, list) or not all(isinstance(each, str) for each in contents):
        raise Refusal(400, "'contents' must be a list of URLs and data URIs.", param="contents")
    if not 1 <= len(contents) <= MOST_ITEMS:
        raise Refusal(400, f"'contents' must have 1 to {MOST_ITEMS} items.", param="contents")
    if not isinstance(body.get("returnErrors", True), bool):
        raise Refusal(400, "'returnErrors' must be true or false.", param="returnErrors")
    return contents


def _result(state: State, index: int, uri: str) -> dict[str, Any]:
    told: dict[str, Any] = {"index": index, "extractedText": None, "extractedObject": None, "error": None}
    told |= {"processingUnits": 0, "jsonProcessingUnits": 0}
    try:
        text = _text_in(uri)
    except _Unreadable as exc:
        error = str(exc)
        return told | {"error": error if state.shapes.web_fetch_error == "text" else {"message": error}}
    return told | {"extractedText": text, "processingUnits": max(1, ceil(len(text) / UNIT_CHARS))}


def _text_in(uri: str) -> str:
    begin = _DATA_URI.match(uri)
    if begin is None:
        raise _Unreadable("The sandbox fetches no URLs: send a data URI with base64.")
    try:
        data = b64decode(uri[begin.end() :], validate=True)
    except NotBase64 as exc:
        raise _Unreadable("The data URI holds no base64.") from exc
    if len(data) > MOST_BYTES:
        raise _Unreadable(f"An item may have {MOST_BYTES} bytes at most.")
    kind = begin[1]
    read = next((read for known, read in _READERS.items() if re.fullmatch(known, kind)), None)
    if read is None:
        raise _Unreadable(f"'{kind}' is not supported.")
    return read(data)


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _pdf(data: bytes) -> str:
    """What is drawn in streams that are not packed, or packed by zlib; without any, a scan: its OCR is its size."""
    if not data.lstrip().startswith(b"%PDF-"):
        raise _Unreadable("The file is no PDF.")
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        drawn = stream
        if stream[:1] == b"\x78":
            drawn = zlib.decompressobj().decompress(stream, _UNPACKED_BYTES)
        found += re.findall(rb"\(((?:\\.|[^\\()])*)\)\s*Tj", drawn)
    lines = [re.sub(r"\\(.)", r"\1", each.decode("latin-1")) for each in found]
    return (
        "\n".join(lines) or f"The scan of {len(data)} bytes shows these words to whoever can read pictures."
    )


def _picture(data: bytes) -> str:
    return f"A picture of {len(data)} bytes."


def _packed(member: str, text: str, end: str) -> Callable[[bytes], str]:
    """Reads the XML of an Office file: what stands in `text`, with a line end behind each `end`."""

    def read(data: bytes) -> str:
        try:
            with ZipFile(BytesIO(data)) as archive:
                names = sorted(name for name in archive.namelist() if re.fullmatch(member, name))
                xml = "".join(archive.open(name).read(_UNPACKED_BYTES).decode("utf-8") for name in names)
        except (BadZipFile, UnicodeDecodeError, RuntimeError) as exc:
            raise _Unreadable("The file is damaged.") from exc
        pieces = re.findall(rf"<{text}(?: [^>]*)?>([^<]*)</{text}>|(</{end}>)", xml)
        return "".join("\n" if ends else unescape(words) for words, ends in pieces).strip()

    return read


def _sheet(data: bytes) -> str:
    return _packed(r"xl/sharedStrings\.xml|xl/worksheets/sheet\d+\.xml", "t", "si")(data)


_OPEN_XML = r"application/vnd\.openxmlformats-officedocument\."
_READERS: Mapping[str, Callable[[bytes], str]] = {
    r"application/pdf": _pdf,
    _OPEN_XML + r"wordprocessingml\.document": _packed(r"word/document\.xml", "w:t", "w:p"),
    _OPEN_XML + r"spreadsheetml\.sheet": _sheet,
    _OPEN_XML + r"presentationml\.presentation": _packed(r"ppt/slides/slide\d+\.xml", "a:t", "a:p"),
    r"text/[\w.+-]+|application/(?:rtf|json|xml)": _plain,
    r"image/[\w.+-]+": _picture,
}
