"""A small bot on the real slack_bolt and slack_sdk, to try the fake Slack with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack import FakeSlack


@dataclass
class Bot:
    """A Bolt app that writes down what it hears, and says hello to who mentions it."""

    app: AsyncApp
    handler: AsyncSocketModeHandler
    heard: list[dict[str, Any]] = field(default_factory=list)  # whole bodies
    retries: list[str] = field(default_factory=list)  # x-slack-retry-num of each
    stores: bool = True  # False: fails before the ack

    @property
    def client(self) -> AsyncWebClient:
        return self.app.client

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body["event"] for body in self.heard if body.get("event", {}).get("type") == kind]


@asynccontextmanager
async def web_client(slack: FakeSlack, token: str | None = None) -> AsyncIterator[AsyncWebClient]:
    """The SDK's client with the bot's token, without retries of its own."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token or slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[]
        )


@asynccontextmanager
async def bot_at(slack: FakeSlack, *, ping_interval_s: float = 1.0) -> AsyncIterator[Bot]:
    """Runs the bot until the block ends; its socket is open when the block begins.

    The SDK gives a line up that said nothing for four of its intervals: a busy machine may take some seconds.
    """
    async with web_client(slack) as client:
        app = AsyncApp(client=client)
        handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_interval_s)
        bot = Bot(app, handler)
        _listen(bot, slack)
        opened = slack.sockets
        try:
            await handler.connect_async()
            await slack.connected(opened + 1)
            yield bot
        finally:
            await _close(handler)


async def _close(handler: AsyncSocketModeHandler) -> None:
    """Closes the SDK's client, and waits for the tasks that it only cancels."""
    client = handler.client
    await handler.close_async()
    tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
    await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


def _listen(bot: Bot, slack: FakeSlack) -> None:
    @bot.app.middleware
    async def store(body: dict[str, Any], req: Any, next: Callable[[], Any]) -> None:  # noqa: A002 - Bolt's name
        bot.heard.append(body)
        bot.retries.extend(req.headers.get("x-slack-retry-num", []))
        slack.changed()
        if not bot.stores:
            raise RuntimeError("not stored")
        await next()

    @bot.app.event("app_mention")
    async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
        thread_ts = event.get("thread_ts") or event["ts"]
        await client.chat_postMessage(channel=event["channel"], text="Hello!", thread_ts=thread_ts)

    @bot.app.event("message")
    async def listen() -> None:
        pass

    @bot.app.event("app_home_opened")
    async def greet() -> None:
        pass

    @bot.app.event("agent_session_stopped")
    async def stop() -> None:
        pass
