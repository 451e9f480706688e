"""What the operator asks of AIVAX with every call, beside the question: its own tools, routing, no log.

Only AIVAX with a private key takes these. They are judged before the start, by `check`, as a wrong one would fail every
call, and one that is not sent would promise what does not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.aivax import keys
from core.aivax.keys import KeyKind
from core.aivax.media import tools
from core.aivax.media.tools import DATE_TIME
from core.domain import SettingRefused
from core.settings import AivaxSettings, Route
from core.util.time_zones import is_time_zone

SETTINGS = (
    *("builtin_tools", "builtin_tool_options", "tool_explanations", "time_zone"),
    *("routing_preset", "routing_providers", "allow_logging"),
)
_USUAL = {"allow_logging": True, "tool_explanations": False}
"""What those hold that choose nothing; of all others it is something empty."""
Check = Callable[[], object]
"""Raises `SettingRefused`."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The operator's choices for one call; what is not chosen is left to the gateway."""

    builtin_tools: tuple[str, ...] = ()
    time_zones: tuple[str, ...] = ()
    """In which zone the tool `DateTime` tells the time: the first one. The others are for a service that refuses it."""
    routing_preset: str = ""
    routing_providers: tuple[str, ...] = ()
    allow_logging: bool = True
    tool_options: tuple[tuple[str, Any], ...] = ()
    """What the tools are told, by the names of `core.aivax.media.tools.OPTIONS`."""
    explain_tools: bool = False
    """Whether AIVAX shall say why it runs a tool."""
    withheld_tools: tuple[str, ...] = ()
    """Those of `builtin_tools` that are not to be had with this call."""

    def without_tools(self, names: Iterable[str]) -> RequestOptions:
        """Withhold some of the tools; those that are not asked for can't be."""
        return replace(self, withheld_tools=tuple(name for name in self.builtin_tools if name in set(names)))

    @property
    def asked_tools(self) -> tuple[str, ...]:
        """The tools that are asked for."""
        return tuple(name for name in self.builtin_tools if name not in self.withheld_tools)

    def at_home(self, time_zone: str) -> RequestOptions:
        """Prefer the zone of who asks; one that is none, or is not known, changes nothing."""
        if not is_time_zone(time_zone):
            return self
        return replace(self, time_zones=tuple(dict.fromkeys((time_zone, *self.time_zones))))

    @property
    def time_zone(self) -> str:
        """The zone that is sent; `""` where none is, for want of one or of the tool."""
        return self.time_zones[0] if self.time_zones and DATE_TIME in self.asked_tools else ""

    def with_next_time_zone(self) -> RequestOptions:
        """Leave out the zone that was refused."""
        return replace(self, time_zones=self.time_zones[1:])

    def wire(self) -> dict[str, Any]:
        """The fields of the request's body; none where nothing is chosen."""
        fields: dict[str, Any] = {}
        if self.builtin_tools:  # also where all are withheld: left out, the gateway's own would be there
            told: dict[str, Any] = {"dateTimeTimeZone": self.time_zone} if self.time_zone else {}
            told |= {
                name: value
                for name, value in self.tool_options
                if tools.OPTIONS[name].tool in self.asked_tools
            }
            fields["builtin_tools"] = {"tools": list(self.asked_tools), "options": told}
        if self.explain_tools:
            fields["tool_invocation_explanations"] = True
        routing = {"preset": self.routing_preset, "allowed_providers": list(self.routing_providers)}
        if wanted := {name: value for name, value in routing.items() if value}:
            fields["routing_options"] = wanted
        if not self.allow_logging:
            fields["allow_logging"] = False
        return fields


NO_OPTIONS = RequestOptions()


def chosen(settings: AivaxSettings, routes: Sequence[Route] = ()) -> RequestOptions:
    """The choices of a place: each that of the most particular of its `routes` that makes one, else of the settings."""

    def of(name: str) -> Any:
        made = (getattr(route, name) for route in routes)
        return next((each for each in made if each not in (None, "")), getattr(settings, name))

    return RequestOptions(
        builtin_tools=of("builtin_tools"),
        time_zones=(of("time_zone"),) if of("time_zone") else (),
        routing_preset=of("routing_preset") or "",
        routing_providers=of("routing_providers"),
        allow_logging=of("allow_logging"),
        tool_options=_of_tools(of("builtin_tool_options"), of("builtin_tools")),
        explain_tools=of("tool_explanations"),
    )


def _of_tools(given: Mapping[str, Any], named: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    """The options of tools that are asked for: a route may name other tools than the options above it are for."""
    return tuple((name, value) for name, value in given.items() if tools.OPTIONS[name].tool in named)


def checks_of(settings: AivaxSettings, models: Iterable[str], routes: Sequence[Route]) -> Iterator[Check]:
    """The checks of a configuration, each by itself: one that refuses does not hide what the others find.

    `models` are those of routes, beside the one of the settings.
    """
    kind = keys.kind_of(settings.api_key)
    speaks_aivax = keys.speaks_aivax(kind, settings.base_url)
    yield partial(keys.check_settings, settings)
    yield partial(check, settings, routes, kind, speaks_aivax=speaks_aivax)
    if settings.fallback_model:
        yield partial(keys.check_model, kind, settings.fallback_model, "[aivax] fallback_model")
    for number, each in enumerate(routes, 1):
        if each.fallback_model:
            setting = f"[[routes]] entry {number}, fallback_model"
            yield partial(keys.check_model, kind, each.fallback_model, setting)
    for model in models:
        yield partial(keys.check_model, kind, model, "[[routes]] model")


def check(settings: AivaxSettings, routes: Sequence[Route], kind: KeyKind, *, speaks_aivax: bool) -> None:
    """Refuse choices with which every call would fail, or that would not be heard.

    Raises:
        SettingRefused: which one, what it holds, and how to mend it.
    """
    everywhere = {name for _, section in _sections(settings, routes) for name in section.builtin_tools or ()}
    for place, section in _sections(settings, routes):
        for name in section.builtin_tools or ():
            if fix := tools.fix_of_tool(name):
                raise SettingRefused(f"{place} builtin_tools", value=name, fix=fix)
        of_route = section.builtin_tools if isinstance(section, Route) else None
        named = everywhere if of_route is None else of_route
        tools.check_options(f"{place} builtin_tool_options", section.builtin_tool_options or {}, named)
        if speaks_aivax and kind is not KeyKind.PUBLIC:
            continue
        reason = "a public key (pk-aiv-) may not send this" if speaks_aivax else "only AIVAX knows this"
        for setting in SETTINGS:
            if _is_chosen(section, setting):
                mend = "use a private key (sk-aiv-acc)" if speaks_aivax else "set [aivax] base_url to AIVAX"
                fix = f"{reason}: delete the line, or {mend}"
                raise SettingRefused(f"{place} {setting}", value=_shown(getattr(section, setting)), fix=fix)


def _sections(
    settings: AivaxSettings, routes: Sequence[Route]
) -> Iterator[tuple[str, AivaxSettings | Route]]:
    yield "[aivax]", settings
    for number, route in enumerate(routes, 1):
        yield f"[[routes]] entry {number},", route


def _is_chosen(section: AivaxSettings | Route, setting: str) -> bool:
    value = getattr(section, setting)
    return bool(value) if setting not in _USUAL else value not in (None, _USUAL[setting])


def _shown(value: object) -> str:
    if isinstance(value, tuple | dict):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
