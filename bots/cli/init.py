"""`aivax-bots init`: leads through the set-up, writes the configuration, and ends with what `doctor` finds."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import typer

from bots import INTERRUPTED, PROBLEM, logs
from bots.cli.commandline import tell
from bots.cli.doctor import diagnose
from bots.cli.printing.output import flush
from bots.frontends import installed
from bots.setting_rules.environment import CONFIG_VARIABLE
from bots.setting_rules.reading import DEFAULT_PATH, SettingsRefused
from bots.settings import LogSettings
from bots.setup.answers import FromFile, asking, read_answers
from bots.setup.config_file import ConfigFile
from bots.setup.guide import Guide, setups_of
from bots.setup.interview import Conversation
from core.domain import SettingRefused


def set_up(config: Path | None, answers: Path | None) -> int:
    """Ask, write, examine; the exit status: that of `doctor`, or of what kept it from being written."""
    logs.configure(LogSettings(level="error"))  # what is found is told as an answer to the answer
    try:
        path = config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)
        conversation = asyncio.run(_converse(path, answers))
        conversation.file.write(conversation.changes, conversation.comments)
    except (KeyboardInterrupt, EOFError, asyncio.CancelledError):
        typer.echo("aivax-bots: ended; nothing was written", err=True)
        return INTERRUPTED
    except SettingsRefused as refused:
        for problem in refused.problems:
            typer.echo(f"aivax-bots: {problem}", err=True)
        return PROBLEM
    except SettingRefused as refused:
        typer.echo(f"aivax-bots: {refused}", err=True)
        return PROBLEM
    except Exception as error:  # noqa: BLE001  nothing above would keep secrets out of the trace
        return tell(error)
    typer.echo(
        f"{path} is written, after {conversation.asked} answers. What `aivax-bots doctor` says of it:\n"
    )
    status = diagnose(path, as_json_text=False, asks=True)
    typer.echo(f"\nStart the bot: {_start(path)}")
    flush()
    return status


async def _converse(path: Path, answers: Path | None) -> Conversation:
    """Ask for everything; what is to be written."""
    source = FromFile(answers, read_answers(answers)) if answers else asking()
    plugins = installed()
    conversation = Conversation(ConfigFile(path), plugins, os.environ, source)
    _ = conversation.settings  # what is wrong already would be found at each answer
    await Guide(conversation, setups_of(plugins)).lead()
    return conversation


def _start(path: Path) -> str:
    program = sys.argv[0] if Path(sys.argv[0]).name == "aivax-bots" else "aivax-bots"
    return f"{program} run" if path == DEFAULT_PATH else f"{program} run --config {path}"
