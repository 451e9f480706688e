"""Routes requests: the ASGI application of the sandbox."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from sandbox.account import price_usd
from sandbox.admin import LoopbackOnly, admin_routes
from sandbox.administration.gateways import gateway_routes
from sandbox.administration.model_list import is_snapshot, listed_model
from sandbox.administration.usage import usage_data
from sandbox.batch.routes import Make as MakeBatch
from sandbox.batch.routes import Office, batch_routes
from sandbox.calls import Recorder
from sandbox.completions.answers import answer_to
from sandbox.completions.delivery import Delivery
from sandbox.completions.question import Question, check_model, read_question
from sandbox.completions.steps import Answer, Wait
from sandbox.completions.stream import Envelope, completion, completion_tokens, error_event, frames, pieces
from sandbox.completions.tools import Workshop
from sandbox.faults import Fault, FaultRoute, spoiled
from sandbox.files import file_routes
from sandbox.hooks.running import Inference, with_steps
from sandbox.keys import Caller, identify
from sandbox.knowledge.desk import Desk, Make
from sandbox.knowledge.routes import knowledge_routes
from sandbox.media import Make as MakeMedia
from sandbox.media import Studio, answered, media_routes
from sandbox.personal import routes as personal
from sandbox.plans import GATEWAY_UUID, Model
from sandbox.refusals import COMPLETION_PATHS, Refusal, refuse
from sandbox.shapes import in_snake_case
from sandbox.state import State
from sandbox.web import web_routes
from sandbox.wire import json_bytes, read_json

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}

_FAULT_CODES = {
    400: "invalid_request_error",
    401: "invalid_api_key",
    402: "insufficient_balance",
    403: "forbidden",
    404: "model_not_found",
    429: "rate_limit_exceeded",
    500: "server_error",
    503: "service_unavailable",
}
_PROXY_PAGE = """<!DOCTYPE html>
<html><head><title>{status}</title></head>
<body><center><h1>{status}: the origin web server did not answer</h1></center>
<hr><center>sandbox proxy</center></body></html>
"""


def create_app(state: State) -> Starlette:
    """Builds the application around a state, which stays the caller's to look at and to change."""
    routes = [Route(path, _completing(state), methods=["POST"]) for path in COMPLETION_PATHS]
    routes += [
        Route("/v1/models", _endpoint(state, _list_models), methods=["GET"]),
        Route("/api/v1/information/balance", _endpoint(state, _show_balance), methods=["GET"]),
        Route("/api/v1/information/models.json", _endpoint(state, _show_catalogue), methods=["GET"]),
    ]
    usage = _administered(state, "usage", lambda request, _raw: usage_data(state, request))
    routes += [Route("/api/v1/information/usage", usage, methods=["GET"])]
    routes += gateway_routes(state, partial(_administered, state, "gateways"))
    desk = Desk(state.knowledge, state.account, lambda: state.shapes, state.clock)
    office = Office(state.batches, lambda: state.shapes)
    routes += batch_routes(office, partial(_batch, state))
    routes += knowledge_routes(desk, partial(_knowledge, state))
    people = partial(_administrative, state)
    routes += personal.personal_routes(state.personal, lambda: state.shapes, people)
    studio = Studio(state.account, state.media, lambda: state.shapes, state.clock)
    routes += media_routes(studio, partial(_media, state))
    routes += web_routes(state)
    admin = Mount("/sandbox", routes=admin_routes(state), middleware=[Middleware(LoopbackOnly)])
    return Starlette(
        routes=[*routes, *file_routes(), admin],
        middleware=[Middleware(Recorder, log=state.calls, clock=state.clock)],
        exception_handlers={Refusal: _refusing(state), HTTPException: _on_http_error},
    )


