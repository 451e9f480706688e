"""Routes of the bot itself: who it is, where the gateway is, its commands, its files."""

import re
from typing import Any

from . import files, payloads, validate
from .errors import ApiError, invalid_form, missing_access
from .gateway import Gateway, application_flags
from .model import Guild
from .routing import Call, Reply, Route
from .world import World

SLASH, MOST_PER_KIND = 1, {1: 100, 2: 15, 3: 15}
MOST_CREATES_PER_DAY = 200
LOCALES = frozenset({"en-US", "en-GB", "de", "es-ES", "es-419", "fr", "pt-BR", "ja"})
"""Some of those that Discord knows; any other is refused."""
_SLASH_NAME = re.compile(r"[-_'\w]{1,32}")


class AppRoutes:
    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway

    def routes(self) -> list[Route]:
        everywhere, here = "/applications/{}/commands", "/applications/{}/guilds/{}/commands"
        return [
            Route("GET", "/users/@me", self.me),
            Route("GET", "/users/@me/guilds", self.my_guilds),
            Route("GET", "/users/{}", self.user),
            Route("GET", "/gateway", self.gateway_url, authorized=False),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("GET", "/applications/@me", self.application),
            Route("GET", everywhere, self.commands),
            Route("PUT", everywhere, self.set_commands),
            Route("GET", here, self.commands),
            Route("PUT", here, self.set_commands),
            Route("GET", "/cdn/attachments/{}/{}/{}", self.download, "none", False, False),
        ]

    def me(self, call: Call) -> Any:
        return payloads.user(self.world.bot) | {
            "verified": True,
            "mfa_enabled": True,
            "flags": 0,
            "email": None,
        }

    def my_guilds(self, call: Call) -> Any:
        limit = int(call.query.get("limit", "200"))
        mine = [guild for guild in self.world.guilds.values() if guild.bot_present]
        return [{"id": str(guild.id), "name": guild.name} for guild in mine[:limit]]

    def user(self, call: Call, user_id: str) -> Any:
        return payloads.user(self.world.person(user_id))

    def gateway_url(self, call: Call) -> Any:
        return {"url": self._url()}

    def gateway_bot(self, call: Call) -> Any:
        settings = self.world.settings
        limit = {
            "total": settings.session_starts,
            "remaining": max(self.gateway.starts_left, 0),
            "reset_after": 86_400_000,
            "max_concurrency": settings.max_concurrency,
        }
        return {"url": self._url(), "shards": settings.shards, "session_start_limit": limit}

    def application(self, call: Call) -> Any:
        bot = self.world.bot
        return {
            "id": str(bot.id),
            "name": bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": payloads.user(next(iter(self.world.people.values()))),
            "team": None,
            "summary": "",
            "verify_key": "0" * 64,
            "flags": application_flags(self.world),
        }

    def commands(self, call: Call, app_id: str, guild_id: str | None = None) -> Any:
        self._check_application(app_id)
        guild = self._guild(guild_id)
        listed = self.world.commands.get(guild.id if guild else None, [])
        if call.query.get("with_localizations") in ("1", "true"):
            return listed
        return [_without_localizations(command) for command in listed]

    def set_commands(self, call: Call, app_id: str, guild_id: str | None = None) -> Any:
        """Replaces all commands, global or of one guild; unchanged names keep their id."""
        self._check_application(app_id)
        guild = self._guild(guild_id)
        if not isinstance(call.body, list):
            raise invalid_form("commands", "Must be an array.")
        return self.register(call.body, guild)

    def register(self, given: list[dict[str, Any]], guild: Guild | None) -> list[dict[str, Any]]:
        """Stores a set of commands as the bot would, with all checks."""
        key = guild.id if guild else None
        _check_commands(given)
        known = {(c["type"], c["name"]): c for c in self.world.commands.get(key, [])}
        fresh = [c for c in given if (c.get("type", SLASH), c["name"]) not in known]
        if guild is not None:
            guild.commands_created += len(fresh)
            if guild.commands_created > MOST_CREATES_PER_DAY:
                raise ApiError(
                    400, 30034, "Max number of daily application command creates has been reached (200)"
                )
        self.world.commands[key] = [self._stored(c, known, guild) for c in given]
        return self.world.commands[key]

    def download(self, call: Call, channel_id: str, attachment_id: str, name: str) -> Any:
        blob = files.find(self.world, attachment_id, call.query)
        gone = b"This content is no longer available."
        return blob or Reply(404, gone.decode())

    # -- parts ------------------------------------------------------------------------------------

    def _url(self) -> str:
        return f"ws{self.world.base_url.removeprefix('http')}/gateway"

    def _check_application(self, app_id: str) -> None:
        if app_id != str(self.world.bot.id):
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")

    def _guild(self, guild_id: str | None) -> Guild | None:
        if guild_id is None:
            return None
        guild = self.world.guilds.get(int(guild_id))
        if guild is None or not guild.bot_present:
            raise missing_access()
        return guild

    def _stored(
        self, given: dict[str, Any], known: dict[Any, dict[str, Any]], guild: Guild | None
    ) -> dict[str, Any]:
        before = known.get((given.get("type", SLASH), given["name"]))
        data = {"type": SLASH, "description": "", "default_member_permissions": None, "nsfw": False} | given
        data["id"] = before["id"] if before else str(self.world.ids.next())
        data["application_id"] = str(self.world.bot.id)
        data["version"] = str(self.world.ids.next())
        return data | ({"guild_id": str(guild.id)} if guild else {})


