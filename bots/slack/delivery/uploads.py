"""Files that a model made, as files in Slack: three steps, of which only the last shows anything.

docs.slack.dev, "Working with files": an address to upload to, the bytes, and what completes it. The methods read forms
only. A file that was uploaded and not completed is nobody's, and goes by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import aiohttp
from yarl import URL

from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.payloads import part_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.hosts import may_visit
from core.domain import Delivery, Ledger, MadeFile, OutcomeUnknown, PlaceClosed, PlatformBusy

LOOKS = 3
LOOK_AGAIN_S = 1.0
"""A file is shared a moment after Slack has answered."""
_TITLE_CHARS, _ALT_CHARS = 200, 1_000
_NOT_NOW = frozenset((408, 425, 429))


async def upload(
    api: SlackApi, place: Address, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger
) -> str:
    """Show files in one message below the question; what names them, `""` where only one person could see them.

    They are named by their ids, which the ledger knows before the files show: what another attempt finds there it
    completes, unless Slack says that they were shared.
    """
    if place.home or place.ephemeral:
        return ""
    ids = delivery.message_id.split(",") if delivery.message_id else []
    if ids and await _are_shared(api, ids[0]):
        return delivery.message_id
    if not ids:
        ids = [await _send(api, file) for file in files]
        await ledger.posted(delivery.part, ",".join(ids))
    await ledger.check()
    await _complete(api, place, ids, files)
    return ",".join(ids)


def is_file(message_id: str) -> bool:
    """Whether what the ledger holds names files, and no message."""
    return message_id.startswith("F")


async def _send(api: SlackApi, file: MadeFile) -> str:
    """Upload a file, which nobody sees yet; its id."""
    asked = await api.write(
        "files.getUploadURLExternal",
        as_form=True,
        filename=file.name,
        length=str(len(file.data)),
        alt_txt=file.alt[:_ALT_CHARS] or None,
    )
    url, file_id = URL(text_of(asked, "upload_url")), text_of(asked, "file_id")
    if not file_id or not may_visit(api.app.settings, url):
        raise PlaceClosed(PLATFORM, code="upload_elsewhere", detail=url.host or "")
    headers = {"Content-Type": "application/octet-stream"}
    try:
        async with api.app.session.post(
            url, data=file.data, headers=headers, allow_redirects=False, proxy=api.app.settings.proxy or None
        ) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as exc:
        raise PlatformBusy(PLATFORM, code="unreachable", detail=type(exc).__name__) from None
    if status >= 500 or status in _NOT_NOW:
        raise PlatformBusy(PLATFORM, code=f"upload_{status}")
    if status != 200:
        raise PlaceClosed(PLATFORM, code=f"upload_{status}")
    return file_id


async def _complete(api: SlackApi, place: Address, ids: Sequence[str], files: Sequence[MadeFile]) -> None:
    """Show the files. Where the outcome is unknown they are looked up."""
    titles = [(file.alt or file.name)[:_TITLE_CHARS] for file in files]
    listed = [{"id": file_id, "title": title} for file_id, title in zip(ids, titles, strict=False)]
    try:
        await api.write(
            "files.completeUploadExternal",
            once=True,
            as_form=True,
            files=json.dumps(listed, ensure_ascii=False),
            channel_id=place.channel,
            thread_ts=place.thread or None,
        )
    except OutcomeUnknown:
        if not await _are_shared(api, ids[0]):
            raise


async def _are_shared(api: SlackApi, file_id: str) -> bool:
    """Whether a file stands in a channel, or will in a moment."""
    for left in reversed(range(LOOKS)):
        try:
            file = part_of(await api.read("files.info", file=file_id), "file")
        except PlaceClosed:
            return False
        if part_of(file, "shares") or any(file.get(name) for name in ("channels", "groups", "ims")):
            return True
        if left:
            await api.app.sleep(LOOK_AGAIN_S)
    return False
