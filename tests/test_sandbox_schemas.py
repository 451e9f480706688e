"""The sandbox's own reading of structured responses: what it refuses, and each shape of what is unstated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.shapes import Shapes
from tests.test_sandbox_wire import deltas, events, opened, said

SCHEMA = {"type": "object", "properties": {"echo": {"type": "string"}}, "required": ["echo"]}


def wanted(**healing: Any) -> dict[str, Any]:
    described = {"schema": SCHEMA, **({"healing_options": healing} if healing else {})}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (wanted(max_attempts=0), "response_format.json_schema.healing_options.max_attempts"),
        (wanted(max_attempts=11), "response_format.json_schema.healing_options.max_attempts"),
        (wanted(max_attempts=True), "response_format.json_schema.healing_options.max_attempts"),
        (wanted(attempts=3), "response_format.json_schema.healing_options.attempts"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "text", "schema": {}}}, "response_format.schema"),
    ],
)
async def test_what_the_specification_does_not_name_is_refused(fields: dict[str, Any], param: str) -> None:
    async with opened() as desk:
        response = await desk.ask(**fields)

    assert response.status_code in (400, 422)
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize(("shape", "texts"), [("hidden", 1), ("streamed", 3)])
async def test_attempts_that_did_not_fit_are_paid_for_and_streamed_or_not(shape: Any, texts: int) -> None:
    async with opened(shapes=Shapes(rejected_attempts=shape)) as desk:
        plain = await desk.ask("misfit 0", stream=True, response_schema=SCHEMA)
        healed = await desk.ask("misfit 2", stream=True, response_schema=SCHEMA)

    assert deltas(healed.text).endswith('{"echo": "misfit 2"}')
    assert deltas(healed.text).count("{") == texts
    tokens = [events(each.text)[-1]["usage"]["completion_tokens"] for each in (plain, healed)]
    assert tokens[1] > 2 * tokens[0]


@pytest.mark.parametrize(("shape", "status"), [("400", 400), ("500", 500), ("chunk", 200)])
async def test_the_end_of_all_attempts_is_told_in_each_shape(shape: Any, status: int) -> None:
    async with opened(shapes=Shapes(healing_exhausted=shape)) as desk:
        streamed = await desk.ask("misfit", stream=True, **wanted(max_attempts=2))
        whole = await desk.ask("misfit 2", **wanted(max_attempts=2))
        healed = await desk.ask("misfit 1", **wanted(max_attempts=2))

    assert streamed.status_code == status
    assert whole.status_code == (500 if shape == "chunk" else status)
    assert json.loads(said(healed)) == {"echo": "misfit 1"}
    if shape == "chunk":
        failed = next(event for event in events(streamed.text) if "error" in event)
        assert failed["error"]["code"] == "server_error"
        assert failed["choices"][0]["finish_reason"] == "error"


async def test_json_only_may_be_nothing_but_the_json() -> None:
    async with opened(shapes=Shapes(json_only="bare")) as desk:
        whole = await desk.ask("hello", json_only=True, response_schema=SCHEMA)
        streamed = await desk.ask("hello", stream=True, json_only=True, response_schema=SCHEMA)

    assert whole.json() == {"echo": "hello"}
    assert streamed.text == 'data: {"echo": "hello"}\n\ndata: [DONE]\n\n'
