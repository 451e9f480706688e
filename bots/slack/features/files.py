"""Fetch what people attached, with the token where it may go and nowhere else.

docs.slack.dev, "Working with files": `url_private_download` wants the bot token; Enterprise Grid redirects to another
host of Slack's that wants it again, signed hops do not; without the scope there comes a page of HTML with status 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import aiohttp
from yarl import URL

from bots.bounded_download import download
from bots.slack.events.address import PLATFORM, FileRef
from bots.slack.events.message_reader import attachment_of
from bots.slack.events.payloads import part_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.hosts import may_see_the_token, may_visit
from core.domain import Attachment, Blob, FileGone, PlatformError
from core.util.log import log

_GONE = frozenset({"file_deleted", "file_not_found", "http_404", "http_410"})
"""What means that a file can't be had any more, in Slack's words and ours."""


async def fetch(api: SlackApi, ref: str, most_bytes: int) -> Blob:
    """Read an attachment into memory, up to `most_bytes`.

    Raises:
        PlatformError: `code` says why: gone, too large, not readable.
    """
    file = FileRef.parse(ref)
    if not file.url:
        _require(not file.gone, "file_not_in_slack")
        file = FileRef.parse((await _asked(api, file)).ref)
        _require(bool(file.url), "file_not_found")
    try:
        return await _follow(api, URL(file.url), most_bytes)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
        raise PlatformError(PLATFORM, code="file_unreachable", detail=type(exc).__name__) from None


async def described(api: SlackApi, attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Look up the files of which an event has only the id; one that Slack does not describe in time stays as it is."""

    async def described(attachment: Attachment) -> Attachment:
        file = FileRef.parse(attachment.ref)
        if file.url or file.gone:
            return attachment
        try:
            async with asyncio.timeout(api.app.settings.names_timeout_s):
                return await _asked(api, file)
        except (PlatformError, TimeoutError) as exc:
            log.info("slack.file_unknown", cause=str(exc))
            return attachment

    return tuple(await asyncio.gather(*map(described, attachments)))


async def _asked(api: SlackApi, file: FileRef) -> Attachment:
    try:
        described = part_of(await api.read("files.info", file=file.id), "file")
    except PlatformError as exc:
        _require(exc.code not in _GONE, exc.code)
        raise
    _require(bool(text_of(described, "id")), "file_not_found")
    return attachment_of(described, file.team)


async def _follow(api: SlackApi, url: URL, most_bytes: int) -> Blob:
    async def get(url: URL) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        _require(may_visit(api.app.settings, url), "file_elsewhere")
        headers = await api.authorization() if may_see_the_token(api.app.settings, url) else {}
        return api.app.downloads.get(
            url, headers=headers, allow_redirects=False, proxy=api.app.settings.proxy or None
        )

    return await download(PLATFORM, url, most_bytes, get=get, check=_check)


def _check(answer: aiohttp.ClientResponse, beginning: bytes) -> None:
    """Refuse what is not the file. An uploaded HTML file is handed out as a download, Slack's sign-in page is not."""
    _require(answer.status == 200, f"http_{answer.status}")
    is_page = answer.content_type == "text/html" or beginning.lstrip().lower().startswith(
        (b"<!doctype html", b"<html")
    )
    is_download = "attachment" in answer.headers.get("Content-Disposition", "")
    _require(is_download or not is_page, "file_forbidden")


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise (FileGone if code in _GONE else PlatformError)(PLATFORM, code=code)
