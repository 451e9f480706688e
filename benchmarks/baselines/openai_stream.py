"""An answer read with the `openai` SDK, as its README shows it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from openai import AsyncOpenAI


@asynccontextmanager
async def reader(base_url: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Open a client; what it gives asks once, and returns the text."""
    async with AsyncOpenAI(base_url=base_url, api_key="sk-benchmark") as client:

        async def read() -> str:
            stream = await client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "Tell me a long story."}],
                stream=True,
            )
            return "".join([each.choices[0].delta.content or "" async for each in stream if each.choices])

        yield read
