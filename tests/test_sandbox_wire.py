"""The sandbox speaks the wire: keys, routes, shapes of errors, and the events of a stream."""

import base64
import json
from typing import Any

import pytest

from sandbox.completions.stream import DONE
from sandbox.server import GATEWAY, GATEWAY_UUID, HOSTED, PRIVATE_KEY, PUBLIC_KEY
from tests.sandbox_fixtures import Json, bearer, deltas, events, opened, said

BALANCE = "/api/v1/information/balance"
HELLO = [{"role": "user", "content": "hello"}]


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"anyone:{key}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "query"),
    [(bearer(PRIVATE_KEY), {}), (basic(PRIVATE_KEY), {}), ({}, {"api-key": PRIVATE_KEY})],
)
async def test_a_key_is_taken_in_each_of_its_three_forms(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    async with opened() as desk:
        response = await desk.http.get("/v1/models", headers=headers, params=query)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("sk-aiv-acc-other"),
        {"authorization": "Bearer"},
        {"authorization": "Basic ???"},
        {"authorization": "Basic " + base64.b64encode(b"\xff").decode()},
        {"authorization": PRIVATE_KEY},
    ],
)
async def test_a_missing_malformed_or_unknown_key_is_refused_in_the_shape_of_the_route(
    headers: dict[str, str],
) -> None:
    async with opened() as desk:
        completion = await desk.http.post("/v1/chat/completions", headers=headers, json={})
        balance = await desk.http.get(BALANCE, headers=headers)

    assert (completion.status_code, balance.status_code) == (401, 401)
    assert set(completion.json()["error"]) == {"message", "type", "param", "code"}
    assert isinstance(balance.json()["error"], str)
    assert balance.json()["details"] is None


async def test_models_and_gateways_are_listed_together() -> None:
    async with opened() as desk:
        listed = (await desk.get("/v1/models")).json()

    assert listed["object"] == "list"
    assert [entry["id"] for entry in listed["data"]] == [GATEWAY, GATEWAY_UUID, HOSTED]
    assert all(set(entry) == {"id", "object", "created", "owned_by"} for entry in listed["data"])


async def test_the_catalogue_of_hosted_models_needs_no_key() -> None:
    async with opened() as desk:
        catalogue = (await desk.http.get("/api/v1/information/models.json")).json()

    assert [entry["id"] for entry in catalogue["data"]] == [HOSTED]


async def test_a_public_key_reaches_completions_by_uuid_and_nothing_else() -> None:
    async with opened() as desk:
        answered = await desk.ask(key=PUBLIC_KEY, model=GATEWAY_UUID)
        refused = [
            await desk.ask(key=PUBLIC_KEY, model=GATEWAY),
            await desk.ask(key=PUBLIC_KEY, model=HOSTED),
            await desk.get("/v1/models", key=PUBLIC_KEY),
            await desk.get(BALANCE, key=PUBLIC_KEY),
            await desk.get("/api/v1/information/usage", key=PUBLIC_KEY),
        ]

    assert answered.status_code == 200
    assert [response.status_code for response in refused] == [403] * 5


@pytest.mark.parametrize("extra", [{"user": "u"}, {"metadata": {}}, {"allow_logging": False}, {"stop": "x"}])
async def test_a_public_key_may_send_only_the_parameters_of_its_list(extra: Json) -> None:
    async with opened() as desk:
        response = await desk.ask(key=PUBLIC_KEY, model=GATEWAY_UUID, **extra)

    assert response.status_code == 400
    assert response.json()["error"]["param"] == next(iter(extra))


async def test_tools_sent_with_a_public_key_are_stripped() -> None:
    tools = [{"type": "function", "function": {"name": "get_time"}}]
    async with opened() as desk:
        response = await desk.ask("call get_time", key=PUBLIC_KEY, model=GATEWAY_UUID, tools=tools)

    assert said(response)


async def test_the_alias_of_the_completion_route_answers_with_its_shapes() -> None:
    async with opened() as desk:
        body = {"model": GATEWAY, "messages": HELLO}
        answered = await desk.http.post("/api/v1/chat/completions", json=body, headers=bearer(PRIVATE_KEY))
        refused = await desk.http.post("/api/v1/chat/completions", json=body)

    assert "> hello" in said(answered)
    assert refused.json()["error"]["code"] == "missing_api_key"


async def test_an_unknown_route_or_method_is_refused_in_json() -> None:
    async with opened() as desk:
        nowhere = await desk.http.post("/v1/responses", json={})
        administrative = await desk.http.get("/api/v1/nothing")
        wrong_method = await desk.http.get("/v1/chat/completions")

    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "unknown_route")
    assert (administrative.status_code, administrative.json()["details"]) == (404, None)
    assert (wrong_method.status_code, set(wrong_method.json())) == (405, {"error"})


async def test_an_unknown_model_is_not_found() -> None:
    async with opened() as desk:
        response = await desk.ask(model="nobody:1234")

    assert response.status_code == 404
    assert response.json()["error"]["param"] == "model"
    assert "nobody:1234" in response.json()["error"]["message"]


