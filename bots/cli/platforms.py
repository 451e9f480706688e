"""The commands that installed frontends bring: `aivax-bots slack manifest`."""

from __future__ import annotations

import inspect
from typing import Any

import typer
from typer.core import TyperGroup

from bots.cli.commandline import ConfigPath, configured, flush, tell
from bots.frontends import Print, installed, names
from core.domain import BotError


class WithPlatforms(TyperGroup):
    """The commands, and those that the installed frontends bring: `aivax-bots slack manifest`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *names()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _platform(cmd_name)


def _platform(name: str) -> Any:
    """The commands of one platform; None where it has none."""
    plugin = installed().get(name) if name in names() else None
    if plugin is None or not plugin.prints:
        return None
    group = typer.Typer(name=name, help=f"Setting {name} up.", no_args_is_help=True)
    for key, text_of in plugin.prints.items():
        group.command(key, help=inspect.getdoc(text_of))(_printing(name, text_of))
    return typer.main.get_group(group)


def _printing(name: str, text_of: Print) -> Any:
    def show(config: ConfigPath = None) -> None:
        from core.i18n.translators import Translators  # --help and --version stay fast

        settings, _ = configured(config, quiet=True)
        try:
            text = text_of(
                settings.frontend(name),
                Translators(settings.replies.locale, settings.replies.sentences).of(""),
            )
        except BotError as error:
            raise typer.Exit(tell(error)) from None
        typer.echo(text)
        flush()

    return show
