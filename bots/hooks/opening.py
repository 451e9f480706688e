"""Opens the operator's hooks, where any are configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.hooks.settings import HooksSettings
from core.admission.operator_alerts import OperatorAlerts
from core.domain.hooks import NO_HOOKS, Hooks


@asynccontextmanager
async def open_hooks(settings: HooksSettings, alerts: OperatorAlerts) -> AsyncIterator[Hooks]:
    """What runs the hooks of the files; none where no file is named.

    Raises:
        SettingRefused: as `bots.hooks.service.open_operator_hooks`.
    """
    if not settings.enabled:
        yield NO_HOOKS
        return
    from bots.hooks.service import (
        open_operator_hooks,  # what runs child processes is loaded where there are hooks
    )

    async with open_operator_hooks(settings, alerts) as hooks:
        yield hooks
