"""Keeps the account's AI gateways: lists, describes, makes, changes and deletes them.

Only a gateway that was made here or is there from the start can be asked. `apiKey` is told as it was given, as the
real service may: who reads it must not show it.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.routing import Route

from sandbox.plans import GATEWAY, GATEWAY_UUID, HOSTED, Model
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes
from sandbox.wire import read_json

Make = Callable[[Request, bytes], object]
"""Makes the data of an answer of a request and its body."""

PARAMETERS = frozenset(
    {
        *("baseAddress", "modelName", "apiKey", "routingOption", "allowedProviders", "flags"),
        *("systemInstruction", "systemInstructionsSources", "userPromptTemplate", "assistantPrefill"),
        *("includePrefillingInMessages", "stop", "knowledgeCollections", "knowledgeBaseMaximumResults"),
        *("knowledgeBaseMinimumScore", "knowledgeUseReferences", "knowledgeUseMetaDescriptions"),
        *("rerankerName", "queryStrategy", "queryStrategyParameters", "tools", "mcpSources"),
        *("protocolFunctions", "protocolFunctionSources", "sentinelOptions", "builtinFunctionsOptions"),
        *("skills", "hideToolsWithoutSkill", "alwaysVisibleTools", "enableBash", "bashOptions"),
        *("toolContextCount", "temperature", "topP", "presencePenalty", "frequencyPenalty"),
        *("maxCompletionTokens", "reasoningEffort", "verbosity", "seed", "contextMaximumSize"),
        *("contextOverflowAction", "multimodalResolverParameters", "moderationParameters"),
    }
)
_FIRST = {
    "baseAddress": "@integrated",
    "modelName": HOSTED,
    "systemInstruction": "You repeat what you are told.",
    "routingOption": "Balanced",
}
_NAME_CHARS = 100


@dataclass(slots=True)
class Gateway:
    """One gateway; its slug ends in the last four digits of its id."""

    id: str
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Names the gateway for people."""
        return f"{self.name}:{self.id[-4:]}"


class Gateways:
    """The gateways by their ids."""

    def __init__(self) -> None:
        first = Gateway(GATEWAY_UUID, GATEWAY.partition(":")[0], dict(_FIRST))
        self._known = {first.id: first}

    def listed(self, shape: str) -> object:
        """Lists them as an array that holds most, or inside `items` with what the console shows."""
        if shape == "array":
            return [
                {"id": each.id, "name": each.name, "parameters": each.parameters}
                for each in self._known.values()
            ]
        items = [
            {
                "aiGatewayId": each.id,
                "name": each.name,
                "slug": each.slug,
                "baseModel": each.parameters.get("modelName"),
                "baseAddress": each.parameters.get("baseAddress"),
            }
            for each in self._known.values()
        ]
        return {"pageInfo": {"currentPage": 1, "hasMoreItems": False}, "items": items}

    def described(self, gateway_id: str) -> dict[str, Any]:
        """Tells name and parameters of one; raises a 404 refusal where there is none."""
        found = self._found(gateway_id)
        return {"name": found.name, "parameters": found.parameters}

    def make(self, raw: bytes) -> Gateway:
        """Makes one of a request's body."""
        body = _body(raw, required=("name", "parameters"))
        made = Gateway(str(uuid.uuid4()), body["name"], dict(body["parameters"]))
        self._known[made.id] = made
        return made

    def change(self, gateway_id: str, raw: bytes) -> Gateway:
        """Merges a request's body into one, at the top and in its parameters; lists and objects are replaced."""
        found, body = self._found(gateway_id), _body(raw)
        found.name = body.get("name", found.name)
        found.parameters.update(body.get("parameters", {}))
        return found

    def delete(self, gateway_id: str) -> Gateway:
        """Deletes one."""
        found = self._found(gateway_id)
        del self._known[found.id]
        return found

    def _found(self, gateway_id: str) -> Gateway:
        found = self._known.get(gateway_id.lower())
        if found is None:
            raise Refusal(404, "The AI gateway does not exist.", code="not_found")
        return found


def _body(raw: bytes, required: tuple[str, ...] = ()) -> Mapping[str, Any]:
    try:
        body = read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    _refuse_unknown(body.keys(), {"name", "parameters"})
    for name in required:
        if name not in body:
            raise Refusal(400, f"'{name}' is missing.", param=name)
    name, parameters = body.get("name", "a name"), body.get("parameters", {})
    if not isinstance(name, str) or not 0 < len(name) <= _NAME_CHARS:
        raise Refusal(400, f"'name' must be a text of 1 to {_NAME_CHARS} characters.", param="name")
    if not isinstance(parameters, dict):
        raise Refusal(400, "'parameters' must be an object.", param="parameters")
    _refuse_unknown(parameters.keys(), PARAMETERS)
    if parameters.get("allowedProviders") == []:
        raise Refusal(400, "'allowedProviders' must not be empty.", param="allowedProviders")
    return body


def _refuse_unknown(names: Any, known: Any) -> None:
    for name in names:
        if name not in known:
            raise Refusal(400, f"'{name}' is not known here.", param=name)


class Account(Protocol):
    """Where gateways are kept beside the models that can be asked."""

    gateways: Gateways
    models: tuple[Model, ...]
    shapes: Shapes


def gateway_routes(state: Account, administered: Callable[[Make], Any]) -> list[Route]:
    """Builds the routes; `administered` makes an endpoint of what answers a private key."""
    gateways, path = state.gateways, "/api/v1/ai-gateways"

    def listed(_request: Request, _raw: bytes) -> object:
        return gateways.listed(state.shapes.gateways)

    def make(_request: Request, raw: bytes) -> object:
        made = gateways.make(raw)
        state.models = (*state.models, *(Model(name, "sandbox") for name in (made.slug, made.id)))
        return {"aiGatewayId": made.id}

    def describe(request: Request, _raw: bytes) -> object:
        return gateways.described(request.path_params["gateway"])

    def change(request: Request, raw: bytes) -> object:
        gateways.change(request.path_params["gateway"], raw)
        return None

    def delete(request: Request, _raw: bytes) -> object:
        gone = gateways.delete(request.path_params["gateway"])
        state.models = tuple(each for each in state.models if each.id not in (gone.slug, gone.id))
        return None

    return [
        Route(path, administered(listed), methods=["GET"]),
        Route(path, administered(make), methods=["POST"]),
        Route(f"{path}/{{gateway}}", administered(describe), methods=["GET"]),
        Route(f"{path}/{{gateway}}", administered(change), methods=["PATCH"]),
        Route(f"{path}/{{gateway}}", administered(delete), methods=["DELETE"]),
    ]
