"""Calls of administrative routes: addresses, envelopes, refusals, what is tried again, and what it cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.aivax.http_call import HttpCall, Part
from core.aivax.transport import httpx
from core.domain import (
    AddressWrong,
    AivaxError,
    AnswerFailed,
    KeyRefused,
    NoBalance,
    RateLimited,
    RequestRefused,
    ResourceUnknown,
    Unavailable,
)
from tests.scripted_aivax import HANG, KEY, Clockwork, Scripted, client, document, reply

ROOT = "https://inference.aivax.net/api/v1"


def told(data: object) -> httpx.Response:
    return document({"message": "OK", "data": data})


def refused(status: int, text: str = "no", **headers: str) -> httpx.Response:
    return reply(json.dumps({"error": text, "details": None}).encode(), status=status, **headers)


async def test_the_data_of_an_answer_is_handed_on_with_what_it_cost() -> None:
    server = Scripted(reply(b'{"message": null, "data": [1, 2]}', Consumed_Credits="0.000125"))

    async with client(server) as aivax:
        answer = await aivax.admin.post("query", json={"term": "cats"})

    assert (answer.data, answer.spent_usd) == ([1, 2], 0.000125)
    assert server.urls == [f"{ROOT}/query"]
    assert server.bodies == [{"term": "cats"}]
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", None),
        (b'{"message": "Deleted.", "data": null}', None),
        (b'{"results": []}', {"results": []}),
        (b"[3]", [3]),
        (b'{"data": 1, "object": "list"}', {"data": 1, "object": "list"}),
    ],
)
async def test_an_answer_without_the_envelope_is_handed_on_whole(body: bytes, data: object) -> None:
    async with client(Scripted(reply(body))) as aivax:
        assert (await aivax.admin.delete("collections", "c1")).data == data


@pytest.mark.parametrize("verb", ["put", "patch"])
async def test_documents_are_put_and_changed(verb: str) -> None:
    server = Scripted(told({"documentId": "d1"}))

    async with client(server) as aivax:
        answer = await getattr(aivax.admin, verb)("collections", "c1", json={"name": "é"})

    assert answer.data == {"documentId": "d1"}
    assert (server.asked[0].method, server.bodies) == (verb.upper(), [{"name": "é"}])


@pytest.mark.parametrize(
    "id_of_others", ["../account/salt/roll", "a/b", "a?b=c", "a#b", "a%2Fb", "@memories"]
)
async def test_an_id_can_t_lead_to_another_route(id_of_others: str) -> None:
    server = Scripted(told([]))

    async with client(server) as aivax:
        await aivax.admin.get("collections", id_of_others, "documents", query={"filter": "a&b=c d"})

    path, _, query = server.asked[0].url.raw_path.decode().partition("?")
    assert path.count("/") == 5
    assert (path.startswith("/api/v1/collections/"), path.endswith("/documents")) == (True, True)
    assert query == "filter=a%26b%3Dc%20d"


@pytest.mark.parametrize("id_of_others", ["", ".", ".."])
async def test_an_id_that_is_none_is_not_sent(id_of_others: str) -> None:
    async with client(Scripted()) as aivax:
        with pytest.raises(ResourceUnknown):
            await aivax.admin.delete("collections", id_of_others)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "Invalid filter: x (at 3)", RequestRefused),
        (401, "The key is unknown.", KeyRefused),
        (402, "The balance is too low.", NoBalance),
        (404, "The collection was not found.", ResourceUnknown),
    ],
)
async def test_a_refusal_becomes_its_error(status: int, text: str, kind: type[AivaxError]) -> None:
    async with client(Scripted(refused(status, text))) as aivax:
        with pytest.raises(kind) as raised:
            await aivax.admin.get("collections", "c1")

    assert raised.value.status == status
    assert raised.value.detail == text


async def test_a_refusal_with_a_good_status_is_one_all_the_same() -> None:
    async with client(Scripted(refused(200, "The balance is too low."))) as aivax:
        with pytest.raises(NoBalance):
            await aivax.admin.get("collections")


async def test_what_was_sent_and_the_key_are_not_repeated_in_an_error() -> None:
    secret = "my secret plan to paint the harbour blue"
    async with client(Scripted(refused(400, f"bad term '{secret}' of {KEY}"))) as aivax:
        with pytest.raises(RequestRefused) as raised:
            await aivax.admin.post("query", json={"term": secret})

    assert "harbour" not in str(raised.value)
    assert KEY not in str(raised.value)
    assert secret not in repr(HttpCall("POST", "u", secret.encode(), headers={"X-Token": secret}))


@pytest.mark.parametrize("page", [b"<html><title>Welcome</title></html>", b"not json"])
async def test_what_is_no_answer_is_none(page: bytes) -> None:
    async with client(Scripted(reply(page)), tries=1) as aivax:
        with pytest.raises((AddressWrong, Unavailable)):
            await aivax.admin.get("collections")


async def test_a_passing_failure_is_tried_again_where_that_does_no_harm() -> None:
    clock = Clockwork()
    server = Scripted(refused(503, Retry_After="2"), told([]))

    async with client(server, clock) as aivax:
        await aivax.admin.post("query", json={}, repeatable=True)

    assert clock.slept == [2.0]


async def test_what_may_have_been_done_is_not_done_twice() -> None:
    async with client(Scripted(refused(500))) as aivax:
        with pytest.raises(Unavailable):
            await aivax.admin.post("batch", "workflows", json={})


async def test_what_came_too_often_was_not_done_and_is_tried_again() -> None:
    server = Scripted(refused(429, Retry_After="3"), told({"id": 1}))

    async with client(server) as aivax:
        assert (await aivax.admin.post("batch", "workflows", json={})).data == {"id": 1}


async def test_a_long_wait_is_told_instead_of_being_waited_for() -> None:
    async with client(Scripted(refused(429, Retry_After="3600"))) as aivax:
        with pytest.raises(RateLimited) as raised:
            await aivax.admin.get("collections")

    assert raised.value.retry_after_s == 3600


async def test_a_form_is_sent_with_its_files() -> None:
    server = Scripted(told({"enqueued": 1}))
    parts = (Part("mode", b"lines"), Part("documents", b'{"docid": "a"}\n', "a.jsonl", "application/jsonl"))

    async with client(server) as aivax:
        await aivax.admin.upload("collections", "c1", "documents", parts=parts, query={"insert-mode": "x"})

    body = server.asked[0].content
    assert server.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="documents"; filename="a.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n{"docid"' in body
    assert b'name="mode"\r\n\r\nlines\r\n' in body


async def test_bytes_are_fetched_as_they_are_and_up_to_a_bound() -> None:
    async with client(
        Scripted(reply(b'<p>{"error": "x"}', Content_Type="text/html"), reply(b"12345"))
    ) as aivax:
        fetched = await aivax.admin.fetch("shell", "io", "file", query={"path": "/a"})
        with pytest.raises(AnswerFailed):
            await aivax.admin.fetch("shell", "io", "file", query={"path": "/b"}, most_bytes=4)

    assert (fetched.body, fetched.media_type) == (b'<p>{"error": "x"}', "text/html")


async def test_bytes_are_sent_as_they_are() -> None:
    server = Scripted(reply(b""))

    async with client(server) as aivax:
        url = aivax.admin.url("shell", "io", "file", query={"path": "/a"})
        call = HttpCall("POST", url, b"\0\1", "application/octet-stream", headers={"X-Shell-User-Id": "u"})
        await aivax.admin.exchange(call)

    request = server.asked[0]
    assert request.content == b"\0\1"
    assert (request.headers["content-type"], request.headers["x-shell-user-id"]) == (call.media_type, "u")


async def test_what_takes_long_is_asked_of_the_direct_host() -> None:
    server = Scripted(told({"images": []}))

    async with client(server) as aivax:
        await aivax.admin.post("generations", "images", json={}, direct=True, timeout_s=120.0)

    assert server.urls == ["https://direct.inference.aivax.net/api/v1/generations/images"]


async def test_another_server_s_key_never_goes_to_the_direct_host_of_aivax() -> None:
    server = Scripted(told({}))
    elsewhere: dict[str, Any] = {"base_url": "http://localhost:1/v1"}

    async with client(server, **elsewhere) as aivax:
        await aivax.admin.post("generations", "images", json={}, direct=True)

    assert server.urls == ["http://localhost:1/api/v1/generations/images"]


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
    async with client(Scripted(HANG), tries=1) as aivax:
        with pytest.raises(Unavailable) as raised:
            await aivax.admin.post("query", json={}, timeout_s=0.01)

    assert raised.value.code == "first_event_timeout"
