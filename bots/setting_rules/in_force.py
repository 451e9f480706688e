"""The settings as they hold, after reloads too, and what one more reload would change: for the web console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bots.reloading import LiveSettings
from bots.setting_rules.origins import Effective, Origins, Pending, effective
from bots.setting_rules.reading import SettingsRefused
from bots.settings import Settings
from core.domain import SettingRefused


class InForce:
    """Looks at the settings of this process."""

    def __init__(
        self,
        live: LiveSettings,
        origins: Origins,
        read: Callable[[], Settings] | None,
        check: Callable[[Settings], object] = lambda _: None,
    ) -> None:
        """`origins` are those of the start. `read` gives the configuration anew; None: a reload is not to be had.

        `check` judges it as a reload does.
        """
        self._live = live
        self._origins = origins
        self._read = read
        self._check = check
        self._at_start = {(each.section, each.key): each.value for each in effective(live.in_force, origins)}

    def shown(self) -> list[Effective]:
        """Every setting, secrets masked. The source of what a reload changed is `reload`."""
        return [
            each
            if self._at_start.get((each.section, each.key)) == each.value
            else replace(each, source="reload", where="")
            for each in effective(self._live.in_force, self._origins)
        ]

    async def pending(self) -> Pending:
        """Read the configuration in a thread, and compare; nothing is put in force."""
        if self._read is None:
            return Pending()
        try:
            wanted = await asyncio.to_thread(self._read)
            self._check(self._live.merged(wanted))
        except SettingsRefused as refused:
            return Pending(problems=[str(each) for each in refused.problems])
        except SettingRefused as refused:
            return Pending(problems=[str(refused)])
        difference = self._live.difference(wanted)
        return Pending(difference.live, difference.fixed)