def _endpoint(state: State, answer: Callable[[State, Request, bytes], ASGIApp]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> ASGIApp:
        return answer(state, request, await request.body())

    return endpoint


def _administrative(state: State, route: FaultRoute, make: personal.Make) -> Callable[[Request], Any]:
    def answer(state: State, request: Request, raw: bytes) -> ASGIApp:
        return _information(state, request, route, lambda: make(request, raw))

    return _endpoint(state, answer)


def _completing(state: State) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> ASGIApp:
        return await _complete(state, request, await request.body())

    return endpoint


def _refusing(state: State) -> Callable[[Request, Exception], Response]:
    def on_refusal(request: Request, exc: Exception) -> Response:
        refusal = exc if isinstance(exc, Refusal) else Refusal(500, "Internal error.")
        if refusal.status == 429 and state.shapes.rate_wait == "untold":
            refusal = Refusal(429, "The rate limit is reached.", code=refusal.code)
        shape = "error" if request.url.path.startswith("/sandbox") else state.shapes.refusal
        return refuse(request.url.path, refusal, shape)

    return on_refusal


def _on_http_error(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    told = {404: "is not a route of the sandbox", 405: f"does not answer {request.method}"}
    message = f"{request.url.path} {told.get(status, 'failed')}."
    return refuse(request.url.path, Refusal(status, message, code="unknown_route" if status == 404 else None))


async def _complete(state: State, request: Request, raw: bytes) -> ASGIApp:
    fault = state.faults.take("completions", _model_named_in(raw))
    if fault is not None and fault.kind in ("status", "html"):
        return _broken(state, request, fault)
    caller = _caller(request)
    question, model = _admitted(state, caller, raw)
    workshop = Workshop(str(request.base_url).rstrip("/"), state.shapes)
    answer, question = await _made(state, question, raw, workshop)
    if answer.exhausted:
        fault = _exhausted(state, question, answer)
    if question.is_logged:
        said = {"user": question.user, "text": question.text, "key": question.key}
        state.personal.records.keep(model=model.id, **said)
    envelope = Envelope(f"chatcmpl-sandbox-{next(state.numbers):06}", int(state.clock()), model.id)
    if question.stream:
        no_ping = "no-ping" in request.headers.get("sse-stream-options", "")
        return _streamed(state, envelope, question, answer, fault, pings=not no_ping)
    tokens = completion_tokens(answer)
    if not answer.exhausted:
        state.account.charge(question.prompt_tokens, tokens, model.id)
    if question.json_only and state.shapes.json_only == "bare":
        return Response(answer.text.encode(errors="replace"), headers={**JSON, **_account_headers(state)})
    headers = {**JSON, **_account_headers(state), "consumed-credits": _price(question, answer)}
    waits_s = sum(step.seconds for step in answer.steps if isinstance(step, Wait))
    hold_s = waits_s + (tokens / state.tokens_per_s if state.tokens_per_s > 0 else 0.0)
    return _whole(state, completion(envelope, question, answer), fault, headers=headers, hold_s=hold_s)


def _exhausted(state: State, question: Question, answer: Answer) -> Fault:
    """Tells that no attempt fitted the schema: at once, or as an error in the stream; each was paid for."""
    told = f"No answer fitted the schema in {question.max_attempts} attempts."
    if state.shapes.healing_exhausted != "chunk":
        state.account.charge(question.prompt_tokens, completion_tokens(answer), question.model)
        if state.shapes.healing_exhausted == "400":
            raise Refusal(400, told, code="invalid_request_error")
        raise Refusal(500, "Internal error.", code="server_error")
    if not question.stream:
        state.account.charge(question.prompt_tokens, completion_tokens(answer), question.model)
    return Fault("completions", "stream-error", code="server_error", message=told, after_chunks=1_000_000)


async def _made(state: State, question: Question, raw: bytes, workshop: Workshop) -> tuple[Answer, Question]:
    """Makes the answer; where the gateway has hooks, what they say stands in it."""
    if not state.hooks.any:
        return answer_to(question, workshop), question
    inference = Inference(state.hooks, state.memory, state.shapes, GATEWAY_UUID, read_json(raw), state.clock)
    question = await inference.received(question)
    steps = await inference.steps(question)
    return with_steps(answer_to(question, workshop), steps), question


def _model_named_in(raw: bytes) -> str:
    try:
        body = read_json(raw)
    except ValueError:
        return ""
    return str(body.get("model", "")) if isinstance(body, dict) else ""


def _admitted(state: State, caller: Caller, raw: bytes) -> tuple[Question, Model]:
    try:
        body = read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.", code="invalid_json") from exc
    question = read_question(body, public=caller.public)
    model = next((model for model in state.models if model.id == question.model), None)
    if model is None:
        message = (
            f"The model or gateway '{question.model}' does not exist. GET /v1/models lists those that do."
        )
        raise Refusal(int(state.shapes.unknown_model), message, param="model", code="model_not_found")
    check_model(model, question, limit=state.account.context_tokens(model), public=caller.public)
    state.account.check_funds(question.media)
    state.account.admit(caller, model, question.prompt_tokens)
    return question, model


def _streamed(
    state: State, envelope: Envelope, question: Question, answer: Answer, fault: Fault | None, *, pings: bool
) -> Delivery:
    def settle(completion_tokens: int) -> None:
        state.account.charge(question.prompt_tokens, completion_tokens, question.model)

    def failure(code: int | str, message: str) -> bytes:
        return error_event(envelope, code, message)

    events = frames(envelope, question, answer, state.shapes)
    headers = {**EVENTS, **_account_headers(state)}
    if state.shapes.stream_price == "header":
        headers["consumed-credits"] = _price(question, answer)
    if fault is None:
        return Delivery(state, events, headers, settle, pings=pings)
    moves = spoiled(events, fault, failure)
    silent = fault.before_headers
    return Delivery(state, moves, headers, settle, pings=pings, apart=fault.kind == "drip", silent=silent)


def _price(question: Question, answer: Answer) -> str:
    return f"{price_usd(question.prompt_tokens, completion_tokens(answer)):.9f}"


def _account_headers(state: State) -> dict[str, str]:
    return {"x-authenticated-account-plan": state.account.plan.name.title()}


def _whole(
    state: State,
    value: object,
    fault: Fault | None,
    *,
    headers: dict[str, str] | None = None,
    hold_s: float = 0.0,
) -> ASGIApp:
    if fault is None and hold_s == 0:
        return Response(json_bytes(value), headers=headers or JSON)
    if fault is not None and fault.kind == "stream-error":
        raise Refusal(fault.status, "The sandbox was told to fail.", code=fault.code or None)
    body = pieces(json_bytes(value))
    if fault is None:
        return Delivery(state, body, headers or JSON, hold_s=hold_s)
    moves = spoiled(body, fault, lambda _code, _message: b"")
    silent, apart = fault.before_headers, fault.kind == "drip"
    return Delivery(state, moves, headers or JSON, apart=apart, silent=silent, hold_s=hold_s)


def _broken(state: State, request: Request, fault: Fault) -> Response:
    refusal = Refusal(
        fault.status,
        f"The sandbox was told to answer {fault.status}.",
        code=_FAULT_CODES.get(fault.status),
        retry_after=fault.retry_after,
    )
    if fault.kind == "status":
        return refuse(request.url.path, refusal, state.shapes.refusal)
    page = _PROXY_PAGE.format(status=fault.status)
    return Response(page, status_code=fault.status, headers=refusal.headers, media_type="text/html")


def _caller(request: Request) -> Caller:
    address = request.client.host if request.client else ""
    return identify(request.headers, request.query_params, address)


def _administer(request: Request) -> None:
    if _caller(request).public:
        raise Refusal(403, "A public key cannot be used on this route.", code="forbidden")


def _information(state: State, request: Request, route: FaultRoute, make: Callable[[], object]) -> ASGIApp:
    fault = state.faults.take(route)
    if fault is not None and fault.kind in ("status", "html"):
        return _broken(state, request, fault)
    _administer(request)
    return _whole(state, make(), fault, headers={**JSON, **_account_headers(state)})


def _list_models(state: State, request: Request, _raw: bytes) -> ASGIApp:
    def listed() -> object:
        wanted = request.query_params.get("filter")
        found = [model for model in state.models if wanted is None or is_snapshot(model, wanted)]
        return {"object": "list", "data": [listed_model(model, state.shapes.models) for model in found]}

    return _information(state, request, "models", listed)


def _show_balance(state: State, request: Request, _raw: bytes) -> ASGIApp:
    return _information(state, request, "balance", lambda: _enveloped(_balance(state)))


def _balance(state: State) -> dict[str, Any]:
    told = state.account.balance_data()
    return told if state.shapes.balance == "camel" else in_snake_case(told)


def _administered(state: State, route: FaultRoute, make: Callable[[Request, bytes], object]) -> Any:
    """Answers a route of the account with what is made, in the envelope."""
    return _administrative(state, route, lambda request, raw: _enveloped(make(request, raw)))


def _knowledge(state: State, make: Make, public: bool) -> Callable[[Request], Any]:
    def answer(state: State, request: Request, raw: bytes) -> ASGIApp:
        fault = state.faults.take("knowledge")
        if fault is not None and fault.kind in ("status", "html"):
            return _broken(state, request, fault)
        _caller(request) if public else _administer(request)
        answered = make(request, raw)
        headers = {**JSON, **_account_headers(state)}
        if answered.usd is not None:
            state.account.spend(answered.usd)
            headers["consumed-credits"] = f"{answered.usd:.9f}"
        return _whole(state, _enveloped(answered.data), fault, headers=headers)

    return _endpoint(state, answer)


def _media(state: State, make: MakeMedia, public: bool) -> Callable[[Request], Any]:
    def answer(state: State, request: Request, raw: bytes) -> ASGIApp:
        fault = state.faults.take("media")
        if fault is not None and fault.kind in ("status", "html"):
            return _broken(state, request, fault)
        _caller(request) if public else _administer(request)
        made = make(request, raw)
        state.account.spend(made.usd)
        headers = {**JSON, **_account_headers(state), "consumed-credits": f"{made.usd:.9f}"}
        return answered(made) or _whole(state, _enveloped(made.data), fault, headers=headers)

    return _endpoint(state, answer)


def _batch(state: State, make: MakeBatch) -> Callable[[Request], Any]:
    def answer(state: State, request: Request, raw: bytes) -> ASGIApp:
        fault = state.faults.take("batch")
        if fault is not None and fault.kind in ("status", "html"):
            return _broken(state, request, fault)
        _administer(request)
        answered = make(request, raw)
        headers = {**JSON, **_account_headers(state)}
        if answered.raw is not None:
            return Response(answered.raw, headers=headers | {"content-type": "application/x-ndjson"})
        return _whole(state, _enveloped(answered.data), fault, headers=headers)

    return _endpoint(state, answer)


def _show_catalogue(state: State, _request: Request, _raw: bytes) -> ASGIApp:
    hosted = [listed_model(model) for model in state.models if model.id.startswith("@")]
    return _whole(state, _enveloped(hosted), None)


def _enveloped(data: object) -> dict[str, object]:
    return {"message": "OK", "data": data}
