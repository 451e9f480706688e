"""Answers in the form of a model's own service, as relays pass them on: each becomes a choice of the form of OpenAI.

Anthropic's messages, Gemini's candidates, Ollama's and Cohere's chat, and OpenAI's own Responses; whole, or as the
events of a stream.
"""

from __future__ import annotations

from core.aivax.stream.chunks import Json, first, mapping, word

_WRAPPERS = ("data", "result", "output", "response")


def answer_in(chunk: Json) -> Json:
    """Return the object that holds the choices: a gateway may wrap the whole answer."""
    if "choices" in chunk:
        return chunk
    inner = (mapping(chunk.get(name)) for name in _WRAPPERS)
    return next((each for each in inner if "choices" in each), chunk)


def choice_in(chunk: Json) -> Json:
    """Return the first choice; an empty one where the chunk has none."""
    if "choices" in chunk:
        return first(chunk["choices"])
    if "candidates" in chunk:
        return _of_gemini(first(chunk["candidates"]))
    if "done" in chunk and isinstance(chunk.get("message"), dict):
        return {
            "delta": chunk["message"],
            "finish_reason": chunk.get("done_reason") or ("stop" if chunk["done"] else ""),
        }
    if chunk.get("object") == "response":
        return _of_responses(chunk)
    if "finish_reason" in chunk and isinstance(chunk.get("message"), dict):
        return chunk  # Cohere's, whole
    return _of_event(chunk)


def _of_gemini(candidate: Json) -> Json:
    if not candidate:
        return candidate
    delta = {"content": mapping(candidate.get("content")).get("parts")}
    return {"delta": delta, "finish_reason": candidate.get("finishReason")}


def _of_responses(response: Json) -> Json:
    """Read what OpenAI's Responses give back: thinking, words and calls are items of a list."""
    output = response.get("output")
    items = [mapping(item) for item in output] if isinstance(output, list) else []
    said = [item.get("content") for item in items if item.get("type") == "message"]
    parts = [part for each in said if isinstance(each, list) for part in each]
    return {"message": {"content": parts}, "finish_reason": _reason_of(response)}


def _reason_of(response: Json) -> str:
    return word(mapping(response.get("incomplete_details")).get("reason")) or "stop"


def _of_event(chunk: Json) -> Json:
    """Read an event that says by its type what it brings."""
    delta = mapping(chunk.get("delta"))
    match word(chunk.get("type")):
        case "message":
            message = {"content": chunk.get("content")}
            return {"message": message, "finish_reason": chunk.get("stop_reason")}
        case "content_block_delta" if "thinking" in delta:
            return {"delta": {"reasoning": delta["thinking"]}}
        case "content_block_delta":
            return {"delta": {"content": delta.get("text")}}
        case "message_delta":
            return {"delta": {}, "finish_reason": delta.get("stop_reason")}
        case "content-delta":
            said = mapping(mapping(delta.get("message")).get("content"))
            return {"delta": {"content": said.get("text"), "reasoning": said.get("thinking")}}
        case "message-end":
            return {"delta": {}, "finish_reason": delta.get("finish_reason")}
    return _of_responses_event(chunk)


def _of_responses_event(chunk: Json) -> Json:
    match word(chunk.get("type")):
        case "response.output_text.delta":
            return {"delta": {"content": chunk.get("delta")}}
        case "response.refusal.delta":
            return {"delta": {"refusal": chunk.get("delta")}}
        case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
            return {"delta": {"reasoning": chunk.get("delta")}}
        case "response.completed" | "response.incomplete":
            return {"delta": {}, "finish_reason": _reason_of(mapping(chunk.get("response")))}
    return {}
