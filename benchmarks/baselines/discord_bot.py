"""A bare bot on discord.py and the openai SDK, after their quick starts: who mentions it is answered, nothing is kept.

https://discordpy.readthedocs.io/en/stable/quickstart.html, https://github.com/openai/openai-python#streaming-responses
"""

import os

import discord
from openai import AsyncOpenAI
from yarl import URL

discord.http.Route.BASE = os.environ["DISCORD_API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(os.environ["DISCORD_GATEWAY"])

intents = discord.Intents.default()
intents.message_content = True

client = discord.Client(intents=intents)
openai = AsyncOpenAI(api_key="sk-aiv-acc-sandbox", base_url=os.environ["AIVAX"])


@client.event
async def on_message(message: discord.Message) -> None:
    if message.author == client.user or client.user not in message.mentions:
        return
    answer = ""
    async with message.channel.typing():
        stream = await openai.chat.completions.create(
            model="sandbox:50c3",
            messages=[{"role": "user", "content": message.content}],
            stream=True,
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                answer += chunk.choices[0].delta.content
    await message.reply(answer)


@client.event
async def on_ready() -> None:
    print("ready", flush=True)


client.run(os.environ["DISCORD_TOKEN"])
