"""A bare bot on discord.py and Slack's Bolt, as both write it in their first steps: it connects and answers nothing.

    DISCORD_TOKEN=... SLACK_BOT_TOKEN=... SLACK_APP_TOKEN=... python benchmarks/baselines/two_sdks.py

Prints `ready` once both connections stand. DISCORD_API with DISCORD_GATEWAY, and SLACK_API, name other servers than the
vendors' own.
"""

from __future__ import annotations

import asyncio
import os

import discord
import yarl
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

if api := os.environ.get("DISCORD_API"):
    discord.http.Route.BASE = api
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY"])
slack_api = os.environ.get("SLACK_API", "https://slack.com/api/")
app = AsyncApp(client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=slack_api))
client = discord.Client(intents=discord.Intents(guilds=True, messages=True, message_content=True))
discord_is_up = asyncio.Event()


@app.event("app_mention")
async def hello(event: dict[str, str], say: object) -> None:
    """Hear a mention."""


@client.event
async def on_connect() -> None:
    """Take note that Discord's session began: `on_ready` waits two seconds more for further servers."""
    discord_is_up.set()


@client.event
async def on_message(message: discord.Message) -> None:
    """Hear a message."""


async def main() -> None:
    """Keep both connections until the process is ended."""
    socket = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    listening = asyncio.create_task(client.start(os.environ["DISCORD_TOKEN"]))
    await asyncio.gather(socket.connect_async(), discord_is_up.wait())
    print("ready", flush=True)
    await listening


if __name__ == "__main__":
    asyncio.run(main())