def message(**part: Any) -> Json:
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": None}, 400, "model"),
        ({"messages": None}, 400, "messages"),
        ({"messages": []}, 400, "messages"),
        ({"messages": ["hello"]}, 400, "messages[0]"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, 400, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, 400, "messages[0].content"),
        (message(type="text"), 400, "messages[0].content[0].text"),
        (message(type="smell"), 400, "messages[0].content[0].type"),
        (message(type="image_url", image_url="x"), 400, "messages[0].content[0].image_url"),
        (
            message(type="image_url", image_url={"url": "C:\\a.png"}),
            400,
            "messages[0].content[0].image_url.url",
        ),
        (
            message(type="input_audio", input_audio={"data": ""}),
            400,
            "messages[0].content[0].input_audio.format",
        ),
        ({"temperature": 3}, 422, "temperature"),
        ({"top_p": True}, 422, "top_p"),
        ({"max_completion_tokens": 0}, 422, "max_completion_tokens"),
        ({"stream": "yes"}, 422, "stream"),
        ({"stop": [1]}, 422, "stop"),
        ({"idempotency_key": ""}, 422, "idempotency_key"),
        ({"idempotency_key": "k" * 129}, 422, "idempotency_key"),
        ({"idempotency_key": None}, 422, "idempotency_key"),
        ({"user": 7}, 422, "user"),
        ({"metadata": {"a": 1}}, 422, "metadata"),
        ({"builtin_tools": {"tools": ["Nonsense"]}}, 422, "builtin_tools"),
        ({"builtin_tools": ["Code"]}, 422, "builtin_tools"),
        ({"builtin_tools": {"tools": ["Calendar"]}}, 400, "builtin_tools"),
        (
            {"builtin_tools": {"tools": ["DateTime"], "options": {"dateTimeTimeZone": "Mars/Olympus"}}},
            422,
            "builtin_tools.options.dateTimeTimeZone",
        ),
        (
            {"builtin_tools": {"tools": [], "options": {"web_search_max_results": 26}}},
            422,
            "builtin_tools.options.web_search_max_results",
        ),
        (
            {"builtin_tools": {"tools": [], "options": {"timeZone": "UTC"}}},
            400,
            "builtin_tools.options.timeZone",
        ),
        ({"routing_options": {"preset": "Best"}}, 422, "routing_options.preset"),
        ({"routing_options": {"allowed_providers": []}}, 422, "routing_options.allowed_providers"),
        ({"routing_options": {"providers": ["*"]}}, 400, "routing_options.providers"),
        ({"allow_logging": "no"}, 422, "allow_logging"),
        ({"multimodal_resolver": {"audioEngine": "Ocr"}}, 422, "multimodal_resolver.audioEngine"),
        ({"something_new": 1}, 400, "something_new"),
        ({"multimodal_preprocess": ["Image", "Smell"]}, 422, "multimodal_preprocess"),
        ({"rendering_mode": "textual_blocks"}, 422, "rendering_mode"),
        ({"tools": [{"type": "function"}]}, 400, "tools[0]"),
        ({"response_format": "json"}, 422, "response_format"),
        ({"response_schema": []}, 422, "response_schema"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(fields: Json, status: int, param: str) -> None:
    async with opened() as desk:
        response = await desk.ask(**fields)

    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
    assert f"'{param}'" in response.json()["error"]["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b'{"model": NaN}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    async with opened() as desk:
        response = await desk.http.post("/v1/chat/completions", content=raw, headers=bearer(PRIVATE_KEY))

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_everything_that_a_private_key_may_send_is_taken() -> None:
    fields = {
        "user": "0123456789abcdef.p",
        "idempotency_key": "k" * 128,
        "metadata": {"platform": "test"},
        "builtin_tools": {"tools": ["Code", "DateTime"], "options": {"dateTimeTimeZone": "Asia/Tokyo"}},
        "routing_options": {"preset": "Cheapest", "allowed_providers": ["here", "*"]},
        "allow_logging": False,
        "multimodal_resolver": {"imageEngine": "Ocr", "audioEngine": "Stt"},
        "multimodal_preprocess": ["All"],
        "tool_invocation_explanations": True,
        "temperature": 0.5,
        "top_k": 40,
        "stop": ["\n\n"],
        "seed": 1,
        "reasoning_effort": "low",
    }
    async with opened() as desk:
        response = await desk.ask(**fields)

    assert "> hello" in said(response)


async def test_a_prompt_stands_in_for_messages() -> None:
    async with opened() as desk:
        response = await desk.ask(messages=None, prompt="just this")

    assert "> just this" in said(response)


async def test_a_prompt_larger_than_the_context_is_refused() -> None:
    async with opened(plan="free") as desk:
        fits = await desk.ask("x" * 65_536 * 4)
        too_large = await desk.ask("x" * (65_536 * 4 + 1))

    assert fits.status_code == 200
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (400, "context_length_exceeded")


async def test_media_is_named_in_the_answer() -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
        {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
        {"type": "input_audio", "input_audio": {"data": "aGVsbG8=", "format": "mp3"}},
        {
            "type": "file",
            "file": {"filename": "notes.pdf", "file_data": "data:application/pdf;base64," + "A" * 4000},
        },
    ]
    async with opened() as desk:
        text = said(await desk.ask(messages=[{"role": "user", "content": content}]))

    assert "> What is this?" in text
    assert "- image: image/png, 5 bytes\n- video: https://example.com/a.mp4\n" in text
    assert "- audio: mp3, 5 bytes\n- file: notes.pdf, 3.0 kB" in text


async def test_an_answer_in_one_piece_carries_usage_and_the_credits_that_it_took() -> None:
    async with opened(balance=1.0) as desk:
        response = await desk.ask()
        left = (await desk.balance())["balance"]

    usage = response.json()["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert set(usage["prompt_tokens_details"]) == {"cached_tokens", "audio_tokens"}
    assert float(response.headers["consumed-credits"]) == pytest.approx(1.0 - left)


async def test_a_stream_ends_with_its_reason_its_usage_and_the_closing_mark() -> None:
    async with opened() as desk:
        response = await desk.ask(stream=True)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.content.endswith(DONE)
    *talk, reason, usage = events(response.text)
    assert reason["choices"][0]["finish_reason"] == "stop"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] > 0
    assert not any("usage" in event for event in [*talk, reason])
    assert all(event["object"] == "chat.completion.chunk" for event in [*talk, reason, usage])


async def test_reasoning_streams_apart_from_the_text() -> None:
    async with opened() as desk:
        stream = (await desk.ask("think", stream=True)).text

    assert "Nobody runs a model here" in deltas(stream, "reasoning")
    assert "Nobody runs a model here" not in deltas(stream)


async def test_tools_of_the_gateway_stream_as_events_without_choices() -> None:
    async with opened() as desk:
        plain = events((await desk.ask("tools", stream=True)).text)
        explained = events((await desk.ask("tools", stream=True, tool_invocation_explanations=True)).text)

    tools = [event["servertool"] for event in plain if "servertool" in event]
    assert all(event["choices"] == [] for event in plain if "servertool" in event)
    assert {tool["state"] for tool in tools} == {"Created", "Running", "Completed"}
    assert all(set(tool) == {"id", "name", "contents", "state"} for tool in tools)
    assert all("explanation" in event["servertool"] for event in explained if "servertool" in event)


async def test_json_only_puts_the_whole_answer_into_one_event() -> None:
    async with opened() as desk:
        stream = (await desk.ask('say "hi"\nand go', stream=True, json_only=True)).text

    told = [event for event in events(stream) if any(c["delta"].get("content") for c in event["choices"])]
    assert len(told) == 1
    assert json.loads(deltas(stream))["message"] == 'say "hi"\nand go'


async def test_an_answer_follows_the_schema_that_it_was_given() -> None:
    schema = {"type": "object", "properties": {"echo": {"type": "string"}, "sure": {"type": "boolean"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    async with opened() as desk:
        answers = [await desk.ask(response_schema=schema), await desk.ask(response_format=wanted)]

    assert [json.loads(said(answer)) for answer in answers] == [{"echo": "hello", "sure": True}] * 2


async def test_a_silence_is_filled_with_pings_unless_they_are_turned_off() -> None:
    quiet = {**bearer(PRIVATE_KEY), "sse-stream-options": "no-ping"}
    body = {"model": GATEWAY, "messages": [{"role": "user", "content": "wait 0.1"}], "stream": True}
    async with opened(ping_interval_s=0.02) as desk:
        pinged = (await desk.ask("wait 0.1", stream=True)).text
        unpinged = (await desk.http.post("/v1/chat/completions", json=body, headers=quiet)).text

    assert pinged.count(": ping\n\n") >= 2
    assert "ping\n\n" not in unpinged
    assert deltas(pinged) == deltas(unpinged)


async def test_a_ping_can_be_an_event_without_data() -> None:
    async with opened(ping_interval_s=0.02, ping="empty") as desk:
        stream = (await desk.ask("wait 0.1", stream=True)).text

    assert stream.count("\n\ndata:\n\n") >= 2


async def test_half_a_surrogate_pair_survives_the_way_through() -> None:
    raw = (
        b'{"model": "sandbox:50c3", "stream": true, "messages": [{"role": "user", "content": "a\\ud83d b"}]}'
    )
    async with opened() as desk:
        response = await desk.http.post("/v1/chat/completions", content=raw, headers=bearer(PRIVATE_KEY))

    assert "a\ud83d b" in deltas(response.text)


async def test_an_answer_at_a_set_pace_comes_in_parts_and_whole() -> None:
    async with opened(tokens_per_s=1_000) as desk:
        streamed = deltas((await desk.ask(stream=True)).text)
        whole = said(await desk.ask())

    assert streamed == whole
