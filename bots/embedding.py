"""The bot inside another program: what `aivax-bots run` does, as one call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from bots import logs
from bots.frontends import Plugin, installed
from bots.redaction import secrets_in
from bots.serve import Role
from bots.serve import run as serve
from bots.setting_rules.origins import Origins
from bots.settings import load


async def run(
    stop: asyncio.Event,
    *,
    config: Path | None = None,
    role: Literal["all", "listen", "work"] = "all",
    plugins: Mapping[str, Plugin] | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Serve the configured frontends until `stop` is set; return the exit status that the command would have.

    Args:
        stop: Ends it in good order, within `[limits] shutdown_grace_s` seconds.
        config: The file to read; None: `$AIVAX_BOTS_CONFIG`, else `config.toml` in the working folder if there is one.
        role: On PostgreSQL, what this process does: take messages in, answer them, or both.
        plugins: The frontends by name, in place of the installed ones.
        environment: What overrides the file (`AIVAX_BOTS__SECTION__KEY`), in place of the process's own.

    The log of the whole process is set up as `[log]` says, on standard error and without secrets.

    Raises:
        BotError: it can't start: a setting is wrong, the database is newer, busy or out of reach.
    """
    known = installed() if plugins is None else plugins
    given = os.environ if environment is None else environment
    origins = Origins()
    settings = load(known, path=config, environment=given, origins=origins)
    logs.configure(settings.log, secrets_in(settings))
    return await serve(settings, known, stop, Role(role), origins=origins)
