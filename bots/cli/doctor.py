"""`aivax-bots doctor`: runs the checks and prints what they found; `why` prints what became of a message."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import typer

from bots import logs
from bots.cli.printing.output import flush
from bots.doctor.checks import checks_of
from bots.doctor.examination import examine, status_of
from bots.doctor.report import as_json, as_text
from bots.doctor.why import ids_of, told, told_of_refused
from bots.frontends import Plugin, installed
from bots.redaction import secrets_in
from bots.setting_rules.reading import SettingsRefused, config_path
from bots.settings import LogSettings, Settings, load
from core.domain.checks import Finding, failed
from core.storage.db import Database
from core.storage.ops.turn_story import heard, stories

QUIET = LogSettings(level="error")
"""What the parts say while they are looked at is told by the findings."""


def diagnose(config: Path | None, *, as_json_text: bool, asks: bool) -> int:
    """Print what was found; the exit status."""
    logs.configure(QUIET)
    plugins = installed()
    findings: list[Finding]
    try:
        settings = load(plugins, path=config, environment=os.environ)
    except SettingsRefused as refused:
        findings = [
            failed("config", f"{each.setting}: {each.value}".rstrip(": "), each.fix)
            for each in refused.problems
        ]
    else:
        logs.configure(QUIET, secrets_in(settings))
        path = config_path(config, os.environ)
        checks = checks_of(settings, plugins, config=path, environment=os.environ, asks=asks)
        findings = asyncio.run(examine(checks))
    typer.echo(as_json(findings) if as_json_text else as_text(findings, _columns()))
    flush()
    return status_of(findings)


def _columns() -> int | None:
    """How wide the terminal is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


async def explain(settings: Settings, plugins: Mapping[str, Plugin], message: str) -> int:
    """Print what became of a message; 1 where nothing is known of it."""

    def said_at(platform: str, origin: str) -> datetime | None:
        return plugins[platform].said_at(origin) if platform in plugins else None

    ids = ids_of(message)
    async with Database(settings.storage.url) as database:
        found = await stories(database, ids)
        event = None if found else await heard(database, ids)
        now = database.now()
    typer.echo(told_of_refused(event, now) if event else told(found, now, said_at))
    return 0 if found or event else 1
