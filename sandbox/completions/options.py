"""Checks the parameters of a completion that only AIVAX has: built-in tools, routing, logging, resolvers."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.refusals import Refusal
from sandbox.wire import is_number

STREAM_NAMES: Mapping[str, str] = {
    "DateTime": "get_date_time",
    "WebSearch": "web_search",
    "XPostsSearch": "XPostsSearch",
    "OpenUrl": "open_url",
    "Request": "request",
    "Code": "evaluate_code",
    "Remember": "memory_search",
    "ImageGeneration": "generate_image",
    "GenerateDocument": "GenerateDocument",
    "GenerateWebPage": "generate_web_page",
    "AdvancedWebUsage": "AdvancedWebUsage",
}
"""The built-in tools, and what they are called in a stream, where the documentation tells."""
REMOVED = frozenset({"Calendar"})
DISABLED = frozenset({"AdvancedWebUsage"})
"""Taken, but they answer that they are unavailable."""
PRESETS = ("Balanced", "Cheapest", "Fastest", "Quality")
PREPROCESSED = frozenset({"Image", "Audio", "Video", "File", "OtherFiles", "All"})
HEALING_ATTEMPTS = 3
"""Where a request names no number; AIVAX' own is unstated."""

_ANY = frozenset({"InferenceLow", "InferenceHigh"})
_ENGINES = {
    "imageEngine": _ANY | {"Ocr"},
    "audioEngine": _ANY | {"Stt"},
    "videoEngine": _ANY,
    "fileEngine": _ANY | {"Ocr"},
}
_FLAGS = ("image_generation_allow_reference_usage", "image_generation_allow_mature_content")
_TEXTS = ("image_generation_model_name", "image_generation_quality")
_COUNTS = {"web_search_max_results": 25, "image_generation_max_results": 4}
_OPTIONS = frozenset({"dateTimeTimeZone", "web_search_mode", *_FLAGS, *_TEXTS, *_COUNTS})


def check_options(body: Mapping[str, Any]) -> None:
    """Checks what is AIVAX' own in a body; raises a 400 or 422 refusal that names the parameter."""
    _check_routing(body.get("routing_options"))
    _check_media(body)
    if not isinstance(body.get("allow_logging", True), bool):
        raise invalid("allow_logging", "must be true or false")


def invalid(param: str, must: str, status: int = 422) -> Refusal:
    """Builds the refusal of a parameter that holds what it must not."""
    return Refusal(status, f"The parameter '{param}' {must}.", param=param, code="invalid_value")


def read_tools(body: Mapping[str, Any]) -> tuple[tuple[str, ...] | None, Mapping[str, Any]]:
    """Reads the flags of the built-in tools that are asked for, None where the body has none, and their options."""
    given = body.get("builtin_tools")
    if given is None:
        return None, {}
    if not isinstance(given, dict) or not is_list_of(given.get("tools"), str):
        raise invalid("builtin_tools", "must hold 'tools', a list of names")
    _check_known("builtin_tools", given, ("tools", "options"))
    names: tuple[str, ...] = tuple(given["tools"])
    for name in names:
        if name in REMOVED:
            raise invalid("builtin_tools", f"names the tool '{name}', which was removed", 400)
        if name not in STREAM_NAMES:
            raise invalid("builtin_tools", f"names the tool '{name}'; known: {', '.join(STREAM_NAMES)}")
    options = given.get("options") or {}
    if not isinstance(options, dict):
        raise invalid("builtin_tools.options", "must be an object")
    _check_known("builtin_tools.options", options, _OPTIONS)
    _check_tool_options(options)
    return names, options


