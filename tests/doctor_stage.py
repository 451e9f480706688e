"""An installation that is well, as a user has it; a test spoils parts of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from aiohttp import ClientSession, web

from sandbox.server import PRIVATE_KEY, Sandbox
from sandbox.server import serve as serve_sandbox
from tests.init_stage import command
from tests.platforms.discord import Channel as DiscordChannel
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import Channel, FakeSlack

Troubles = dict[str, str]


@dataclass
class Scene:
    """An installation that is well, whose parts a test spoils."""

    sandbox: Sandbox
    slack: FakeSlack
    discord: FakeDiscord
    general: Channel
    lobby: DiscordChannel
    folder: Path
    sections: dict[str, Any] = field(default_factory=dict)
    """The configuration."""
    routes: list[dict[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def path(self) -> Path:
        return self.folder / "bot.sqlite3"

    def set(self, section: str, **values: Any) -> None:
        self.sections.setdefault(section, {}).update(values)

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)

    def write(self) -> None:
        mode = self.config.stat().st_mode if self.config.exists() else 0o600
        self.config.write_text(tomlkit.dumps({**self.sections, "routes": self.routes}))
        self.config.chmod(mode)

    async def found(self, *arguments: str) -> tuple[int, list[Mapping[str, str]]]:
        """Run `doctor --json`; its status and its findings."""
        self.write()
        given = ("doctor", "--json", "--config", str(self.config), *arguments)
        ended = await command(*given, env=self.environment)
        assert ended.err == ""
        return ended.status, json.loads(ended.out)["checks"]


def troubles(findings: list[Mapping[str, str]]) -> Troubles:
    """What does not work, or is to be looked at."""
    return {each["check"]: each["state"] for each in findings if each["state"] in ("failed", "warning")}


@asynccontextmanager
async def scene(migrated: Path, folder: Path, **discord_traits: Any) -> AsyncIterator[Scene]:
    """Begin with everything well."""
    async with (
        serve_sandbox(plan="max") as sandbox,
        FakeSlack() as slack,
        FakeDiscord(**discord_traits) as discord,
    ):
        general = slack.channel("general", [slack.person("ana")])
        lobby = discord.channel(discord.guild("Gophers"), "lobby")
        made = Scene(sandbox, slack, discord, general, lobby, folder)
        shutil.copy(migrated, made.path)
        made.path.chmod(0o600)
        made.set("aivax", base_url=f"{sandbox.base_url}/v1", api_key=PRIVATE_KEY, model="sandbox:50c3")
        made.set("storage", url=f"sqlite+aiosqlite:///{made.path}")
        made.set("slack", bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
        made.set("discord", token=discord.token, api_url=discord.api_url)
        made.set("operators", channel=f"slack:{general.id}")
        made.routes.append({"platform": "discord", "channel": str(lobby.id)})
        yield made


@asynccontextmanager
async def page(text: str = "<html>Sign in to the network</html>", status: int = 200) -> AsyncIterator[str]:
    """A server that answers everything with one page: a proxy, or somebody else's program. Yields its address."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text, status=status, content_type="text/html")

    async with _served(answer) as address:
        yield address


@asynccontextmanager
async def at_another_time(url: str, date: str) -> AsyncIterator[str]:
    """Pass what comes on to a server whose clock shows `date`. Yields the address in place of `url`."""
    async with ClientSession() as session:

        async def answer(request: web.Request) -> web.Response:
            headers = {"Authorization": request.headers.get("Authorization", "")}
            sent = await request.read()
            kind = request.headers.get("Content-Type", "")
            async with session.request(
                request.method,
                f"{url.rstrip('/')}{request.rel_url}",
                data=sent,
                headers={**headers, "Content-Type": kind} if kind else headers,
            ) as told:
                scopes = {"x-oauth-scopes": told.headers.get("x-oauth-scopes", "")}
                body = await told.read()
                return web.Response(
                    body=body,
                    status=told.status,
                    content_type="application/json",
                    headers={"Date": date, **scopes},
                )

        async with _served(answer) as address:
            yield address


@asynccontextmanager
async def _served(answer: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
