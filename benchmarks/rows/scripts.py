"""Scripts of this folder that measure by themselves: their figures, as rows have them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

from benchmarks.stage.programs import TREE


async def told_by(script: str, *arguments: str) -> list[dict[str, Any]]:
    """What `benchmarks/SCRIPT --json` prints. Raises CalledProcessError where it fails."""
    command = (sys.executable, str(TREE / "benchmarks" / script), "--json", *arguments)
    done = await asyncio.to_thread(subprocess.run, command, cwd=TREE, check=True, stdout=subprocess.PIPE)
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told
