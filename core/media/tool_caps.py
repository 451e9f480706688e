"""How often AIVAX' own tools may run for one person in a day, so that no one uses up what the account has for all.

AIVAX counts its quotas by account. Whoever has had their part is asked for with the tool left out of the call, which
needs the tools to be named in the settings: the gateway's own are out of reach. A call under way is not stopped, so
that a person can pass their cap by what one answer, and each of their other answers under way, calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.aivax.media.tools import TOOLS, tool_of
from core.aivax.options import RequestOptions
from core.delivery.status_line import plain_tool_name
from core.domain import SettingRefused, Translator, Turn
from core.i18n import Phrase
from core.settings import AivaxSettings, LimitsSettings, Route
from core.storage.uses import UseStore
from core.util.log import log

SETTING = "[limits] person_daily_tools"


class ToolCaps:
    """Counts the tools that are capped, and withholds those of which a person has had their part."""

    def __init__(self, limits: LimitsSettings, uses: UseStore) -> None:
        self._uses = uses
        self._limits = limits

    @property
    def _most(self) -> dict[str, int]:
        """By the tool's own name, of which the settings may have several."""
        found: dict[str, int] = {}
        for name, most in self._limits.person_daily_tools.items():
            tool = tool_of(name)
            found[tool] = min(most, found.get(tool, most))
        return found

    async def applied(self, turn: Turn, options: RequestOptions) -> RequestOptions:
        """The options of a call for a person, without the tools of which they have had their part."""
        capped = [name for name in options.builtin_tools if name in self._most]
        if not capped:
            return options
        used = await self._uses.used(turn.person_key)
        spent = [name for name in capped if used.get(name, 0) >= self._most[name]]
        return options.without_tools(spent) if spent else options

    async def count(self, turn: Turn, name: str) -> None:
        """Count one call of a tool, by its name in the stream."""
        if (tool := tool_of(name)) in self._most:
            await self._uses.add(turn.person_key, tool)

    async def sentences(self, turn: Turn, options: RequestOptions, translator: Translator) -> list[str]:
        """What the person is told of the tools that were withheld: once for each in 24 hours."""
        told = [
            name
            for name in options.withheld_tools
            if await self._uses.take(turn.person_key, f"told:{name}", most=1)
        ]
        if told:
            log.info("tools.withheld", turn=turn.id, tools=told, setting=SETTING)
        return [
            translator.say(Phrase.TOOL_CAP, tool=plain_tool_name(name), most=self._most[name])
            for name in told
        ]


def check(limits: LimitsSettings, aivax: AivaxSettings, routes: Sequence[Route]) -> None:
    """Refuse caps that could not be kept.

    Raises:
        SettingRefused: a name that is none of a tool, or of one that no call names.
    """
    named = set(_named(aivax, routes))
    for name in limits.person_daily_tools:
        tool = tool_of(name)
        if not tool:
            fix = f"AIVAX has no such tool; known: {', '.join(TOOLS)}"
            raise SettingRefused(SETTING, value=name, fix=fix)
        if tool not in named:
            fix = (
                f"only a tool that calls name can be left out of them: put {tool} into [aivax] builtin_tools"
            )
            raise SettingRefused(SETTING, value=name, fix=fix)
    if limits.person_daily_tools and any(each.builtin_tools == () for each in routes):
        fix = "a route with builtin_tools = [] leaves the tools to the gateway, where no cap of ours holds"
        log.warning("tools.not_capped_everywhere", setting=SETTING, fix=fix)


def _named(aivax: AivaxSettings, routes: Iterable[Route]) -> Iterable[str]:
    yield from aivax.builtin_tools
    for route in routes:
        yield from route.builtin_tools or ()
