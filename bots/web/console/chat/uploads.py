"""Forms with files: taken apart before the guard, which reads plain forms alone and judges them as any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bots.web.requests import TOO_LARGE

SENT = "aivax_bots.console.files"
"""Where in a request's scope the files of its form stand."""
PLAIN = b"application/x-www-form-urlencoded"
MOST_FIELDS = 20
MOST_FILES = 100
"""Which are read; how many somebody may send is judged where they are taken."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as a browser sent it: its name is whatever the browser likes."""

    name: str
    data: bytes = field(repr=False)


class FormsWithFiles:
    """Turns a form with files, for one path, into a plain one and its files. How large it may be the server has judged.

    Nothing is decided here: without a session or a form of ours the guard lets none of it in.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] == self._path
            and TOO_LARGE not in scope
        ):
            scope, receive = await self._plain(scope, receive)
        await self._app(scope, receive, send)

    async def _plain(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
        request = Request(scope, receive)
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return scope, receive
        fields, files = await _parts(request)
        body = urlencode(fields).encode()
        others = [pair for pair in scope["headers"] if pair[0] not in (b"content-type", b"content-length")]
        headers = [*others, (b"content-type", PLAIN), (b"content-length", str(len(body)).encode())]

        async def once_more() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return {**scope, "headers": headers, SENT: files}, once_more


def sent_files(request: Request) -> Sequence[SentFile]:
    """The files of a form that came through `FormsWithFiles`."""
    found: Sequence[SentFile] = request.scope.get(SENT, ())
    return found


async def _parts(request: Request) -> tuple[list[tuple[str, str]], list[SentFile]]:
    """What a form holds; of one that is none, nothing: the guard refuses that."""
    fields: list[tuple[str, str]] = []
    files: list[SentFile] = []
    try:
        async with request.form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=10**9
        ) as form:  # the whole is bounded
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    data = await value.read()
                    if data or value.filename:
                        files.append(SentFile(value.filename or "", data))
                else:
                    fields.append((name, value))
    except HTTPException:
        return [], []
    return fields, files
