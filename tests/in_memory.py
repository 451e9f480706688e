"""Where tests keep their files: in memory where there is room, since to wait for a disk tells nothing about the bot."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - each run makes a folder of its own there
ROOM_BYTES = 4_000_000_000
"""Several times what a run of all tests keeps at once."""


def use_memory() -> None:
    """Have temporary files made in memory, unless `TMPDIR` names another place or there is no room for them."""
    if "TMPDIR" not in os.environ and _has_room(SHARED_MEMORY):
        os.environ["TMPDIR"] = str(SHARED_MEMORY)  # of the programs that tests start, too
        tempfile.tempdir = None  # what was asked before


def short_folder() -> Path:
    """Where a server's folder may be, whose sockets' paths have to be short: in memory as well, where there is room."""
    used = Path(tempfile.gettempdir())
    return used if used == SHARED_MEMORY else Path("/tmp")  # noqa: S108 - a folder of its own is made there


def _has_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= ROOM_BYTES and _runs_programs(folder)
    except OSError:
        return False


def _runs_programs(folder: Path) -> bool:
    """Whether programs can be started there: containers often forbid it."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        program = Path(inside) / "program"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
        try:
            return subprocess.run([program], check=False).returncode == 0
        except OSError:
            return False
