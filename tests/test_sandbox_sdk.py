"""The unmodified `openai` SDK works against the sandbox: a client that nobody here wrote."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from openai import AsyncOpenAI

from sandbox.faults import Fault
from sandbox.server import GATEWAY, GATEWAY_UUID, HOSTED, PRIVATE_KEY, PUBLIC_KEY, Sandbox, serve

HELLO = [{"role": "user", "content": "hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@asynccontextmanager
async def sdk(key: str = PRIVATE_KEY, *faults: Fault) -> AsyncIterator[tuple[AsyncOpenAI, Sandbox]]:
    async with (
        serve(faults=faults) as sandbox,
        AsyncOpenAI(base_url=f"{sandbox.base_url}/v1", api_key=key, max_retries=0) as client,
    ):
        yield client, sandbox


async def test_the_sdk_lists_the_models() -> None:
    async with sdk() as (client, _):
        models = [model.id async for model in client.models.list()]

    assert models == [GATEWAY, GATEWAY_UUID, HOSTED]


@pytest.mark.parametrize("model", [GATEWAY, GATEWAY_UUID, HOSTED])
async def test_the_sdk_completes(model: str) -> None:
    async with sdk() as (client, _):
        answer = await client.chat.completions.create(model=model, messages=HELLO)

    assert "hello" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_the_sdk_streams_the_same_answer_that_it_gets_in_one_piece() -> None:
    async with sdk() as (client, _):
        whole = await client.chat.completions.create(model=GATEWAY, messages=HELLO)
        stream = await client.chat.completions.create(model=GATEWAY, messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]

    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert streamed == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


async def test_the_sdk_is_asked_to_call_a_function_and_gives_its_result_back() -> None:
    asked = [{"role": "user", "content": "call get_weather Lisbon"}]
    async with sdk() as (client, _):
        first = await client.chat.completions.create(model=GATEWAY, messages=asked, tools=[WEATHER])
        call = first.choices[0].message.tool_calls[0]
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny, 31 degrees"}
        turns = [*asked, first.choices[0].message.model_dump(exclude_none=True), result]
        second = await client.chat.completions.create(model=GATEWAY, messages=turns, tools=[WEATHER])

    assert first.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Lisbon"})
    assert "sunny, 31 degrees" in second.choices[0].message.content


async def test_the_sdk_streams_a_function_call() -> None:
    asked = [{"role": "user", "content": 'call get_weather {"city": "Rua da Saudade 1, Lisboa"}'}]
    async with sdk() as (client, _):
        stream = await client.chat.completions.create(
            model=GATEWAY, messages=asked, tools=[WEATHER], stream=True
        )
        chunks = [chunk async for chunk in stream]

    calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].function.name == "get_weather"
    assert json.loads("".join(call.function.arguments for call in calls)) == {
        "city": "Rua da Saudade 1, Lisboa"
    }
    assert "tool_calls" in [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]


async def test_the_sdk_reads_past_reasoning_and_the_gateways_own_tools() -> None:
    asked = [{"role": "user", "content": "think, then show me tools"}]
    async with sdk() as (client, _):
        stream = await client.chat.completions.create(model=GATEWAY, messages=asked, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert "think, then show me tools" in text


async def test_the_sdk_completes_with_the_public_key_and_a_uuid_only() -> None:
    async with sdk(PUBLIC_KEY) as (client, _):
        answer = await client.chat.completions.create(model=GATEWAY_UUID, messages=HELLO)
        with pytest.raises(openai.PermissionDeniedError):
            await client.chat.completions.create(model=GATEWAY, messages=HELLO)
        with pytest.raises(openai.PermissionDeniedError):
            await client.models.list()

    assert "hello" in answer.choices[0].message.content


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (503, openai.InternalServerError),
    ],
)
async def test_the_sdk_understands_a_refusal(status: int, error: type[openai.APIStatusError]) -> None:
    async with sdk(PRIVATE_KEY, Fault("completions", "status", status=status)) as (client, _):
        with pytest.raises(error) as caught:
            await client.chat.completions.create(model=GATEWAY, messages=HELLO)

    assert f"The sandbox was told to answer {status}." in caught.value.message
    assert caught.value.type


async def test_the_sdk_notices_a_failure_in_the_middle_of_a_stream() -> None:
    async with sdk(PRIVATE_KEY, Fault("completions", "stream-error")) as (client, _):
        stream = await client.chat.completions.create(model=GATEWAY, messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="told to fail"):
            [chunk async for chunk in stream]


async def test_the_sdk_notices_a_dropped_connection() -> None:
    async with sdk(PRIVATE_KEY, Fault("completions", "cut")) as (client, _):
        stream = await client.chat.completions.create(model=GATEWAY, messages=HELLO, stream=True)
        with pytest.raises(openai.APIConnectionError):
            [chunk async for chunk in stream]
