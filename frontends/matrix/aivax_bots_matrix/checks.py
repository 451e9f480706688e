"""What `doctor` asks the homeserver: whether it is one, the token, the rooms of the settings, and the clock.

spec.matrix.org, client-server API: "GET /versions", "GET /account/whoami", "GET /joined_rooms". Nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from mautrix.api import Path, PathBuilder

from aivax_bots import CheckState, Finding, FrontendRefused, PlaceClosed, PlatformError
from aivax_bots_matrix.events import Json, part, text
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import ADDRESS_FIX, OF_NO_HOMESERVER, TOKEN_FIX, Wire

NEWEST_NEEDED = (1, 11)
"""The version of the specification that has files for the account's own eyes (`/_matrix/client/v1/media`)."""
MOST_ROOMS = 25
MOST_OFF_S = 60.0
_UNREACHABLE = "look at the network and [matrix] homeserver"


@dataclass(frozen=True, slots=True)
class MatrixCheck:
    """Asks about one account; `rooms` are those that the configuration names."""

    settings: MatrixSettings
    rooms: Sequence[str] = ()
    name: str = "matrix"

    async def run(self) -> Sequence[Finding]:
        async with Wire(self.settings) as wire:
            try:
                told = await wire.get(PathBuilder("_matrix/client/versions"))
                server = [_version(told), _clock(wire.told_at)]
                me, joined = await wire.me(), (await wire.get(Path.v3.joined_rooms)).get("joined_rooms")
            except FrontendRefused:
                cure = f"[matrix] access_token: {TOKEN_FIX}"
                return [Finding("matrix.token", CheckState.FAILED, "the homeserver refuses the token", cure)]
            except PlatformError as error:
                if isinstance(error, PlaceClosed) or error.code in OF_NO_HOMESERVER:
                    nobody = "there is no homeserver"
                    return [Finding("matrix.homeserver", CheckState.FAILED, nobody, ADDRESS_FIX)]
                return [Finding("matrix.homeserver", CheckState.FAILED, str(error), _UNREACHABLE)]
            rooms = joined if isinstance(joined, list) else []
            token = Finding("matrix.token", CheckState.OK, f"{me}, in {len(rooms)} rooms")
            return [*server, token, *[await _room(wire, each, rooms) for each in self.rooms[:MOST_ROOMS]]]


def _version(told: Json) -> Finding:
    versions = told.get("versions")
    numbers = (
        [_number(each) for each in versions if isinstance(each, str)] if isinstance(versions, list) else []
    )
    newest = max(numbers, default=(0, 0))
    if newest >= NEWEST_NEEDED:
        return Finding("matrix.homeserver", CheckState.OK, f"it speaks Matrix {newest[0]}.{newest[1]}")
    cure = "update the homeserver: files can't be read before Matrix 1.11"
    return Finding("matrix.homeserver", CheckState.WARNING, f"it speaks Matrix {newest[0]}.{newest[1]}", cure)


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.removeprefix("v").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _clock(date: str) -> Finding:
    try:
        off_s = time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return Finding("matrix.clock", CheckState.UNKNOWN, "the homeserver told no time")
    if abs(off_s) <= MOST_OFF_S:
        return Finding("matrix.clock", CheckState.OK, "this machine's clock is right")
    cause = f"this machine's clock is {abs(off_s):.0f} s {'fast' if off_s > 0 else 'slow'}"
    return Finding(
        "matrix.clock", CheckState.FAILED, cause, "have the system keep its clock: timedatectl set-ntp true"
    )


async def _room(wire: Wire, room: str, joined: Sequence[object]) -> Finding:
    """Whether the bot is in a room of the settings, may write there and can read it."""
    check = f"matrix.room.{room}"
    if room not in joined:
        return Finding(
            check, CheckState.FAILED, "the bot is not in this room", "invite it, or correct the room's id"
        )
    state = Path.v3.rooms[room].state
    try:
        levels, me = await wire.get(state["m.room.power_levels"]), await wire.me()
    except PlatformError as error:
        return Finding(check, CheckState.UNKNOWN, str(error))
    own = part(levels, "users").get(me, levels.get("users_default", 0))
    needed = part(levels, "events").get("m.room.message", levels.get("events_default", 0))
    if isinstance(own, int) and isinstance(needed, int) and own < needed:
        return Finding(
            check, CheckState.FAILED, "the bot may not write there", f"give it the power level {needed}"
        )
    try:
        encrypted = text(await wire.get(state["m.room.encryption"]), "algorithm")
    except PlatformError:
        encrypted = ""
    if encrypted:
        cure = (
            "take a room that is not encrypted: the bot can't read there, and what it writes is not encrypted"
        )
        return Finding(check, CheckState.WARNING, "the room is encrypted", cure)
    return Finding(check, CheckState.OK, "the bot is there, and may write")
