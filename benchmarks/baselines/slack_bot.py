"""A bare bot on Bolt and the openai SDK, after their quick starts: mentions and direct messages, nothing is kept.

https://docs.slack.dev/tools/bolt-python/concepts/async, https://github.com/openai/openai-python#streaming-responses
"""

import asyncio
import os
from typing import Any

from openai import AsyncOpenAI
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.say.async_say import AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API"]))
openai = AsyncOpenAI(api_key="sk-aiv-acc-sandbox", base_url=os.environ["AIVAX"])


@app.event("app_mention")
async def mentioned(event: dict[str, Any], say: AsyncSay) -> None:
    await say(text=await answer(event["text"]), thread_ts=event.get("thread_ts", event["ts"]))


@app.event("message")
async def written(event: dict[str, Any], say: AsyncSay) -> None:
    if event.get("channel_type") == "im" and "bot_id" not in event and "subtype" not in event:
        await say(text=await answer(event["text"]))


async def answer(question: str) -> str:
    text = ""
    stream = await openai.chat.completions.create(
        model="sandbox:50c3", messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
    return text


async def main() -> None:
    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    await handler.connect_async()
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
