"""What a command reads of the configuration that only prints: its own sections, without what all others need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bots.setting_rules.reading import SettingsRefused, read_only
from core.section import Section


def sections(config: Path | None, kinds: Mapping[str, type[Section]]) -> Mapping[str, Any]:
    """Read these sections by their names. Where something is to be told of them, `configured` tells it of all."""
    renamed: dict[str, str] = {}
    try:
        found = read_only(kinds, path=config, environment=os.environ, on_old_names=renamed.update)
        if not renamed:
            return found
    except SettingsRefused:
        pass
    from bots.cli.commandline import configured  # with all models and the log: only who meets it pays

    settings, _ = configured(config, quiet=True)
    return {name: getattr(settings, name) for name in kinds}