def _without_localizations(command: Any) -> Any:
    """Takes the other languages off: Discord shows them to those only who ask for them."""
    if isinstance(command, dict):
        kept = {key: value for key, value in command.items() if not key.endswith("_localizations")}
        return {key: _without_localizations(value) for key, value in kept.items()}
    return [_without_localizations(each) for each in command] if isinstance(command, list) else command


def _check_commands(commands: list[dict[str, Any]]) -> None:
    kinds = [c.get("type", SLASH) for c in commands]
    for kind, most in MOST_PER_KIND.items():
        if kinds.count(kind) > most:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")
    names = [(kind, c.get("name")) for kind, c in zip(kinds, commands, strict=True)]
    if len(names) != len(set(names)):
        raise invalid_form(
            "name", "Application command names must be unique", "APPLICATION_COMMANDS_DUPLICATE_NAME"
        )
    for command in commands:
        _check_command(command, command.get("type", SLASH))


def _check_command(command: dict[str, Any], kind: int) -> None:
    validate.check_length("name", command.get("name"), 32, least=1)
    for locale, name in (command.get("name_localizations") or {}).items():
        _check_locale(locale)
        validate.check_length("name_localizations", name, 32, least=1)
    if kind == SLASH:
        _check_slash(command)
    elif command.get("description"):
        raise invalid_form("description", "Context menu commands cannot have description")
    if _characters(command) > 8000:
        raise invalid_form("options", "Command exceeds maximum size (8000)", "APPLICATION_COMMAND_TOO_LARGE")


def _check_slash(command: dict[str, Any]) -> None:
    _check_slash_name(command["name"])
    validate.check_length("description", command.get("description"), 100, least=1)
    for locale, text in (command.get("description_localizations") or {}).items():
        _check_locale(locale)
        validate.check_length("description_localizations", text, 100, least=1)
    for name in (command.get("name_localizations") or {}).values():
        _check_slash_name(name)
    options = command.get("options") or []
    if len(options) > 25:
        raise invalid_form("options", "Must be 25 or fewer in length.")
    seen_optional = False
    for option in options:
        _check_slash(option)
        if seen_optional and option.get("required"):
            raise invalid_form("options", "Required options must be placed before non-required options")
        seen_optional = seen_optional or (not option.get("required") and option["type"] > 2)


def _check_slash_name(name: str) -> None:
    if not _SLASH_NAME.fullmatch(name) or name != name.lower():
        raise invalid_form("name", "Command name is invalid", "APPLICATION_COMMAND_INVALID_NAME")


def _check_locale(locale: str) -> None:
    if locale not in LOCALES:
        raise invalid_form("name_localizations", f"Value must be one of {sorted(LOCALES)}.")


def _characters(command: dict[str, Any]) -> int:
    own = len(command.get("name", "")) + len(command.get("description") or "")
    choices = sum(len(c["name"]) + len(str(c["value"])) for c in command.get("choices") or [])
    return own + choices + sum(_characters(o) for o in command.get("options") or [])
