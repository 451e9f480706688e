"""What the operator asks of AIVAX with every call, beside the question: its own tools, routing, no log.

Only AIVAX with a private key takes these. They are judged before the start, by `check`, as a wrong one would fail every
call, and one that is not sent would promise what does not happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.aivax.keys import KeyKind
from core.domain import SettingRefused
from core.settings import AivaxSettings, Route
from core.util.time_zones import is_time_zone

DATE_TIME = "DateTime"
TOOLS = (
    *(DATE_TIME, "WebSearch", "XPostsSearch", "OpenUrl", "Request", "Code", "Remember"),
    *("ImageGeneration", "GenerateDocument", "GenerateWebPage"),
)
"""AIVAX documentation of October 2026, "Built-in tools"."""
REMOVED_TOOLS = {
    "Calendar": "AIVAX removed this tool on 9 October 2026, and refuses every call that names it",
    "AdvancedWebUsage": "AIVAX switched this tool off on 21 September 2026: it only answers that it is unavailable",
}
SETTINGS = ("builtin_tools", "time_zone", "routing_preset", "routing_providers", "allow_logging")


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The operator's choices for one call; what is not chosen is left to the gateway."""

    builtin_tools: tuple[str, ...] = ()
    time_zones: tuple[str, ...] = ()
    """In which zone the tool `DateTime` tells the time: the first one. The others are for a service that refuses it."""
    routing_preset: str = ""
    routing_providers: tuple[str, ...] = ()
    allow_logging: bool = True

    def at_home(self, time_zone: str) -> RequestOptions:
        """Prefer the zone of who asks; one that is none, or is not known, changes nothing."""
        if not is_time_zone(time_zone):
            return self
        return replace(self, time_zones=tuple(dict.fromkeys((time_zone, *self.time_zones))))

    @property
    def time_zone(self) -> str:
        """The zone that is sent; `""` where none is, for want of one or of the tool."""
        return self.time_zones[0] if self.time_zones and DATE_TIME in self.builtin_tools else ""

    def with_next_time_zone(self) -> RequestOptions:
        """Leave out the zone that was refused."""
        return replace(self, time_zones=self.time_zones[1:])

    def wire(self) -> dict[str, Any]:
        """The fields of the request's body; none where nothing is chosen."""
        fields: dict[str, Any] = {}
        if self.builtin_tools:
            told = {"dateTimeTimeZone": self.time_zone} if self.time_zone else {}
            fields["builtin_tools"] = {"tools": list(self.builtin_tools), "options": told}
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
    )


def check(settings: AivaxSettings, routes: Sequence[Route], kind: KeyKind, *, speaks_aivax: bool) -> None:
    """Refuse choices with which every call would fail, or that would not be heard.

    Raises:
        SettingRefused: which one, what it holds, and how to mend it.
    """
    for place, section in _sections(settings, routes):
        for name in section.builtin_tools or ():
            _check_tool(f"{place} builtin_tools", name)
        if speaks_aivax and kind is not KeyKind.PUBLIC:
            continue
        reason = "a public key (pk-aiv-) may not send this" if speaks_aivax else "only AIVAX knows this"
        for setting in SETTINGS:
            if getattr(section, setting) not in (None, "", (), True):
                mend = "use a private key (sk-aiv-acc)" if speaks_aivax else "set [aivax] base_url to AIVAX"
                fix = f"{reason}: delete the line, or {mend}"
                raise SettingRefused(f"{place} {setting}", value=_shown(getattr(section, setting)), fix=fix)


def _sections(
    settings: AivaxSettings, routes: Sequence[Route]
) -> Iterator[tuple[str, AivaxSettings | Route]]:
    yield "[aivax]", settings
    for number, route in enumerate(routes, 1):
        yield f"[[routes]] entry {number},", route


def _check_tool(setting: str, name: str) -> None:
    if name in REMOVED_TOOLS:
        raise SettingRefused(setting, value=name, fix=f"{REMOVED_TOOLS[name]}: take it out of the list")
    if name not in TOOLS:
        near = next((each for each in TOOLS if each.lower() == name.replace("_", "").lower()), "")
        known = f"write {near}" if near else f"AIVAX has no such tool; known: {', '.join(TOOLS)}"
        raise SettingRefused(setting, value=name, fix=known)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