def _check_tool_options(options: Mapping[str, Any]) -> None:
    zone = options.get("dateTimeTimeZone")
    if zone is not None and not _is_time_zone(zone):
        raise invalid("builtin_tools.options.dateTimeTimeZone", "must be a time zone of IANA")
    if options.get("web_search_mode", "full") not in ("full", "summarized"):
        raise invalid("builtin_tools.options.web_search_mode", "must be full or summarized")
    for name, most in _COUNTS.items():
        value = options.get(name, 1)
        if not (isinstance(value, int) and is_number(value) and 1 <= value <= most):
            raise invalid(f"builtin_tools.options.{name}", f"must be a whole number from 1 to {most}")
    for names, kind in ((_FLAGS, bool), (_TEXTS, str)):
        for name in names:
            if not isinstance(options.get(name, kind()), kind):
                raise invalid(f"builtin_tools.options.{name}", "has a value of another kind")


def _is_time_zone(name: object) -> bool:
    try:
        return isinstance(name, str) and ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):
        return False


def _check_routing(given: object) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise invalid("routing_options", "must be an object")
    _check_known("routing_options", given, ("preset", "allowed_providers"))
    if given.get("preset", PRESETS[0]) not in PRESETS:
        raise invalid("routing_options.preset", f"must be one of {', '.join(PRESETS)}")
    providers = given.get("allowed_providers", ["*"])
    if not is_list_of(providers, str) or not providers or not all(providers):
        raise invalid("routing_options.allowed_providers", "must be a list of names that is not empty")


def _check_media(body: Mapping[str, Any]) -> None:
    engines = body.get("multimodal_resolver")
    if engines is not None:
        if not isinstance(engines, dict):
            raise invalid("multimodal_resolver", "must be an object")
        _check_known("multimodal_resolver", engines, _ENGINES)
        for name, engine in engines.items():
            if engine is not None and engine not in _ENGINES[name]:
                raise invalid(
                    f"multimodal_resolver.{name}", f"must be one of {', '.join(sorted(_ENGINES[name]))}"
                )
    wanted = body.get("multimodal_preprocess") or []
    names = [wanted] if isinstance(wanted, str) else wanted
    if not is_list_of(names, str) or not PREPROCESSED.issuperset(names):
        raise invalid("multimodal_preprocess", f"knows only {', '.join(sorted(PREPROCESSED))}")


def read_schema(body: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, int]:
    """Reads the JSON Schema that the answer must fit, None where there is none, and how often the model may try."""
    schema = body.get("response_schema")
    if schema is not None and not isinstance(schema, dict):
        raise invalid("response_schema", "must be a JSON Schema object")
    wanted = body.get("response_format")
    if wanted is None:
        return schema, HEALING_ATTEMPTS
    if not isinstance(wanted, dict):
        raise invalid("response_format", "must be an object")
    _check_known("response_format", wanted, ("type", "json_schema"))
    match wanted.get("type"):
        case "json_schema":
            return _described(wanted.get("json_schema"))
        case "json_object":
            return schema or {}, 1
        case "text":
            return schema, HEALING_ATTEMPTS
    raise invalid("response_format.type", "must be text, json_object or json_schema")


def _described(described: object) -> tuple[Mapping[str, Any], int]:
    where = "response_format.json_schema"
    if not isinstance(described, dict) or not isinstance(described.get("schema", {}), dict):
        raise invalid(where, "must hold 'schema', a JSON Schema object")
    _check_known(where, described, ("schema", "healing_options", "name", "description", "strict"))
    healing = described.get("healing_options")
    if healing is None:
        return described.get("schema", {}), 1
    if not isinstance(healing, dict):
        raise invalid(f"{where}.healing_options", "must be an object")
    _check_known(f"{where}.healing_options", healing, ("max_attempts",))
    attempts = healing.get("max_attempts", HEALING_ATTEMPTS)
    if not (isinstance(attempts, int) and is_number(attempts) and 1 <= attempts <= 10):
        raise invalid(f"{where}.healing_options.max_attempts", "must be a whole number from 1 to 10")
    return described.get("schema", {}), attempts


def _check_known(param: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    for name in given:
        if name not in set(known):
            raise invalid(f"{param}.{name}", f"is not known; known: {', '.join(sorted(known))}", 400)


def is_list_of(value: object, kind: type) -> bool:
    """Tells whether a value is a list that holds nothing of another kind."""
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
