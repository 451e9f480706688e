"""htmx and its extension for server-sent events, as the package `django-htmx` brings them; Django is not imported."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FILES = ("htmx-2.min.js", "ext/hx-sse-2.min.js")
CONFIGURATION = json.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "historyEnabled": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "413", "swap": True, "error": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)
"""Nothing is evaluated, no style is added to the page, nothing is kept in the browser; what is too large is told."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file, under a name that changes with it."""

    name: str
    content: bytes

    @property
    def address(self) -> str:
        """Below `/console/static/`."""
        return f"{hashlib.sha256(self.content).hexdigest()[:12]}/{self.name}"


@cache
def scripts() -> tuple[Script, ...]:
    """All of them, in the order in which they are loaded; none where the package is missing."""
    found = find_spec("django_htmx")
    if found is None or not found.submodule_search_locations:
        return ()
    folder = Path(found.submodule_search_locations[0]) / "static" / "django_htmx"
    if not all((folder / name).is_file() for name in FILES):
        return ()
    return tuple(Script(Path(name).name, (folder / name).read_bytes()) for name in FILES)
