"""`aivax-bots pause` and `resume`: all answers are held, and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bots.cli.operations.reach import ask_of_bot
from bots.cli.operations.system_user import system_user
from core.operations.control import Control
from core.storage.operations.pauses import SENTENCE_CHARS

if TYPE_CHECKING:
    from bots.settings import Settings


async def pause(settings: Settings, sentence: str) -> int:
    """Hold all answers from now on."""
    if len(sentence) > SENTENCE_CHARS:
        raise typer.BadParameter(f"write at most {SENTENCE_CHARS} characters", param_hint="--say")

    async def here(control: Control) -> object:
        return {"changed": await control.pause(system_user(), sentence)}

    told = await ask_of_bot(settings, here, "/control/pause", {"sentence": sentence})
    said = (
        "Answers are paused"
        if told["changed"]
        else "Answers were paused already; what people are told is new"
    )
    typer.echo(f"{said}: questions are kept, and answered after `aivax-bots resume`.")
    return 0


async def resume(settings: Settings) -> int:
    """Let answers go on; what was kept comes first."""

    async def here(control: Control) -> object:
        return {"changed": await control.resume(system_user())}

    told = await ask_of_bot(settings, here, "/control/resume")
    typer.echo(
        "Answers go on: what was kept is answered first." if told["changed"] else "Answers aren't paused."
    )
    return 0
