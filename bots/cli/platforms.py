"""The commands that installed frontends bring: `aivax-bots slack manifest`."""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from bots.cli.options import LOOK_AFTER, RUN, SET_UP, TRY_OUT, Commands, ConfigPath
from bots.entry_points import names

if TYPE_CHECKING:
    from bots.frontends import Print


class WithPlatforms(Commands):
    """The commands, and those that the installed frontends bring: `aivax-bots slack manifest`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *names()]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in groups. Typer's own way to do that draws with rich, which takes a tenth of a second."""
        commands = {
            name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))
        }
        limit = formatter.width - 6 - max(map(len, commands))
        groups: dict[str, list[tuple[str, str]]] = {each: [] for each in (RUN, SET_UP, LOOK_AFTER, TRY_OUT)}
        for name, command in commands.items():
            group = command.rich_help_panel or "More"
            groups.setdefault(group, []).append((name, command.get_short_help_str(limit)))
        for group, rows in groups.items():
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows, col_max=limit)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        return _Platform(cmd_name) if own is None and cmd_name in names() else own


class _Platform(Commands):
    """The commands of one platform. Its package is imported when one of them is looked for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            name=name,
            help=f"Setting {name} up.",
            no_args_is_help=True,
            rich_markup_mode=None,
            rich_help_panel=SET_UP,
        )

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
