"""The gateways that operators chose for channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Place
from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import Database, place_models
from core.storage.operations.audit import record


class ModelChoice:
    """Chooses, within a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, place: Place) -> str:
        """The gateway that was chosen for a place's channel; `""` where none was."""
        return await self._connection.scalar(select(place_models.c.model).where(_is_channel_of(place))) or ""

    async def choose(self, place: Place, model: str, at: datetime) -> None:
        """Have a channel's questions answered by a gateway; `""` goes back to what is configured."""
        await self._connection.execute(delete(place_models).where(_is_channel_of(place)))
        if model:
            row = place_models.insert().values(
                platform=place.platform,
                workspace=place.workspace,
                channel=place.channel,
                model=model,
                chosen_at=at,
            )
            await self._connection.execute(row)


@dataclass(frozen=True, slots=True)
class ChannelModel:
    """A gateway that an operator chose for a channel."""

    platform: str
    workspace: str
    channel: str
    model: str
    chosen_at: datetime


class ChannelModels:
    """All that were chosen, for who looks at them together."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def newest(self, most: int) -> Sequence[ChannelModel]:
        """So many, those that were chosen last first."""
        c = place_models.c
        columns = (c.platform, c.workspace, c.channel, c.model, c.chosen_at)
        chosen = select(*columns).order_by(c.chosen_at.desc(), c.platform, c.workspace, c.channel)
        async with self._database.read() as connection:
            return [ChannelModel(*row) for row in await connection.execute(chosen.limit(most))]

    async def choose(self, place: Place, model: str, by: Actor) -> None:
        """As `ModelChoice.choose`, with an entry in the audit log."""
        subject = f"{place.platform}:{'/'.join(filter(None, (place.workspace, place.channel)))}"
        entry = AuditEntry(by, AuditAction.GATEWAY, subject=subject, detail=model or "default")
        async with self._database.write() as connection:
            await ModelChoice(connection).choose(place, model, self._now())
            await record(connection, self._now(), entry)


def _is_channel_of(place: Place) -> ColumnElement[bool]:
    return (
        (place_models.c.platform == place.platform)
        & (place_models.c.workspace == place.workspace)
        & (place_models.c.channel == place.channel)
    )
