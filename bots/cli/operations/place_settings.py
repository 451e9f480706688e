"""`aivax-bots places list` and `clear`: in the database, or by way of the running bot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from bots import PROBLEM
from bots.cli.operations.reach import ask_of_bot, reading
from bots.cli.operations.system_user import system_user
from bots.terminal.text import printable
from core.domain import PLACE_LIMITS, PlaceSetting, Scope
from core.operations.control import Control
from core.places.settings import TOPICS
from core.storage.operations.place_settings import PlaceSettingStore, StoredSetting

if TYPE_CHECKING:
    from bots.settings import Settings


async def list_settings(settings: Settings, *, as_json: bool) -> int:
    """Print a line for each value that is set."""
    async with reading(settings) as database:
        found = await PlaceSettingStore(database, database.now).all()
    if as_json:
        rows = [
            {
                "place": str(each.scope),
                "setting": each.name,
                "value": each.value,
                "changed_at": each.changed_at.isoformat(),
                "problem": _problem(each, settings),
            }
            for each in found
        ]
        typer.echo(json.dumps({"settings": rows}, indent=2))
        return 0
    for each in found:
        problem = _problem(each, settings)
        shown = f"{each.scope}  {each.name}={each.value}  since {each.changed_at:%Y-%m-%d}"
        typer.echo(printable(shown + (f"  ({problem})" if problem else "")))
    if not found:
        typer.echo("Nothing is set.")
    return 0


def scope_of(place: str, setting: str) -> Scope:
    """Read which place is meant, and judge the setting's name. Raises BadParameter."""
    names = [each.value for each in PlaceSetting]
    if setting and setting not in names:
        raise typer.BadParameter(f"{setting!r} is none of {', '.join(names)}", param_hint="--setting")
    try:
        return Scope.parse(place)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="PLACE") from None


async def clear_settings(settings: Settings, scope: Scope, setting: str) -> int:
    """Take it away; status 0 where there was something."""

    async def here(control: Control) -> object:
        return {"cleared": await control.clear_place(scope, setting, system_user())}

    body = {"place": str(scope), "setting": setting}
    told = await ask_of_bot(settings, here, "/control/places/clear", body)
    if not told["cleared"]:
        typer.echo(f"aivax-bots: nothing of that is set for {printable(str(scope))}", err=True)
        return PROBLEM
    typer.echo(f"Put back for {printable(str(scope))}: {told['cleared']}.")
    return 0


def _problem(stored: StoredSetting, settings: Settings) -> str:
    """Why a value does not hold, or not as it was set; `""`: it holds."""
    admins = settings.place_admins
    if stored.name not in {each.value for each in PlaceSetting}:
        return "unknown to this version"
    setting = PlaceSetting(stored.name)
    if not admins.allows(setting):
        return f'not allowed: [place_admins] may_set has no "{TOPICS[setting]}"'
    if setting is PlaceSetting.GATEWAY and stored.value not in admins.gateways:
        return "not offered: [place_admins] gateways does not name it"
    if setting in PLACE_LIMITS and int(stored.value) > (most := admins.most(setting, settings.limits)):
        return f"{most} holds: more is not allowed"
    return ""
