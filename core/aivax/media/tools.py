"""AIVAX' own tools: their names in a request and in a stream, what each can be told, and what was taken away.

AIVAX documentation of October 2026, "Built-in tools" and changelog. It leaves some names in the stream unstated: those
are assumed to be written like the flag, in whichever spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.domain import SettingRefused

DATE_TIME = "DateTime"
WEB_SEARCH = "WebSearch"
IMAGES = "ImageGeneration"
DOCUMENTS = "GenerateDocument"
PAGES = "GenerateWebPage"
TOOLS = (
    *(DATE_TIME, WEB_SEARCH, "XPostsSearch", "OpenUrl", "Request", "Code", "Remember"),
    *(IMAGES, DOCUMENTS, PAGES),
)
REMOVED_TOOLS = {
    "Calendar": "AIVAX removed this tool on 9 October 2026, and refuses every call that names it",
    "AdvancedWebUsage": "AIVAX switched this tool off on 21 September 2026: it only answers that it is unavailable",
}
MAKERS = frozenset((IMAGES, DOCUMENTS, PAGES))
"""Those that make something which then lies behind a link."""
REMOVED_IMAGE_MODELS = (
    *("majicMIX-realistic", "AbsoluteReality", "CyberRealistic", "RealCartoon-Realistic"),
    *("Hassaku-XL", "Meina-Mix"),
)
"""They fail since 26 September 2026; of `CyberRealistic` all versions do."""

_IN_STREAM = {
    "getdatetime": DATE_TIME,
    "evaluatecode": "Code",
    "generateimage": IMAGES,
    "memorysave": "Remember",
    "memorysearch": "Remember",
}
_PLAIN_TOOLS = {name.lower(): name for name in TOOLS}
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def tool_of(name: str) -> str:
    """Which tool is meant by the name of a flag or of the stream (`web_search`, `WebSearch`); `""`: none of them."""
    plain = _NOT_PLAIN.sub("", name[:100].lower())
    return _PLAIN_TOOLS.get(plain) or _IN_STREAM.get(plain, "")


def fix_of_tool(name: str) -> str:
    """What mends the name of a tool that can't be asked for; `""` where nothing is wrong with it."""
    if name in REMOVED_TOOLS:
        return f"{REMOVED_TOOLS[name]}: take it out of the list"
    if name in TOOLS:
        return ""
    near = tool_of(name)
    return f"write {near}" if near else f"AIVAX has no such tool; known: {', '.join(TOOLS)}"


def fix_of_image_model(name: str) -> str:
    """What mends the name of a model for pictures that AIVAX removed; `""`: none of those."""
    plain = _NOT_PLAIN.sub("", name.lower())
    removed = (_NOT_PLAIN.sub("", each.lower()) for each in REMOVED_IMAGE_MODELS)
    if any(plain.startswith(each) for each in removed):
        return "AIVAX removed this model on 26 September 2026: name one of its catalogue of image models"
    return ""


@dataclass(frozen=True, slots=True)
class ToolOption:
    """One thing that a tool can be told: a whole number up to `most`, one of `choices`, else a value of `kind`."""

    tool: str
    kind: type = str
    choices: tuple[str, ...] = ()
    most: int = 0

    def fix(self, value: object) -> str:
        """What mends a value that can't be sent; `""` where it can."""
        if self.choices:
            return "" if value in self.choices else f"write one of {', '.join(self.choices)}"
        if self.most:
            fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= self.most
            return "" if fits else f"write a whole number from 1 to {self.most}"
        if self.kind is bool:
            return "" if isinstance(value, bool) else "write true or false"
        return "" if isinstance(value, str) and value.strip() else "write a text"


OPTIONS: Mapping[str, ToolOption] = {
    "web_search_mode": ToolOption(WEB_SEARCH, choices=("full", "summarized")),
    "web_search_max_results": ToolOption(WEB_SEARCH, most=25),
    "image_generation_model_name": ToolOption(IMAGES),
    "image_generation_quality": ToolOption(IMAGES),
    "image_generation_max_results": ToolOption(IMAGES, most=4),
    "image_generation_allow_reference_usage": ToolOption(IMAGES, bool),
    "image_generation_allow_mature_content": ToolOption(IMAGES, bool),
}


def check_options(setting: str, options: Mapping[str, Any], tools: Iterable[str]) -> None:
    """Refuse options that AIVAX does not know, would refuse, or that are of none of the `tools` named there.

    Raises:
        SettingRefused: which one, what it holds, and how to mend it.
    """
    named = tuple(tools)
    for name, value in options.items():
        option = OPTIONS.get(name)
        if option is None:
            hint = "set time_zone in its place" if name == "dateTimeTimeZone" else _known(name)
            raise SettingRefused(setting, value=name, fix=hint)
        fix = option.fix(value)
        if not fix and name == "image_generation_model_name":
            fix = fix_of_image_model(str(value))
        if fix:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            raise SettingRefused(f"{setting} {name}", value=shown, fix=fix)
        if option.tool not in named:
            fix = f"it is of {option.tool}, which builtin_tools does not name there: name it, or delete the line"
            raise SettingRefused(f"{setting} {name}", fix=fix)


def _known(name: str) -> str:
    plain = _NOT_PLAIN.sub("", name.lower())
    near = next((each for each in OPTIONS if _NOT_PLAIN.sub("", each) == plain), "")
    return f"write {near}" if near else f"no tool of AIVAX has such an option; known: {', '.join(OPTIONS)}"
