"""Switches hooks off that fail again and again, and on again; operators are told of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.admission.operator_alerts import OperatorAlerts
from core.i18n import Phrase


@dataclass(slots=True)
class _State:
    failures: int = 0
    off_until: float | None = None
    edition: int = 0
    is_proven: bool = False
    """Whether it worked since it was loaded: what operators were told of it before that is no longer so."""


class Switches:
    """One for each hook, by its name. Each process has its own; operators are told once."""

    def __init__(
        self, alerts: OperatorAlerts, now: Callable[[], float], *, most_failures: int, off_s: float
    ) -> None:
        self._alerts = alerts
        self._now = now
        self._most_failures = most_failures
        self._off_s = off_s
        self._states: dict[str, _State] = {}

    def is_on(self, name: str, edition: int) -> bool:
        """Whether it is to be run; files that were loaded anew (another `edition`) begin anew.

        After the pause it is on for one run: others find it off until that one has ended.
        """
        state = self._states.setdefault(name, _State(edition=edition))
        if state.edition != edition:
            state = self._states[name] = _State(edition=edition)
        if state.off_until is None:
            return True
        if self._now() < state.off_until:
            return False
        state.off_until = self._now() + self._off_s
        return True

    async def worked(self, name: str) -> None:
        """It did what it was asked."""
        state = self._states[name]
        is_news = state.off_until is not None or not state.is_proven
        state.failures, state.off_until, state.is_proven = 0, None, True
        if is_news:
            await self._alerts.heal(_cause(name), Phrase.HOOK_BACK, hook=name)

    async def failed(self, name: str, on_failure: str) -> None:
        """It failed once more."""
        state = self._states[name]
        state.failures += 1
        if state.failures < self._most_failures:
            return
        state.off_until = self._now() + self._off_s
        wait = self._alerts.translator.duration(self._off_s)
        phrase = Phrase.HOOK_OFF_REFUSES if on_failure == "refuse" else Phrase.HOOK_OFF
        await self._alerts.tell(_cause(name), phrase, hook=name, count=state.failures, wait=wait)


def _cause(name: str) -> str:
    return f"hook:{name}"
