"""The sandbox's collections: what the documentation says of them, over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI

from sandbox.knowledge.filter_values import Facts
from sandbox.knowledge.filters import filter_of
from sandbox.server import GATEWAY, PRIVATE_KEY, PUBLIC_KEY
from sandbox.shapes import Shapes
from tests.knowledge_stage import put
from tests.sandbox_fixtures import Desk, bearer, opened


async def query(desk: Desk, *, key: str = PRIVATE_KEY, path: str = "query", **body: Any) -> httpx.Response:
    return await desk.http.post(f"/api/v1/{path}", json=body, headers=bearer(key))


def two_tenants(desk: Desk) -> str:
    put(desk.sandbox.state, "manual", "a", "cats of acme", {"tenant": "acme"})
    return put(desk.sandbox.state, "manual", "b", "cats of umbrella", {"tenant": "umbrella"})


def names(response: httpx.Response) -> list[str]:
    return [each["documentName"] for each in response.json()["data"]]


async def test_a_misspelt_filter_is_ignored_as_by_the_service_or_refused_by_name() -> None:
    misspelt = {"term": "cats", "filters": 'metadata.tenant = "acme"', "reranker": "none"}
    async with opened(shapes=Shapes(unknown_search_keys="ignored")) as desk:
        leaked = await query(desk, collections=[two_tenants(desk)], **misspelt)
    async with opened() as desk:
        refused = await query(desk, collections=[two_tenants(desk)], **misspelt)

    assert names(leaked) == ["a", "b"]
    assert refused.status_code == 400
    assert "'filters' is not a known field" in refused.json()["error"]


async def test_filters_are_evaluated_and_a_list_of_them_is_joined() -> None:
    async with opened() as desk:
        collection = two_tenants(desk)
        both = ['metadata.tenant = "ACME"', 'name startswith "a"']
        one = await query(desk, collections=[collection], term="cats", filter=both)
        wrong = await query(desk, collections=[collection], term="cats", filter=[both[0], "tags = 1"])

    assert names(one) == ["a"]
    assert wrong.json()["error"] == "Invalid filter at index 1: '=' does not fit the field. (at 5)"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reranker": "best"}, "'reranker'"),
        ({"top": 129}, "'top'"),
        ({"minScore": 0}, "'minScore'"),
        ({"terms": ["x"]}, "'term'"),
        ({"term": ""}, "term"),
        ({"collections": []}, "'collections'"),
        ({"includeReferences": 1}, "'includeReferences'"),
        ({"filter": 7}, "Expected a string"),
    ],
)
async def test_a_wrong_search_is_refused_by_name(wrong: dict[str, Any], told: str) -> None:
    async with opened() as desk:
        body = {"collections": [two_tenants(desk)], "term": "cats"}
        refused = await query(desk, **{**body, **wrong})

    assert refused.status_code == 400
    assert told in refused.json()["error"]


async def test_each_plan_has_its_rates_of_searches_and_of_reranked_ones() -> None:
    async with opened(plan="free") as desk:
        body = {"collections": [two_tenants(desk)], "term": "cats", "reranker": "none"}
        statuses = [(await query(desk, **body)).status_code for _ in range(21)]
        last = await query(desk, **body)

    assert statuses == [200] * 20 + [429]
    assert int(last.headers["retry-after"]) > 0


async def test_public_keys_search_and_do_nothing_else() -> None:
    async with opened() as desk:
        collection = two_tenants(desk)
        body: dict[str, Any] = {"collections": [collection], "term": "cats"}
        statuses = [
            (await query(desk, key=PUBLIC_KEY, path=path, **body)).status_code for path in ("query", "answer")
        ]
        listed = await desk.get("/api/v1/collections", key=PUBLIC_KEY)

    assert statuses == [200, 200]
    assert listed.status_code == 403


async def test_an_import_refuses_wrong_lines_and_removes_what_is_not_in_it_where_asked_to() -> None:
    async with opened() as desk:
        path = f"/api/v1/collections/{two_tenants(desk)}/documents"

        async def load(*lines: dict[str, Any], mode: str = "") -> httpx.Response:
            data = "\n".join(map(json.dumps, lines)).encode()
            files = {"documents": ("a.jsonl", data, "application/jsonl")}
            query = f"?insert-mode={mode}" if mode else ""
            return await desk.http.post(f"{path}{query}", files=files, headers=bearer(PRIVATE_KEY))

        wrong = await load({"docid": "c", "text": "x"}, {"docid": "d", "txt": "x"})
        synced = await load({"docid": "c", "text": "x y", "__tags": ["t"]}, mode="sync")
        listed = await desk.get(path)

    assert "Line 2: 'txt' is not a known field" in wrong.json()["error"]
    assert synced.json()["data"] == {"enqueued": 1, "skipped": 0}
    assert float(synced.headers["consumed-credits"]) > 0
    assert [each["name"] for each in listed.json()["data"]] == ["c"]


async def test_what_is_put_is_found_once_it_was_looked_at_often_enough() -> None:
    async with opened() as desk:
        collection = two_tenants(desk)
        await desk.http.put("/sandbox/knowledge", json={"index_after_polls": 2})
        one = f"/api/v1/collections/{collection}"
        body = {"name": "c", "contents": "dogs"}
        await desk.http.put(f"{one}/documents", json=body, headers=bearer(PRIVATE_KEY))
        states = [(await desk.get(one)).json()["data"]["state"]["queuedDocuments"] for _ in range(2)]
        found = await query(desk, collections=[collection], term="dogs")

    assert states == [1, 0]
    assert names(found) == ["c"]


async def test_openai_s_own_client_still_gets_its_answers() -> None:
    async with opened() as desk:
        two_tenants(desk)
        async with AsyncOpenAI(api_key=PRIVATE_KEY, base_url=f"{desk.sandbox.base_url}/v1") as client:
            said = await client.chat.completions.create(
                model=GATEWAY, messages=[{"role": "user", "content": "cite 1 3"}]
            )

    assert "That is what document [3] says." in (said.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("createdAt >= now-1mo", True),
        ("createdAt > now-1mo", False),
        ("createdAt >= now-30d", False),
        ("createdAt >= now-1y", True),
        ('createdAt = "2026-02-27T21:00"', True),  # in the service's own zone
    ],
)
def test_times_are_calendar_months_and_of_the_service_s_own_zone(text: str, passes: bool) -> None:
    then, now = datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)

    assert filter_of(text, now)(Facts("a", "b", (), then, then, {})) is passes
