"""Kinds of keys, and what goes out for each kind of server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.aivax.body_encoding import Body
from core.aivax.keys import KeyKind, check_model, check_settings, is_aivax_host, kind_of
from core.aivax.options import RequestOptions
from core.aivax.request import (
    AudioPart,
    ChatMessage,
    CompletionRequest,
    Dialect,
    FilePart,
    ImagePart,
    Inline,
    TextPart,
    build_body,
    data_url,
    dialect_of,
)
from core.domain import SettingRefused
from core.util.text import sound
from tests.scripted_aivax import QUESTION, UUID, settings


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("sk-aiv-acc-x", KeyKind.PRIVATE),
        (" pk-aiv-x ", KeyKind.PUBLIC),
        ("oky_x", KeyKind.LEGACY),
        ("sk-proj-x", KeyKind.FOREIGN),
        ("", KeyKind.NONE),
    ],
)
def test_a_key_s_prefix_tells_its_kind(key: str, kind: KeyKind) -> None:
    assert kind_of(SecretStr(key)) is kind


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://inference.aivax.net/v1", True),
        ("https://AIVAX.net./v1", True),
        ("https://aivax.net.example/v1", False),
        ("https://notaivax.net/v1", False),
        ("http://localhost:8787/v1", False),
    ],
)
def test_aivax_is_known_by_its_host(url: str, expected: bool) -> None:
    assert is_aivax_host(url) is expected


@pytest.mark.parametrize("model", ["name:50c3", "@vendor/name", "", UUID[:-1]])
def test_a_public_key_is_refused_anything_but_a_uuid(model: str) -> None:
    with pytest.raises(SettingRefused, match="UUID") as caught:
        check_model(KeyKind.PUBLIC, model)

    assert caught.value.setting == "[aivax] model"


@pytest.mark.parametrize("kind", [KeyKind.PRIVATE, KeyKind.FOREIGN, KeyKind.NONE])
def test_other_keys_may_name_any_model(kind: KeyKind) -> None:
    check_model(kind, "name:50c3")
    check_model(KeyKind.PUBLIC, UUID.upper())


def test_aivax_needs_a_key_and_a_model() -> None:
    with pytest.raises(SettingRefused, match="api_key"):
        check_settings(settings(api_key=""))
    with pytest.raises(SettingRefused, match="model"):
        check_settings(settings(model=""))


def test_a_key_to_log_in_with_is_no_api_key() -> None:
    with pytest.raises(SettingRefused, match="log in") as caught:
        check_settings(settings(api_key="AB12-CD34-EF56"))

    assert "AB12" not in str(caught.value)
    check_settings(settings(api_key="AB12-CD34-EF56", base_url="http://localhost:1/v1"))


def test_another_server_needs_neither() -> None:
    check_settings(settings(api_key="", model="", base_url="http://localhost:1/v1"))


@pytest.mark.parametrize(
    ("kind", "url", "dialect"),
    [
        (KeyKind.PRIVATE, "http://localhost:8787/v1", Dialect.AIVAX),
        (KeyKind.LEGACY, "http://localhost:8787/v1", Dialect.AIVAX),
        (KeyKind.PUBLIC, "https://inference.aivax.net/v1", Dialect.PUBLIC),
        (KeyKind.FOREIGN, "https://inference.aivax.net/v1", Dialect.AIVAX),
        (KeyKind.FOREIGN, "http://localhost:8787/v1", Dialect.PLAIN),
        (KeyKind.NONE, "http://localhost:8787/v1", Dialect.PLAIN),
    ],
)
def test_the_key_or_the_host_tells_which_parameters_are_taken(
    kind: KeyKind, url: str, dialect: Dialect
) -> None:
    assert dialect_of(kind, url) is dialect


def test_a_bare_body_holds_nothing_that_can_be_left_out() -> None:
    assert set(build_body(QUESTION, settings(temperature=1), Dialect.BARE)) == {"model", "messages", "stream"}


def test_a_temperature_of_zero_is_sent() -> None:
    assert build_body(QUESTION, settings(temperature=0), Dialect.AIVAX)["temperature"] == 0


def test_a_request_may_name_its_own_model() -> None:
    question = CompletionRequest(
        QUESTION.messages, model="other:1234", options=RequestOptions(explain_tools=True)
    )

    body = build_body(question, settings(), Dialect.AIVAX)

    assert body["model"] == "other:1234"
    assert body["tool_invocation_explanations"] is True


async def test_media_travel_as_content_parts() -> None:
    message = ChatMessage(
        "user",
        (
            TextPart("look"),
            ImagePart(data_url(b"\x00", "image/png")),
            AudioPart(Inline(b"\x00"), "wav"),
            FilePart("a.pdf", data_url(b"%", "application/pdf")),
        ),
    )

    assert (await sent({"content": message.wire()["content"]}))["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JQ=="}},
    ]


@given(st.lists(st.binary(max_size=700_000), max_size=3), st.text())
async def test_files_reach_the_service_byte_by_byte_however_large(files: list[bytes], said: str) -> None:
    document = {"said": sound(said), "files": [{"url": data_url(data, "image/png")} for data in files]}

    received = await sent(document)

    coded = [file["url"].removeprefix("data:image/png;base64,") for file in received["files"]]
    assert [base64.b64decode(each, validate=True) for each in coded] == files
    assert received["said"] == sound(said)


async def sent(document: dict[str, Any]) -> dict[str, Any]:
    """What a server reads of a request, which is as long as it was told."""
    body = Body(document)
    received = b"".join([piece async for piece in body.sent()])
    assert len(received) == body.length
    return dict(json.loads(received))


def test_text_that_is_no_unicode_can_be_sent() -> None:
    assert ChatMessage("user", "a\ud83d\x00b").wire()["content"] == "a\ufffdb"


def test_a_user_id_with_an_at_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="@"):
        CompletionRequest((), user="ann@example.com")
    with pytest.raises(ValueError, match="128"):
        CompletionRequest((), idempotency_key="x" * 129)
