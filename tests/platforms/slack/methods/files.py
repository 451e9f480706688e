"""files.info."""

from typing import Any

from ..refused import RefusedError
from .registry import Asked, method


@method("files.info", scope="files:read", tier=4)
def info(asked: Asked) -> dict[str, Any]:
    file = asked.world.files.get(asked.args.text("file"))
    if file is None or file.workspace is not asked.workspace:
        raise RefusedError("file_not_found")
    return {"file": file.as_api()}
