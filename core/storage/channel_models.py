"""The gateways that operators chose for channels."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Place
from core.storage.db import place_models


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


def _is_channel_of(place: Place) -> ColumnElement[bool]:
    return (
        (place_models.c.platform == place.platform)
        & (place_models.c.workspace == place.workspace)
        & (place_models.c.channel == place.channel)
    )
