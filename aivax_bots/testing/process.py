"""The bot in a process of its own, which can be killed at any instant."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aivax_bots.testing.waiting import soon
from sandbox.server import PRIVATE_KEY, Sandbox

PROGRAM = """
import asyncio, sys
from importlib.metadata import EntryPoint
from pathlib import Path
from aivax_bots import run

plugin = EntryPoint("", sys.argv[2], "").load()
plugins = {plugin.name: plugin}
sys.exit(asyncio.run(run(asyncio.Event(), config=Path(sys.argv[1]), plugins=plugins, environment={})))
"""
"""Serves one frontend by the value of its entry point: it need not be installed."""


def config_for(sandbox: Sandbox, name: str, section: Mapping[str, Any]) -> str:
    """A `config.toml` for one platform, answered by the sandbox, with SQLite beside it."""
    sections: dict[str, Mapping[str, Any]] = {
        "aivax": {"base_url": f"{sandbox.base_url}/v1", "api_key": PRIVATE_KEY, "model": "sandbox:50c3"},
        "storage": {"url": "sqlite+aiosqlite:///bot.sqlite3"},
        name: section,
    }
    lines = []
    for each, values in sections.items():
        # strings, numbers, truth values and lists of them are written in TOML as in JSON
        lines += [f"[{each}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def serving(folder: Path, config: str, plugin: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Serve a frontend from `folder`; entered once it is up. Leaving kills what still runs.

    `plugin` is the value of its entry point. Raises `AssertionError` with the log where it never comes up.
    """
    (folder / "config.toml").write_text(config, encoding="utf-8")
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    log = folder / "log.txt"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, "config.toml", plugin),
            cwd=folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        line = await soon("the bot to be ready", process.stdout.readline())
        assert line.startswith(b"ready"), log.read_text(encoding="utf-8")
        yield process
    finally:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """End it as `kill -9` does, unless it has ended."""
    if process.returncode is None:
        process.kill()
    await soon("the end of the process", process.wait())
