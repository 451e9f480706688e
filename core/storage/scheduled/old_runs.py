"""What is left of digests that were made long ago goes, but for the newest of each: by that the next is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import digest_runs

ASKED = "asked"
"""`Stage.ASKED`, without the whole of digests: retention sweeps where there are none, too."""


async def drop_old_runs(connection: AsyncConnection, before: datetime, most: int) -> int:
    """Delete some of the runs that ended and were made before a moment; how many."""
    later = digest_runs.alias("later")
    has_later = exists().where(later.c.name == digest_runs.c.name, later.c.due_at > digest_runs.c.due_at)
    old = (digest_runs.c.created_at < before) & (digest_runs.c.stage != ASKED) & has_later
    found = select(digest_runs.c.id).where(old).order_by(digest_runs.c.created_at).limit(most)
    ids = list((await connection.execute(found.with_for_update(skip_locked=True, of=digest_runs))).scalars())
    if ids:
        await connection.execute(delete(digest_runs).where(digest_runs.c.id.in_(ids)))
    return len(ids)
