"""The commands that installed frontends bring: `aivax-bots slack manifest`."""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from bots.cli.options import LOOK_AFTER, RUN, SET_UP, TRY_OUT, Commands, ConfigPath
from bots.entry_points import found, names

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from bots.frontends import Plugin, Print


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
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        return next((_Platform(entry) for entry in found() if entry.name == cmd_name), None)


class _Platform(Commands):
    """The commands of one platform. Its package is imported when one of them is looked for."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(
            name=entry.name,
            help=f"Setting {entry.name} up.",
            no_args_is_help=True,
            rich_markup_mode=None,
            rich_help_panel=SET_UP,
        )
        self._entry = entry

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self._plugin.prints] if self._plugin else []

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        text_of = self._plugin.prints.get(cmd_name) if self._plugin else None
        if self._plugin is None or text_of is None:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name, help=inspect.getdoc(text_of))(_printing(self._plugin, text_of))
        return typer.main.get_command(app)

    @cached_property
    def _plugin(self) -> Plugin | None:
        """The platform; None where its package can't be imported, which the log says then."""
        from bots.frontends import loaded  # --help and --version stay fast

        return loaded(self._entry)


def _printing(plugin: Plugin, text_of: Print) -> Any:
    def show(config: ConfigPath = None) -> None:
        from bots.cli.printing.output import flush  # --help and --version stay fast
        from bots.cli.printing.sections import sections
        from core.domain import BotError
        from core.i18n.settings import RepliesSettings
        from core.i18n.translators import Translators

        read = sections(config, {plugin.name: plugin.section, "replies": RepliesSettings})
        replies: RepliesSettings = read["replies"]
        try:
            text = text_of(read[plugin.name], Translators(replies.locale, replies.sentences).of(""))
        except BotError as error:
            from bots.cli.commandline import tell

            raise typer.Exit(tell(error)) from None
        typer.echo(text)
        flush()

    return show
