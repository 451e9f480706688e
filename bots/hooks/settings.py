"""`[hooks]`: the operator's own Python around a turn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bots.tools.settings import check_environment, check_file
from core.section import Section

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class HooksSettings(Section):
    """`[hooks]`: off while no file is named."""

    files: tuple[Line, ...] = ()
    """Python files that declare hooks, by their paths; they run in this order."""
    on_failure: dict[Line, Literal["skip", "refuse"]] = Field(default_factory=dict)
    """What becomes of a question where a hook fails, by the function's name: before what the file says."""
    environment: tuple[Line, ...] = ()
    """Variables that the files may see, by name; they see none of the bot's own."""
    timeout_s: float = Field(5.0, gt=0, le=60)
    """What one hook may take; the start of a process for it counts."""
    memory_mb: int = Field(512, ge=128)
    """Address space of one process that runs hooks."""
    output_bytes: int = Field(1_000_000, ge=1_000, le=10_000_000)
    """What one hook may print; what it gives back may have twice as much, and a million bytes more."""
    at_once: int = Field(4, ge=1, le=64)
    """Processes that run hooks at the same time."""
    failures_until_off: int = Field(5, ge=1)
    """So many failures in a row switch a hook off."""
    off_s: float = Field(300.0, ge=1)
    """After so long a hook that is switched off is tried again."""

    @property
    def enabled(self) -> bool:
        return bool(self.files)


def check_hooks(settings: HooksSettings) -> None:
    """Refuse, before the start, files that can't be run.

    Raises:
        SettingRefused: which setting, what it holds, and how to mend it.
    """
    check_environment("[hooks] environment", settings.environment)
    for path in settings.files:
        check_file("[hooks] files", path)
