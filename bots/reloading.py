"""Reading the configuration again on SIGHUP: what may change while answers are written does, the rest is named.

Objects keep the section that they were given: what they hold is a view of it (`bots.setting_rules.live`), so that the
next read of each finds the new values. Nothing is wired anew, so no turn is touched.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bots import logs
from bots.redaction import secrets_in
from bots.setting_rules.live import Live
from bots.setting_rules.reading import SettingsRefused
from bots.settings import Settings
from bots.web.console.providers.settings import PlatformSignInSettings
from bots.web.console.settings import ConsoleSettings
from core.admission.operator_alerts import OperatorAlerts
from core.domain import SettingRefused
from core.i18n import Phrase
from core.i18n.overrides import with_own
from core.util.log import log

LIVE = ("limits", "access", "replies", "routes")
"""Sections that are read where they are used."""
FIXED: Mapping[str, frozenset[str]] = {
    "limits": frozenset(
        {
            "running_turns",
            "person_running",
            "person_actions",
            "person_signs",
            "attachment_memory_bytes",
            "answer_chars",
            "answer_file_bytes",
            "turn_timeout_s",
            "silent_wait_s",
            "held_hours",
            "release_batch",
            "requests_per_minute",
            "person_share",
            "shutdown_grace_s",
            "month_time_zone",
            "question_usd",
            "usd_per_million_prompt_tokens",
            "usd_per_million_completion_tokens",
        }
    ),
    "replies": frozenset({"show_tools", "first_words_after_s"}),
}
"""What in those is built into pools, clients and stores at the start; it keeps its value until a restart."""
OF_OIDC = ("viewers", "operators", "owners")
OF_PLATFORM_SIGN_IN = ("role", "workspaces")
"""Who signs in to the console with an account elsewhere, and as what: it is asked anew at each request."""
CAUSE = "settings"


@dataclass(frozen=True, slots=True)
class Difference:
    """What another configuration would change, by the names of settings: `[section] key`."""

    live: tuple[str, ...]
    """In force at once."""
    fixed: tuple[str, ...]
    """In force after a restart."""


class LiveSettings:
    """The settings in force. `settings` is for wiring: its live sections are views."""

    def __init__(self, settings: Settings) -> None:
        self._in_force = settings
        self._live: dict[str, Live[Any]] = {name: Live(getattr(settings, name)) for name in LIVE}
        self._said: Mapping[str, Mapping[str, str]] = {}
        self._operators: Any = settings.operators
        self.settings = settings.model_copy(update={name: live.view for name, live in self._live.items()})

    def merged(self, wanted: Settings) -> Settings:
        """What would be in force after a reload: the wanted values where they may change, else those of now."""
        return self._in_force.model_copy(update=self._changed_sections(wanted))

    def difference(self, wanted: Settings) -> Difference:
        """Which settings differ from those in force."""
        now = self._in_force
        differing = [
            (section, key)
            for name in type(now).model_fields
            for section, key in _differing(name, getattr(now, name), getattr(wanted, name))
        ]
        live = [each for each in differing if _is_live(*each)]
        return Difference(
            tuple(_shown(*each) for each in live),
            tuple(_shown(*each) for each in differing if each not in live),
        )

    def adopt(self, wanted: Settings) -> None:
        """Have every view show the wanted values, all in one step."""
        self._in_force = self.merged(wanted)
        self._operators = wanted.operators
        for name, live in self._live.items():
            live.value = getattr(self._in_force, name)
        self.say(self._said)
        logs.configure(self._in_force.log, {*secrets_in(self._in_force), *secrets_in(wanted)})

    @property
    def in_force(self) -> Settings:
        """What the configuration says, as far as it is in force: no view, and nothing of the console's in it."""
        return self._in_force

    def console(self) -> ConsoleSettings:
        """`[web.console]` with the people and roles that hold now."""
        return self._in_force.web.console

    def operators(self) -> object:
        """`[operators]` as the configuration has it, for who signs in to the console. The rest keeps it."""
        return self._operators

    def say(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        """Have these sentences, by language and key, said above those of the configuration."""
        self._said = sentences
        replies = self._in_force.replies
        own = {"sentences": with_own(replies.sentences, sentences)} if sentences else {}
        self._live["replies"].value = replies.model_copy(update=own)

    def _changed_sections(self, wanted: Settings) -> dict[str, Any]:
        sections: dict[str, Any] = {"routes": wanted.routes, "access": wanted.access}
        for name, fixed in FIXED.items():
            now = getattr(self._in_force, name)
            sections[name] = getattr(wanted, name).model_copy(
                update={key: getattr(now, key) for key in fixed}
            )
        console = _with_people(self._in_force.web.console, wanted.web.console)
        sections["web"] = self._in_force.web.model_copy(update={"console": console})
        sections["log"] = self._in_force.log.model_copy(update={"level": wanted.log.level})
        return sections


class Reloader:
    """Reads the configuration again whenever the process gets a SIGHUP; one that can't be used changes nothing."""

    def __init__(
        self,
        live: LiveSettings,
        read: Callable[[], Settings],
        check: Callable[[Settings], object],
        alerts: OperatorAlerts,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`read` raises `SettingsRefused`, `check` `SettingRefused`: it judges what the start judges, too.

        `then` does what the new settings ask for at once.
        """
        self._live = live
        self._read = read
        self._check = check
        self._alerts = alerts
        self._then = then
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Reload at each SIGHUP, one after the other, until cancelled. Several that come together count as one."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._asked.set)
        try:
            while True:
                await self._asked.wait()
                self._asked.clear()
                await self.reload()
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    async def reload(self) -> bool:
        """Read and adopt; whether the configuration could be used. The log and the operators hear of it."""
        try:
            wanted = await asyncio.to_thread(self._read)
            self._check(self._live.merged(wanted))
        except (SettingsRefused, SettingRefused) as refused:
            await self._refuse(refused)
            return False
        difference = self._live.difference(wanted)
        self._live.adopt(wanted)
        log.info("settings.reloaded", changed=_listed(difference.live))
        if difference.fixed:
            log.warning("settings.need_restart", settings=_listed(difference.fixed))
        if self._then is not None:
            await self._then()
        await self._alerts.heal(CAUSE, Phrase.NOTICE_SETTINGS_TAKEN)
        return True

    async def _refuse(self, refused: SettingsRefused | SettingRefused) -> None:
        problems = refused.problems if isinstance(refused, SettingsRefused) else (refused,)
        for problem in problems:
            log.error("settings.reload_refused", problem=str(problem), in_force="the settings of before")
        await self._alerts.tell(CAUSE, Phrase.NOTICE_SETTINGS_REFUSED, setting=problems[0].setting)


def _with_people(now: ConsoleSettings, wanted: ConsoleSettings) -> ConsoleSettings:
    """The settings of now, with the people and roles that are wanted."""
    people: dict[str, Any] = {"oidc": _with(now.oidc, wanted.oidc, OF_OIDC)}
    for name, own in now:
        if isinstance(own, PlatformSignInSettings):
            people[name] = _with(own, getattr(wanted, name), OF_PLATFORM_SIGN_IN)
    return now.model_copy(update=people)


def _with(now: Any, wanted: Any, keys: Collection[str]) -> Any:
    return now.model_copy(update={key: getattr(wanted, key) for key in keys})


def _differing(section: str, now: Any, wanted: Any) -> Iterator[tuple[str, str]]:
    """The settings of a section, and of those in it, that differ; of what is a list of tables, the key is `""`."""
    if not isinstance(now, BaseModel):
        if now != wanted:
            yield section, ""
        return
    for key in type(now).model_fields:
        old, new = getattr(now, key), getattr(wanted, key)
        if isinstance(old, BaseModel):
            yield from _differing(f"{section}.{key}", old, new)
        elif old != new:
            yield section, key


def _is_live(section: str, key: str) -> bool:
    if section == "log":
        return key == "level"
    if section.startswith("web.console."):
        return key in (OF_OIDC if section == "web.console.oidc" else OF_PLATFORM_SIGN_IN)
    return section in LIVE and key not in FIXED.get(section, ())


def _shown(section: str, key: str) -> str:
    return f"[{section}] {key}" if key else f"[[{section}]]"


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "nothing"
