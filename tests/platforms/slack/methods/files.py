"""files.info, files.getUploadURLExternal, files.completeUploadExternal, files.delete."""

from typing import Any

from ..refused import RefusedError, invalid
from ..state import File, Message
from .chat import thread_root, writable
from .registry import Asked, method


@method("files.info", scope="files:read", tier=4)
def info(asked: Asked) -> dict[str, Any]:
    return {"file": _found(asked, asked.args.text("file")).as_api()}


@method("files.getUploadURLExternal", scope="files:write", tier=4)
def get_upload_url(asked: Asked) -> dict[str, Any]:
    _require_form(asked)
    length = asked.args.number("length", 0)
    if length <= 0:
        raise invalid("length")
    file = File(
        asked.world.new_id("F"),
        asked.args.text("filename"),
        "application/octet-stream",
        b"",
        asked.workspace,
        awaited_bytes=length,
        alt=asked.args.maybe_text("alt_txt") or "",
    )
    file.url = f"{asked.world.base_url}/files-pri/{file.id}/{file.name}"
    asked.world.files[file.id] = file
    return {"upload_url": f"{asked.world.base_url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", scope="files:write", tier=4)
def complete_upload(asked: Asked) -> dict[str, Any]:
    """Shares files that were uploaded, in one message; each can be completed once."""
    _require_form(asked)
    listed = asked.args.structure("files")
    if not isinstance(listed, list) or not listed:
        raise invalid("files")
    files = [_found(asked, str(each.get("id"))) for each in listed]
    if any(file.awaited_bytes or file.completed for file in files):
        raise RefusedError("file_not_found")
    channel = writable(asked, "channel_id")
    root = thread_root(asked, channel, "thread_not_found")
    for file, each in zip(files, listed, strict=True):
        file.completed, file.title = True, str(each.get("title") or file.name)
    message = Message(channel, asked.world.new_ts(channel), asked.workspace.bot, thread_ts=root)
    for file in files:
        file.shares.append(message)
    message.files = [file.as_api() for file in files]
    asked.events.posted(asked.world.put(message))
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


@method("files.delete", scope="files:write", tier=3)
def delete(asked: Asked) -> dict[str, Any]:
    """Deletes a file of the app's own; a message that has nothing else goes with it."""
    file = _found(asked, asked.args.text("file"))
    if not file.completed:
        raise RefusedError("cant_delete_file")
    del asked.world.files[file.id]
    for message in file.shares:
        message.files = [each for each in message.files if each["id"] != file.id]
        if not message.files and not message.text and not message.blocks:
            message.deleted = True
            asked.events.deleted(message)
    asked.world.changed()
    return {}


def _found(asked: Asked, file_id: str) -> File:
    file = asked.world.files.get(file_id)
    if file is None or file.workspace is not asked.workspace:
        raise RefusedError("file_not_found")
    return file


def _require_form(asked: Asked) -> None:
    """Measured elsewhere: these methods read no JSON (langchain-ai/open-swe#2269)."""
    if asked.headers.get("Content-Type", "").startswith("application/json"):
        raise invalid("no form")
