"""Bare httpx loops: so many streams at once, each line read as JSON, nothing shown and nothing kept.

Prints "ready" after the first chunk of every stream, and at the end how late the loop was (99th percentile, in ms).
"""

import asyncio
import json
import os
import statistics
import sys
import time

import httpx


async def stream(client: httpx.AsyncClient, question: str, begun: asyncio.Semaphore) -> str:
    body = {"model": "sandbox:50c3", "stream": True, "messages": [{"role": "user", "content": question}]}
    text = ""
    async with client.stream("POST", f"{os.environ['AIVAX']}/chat/completions", json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    if not text:
                        begun.release()
                    text += choice["delta"].get("content", "")
    return text


async def lag(late_ms: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.01
        await asyncio.sleep(0.01)
        late_ms.append((time.perf_counter() - due) * 1000)


async def main(count: int, question: str) -> None:
    late_ms: list[float] = []
    begun, limits = asyncio.Semaphore(0), httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client, asyncio.TaskGroup() as group:
        streams = [group.create_task(stream(client, question, begun)) for _ in range(count)]
        for _ in streams:
            await begun.acquire()
        print("ready", flush=True)
        watching = group.create_task(lag(late_ms))
        await asyncio.wait(streams)
        watching.cancel()
    print(statistics.quantiles(late_ms, n=100)[98], len({each.result() for each in streams}), flush=True)


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
