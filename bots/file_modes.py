"""Files that hold secrets, or what people wrote, and that others on the machine may read: said once, at the start."""

from __future__ import annotations

from pathlib import Path

import structlog

from core.storage.db.datafile import open_to_others

log = structlog.get_logger(__name__)


def warn_of_readers(config: Path | None, database: Path | None) -> None:
    """Name the files that the group or everybody may read, and what mends that."""
    for path, holds in ((config, "keys and tokens"), (database, "what people wrote")):
        if path is not None and open_to_others(path):
            log.warning("file.open_to_others", path=str(path), holds=holds, fix=f"chmod 600 {path}")
