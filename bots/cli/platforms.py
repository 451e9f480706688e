"""The commands that installed frontends bring: `aivax-bots slack manifest`."""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from bots.cli.options import ConfigPath
from bots.entry_points import names

if TYPE_CHECKING:
    from bots.frontends import Print


class WithPlatforms(TyperGroup):
    """The commands, and those that the installed frontends bring: `aivax-bots slack manifest`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *names()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        return _Platform(cmd_name) if own is None and cmd_name in names() else own


class _Platform(TyperGroup):
    """The commands of one platform. Its package is imported when one of them is looked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, help=f"Setting {name} up.", no_args_is_help=True, rich_markup_mode=None)

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self._prints]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        text_of = self._prints.get(cmd_name)
        if text_of is None:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name, help=inspect.getdoc(text_of))(_printing(self.name or "", text_of))
        return typer.main.get_command(app)

    @cached_property
    def _prints(self) -> dict[str, Print]:
        """What it prints; nothing where its package can't be imported, which the log says then."""
        from bots.frontends import installed  # --help and --version stay fast

        plugin = installed(self.name).get(self.name or "")
        return dict(plugin.prints) if plugin else {}


def _printing(name: str, text_of: Print) -> Any:
    def show(config: ConfigPath = None) -> None:
        from bots.cli.commandline import configured, flush, tell  # --help and --version stay fast
        from core.domain import BotError
        from core.i18n.translators import Translators

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
