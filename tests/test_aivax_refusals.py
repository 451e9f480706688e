"""The cause of a refusal, by its words as by its status; whole ones stand in `corpus/servers_errors`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.aivax.error_mapping import of_event, of_response
from core.aivax.error_text import sample_of, scrub
from core.aivax.refusals import bodies
from core.aivax.refusals.too_long import is_too_long
from core.domain import (
    AivaxError,
    AnswerFailed,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    Unavailable,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["400", "rate_limit", '{"error": "x"}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "detail", "errors", "metadata", "raw", "status", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def refused(status: int, body: object) -> AivaxError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return of_response(status, {}, raw, now=0.0, clean=scrub)


def kind_of(status: int, message: str = "", /, **codes: object) -> type[AivaxError]:
    return type(refused(status, {"error": {"message": message, **codes}}))


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Unable to submit request because the input token count is 40000 but model only supports up to 32768",
        "Requested tokens (5000) exceed context window of 4096",
        "the request exceeds the available context size, try increasing it",
        "the model is loaded with context length of only 4096 tokens, which is not enough",
        "Reached context length of 4096 tokens with this model",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "prompt too long; exceeded max context length",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        "Range of input length should be [1, 30720]",
        "Input is too long for requested model.",
        "Your request exceeded model token limit: 8192",
        "too many tokens: size limit exceeded by 1000 tokens. Try using shorter or fewer inputs",
        "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
        "Request body too large for gpt-4o model. Max size: 8000 tokens.",
        "prompt token count of 130000 exceeds the limit of 128000",
        "invalid params, context window exceeds limit (2013)",
        "Prompt 超长",
        "输入的上下文长度超过限制",
    ],
)
def test_too_long_is_known_however_it_is_worded(message: str) -> None:
    assert kind_of(400, message) is ContextTooLong
    assert type(of_event(message, said=False, clean=scrub)) is ContextTooLong


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens", ""),
        (400, "max_tokens is too large: 5000. This model supports at most 4096 completion tokens", ""),
        (400, "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6 MB > 5 MB", ""),
        (
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model.",
            "unsupported_parameter",
        ),
        (
            400,
            "Invalid 'user': string too long. Expected a string with maximum length 64",
            "string_above_max_length",
        ),
        (400, "Invalid 'tools[0].name': string too long, maximum length 64", "string_above_max_length"),
        (400, "context_length must be between 1 and 4096", ""),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", ""),
        (504, "The request took too long to process", ""),
        (408, "Your request waited too long in the queue", ""),
        (429, "Too many tokens, please wait before trying again.", "ThrottlingException"),
        (429, "Limit of 30000 input tokens per minute exceeded", "rate_limit_error"),
    ],
)
def test_what_is_said_of_other_lengths_is_not_too_long(status: int, message: str, code: str) -> None:
    assert kind_of(status, message, code=code) is not ContextTooLong


@pytest.mark.parametrize(
    "code",
    [
        *(
            "context_length_exceeded",
            "exceed_context_size_error",
            "ContextWindowExceededError",
            "prompt_too_long",
        ),
        *(
            "tokens_limit_reached",
            "model_max_prompt_tokens_exceeded",
            "string_above_max_length",
            "request_too_large",
        ),
    ],
)
def test_too_long_is_known_by_its_code(code: str) -> None:
    assert is_too_long([code], "x")


@pytest.mark.parametrize(
    ("status", "message", "codes"),
    [
        (403, "用户额度不足, 剩余额度: 0.00", {"code": "insufficient_user_quota"}),
        (403, "[sk-***] 额度不足", {"type": "one_api_error"}),
        (400, "Your credit balance is too low to access the API", {"type": "invalid_request_error"}),
        (
            429,
            "You exceeded your current quota, please check your plan",
            {"type": "insufficient_quota", "code": "429"},
        ),
        (429, "You exceeded your current quota, please check your plan and billing details.", {}),
        (429, "Your prepayment credits are depleted.", {"status": "RESOURCE_EXHAUSTED"}),
        (400, "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", {"type": "budget_exceeded"}),
        (403, "Your newly created team doesn't have any credits yet.", {}),
        (429, "Your account is suspended due to insufficient balance, please recharge", {}),
        (400, "please make sure your account is in good standing", {"code": "Arrearage"}),
        (400, "Billing hard limit has been reached", {"code": "billing_hard_limit_reached"}),
        (402, "This request requires more credits, or fewer max_tokens.", {}),
    ],
)
def test_a_lack_of_money_is_known_by_its_words(status: int, message: str, codes: dict[str, str]) -> None:
    assert kind_of(status, message, **codes) is NoBalance


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        ("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 requests per day", {"code": 429}),
        ("You exceeded your current quota, check your plan and billing.", {"status": "RESOURCE_EXHAUSTED"}),
        ("Too many requests", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_rate_stays_one(message: str, codes: dict[str, object]) -> None:
    assert kind_of(429, message, **codes) is RateLimited


def test_one_request_that_alone_is_more_than_a_rate_lets_in_is_too_long() -> None:
    message = "Request too large for m on tokens per minute (TPM): Limit 6000, Requested 9000"

    assert kind_of(429, message, code="rate_limit_exceeded") is ContextTooLong


@pytest.mark.parametrize(
    ("status", "message", "codes", "kind"),
    [
        (400, "API key not valid. Please pass a valid API key.", {"status": "INVALID_ARGUMENT"}, KeyRefused),
        (400, "Incorrect API key provided: xa***vM.", {}, KeyRefused),
        (403, "no", {"code": "invalid_api_key"}, KeyRefused),
        (401, "key not allowed to access model. Tried to access b", {}, NotAllowed),
        (403, "Project p does not have access to model m", {"code": "model_not_found"}, NotAllowed),
        (403, "Permission denied", {"status": "PERMISSION_DENIED"}, NotAllowed),
        (403, "", {}, NotAllowed),
        (403, "Your input was flagged for violence", {"code": 403}, RequestRefused),
        (400, "Model Not Exist", {"type": "invalid_request_error"}, GatewayUnknown),
        (400, "foo/bar is not a valid model ID", {}, GatewayUnknown),
        (503, "No available channel for model x", {"code": "model_not_found"}, GatewayUnknown),
        (400, "Too many tokens, please wait before trying again.", {"__type": "ThrottlingException"}, RateLimited),
        (400, "filtered due to the prompt", {"code": "content_filter"}, RequestRefused),
        (424, "Request failed during generation", {"type": "generation"}, Unavailable),
        (529, "Overloaded", {"type": "overloaded_error"}, Unavailable),
    ],
)  # fmt: skip
def test_words_decide_where_a_status_means_several_things(
    status: int, message: str, codes: dict[str, object], kind: type[AivaxError]
) -> None:
    assert kind_of(status, message, **codes) is kind


def test_a_page_with_403_is_a_proxy_s_and_says_nothing_of_the_key() -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head></html>"

    assert type(refused(403, page)) is Unavailable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "insufficient_quota", "message": "x"}, NoBalance),
        ({"code": "rate_limit_exceeded"}, RateLimited),
        ({"code": "invalid_api_key"}, KeyRefused),
        ({"code": 502}, Unavailable),
        ({"code": "server_error"}, Unavailable),
        ({"type": "invalid_request_error", "message": "bad tools"}, RequestRefused),
        ("model not loaded", Unavailable),
        (None, Unavailable),
        ({"error": {"code": 400, "type": "exceed_context_size_error"}}, ContextTooLong),
        ({"code": 401, "msg": "invalid token"}, KeyRefused),
        ([{"error": {"code": 429, "message": "slow down"}}], RateLimited),
        ({"success": False, "message": "out of credits"}, NoBalance),
    ],
)
def test_an_error_with_a_good_status_is_told_by_its_words(error: object, kind: type[AivaxError]) -> None:
    assert type(of_event(error, said=False, clean=scrub)) is kind
    assert type(of_event(error, said=True, clean=scrub)) is AnswerFailed


def test_a_ceiling_of_a_model_leaves_it_alone_for_ten_minutes() -> None:
    error = of_event(
        {"code": "INFERENCE_CAP_ERROR", "message": "weekly inference cap"}, said=False, clean=scrub
    )

    assert (type(error), error.retry_after_s) == (RateLimited, 600.0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "no"}}, True),
        ({"error": "Unexpected endpoint or method."}, True),
        ({"code": 401, "msg": "invalid token"}, True),
        ({"success": False, "message": "no"}, True),
        ([{"error": {"code": 429}}], True),
        ({"object": "error", "message": "no"}, True),
        ({"type": "error", "error": {"type": "overloaded_error"}}, True),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, True),
        ({"message": "Not signed in", "data": None}, True),
        ({"detail": "Not Found"}, True),
        ({"choices": [{"delta": {"content": "x"}}]}, False),
        ({"choices": [], "usage": {}}, False),
        ({"object": "list", "data": []}, False),
        ({"message": "ok", "data": {"balance": 3}}, False),
        ({"code": 0, "message": "success", "data": {}}, False),
        ({"id": "x", "object": "chat.completion.chunk", "choices": []}, False),
        ({"error": None, "choices": []}, False),
        ({}, False),
        (3, False),
    ],
)
def test_a_refusal_with_a_good_status_is_known(body: object, *, expected: bool) -> None:
    assert bodies.is_refusal(body) is expected


def test_what_a_server_wraps_is_read_and_told_with_the_wrapper_s_words() -> None:
    raw = json.dumps(
        {"error": {"type": "invalid_request_error", "message": "prompt is too long: 3 tokens > 2 maximum"}}
    )
    error = refused(
        400, {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": raw}}}
    )

    assert type(error) is ContextTooLong
    assert error.detail == "Provider returned error: prompt is too long: 3 tokens > 2 maximum"


def test_what_a_person_wrote_and_a_server_repeats_is_no_cause() -> None:
    question = "why does it say: insufficient balance, your account has no credits left"
    body = json.dumps({"error": {"message": f"cannot parse content: {question}"}}).encode()
    said = sample_of((question,))

    error = of_response(400, {}, body, now=0.0, clean=lambda text: scrub(text, said=said))

    assert type(error) is RequestRefused


@given(st.sampled_from([0, 200, 400, 401, 403, 404, 422, 429, 500, 503]), VALUES)
def test_no_body_however_odd_raises(status: int, body: object) -> None:
    bodies.is_refusal(body)

    assert isinstance(refused(status, body), AivaxError)
    assert isinstance(of_event(body, said=False, clean=scrub), AivaxError)


@given(st.text(alphabet="prompt inpustoklgcxeMAX_ -0", max_size=600))
def test_any_message_is_looked_at_in_no_time(message: str) -> None:
    kind_of(400, message)


@pytest.mark.parametrize("status", [400, 404, 415, 422, 500])
@pytest.mark.parametrize(
    "message",
    [
        "No endpoints found that support image input",
        "image input is not supported by this server",
        "This model does not support images.",
        "The model doesn't support vision",
        "m is not a multimodal model",
        "audio input is not currently supported",
        "Unsupported image type: image/gif",
        "The image data you provided does not represent a valid image.",
        "Failed to load image: cannot identify image file",
        "Could not process image",
    ],
)
def test_a_server_that_reads_no_such_files_refuses_the_request_alone(status: int, message: str) -> None:
    error = refused(status, {"error": {"message": message, "code": status}})

    assert type(error) is RequestRefused


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "The model `vision-large` does not exist", GatewayUnknown),
        (404, "No endpoints found matching your data policy", GatewayUnknown),
        (500, "image worker crashed", Unavailable),
        (429, "You may send 5 images per minute", RateLimited),
        (401, "audio is not allowed for this key", KeyRefused),
    ],
)
def test_what_only_speaks_of_pictures_stays_what_it_is(
    status: int, message: str, kind: type[AivaxError]
) -> None:
    assert type(refused(status, {"error": {"message": message}})) is kind
