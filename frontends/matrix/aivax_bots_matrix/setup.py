"""What `init` asks of who sets Matrix up: the homeserver, and the bot's login there."""

from __future__ import annotations

from collections.abc import Sequence

from mautrix.api import Path, PathBuilder

from aivax_bots import (
    AnswerRefusedError,
    Choice,
    FrontendRefused,
    Interview,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    Question,
)
from aivax_bots_matrix import NAME
from aivax_bots_matrix.events import text
from aivax_bots_matrix.settings import MatrixSettings
from aivax_bots_matrix.wire import ADDRESS_FIX, OF_NO_HOMESERVER, TOKEN_FIX, Wire

MOST_ROOMS = 100
HOMESERVER = Question(
    f"{NAME}.homeserver",
    "The address of the homeserver's client-server API",
    "Such as https://matrix.example.org; https://YOUR-SERVER/.well-known/matrix/client tells it.",
)
TOKEN = Question(
    f"{NAME}.access_token",
    "The bot's access token",
    "What /_matrix/client/v3/login answers for the bot's account: docs/matrix.md has the command.",
    is_secret=True,
)
MAKE_ACCOUNT = """Matrix: make an account for the bot, unless you have one.
  1. On your own Synapse: register_new_matrix_user -c homeserver.yaml -u aivax --no-admin
  2. Log it in once, and copy its access token (docs/matrix.md, step 3)."""
ROOM_FIX = "invite the bot to the room, let it write there, or correct the room's id"
INVITE = "  3. Invite the bot to a room that is not encrypted, and mention it there."


class MatrixSetup:
    """Asks for one account."""

    title = "Matrix"
    keys = ("homeserver", "access_token")

    async def interview(self, talk: Interview) -> None:
        """Ask for the homeserver and the token, and say how the bot comes into a room."""
        talk.say(MAKE_ACCOUNT)
        await talk.ask(HOMESERVER, _try_homeserver)
        await talk.ask(TOKEN, _try_token)
        talk.say(INVITE)

    async def channels(self, section: MatrixSettings) -> Sequence[Choice]:
        """The rooms that the bot is in."""
        async with Wire(section) as wire:
            try:
                joined = (await wire.get(Path.v3.joined_rooms)).get("joined_rooms")
                rooms = [each for each in joined if isinstance(each, str)] if isinstance(joined, list) else []
                return [Choice(each, await _name(wire, each)) for each in rooms[:MOST_ROOMS]]
            except PlatformError as error:
                raise _refused(error, "the rooms can't be listed") from error

    async def post(self, section: MatrixSettings, channel: str, text: str) -> str:
        """Post, and read the message back by its id."""
        async with Wire(section) as wire:
            try:
                content = {"msgtype": "m.text", "body": text, "m.mentions": {}}
                event = await wire.send(channel, "m.room.message", content)
                await wire.get(Path.v3.rooms[channel].event[event])
                return await _name(wire, channel)
            except PlatformError as error:
                raise _refused(error, "nothing can be posted there", ROOM_FIX) from error


async def _name(wire: Wire, room: str) -> str:
    try:
        return text(await wire.get(Path.v3.rooms[room].state["m.room.name"]), "name") or room
    except PlaceClosed:
        return room


async def _try_homeserver(section: MatrixSettings) -> str:
    async with Wire(section) as wire:
        try:
            told = await wire.get(PathBuilder("_matrix/client/versions"))
        except PlatformError as error:
            raise _refused(error, "there is no homeserver") from error
    if not isinstance(told.get("versions"), list):
        raise AnswerRefusedError("there is no homeserver", ADDRESS_FIX)
    return section.homeserver


async def _try_token(section: MatrixSettings) -> str:
    async with Wire(section) as wire:
        try:
            me = await wire.me()
        except PlatformError as error:
            raise _refused(error, "the token can't be tried") from error
        try:
            name = text(await wire.get(Path.v3.profile[me]), "displayname")
        except PlatformError:  # no profile yet
            name = ""
    return f"{name or 'without a name'} ({me})"


def _refused(error: PlatformError, what: str, cure: str = ADDRESS_FIX) -> AnswerRefusedError:
    if isinstance(error, FrontendRefused):
        return AnswerRefusedError("the homeserver refuses the token", TOKEN_FIX)
    if isinstance(error, PlatformBusy) and error.code not in OF_NO_HOMESERVER:
        return AnswerRefusedError(f"{what}: {error}", cure, passing=True)
    return AnswerRefusedError(f"{what}: {error.code or error}", cure)
